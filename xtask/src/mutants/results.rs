//! What became of mutants, and the table of it.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, Write};

use pagediff_terminal::error::{Stop, error};
use pagediff_terminal::table::{self, Align};

use super::areas::{Area, Killer};
use super::tool::{Mutant, Summary};

/// What became of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Caught(Killer),
    /// The killer did not come to an end.
    TimedOut(Killer),
    /// It does not compile.
    Unviable,
    Survived,
}

impl fmt::Display for Fate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fate::Caught(killer) => write!(formatter, "caught by {}", killer.name()),
            Fate::TimedOut(killer) => write!(formatter, "never ending in {}", killer.name()),
            Fate::Unviable => formatter.write_str("not compiling"),
            Fate::Survived => formatter.write_str("missed"),
        }
    }
}

/// Notes what became of the mutants that a killer was run on, and returns those that are left.
pub(super) fn sort(
    mutants: Vec<Mutant>,
    ran: &HashMap<String, Summary>,
    killer: Killer,
    fates: &mut Vec<(Mutant, Fate)>,
) -> Result<Vec<Mutant>, Stop> {
    let mut left = Vec::new();
    for mutant in mutants {
        match ran.get(&mutant.name) {
            Some(Summary::CaughtMutant) => fates.push((mutant, Fate::Caught(killer))),
            Some(Summary::Timeout) => fates.push((mutant, Fate::TimedOut(killer))),
            Some(Summary::Unviable) => fates.push((mutant, Fate::Unviable)),
            Some(Summary::MissedMutant) => left.push(mutant),
            Some(Summary::Success | Summary::Failure) | None => {
                return Err(error(
                    format!("cargo-mutants does not tell what became of {}", mutant.name),
                    "use the version that scripts/setup names",
                ));
            }
        }
    }
    Ok(left)
}

/// All results, by area.
#[derive(Default)]
pub(super) struct Results {
    areas: Vec<(String, Vec<(Mutant, Fate)>)>,
}

impl Results {
    pub(super) fn add(&mut self, area: &Area, fates: Vec<(Mutant, Fate)>) {
        self.areas.push((area.name.clone(), fates));
    }

    /// Writes how many had which fate, and which were missed.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let caught = Killer::ALL.map(Fate::Caught);
        let timed_out = Killer::ALL.map(Fate::TimedOut);
        let columns: [(&str, &[Fate]); 7] = [
            ("own tests", &caught[..2]),
            ("corpus", &caught[2..3]),
            ("bank", &caught[3..4]),
            ("tests", &caught[4..]),
            ("never ending", &timed_out),
            ("unviable", &[Fate::Unviable]),
            ("missed", &[Fate::Survived]),
        ];
        let mut rows = vec![vec!["area".to_owned(), "mutants".to_owned()]];
        rows[0].extend(columns.map(|(name, _)| name.to_owned()));
        for (name, fates) in &self.areas {
            let mut row = vec![name.clone(), fates.len().to_string()];
            row.extend(columns.map(|(_, those)| {
                fates.iter().filter(|(_, fate)| those.contains(fate)).count().to_string()
            }));
            rows.push(row);
        }
        writeln!(out)?;
        let aligns = [&[Align::Left][..], &vec![Align::Right; columns.len() + 1]].concat();
        table::write(out, &rows, &aligns)?;
        for (mutant, _) in self.missed() {
            writeln!(out, "missed: {}, in `{}`", mutant.name, mutant.line)?;
        }
        Ok(())
    }

    fn missed(&self) -> impl Iterator<Item = &(Mutant, Fate)> {
        let all = self.areas.iter().flat_map(|(_, fates)| fates);
        all.filter(|(_, fate)| *fate == Fate::Survived)
    }
}
