//! What engines need of a target, and no engine: what their entry points do, which is to make
//! a target ready, check its inputs, and end where it reports a divergence; and what an engine
//! can be told of cases.
//!
//! With the environment variable [`FINDINGS_VARIABLE`] set, a divergence is recorded as a
//! finding in the directory that it names, and the engine goes on.

pub mod ablation;
pub mod dictionary;
pub mod frames;
pub mod largest;
pub mod mutator;
mod saved;

use std::borrow::Cow;
use std::cell::RefCell;
use std::path::PathBuf;
use std::process::exit;
use std::sync::Mutex;

use put_user_page_targets::backend::BackendError;
use put_user_page_targets::backends::BUILT_IN_CANDIDATE;
use put_user_page_targets::divergence::Divergence;
use put_user_page_targets::findings::{Findings, kind_of};
use put_user_page_targets::harness::{CheckError, Harness, candidate_path};
use put_user_page_targets::registry::{CANDIDATE_VARIABLE, Check, Target, target};
use put_user_page_targets::report::Report;

use self::ablation::ablation;

/// Names the directory in which the entry points record divergences, to go on after them.
pub const FINDINGS_VARIABLE: &str = "PUT_USER_PAGE_FINDINGS";

/// Set while an engine is measured: its mutator leaves inputs as they are. The value
/// [`EMPTY`] makes the target an empty one, which looks at no input, too.
pub const BENCH_VARIABLE: &str = "PUT_USER_PAGE_BENCH";

/// The value of [`BENCH_VARIABLE`] that leaves the engine alone to be measured.
pub const EMPTY: &str = "empty";

/// Set to a number: what is more work than that ([`Case::work`]) is not run. An engine makes many cases of little work in the time of one that is much, and finds more;
/// the largest are in the committed corpora, and for those who replay them.
///
/// [`Case::work`]: put_user_page_case::Case::work
pub const MOST_WORK_VARIABLE: &str = "PUT_USER_PAGE_MOST_WORK";

/// The value of [`MOST_WORK_VARIABLE`] that serves engines that make cases.
pub const MOST_WORK: usize = 1536;

/// Where an engine saves an input that makes the target fail.
pub type SavedAs = fn(&[u8]) -> PathBuf;

/// Ends an entry point where its target has a divergence, of which this is the report.
pub type End = fn(&Divergence, Box<Report>) -> !;

/// Makes the harness of a target.
pub type MakeHarness = fn(&'static Target) -> Result<Harness, BackendError>;

/// What makes the harness of each target but `kernel`, whose backends are not in this process.
pub const IN_PROCESS: MakeHarness = Harness::new;

/// A target that this process fuzzes.
struct Fuzzed {
    target: &'static Target,
    harness: Harness,
    saved_as: SavedAs,
    end: End,
    /// Where divergences are recorded, if the engine is to go on after them.
    findings: Option<Findings>,
    /// What is more work is not run.
    most_work: usize,
    /// Whether it looks at no input, for the engine alone to be measured.
    is_empty: bool,
}

thread_local! {
    /// One a thread, for test runners have several.
    static FUZZED: RefCell<Option<&'static mut Fuzzed>> = const { RefCell::new(None) };
}

/// Where all that was started lies, by address. Pages are never given back, and this still
/// leads a leak checker to them when their thread has ended.
static STARTED: Mutex<Vec<usize>> = Mutex::new(Vec::new());

/// The target with this name. Ends the process if there is none.
pub fn named(name: &str) -> &'static Target {
    target(name).unwrap_or_else(|| fail(&format!("there is no target {name}"), ""))
}

/// Makes the process ready to fuzz a target; called once a thread, before the first input.
/// Ends the process where it cannot start.
pub fn start(target: &'static Target, make: MakeHarness, saved_as: SavedAs, end: End) {
    let mut harness =
        make(target).unwrap_or_else(|error| fail(&error.message, &format!("{}\n", error.help)));
    largest::warm_up(&mut harness);
    if target.check == Check::Candidate {
        introduce_candidate(&harness);
    }
    let findings = std::env::var_os(FINDINGS_VARIABLE).filter(|path| !path.is_empty());
    let findings = findings.map(|path| Findings::new(PathBuf::from(path)));
    let is_empty = std::env::var_os(BENCH_VARIABLE).is_some_and(|value| value == EMPTY);
    let most_work = most_work();
    let fuzzed = Fuzzed { target, harness, saved_as, end, findings, most_work, is_empty };
    let fuzzed = Box::leak(Box::new(fuzzed));
    STARTED.lock().expect("nobody panics with it").push((&raw const *fuzzed).expose_provenance());
    FUZZED.set(Some(fuzzed));
}

/// What the environment says of how much work a case may be.
fn most_work() -> usize {
    let Some(value) = std::env::var_os(MOST_WORK_VARIABLE) else { return usize::MAX };
    let number = value.to_str().and_then(|value| value.parse().ok());
    number.unwrap_or_else(|| {
        let value = value.display();
        fail(&format!("{MOST_WORK_VARIABLE} is {value}, which is no number"), "")
    })
}

/// Says which candidate is run, and which functions it lacks.
fn introduce_candidate(harness: &Harness) {
    let Some(path) = candidate_path() else {
        eprintln!("{CANDIDATE_VARIABLE} names no shared object: running {BUILT_IN_CANDIDATE}");
        return;
    };
    for function in harness.backends().iter().flat_map(|backend| backend.lacks()) {
        let (path, name) = (path.display(), function.name());
        eprintln!("{path} has no {name}(): cases that call it are skipped");
    }
}

/// Prints the report and aborts, which engines take for a crash, in frames that tell the
/// divergence from others.
pub fn abort(divergence: &Divergence, report: Box<Report>) -> ! {
    eprintln!("\ndivergence: {report}");
    frames::put_user_page_divergence(kind_of(divergence), divergence.function())
}

/// Checks one input; false if it was not run, for it is too much work. Where the target's two sides
/// diverge, and nobody asked for findings, the entry point ends.
pub fn check(bytes: &[u8]) -> bool {
    FUZZED.with_borrow_mut(|fuzzed| {
        let fuzzed = fuzzed.as_mut().expect("start() is called first");
        if fuzzed.is_empty {
            return true;
        }
        let case = ablation().map_or(Cow::Borrowed(bytes), |ablation| ablation.case_bytes(bytes));
        match fuzzed.harness.check_within(fuzzed.most_work, &case) {
            Ok(checked) => return checked.is_some(),
            Err(CheckError::Diverges(divergence)) => fuzzed.diverges(bytes, &divergence),
            Err(CheckError::Broken(error)) => end(&error.message, &error.help),
        }
        true
    })
}

impl Fuzzed {
    fn diverges(&self, bytes: &[u8], divergence: &Divergence) {
        if let Some(findings) = &self.findings {
            match findings.record(self.target, bytes, divergence) {
                Ok(_) => return,
                Err(why) => end(
                    &format!("a divergence cannot be recorded: {why}"),
                    &format!("see to the directory that {FINDINGS_VARIABLE} names"),
                ),
            }
        }
        let file = (self.saved_as)(bytes);
        let mut report = Box::new(Report::of(divergence));
        report.reproduce = Some(saved::command(&report, self.target, &file));
        saved::save_log(&report, &file);
        (self.end)(divergence, report)
    }
}

/// Ends the process, which cannot go on. The engine would take exit() for a find of its own.
fn end(message: &str, help: &str) -> ! {
    eprintln!("error: {message}\n{help}");
    // SAFETY: ends the process.
    unsafe { libc::_exit(2) }
}

/// The name that libFuzzer gives to a file of an input that made a target fail.
pub fn crash_name(bytes: &[u8]) -> String {
    format!("crash-{}", sha1_smol::Sha1::from(bytes).digest())
}

/// Ends the process: it cannot do what was asked.
pub fn fail(message: &str, help: &str) -> ! {
    eprint!("error: {message}\n{help}");
    exit(2);
}
