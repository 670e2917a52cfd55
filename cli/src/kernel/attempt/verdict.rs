//! What came of all cases on one kernel, and keeping it for the next attempt.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use pagediff_terminal::error::{Stop, file_error};
use pagediff_terminal::inputs;
use pagediff_terminal::output::command_line;
use put_user_page_support::write_whole;
use put_user_page_targets::backend::Backend;
use put_user_page_targets::report::Paint;
use put_user_page_targets_kernel::{Api, KernelGuest, KernelOptions};
use serde::{Deserialize, Serialize};

use super::{Arguments, Ended};
use crate::kernel::KernelArguments;
use crate::replay::{BATCH, Cases, MINIMIZE, OfBackend, Told, compare_all};

/// What came of all cases on one kernel.
#[derive(Serialize, Deserialize)]
pub(super) struct Verdict {
    /// What the kernel says of itself.
    pub(super) release: String,
    pub(super) accelerator: String,
    pub(super) ways: Vec<Way>,
    /// Ways that this kernel is not asked in, and why.
    pub(super) left_out: Vec<String>,
    pub(super) cases: usize,
    pub(super) findings: Vec<Finding>,
    pub(super) seconds: Seconds,
}

/// A way in which pages were released.
#[derive(Serialize, Deserialize)]
pub(super) struct Way {
    pub(super) name: String,
    /// How many cases it skipped, by the reason.
    pub(super) skipped: BTreeMap<String, usize>,
}

/// What differs from the reference in the same way in all these cases.
#[derive(Serialize, Deserialize)]
pub(super) struct Finding {
    /// What tells it from others.
    pub(super) signature: String,
    pub(super) cases: usize,
    /// In a line.
    pub(super) summary: String,
    /// With the smallest case.
    pub(super) report: String,
    /// Where that case is.
    pub(super) file: Option<String>,
}

/// How long it took.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Seconds {
    pub(super) build: f64,
    /// From the module's build to the first guest.
    pub(super) start: f64,
    pub(super) cases: f64,
}

/// Boots a kernel, and runs all cases in every way that it has.
pub(super) fn run(
    arguments: &Arguments,
    kernel: &KernelArguments,
    build: f64,
) -> Result<Verdict, Ended> {
    let start = Instant::now();
    let options = KernelOptions { guest: kernel.options(), ..KernelOptions::default() };
    let guest = KernelGuest::start(options)?;
    let booted = start.elapsed().as_secs_f64();
    let left_out = left_out(&guest);
    let mut backends: Vec<Box<dyn Backend>> =
        guest.backends().map(|kernel| Box::new(kernel) as _).collect();
    let start = Instant::now();
    let files = inputs::files(&arguments.cases)?;
    let mut cases = Cases::of_files(files, None);
    if arguments.generated > 0 {
        cases = cases.and(Cases::drawn(arguments.generated, arguments.seed, &backends));
    }
    let mut is_first = true;
    let (tally, findings) = compare_all(cases, &mut backends, BATCH, &mut |found, progress| {
        if std::mem::take(&mut is_first) {
            let file =
                found.path.as_ref().map_or("drawn case".into(), |path| path.display().to_string());
            progress.suspend(|| eprintln!("first: {file}: {}", found.divergence.backend));
        }
        Ok(())
    })?;
    let told = findings.tell(&mut backends, MINIMIZE, |_, _| String::new())?;
    Ok(Verdict {
        release: guest.release(),
        accelerator: guest.accelerator().to_owned(),
        ways: tally.backends.into_iter().map(Way::of).collect(),
        left_out,
        cases: tally.cases,
        findings: told.into_iter().map(|told| Finding::of(told, kernel)).collect(),
        seconds: Seconds { build, start: booted, cases: start.elapsed().as_secs_f64() },
    })
}

fn left_out(guest: &KernelGuest) -> Vec<String> {
    let refused = guest.refused_field();
    let fast = refused.map(|field| {
        format!("{}: the library has another struct page ({field})", Api::Fast.name())
    });
    fast.into_iter().collect()
}

impl Way {
    fn of(backend: OfBackend) -> Way {
        Way { name: backend.name, skipped: backend.skipped }
    }
}

impl Finding {
    fn of(told: Told, kernel: &KernelArguments) -> Finding {
        let Told { signature, cases, file, mut report } = told;
        report.reproduce = file.as_ref().map(|file| {
            let mut words = ["explain", "--backend", &report.backend].map(str::to_owned).to_vec();
            words.extend(kernel.again());
            words.push(file.clone());
            command_line(&words)
        });
        let summary = format!("{}: {}", report.backend, report.summary);
        Finding { signature, cases, summary, report: report.render(&Paint::default()), file }
    }
}

/// Where the verdict of a base is kept, by all that it depends on.
pub(super) struct Kept(PathBuf);

impl Kept {
    /// The place for this key in a folder.
    pub(super) fn new(home: &Path, key: &str) -> Kept {
        Kept(home.join(format!("verdict-{key}.json")))
    }

    /// What was kept, if anything was that can be read.
    pub(super) fn load(&self) -> Option<Verdict> {
        serde_json::from_slice(&fs::read(&self.0).ok()?).ok()
    }

    /// Keeps a verdict.
    pub(super) fn store(&self, verdict: &Verdict) -> Result<(), Stop> {
        let bytes = serde_json::to_vec_pretty(verdict).expect("it has names for keys alone");
        write_whole(&self.0, &bytes).map_err(|why| file_error(&self.0, "written", &why))
    }
}
