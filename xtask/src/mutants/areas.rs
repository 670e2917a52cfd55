//! xtask/mutants.toml: what is broken, what is to notice, and what nothing can notice.

use std::path::Path;

use pagediff_terminal::error::{Stop, error, file_error};
use serde::Deserialize;

use super::results::Fate;
use super::tool::{self, Mutant, Selection};

/// The file, from the repository's root.
pub(super) const FILE: &str = "xtask/mutants.toml";

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    pub(super) area: Vec<Area>,
    #[serde(default)]
    survivor: Vec<Survivor>,
}

/// Files that are broken together.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Area {
    pub(super) name: String,
    /// Patterns of paths.
    pub(super) files: Vec<String>,
    /// From cheap to dear.
    pub(super) killers: Vec<Killer>,
    /// Whether every survivor has to be listed.
    #[serde(default)]
    closed: bool,
}

/// What is to notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Killer {
    Own,
    Layout,
    Corpus,
    Bank,
    Tests,
}

impl Killer {
    pub(super) const ALL: [Killer; 5] =
        [Killer::Own, Killer::Layout, Killer::Corpus, Killer::Bank, Killer::Tests];

    pub(super) fn name(self) -> &'static str {
        match self {
            Killer::Own => "own",
            Killer::Layout => "layout",
            Killer::Corpus => "corpus",
            Killer::Bank => "bank",
            Killer::Tests => "tests",
        }
    }
}

/// A mutant that nothing can tell from what it replaces.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Survivor {
    file: String,
    /// What is done to it, as cargo-mutants says it.
    mutant: String,
    /// The line of code that it is done to, for lines move.
    line: String,
    /// Why nothing can tell.
    #[allow(dead_code, reason = "for the reader, and for the file to be refused without it")]
    why: String,
    /// What could tell, and is not there yet.
    #[serde(default)]
    #[allow(dead_code, reason = "for the reader")]
    needs: Option<Needs>,
}

/// What tests do not have.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Needs {
    /// Two threads at work on one page, at a moment that a test cannot choose.
    Threads,
}

impl Survivor {
    fn is(&self, mutant: &Mutant) -> bool {
        self.file == mutant.file && self.mutant == mutant.what() && self.line == mutant.line
    }
}

impl Plan {
    pub(super) fn read(root: &Path) -> Result<Plan, Stop> {
        let path = root.join(FILE);
        let text = std::fs::read_to_string(&path).map_err(|why| file_error(&path, "read", &why))?;
        toml::from_str(&text)
            .map_err(|why| error(format!("{FILE} is not well formed: {why}"), "mend it"))
    }

    /// What is wrong with the list, whatever is run: entries that name no mutant, or several.
    pub(super) fn gone(&self, root: &Path) -> Result<Vec<String>, Stop> {
        let files: Vec<String> = self.area.iter().flat_map(|area| area.files.clone()).collect();
        let all = tool::list(root, &Selection { files: &files, shard: None, diff: None })?;
        Ok(self.unmatched(&all))
    }

    fn unmatched(&self, all: &[Mutant]) -> Vec<String> {
        let complaint = |survivor: &Survivor| {
            let Survivor { file, mutant, line, .. } = survivor;
            match all.iter().filter(|mutant| survivor.is(mutant)).count() {
                1 => None,
                0 => Some(format!("listed, but there no more: {file}: {mutant}, in `{line}`")),
                n => Some(format!("listed, but there {n} times: {file}: {mutant}, in `{line}`")),
            }
        };
        self.survivor.iter().filter_map(complaint).collect()
    }

    /// Where what was found in an area is not what is listed.
    pub(super) fn complaints(&self, area: &Area, fates: &[(Mutant, Fate)]) -> Vec<String> {
        let complaint = |(mutant, fate): &(Mutant, Fate)| {
            let is_listed = self.survivor.iter().any(|survivor| survivor.is(mutant));
            match fate {
                Fate::Survived if area.closed && !is_listed => {
                    Some(format!("survives, and is not listed: {}\n{}", mutant.name, entry(mutant)))
                }
                Fate::Survived => None,
                _ if is_listed => Some(format!("listed, but {fate}: {}", mutant.name)),
                _ => None,
            }
        };
        fates.iter().filter_map(complaint).collect()
    }
}

/// A survivor as the file lists it, but for the reason.
fn entry(mutant: &Mutant) -> String {
    let Mutant { file, line, .. } = mutant;
    let texts = [("file", &**file), ("mutant", mutant.what()), ("line", line), ("why", "")];
    let texts = texts.map(|(name, text)| format!("{name} = {}\n", toml::Value::from(text)));
    format!("[[survivor]]\n{}", texts.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
[[area]]
name = 'a'
files = ['a.rs']
killers = ['own', 'corpus']
closed = true
[[area]]
name = 'b'
files = ['b.rs']
killers = ['corpus']
[[survivor]]
file = 'a.rs'
mutant = 'replace < with <= in f'
line = 'x < y'
why = 'equal'
";

    fn plan() -> Plan {
        toml::from_str(TEXT).expect("well formed")
    }

    fn mutant(file: &str, line: &str) -> Mutant {
        let name = format!("{file}:3:7: replace < with <= in f");
        Mutant { name, file: file.to_owned(), line: line.to_owned() }
    }

    fn complaints(area: usize, found: &[(Mutant, Fate)]) -> usize {
        let plan = plan();
        plan.complaints(&plan.area[area], found).len()
    }

    #[test]
    fn only_listed_mutants_may_survive_in_a_closed_area() {
        assert_eq!(complaints(0, &[(mutant("a.rs", "x < y"), Fate::Survived)]), 0);
        assert_eq!(complaints(0, &[(mutant("a.rs", "x < z"), Fate::Survived)]), 1);
        assert_eq!(complaints(1, &[(mutant("b.rs", "x < z"), Fate::Survived)]), 0);
    }

    #[test]
    fn listed_mutants_must_survive() {
        for fate in [Fate::Caught(Killer::Own), Fate::TimedOut(Killer::Corpus), Fate::Unviable] {
            assert_eq!(complaints(0, &[(mutant("a.rs", "x < y"), fate)]), 1);
            assert_eq!(complaints(0, &[(mutant("a.rs", "x < z"), fate)]), 0);
        }
    }

    #[test]
    fn an_entry_names_just_one_mutant() {
        let (one, other) = (mutant("a.rs", "x < y"), mutant("a.rs", "x < z"));
        assert_eq!(plan().unmatched(&[one.clone(), other.clone()]), [""; 0]);
        assert_eq!(plan().unmatched(&[other]).len(), 1);
        assert_eq!(plan().unmatched(&[one.clone(), one]).len(), 1);
    }

    #[test]
    fn an_entry_without_a_reason_is_refused() {
        assert!(toml::from_str::<Plan>(&TEXT.replace("why = 'equal'\n", "")).is_err());
    }

    #[test]
    fn what_is_printed_can_be_listed() {
        let mutant = mutant("a.rs", "f('x', \"y\") < z");
        let text = format!("{TEXT}{}", entry(&mutant));
        let plan: Plan = toml::from_str(&text).expect("well formed");
        assert_eq!(plan.complaints(&plan.area[0], &[(mutant, Fate::Survived)]), [""; 0]);
    }
}
