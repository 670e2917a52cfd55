//! Distinct findings: divergences of many cases, told by what diverged.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pagediff_terminal::error::Stop;
use pagediff_terminal::output::{count, headline, paint};
use put_user_page_case::Case;
use put_user_page_case::minimize::minimize;
use put_user_page_targets::backend::{Backend, HowFailed};
use put_user_page_targets::backends::{Reference, reference_of};
use put_user_page_targets::divergence::Divergence;
use put_user_page_targets::findings::Signature;
use put_user_page_targets::registry::Target;
use put_user_page_targets::report::Report;
use put_user_page_targets::trial::{Trial, Verdict};
use serde::Serialize;

use crate::save;

/// How long a finding's case may be made smaller.
const FOR_ONE: Duration = Duration::from_secs(2);

/// One divergence.
pub(crate) struct Found {
    /// The case's file; none if it was drawn.
    pub(crate) path: Option<PathBuf>,
    pub(crate) target: Option<&'static Target>,
    /// The case; none where no case can be blamed.
    pub(crate) case: Option<Case>,
    /// The number of the backend; none where the forms of a case disagree.
    pub(crate) backend: Option<usize>,
    pub(crate) divergence: Box<Divergence>,
}

/// What diverged in the same way: in how many cases, and the smallest.
struct Finding {
    cases: usize,
    smallest: Found,
}

/// All findings so far.
#[derive(Default)]
pub(crate) struct Findings(BTreeMap<Signature, Finding>);

/// What is told of a finding.
#[derive(Serialize)]
pub(crate) struct Told {
    pub(crate) signature: String,
    /// In how many cases it was seen.
    pub(crate) cases: usize,
    /// A file with the smallest case that shows it.
    pub(crate) file: Option<String>,
    pub(crate) report: Report,
}

impl Findings {
    /// Counts a divergence; whether it is the first with its signature.
    pub(crate) fn add(&mut self, found: Found) -> bool {
        let size = |found: &Found| found.case.as_ref().map_or(0, |case| case.encode().len());
        match self.0.entry(Signature::of(&found.divergence)) {
            Entry::Occupied(mut known) => {
                let Finding { cases, smallest } = known.get_mut();
                *cases += 1;
                if size(&found) < size(smallest) {
                    *smallest = found;
                }
                false
            }
            Entry::Vacant(new) => {
                new.insert(Finding { cases: 1, smallest: found });
                true
            }
        }
    }

    /// The findings, most frequent first, each with the smallest case that is found in a short
    /// time, of all that there is for it. `reproduce` makes the command that shows a file again.
    pub(crate) fn tell(
        self,
        backends: &mut [Box<dyn Backend>],
        time: Duration,
        reproduce: impl Fn(&Path, Option<&Target>) -> String,
    ) -> Result<Vec<Told>, Stop> {
        let mut findings: Vec<_> = self.0.into_iter().collect();
        findings.sort_by_key(|(_, finding)| Reverse(finding.cases));
        let mut reference = reference_of(backends.iter().map(|backend| &**backend));
        let end = Instant::now() + time;
        let mut told = Vec::new();
        for (signature, Finding { cases, mut smallest }) in findings {
            let until = end.min(Instant::now() + FOR_ONE);
            if let Some(backend) = smallest.backend {
                let backend = backends[backend].as_mut();
                smallest.make_smaller(&signature, backend, &mut reference, until)?;
            }
            let file = match (&smallest.path, &smallest.case) {
                (Some(path), _) => Some(path.clone()),
                (None, Some(case)) => Some(save::smallest(case, &signature)?),
                (None, None) => None,
            };
            let mut report = Report::of(&smallest.divergence);
            report.reproduce = file.as_ref().map(|file| reproduce(file, smallest.target));
            let file = file.map(|file| file.display().to_string());
            told.push(Told { signature: signature.to_string(), cases, file, report });
        }
        Ok(told)
    }
}

/// Why a search for a smaller case ended before it was done.
enum Ended {
    TimeIsUp,
    Stopped(Stop),
}

impl Found {
    /// Makes the case smaller as long as there is time; what is left is in no file then.
    fn make_smaller(
        &mut self,
        signature: &Signature,
        backend: &mut dyn Backend,
        reference: &mut Reference,
        until: Instant,
    ) -> Result<(), Stop> {
        let Some(case) = self.case.as_ref().filter(|_| !self.hangs()) else { return Ok(()) };
        let start = case.encode();
        let mut run = |bytes: &[u8]| -> Result<Option<Box<Divergence>>, Stop> {
            let trial = Trial::of(&Case::decode(bytes), reference);
            Ok(match trial.run_on(backend, reference)? {
                Verdict::Differs(divergence) if Signature::of(&divergence) == *signature => {
                    Some(divergence)
                }
                _ => None,
            })
        };
        let mut least = start.clone();
        let search = minimize(&start, &mut |bytes| {
            if Instant::now() >= until {
                return Err(Ended::TimeIsUp);
            }
            let shows = run(bytes).map_err(Ended::Stopped)?.is_some();
            if shows {
                bytes.clone_into(&mut least);
            }
            Ok(shows)
        });
        if let Err(Ended::Stopped(why)) = search {
            return Err(why);
        }
        // A backend that does not do the same each time leaves the case as it is.
        if least != start
            && let Some(divergence) = run(&least)?
        {
            (self.path, self.case) = (None, Some(Case::decode(&least)));
            self.divergence = divergence;
        }
        Ok(())
    }

    /// Whether trying it costs the time limit.
    fn hangs(&self) -> bool {
        matches!(self.divergence.failure(), Some(HowFailed::Hung(_)))
    }
}

/// For people: the findings with their reports.
pub(crate) fn write(out: &mut dyn Write, told: &[Told]) -> io::Result<()> {
    for (number, Told { signature, cases, report, .. }) in (1..).zip(told) {
        let heading = format!("{number}. {}", report.summary);
        writeln!(out, "{}", headline(&heading))?;
        writeln!(out, "   {}: {signature}\n", count(*cases, "case"))?;
        writeln!(out, "{}", report.render(&paint()))?;
    }
    Ok(())
}
