//! What came of many cases.

use std::collections::BTreeMap;
use std::io::{self, Write};

use pagediff_terminal::error::Stop;
use pagediff_terminal::output::{count, headline, paint};
use put_user_page_case::Function;
use put_user_page_targets::backend::{Backend, HowFailed, Skip, lacks_in_words};
use put_user_page_targets::report::Report;
use serde::Serialize;

use super::findings::{self, Found, Told};
use super::twice::{Held, Twice};
use crate::backends::{BackendArguments, in_kernel_name};
use crate::save;

/// One case on which one backend differs.
#[derive(Serialize)]
pub(crate) struct Diverging {
    file: String,
    target: Option<&'static str>,
    /// Where a case that killed a kernel was saved, whose log is in `logs/` there.
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact: Option<String>,
    report: Report,
}

impl Diverging {
    /// What is told of a divergence. A case that killed a kernel is saved.
    pub(crate) fn of(found: &Found, backends: &BackendArguments) -> Result<Diverging, Stop> {
        let Found { path, target, case, divergence, .. } = found;
        let mut report = Report::of(divergence);
        let artifact = match case {
            Some(case) if backends.has_kernel() && !divergence.log.is_empty() => {
                Some(save::artifact(case, &divergence.log)?)
            }
            _ => None,
        };
        let file = path.as_ref().or(artifact.as_ref());
        report.reproduce = file.map(|file| backends.explain(file, *target));
        let file = match file {
            Some(file) => file.display().to_string(),
            None if case.is_some() => "drawn case".to_owned(),
            None => "no case alone".to_owned(),
        };
        let artifact = artifact.map(|path| path.display().to_string());
        Ok(Diverging { file, target: target.map(|target| target.name), artifact, report })
    }

    /// For people, in a line.
    pub(crate) fn line(&self) -> String {
        format!("{}: {}: {}", self.file, self.report.backend, self.report.summary)
    }

    /// For people, with its report.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", headline(&self.file))?;
        writeln!(out, "{}", self.report.render(&paint()))
    }
}

/// A backend, and what it did not run.
#[derive(Serialize)]
pub(crate) struct OfBackend {
    pub(crate) name: String,
    pub(crate) lacks: Vec<Function>,
    /// On how many cases it does as the reference does, and on how many not.
    #[serde(skip)]
    same: usize,
    #[serde(skip)]
    differ: usize,
    /// How many cases were skipped, by the reason.
    pub(crate) skipped: BTreeMap<String, usize>,
    /// Cases in a row, up to the last, on which it hung.
    #[serde(skip)]
    hangs: u32,
    /// Cases on which it hung, in a row or not.
    #[serde(skip)]
    all_hangs: u32,
    /// Cases that ended its process in a way that was seen before.
    #[serde(skip)]
    deaths: u32,
}

/// After so many hangs in a row a backend is not asked any more: each takes its time limit.
const HANGS: u32 = 3;

/// Nor after so many in all: a kernel that a candidate has spoilt hangs now and then.
const ALL_HANGS: u32 = 6;

/// After so many deaths that tell nothing new it is not asked any more either.
const DEATHS: u32 = 20;

/// What came of the cases so far.
#[derive(Serialize)]
pub(crate) struct Tally {
    pub(crate) cases: usize,
    /// How many cases any backend differs on.
    pub(crate) diverge: usize,
    /// Told at the end.
    pub(crate) findings: Vec<Told>,
    pub(crate) divergences: Vec<Diverging>,
    /// Told at the end, of candidates that run in a kernel too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    in_kernel: Vec<Twice>,
    skipped: usize,
    pub(crate) backends: Vec<OfBackend>,
}

impl Tally {
    pub(crate) fn new(backends: &[Box<dyn Backend>]) -> Tally {
        let backends = backends.iter().map(|backend| OfBackend {
            name: backend.name().to_owned(),
            lacks: backend.lacks(),
            same: 0,
            differ: 0,
            skipped: BTreeMap::new(),
            hangs: 0,
            all_hangs: 0,
            deaths: 0,
        });
        Tally {
            cases: 0,
            diverge: 0,
            findings: Vec::new(),
            divergences: Vec::new(),
            in_kernel: Vec::new(),
            skipped: 0,
            backends: backends.collect(),
        }
    }

    pub(crate) fn same(&mut self, backend: usize) {
        let backend = &mut self.backends[backend];
        backend.same += 1;
        backend.hangs = 0;
    }

    pub(crate) fn skipped(&mut self, backend: usize, skip: Skip, cases: usize) {
        self.skipped += cases;
        *self.backends[backend].skipped.entry(skip.to_string()).or_default() += cases;
    }

    /// Notes what a divergence tells of its backend.
    pub(crate) fn differs(&mut self, backend: usize, failure: Option<HowFailed>, new: bool) {
        let backend = &mut self.backends[backend];
        backend.differ += 1;
        match failure {
            Some(HowFailed::Hung(_)) => {
                backend.hangs += 1;
                backend.all_hangs += 1;
            }
            Some(HowFailed::Crashed(_)) => backend.deaths += u32::from(!new),
            None => backend.hangs = 0,
        }
    }

    /// Whether the backend is not asked any more, so that these cases are skipped.
    pub(crate) fn gives_up(&mut self, backend: usize, cases: usize) -> bool {
        let OfBackend { hangs, all_hangs, deaths, .. } = self.backends[backend];
        let skip = match (hangs, all_hangs, deaths) {
            (HANGS.., ..) | (_, ALL_HANGS.., _) => Skip::Hangs,
            (.., DEATHS..) => Skip::Dies { cases: deaths },
            _ => return false,
        };
        self.skipped(backend, skip, cases);
        true
    }

    /// Holds what candidates did in a kernel beside what they did in the process.
    pub(crate) fn hold_beside<'a>(&mut self, candidates: impl Iterator<Item = &'a str>) {
        let held = |name: &str| {
            let backend = self.backends.iter().find(|backend| backend.name == name);
            backend.map_or(Held::Untried, |backend| Held::of(backend.same, backend.differ))
        };
        let twice = candidates.map(|name| Twice {
            candidate: name.to_owned(),
            model: held(name),
            kernel: held(&in_kernel_name(name)),
        });
        self.in_kernel = twice.collect();
    }

    /// For people: what was found, what was skipped and why, and the last line.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Tally { cases, diverge, findings, divergences, in_kernel, skipped, backends } = self;
        if !findings.is_empty() {
            let cases = count(*cases, "case");
            let distinct = count(findings.len(), "distinct finding");
            writeln!(out, "{cases}, {diverge} diverge, {distinct}\n")?;
            findings::write(out, findings)?;
        }
        if divergences.iter().any(|diverging| diverging.artifact.is_some()) {
            writeln!(
                out,
                "cases that killed a kernel are in fuzz/artifacts/kernel, with its logs"
            )?;
        }
        in_kernel.iter().try_for_each(|twice| twice.write(out))?;
        for OfBackend { name, lacks, skipped, .. } in backends {
            if !lacks.is_empty() {
                writeln!(out, "note: {name} has no {}", lacks_in_words(lacks))?;
            }
            for (reason, &cases) in skipped {
                writeln!(out, "{name} skipped {}: {reason}", count(cases, "case"))?;
            }
        }
        let (cases, divergences) = (count(*cases, "case"), count(divergences.len(), "divergence"));
        writeln!(out, "{cases}, {divergences}, {skipped} skipped")
    }
}

#[cfg(test)]
mod tests {
    use put_user_page_targets::backends::fast_unhooked;
    use put_user_page_targets::profiles::Profile;

    use super::*;

    /// Whether a backend is still asked after these hangs, each with a case that it agrees on behind it
    /// or not.
    fn is_asked_after(hangs: u32, agrees_between: bool) -> bool {
        let mut tally = Tally::new(&[Box::new(fast_unhooked(Profile::newest()))]);
        for _ in 0..hangs {
            tally.differs(0, Some(HowFailed::Hung(10)), false);
            if agrees_between {
                tally.same(0);
            }
        }
        !tally.gives_up(0, 1)
    }

    #[test]
    fn what_hangs_is_given_up_after_three_in_a_row_or_six_in_all() {
        let asked = [(2, false), (3, false), (5, true), (6, true)];
        let asked = asked.map(|(hangs, agrees)| is_asked_after(hangs, agrees));
        assert_eq!(asked, [true, false, true, false]);
    }
}
