//! What came of many cases.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use pagediff_terminal::output::count;
use put_user_page_case::Function;
use put_user_page_targets::backend::{Backend, Skip};
use put_user_page_targets::registry::Target;
use put_user_page_targets::report::Report;
use serde::Serialize;

/// One case on which one backend differs.
#[derive(Serialize)]
pub(super) struct Diverging {
    pub(super) file: String,
    target: Option<&'static str>,
    /// Where the case was saved: one that was in no file, or killed a kernel, whose log is
    /// in `logs/` there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) artifact: Option<String>,
    pub(super) report: Report,
}

impl Diverging {
    pub(super) fn new(
        file: &Path,
        target: Option<&'static Target>,
        artifact: Option<&Path>,
        report: Report,
    ) -> Diverging {
        let target = target.map(|target| target.name);
        let artifact = artifact.map(|path| path.display().to_string());
        Diverging { file: file.display().to_string(), target, artifact, report }
    }
}

/// A backend, and what it did not run.
#[derive(Serialize)]
struct OfBackend {
    name: String,
    lacks: Vec<Function>,
    /// How many cases were skipped, by the reason.
    skipped: BTreeMap<String, usize>,
}

/// What came of the cases so far.
#[derive(Serialize)]
pub(super) struct Tally {
    pub(super) cases: usize,
    pub(super) divergences: Vec<Diverging>,
    skipped: usize,
    backends: Vec<OfBackend>,
}

impl Tally {
    pub(super) fn new(backends: &[Box<dyn Backend>]) -> Tally {
        let backends = backends.iter().map(|backend| OfBackend {
            name: backend.name().to_owned(),
            lacks: backend.lacks(),
            skipped: BTreeMap::new(),
        });
        Tally { cases: 0, divergences: Vec::new(), skipped: 0, backends: backends.collect() }
    }

    pub(super) fn skipped(&mut self, backend: usize, skip: Skip) {
        self.skipped += 1;
        *self.backends[backend].skipped.entry(skip.to_string()).or_default() += 1;
    }

    /// For people: what was skipped and why, and the last line.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Tally { cases, divergences, skipped, backends } = self;
        for OfBackend { name, lacks, skipped } in backends {
            if !lacks.is_empty() {
                let lacks: Vec<String> =
                    lacks.iter().map(|it| format!("{}()", it.name())).collect();
                writeln!(out, "note: {name} has no {}", lacks.join(", "))?;
            }
            for (reason, &cases) in skipped {
                writeln!(out, "{name} skipped {}: {reason}", count(cases, "case"))?;
            }
        }
        writeln!(out, "{cases} cases, {} divergences, {skipped} skipped", divergences.len())
    }
}
