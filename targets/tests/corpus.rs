//! Every committed corpus file, as a test of its own on every backend in this process,
//! and the whole corpus in random orders.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use libtest_mimic::{Arguments, Failed, Trial as Test};
use put_user_page_case::Case;
use put_user_page_case::world::World;
use put_user_page_targets::backend::Backend;
use put_user_page_targets::backends::{Candidate, fast, naive};
use put_user_page_targets::comparer::Comparer;
use put_user_page_targets::harness::Harness;
use put_user_page_targets::outcome::Outcome;
use put_user_page_targets::profiles::Profile;
use put_user_page_targets::registry::{self, Check, TARGETS, Target};
use put_user_page_targets::report::Report;
use put_user_page_targets::trial::Verdict;

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for target in &TARGETS {
        let inputs = inputs(target);
        // One harness for all files of a target: a case has the same outcome after any other.
        let harness = Harness::new(in_process(target)).expect("the built-in backends load");
        let harness = Arc::new(Mutex::new(ThreadBound(harness)));
        for path in &inputs {
            let (path, harness) = (path.clone(), Arc::clone(&harness));
            let name = format!("{}/{}", target.name, file_name(&path));
            trials.push(Test::test(name, move || replay(target, &path, &harness)));
        }
        let name = format!("{}::has_inputs", target.name);
        let count = inputs.len();
        trials.push(Test::test(name, move || match count {
            0 => Err(format!("corpus/{} is empty", target.name).into()),
            _ => Ok(()),
        }));
    }
    trials.push(Test::test("corpus_is_under_2_mib", size));
    trials.push(Test::test("every_backend_agrees_on_every_file", every_backend));
    for seed in 0..4 {
        let name = format!("outcomes_do_not_depend_on_the_order::seed_{seed}");
        trials.push(Test::test(name, move || any_order(seed)));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// What runs a target's inputs in this process. Those of `kernel` are programs, and
/// `pagediff replay --backend kernel` takes them to a kernel.
fn in_process(target: &'static Target) -> &'static Target {
    match target.check {
        Check::Kernel => registry::target("program").expect("there is one"),
        _ => target,
    }
}

/// A harness is used by one test at a time, whichever thread that is on.
struct ThreadBound(Harness);

// SAFETY: the harness owns all that it points to (its memory map is leaked for it alone),
// and none of it is bound to the thread that made it.
unsafe impl Send for ThreadBound {}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus")
}

fn inputs(target: &Target) -> Vec<PathBuf> {
    let folder = corpus().join(target.name);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.retain(|path| !file_name(path).starts_with('.'));
    paths.sort();
    paths
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn replay(target: &Target, path: &Path, harness: &Arc<Mutex<ThreadBound>>) -> Result<(), Failed> {
    let bytes = fs::read(path)?;
    let case = Harness::case(target, &bytes);
    if Harness::canonical(target, &bytes) != bytes {
        let minimize = format!("cargo run --release -- corpus minimize {}", target.name);
        return Err(format!("not canonical: `{minimize}` makes it so").into());
    }
    if Case::from_text(&case.to_text()).as_ref() != Ok(&case) {
        return Err("its text does not give it back".into());
    }
    let mut harness = harness.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    harness.0.check(&bytes).map(drop).map_err(|report| report.to_string().into())
}

fn size() -> Result<(), Failed> {
    let mut bytes = 0;
    for path in TARGETS.iter().flat_map(inputs) {
        bytes += fs::metadata(path)?.len();
    }
    for target in &TARGETS {
        bytes += fs::metadata(corpus().join(format!("{}.outcomes", target.name)))?.len();
    }
    match bytes {
        0..2_097_152 => Ok(()),
        _ => Err(format!("the corpora have {bytes} bytes").into()),
    }
}

fn cases() -> Result<Vec<Case>, Failed> {
    let mut cases = Vec::new();
    for target in &TARGETS {
        for path in inputs(target) {
            cases.push(Harness::case(target, &fs::read(path)?));
        }
    }
    Ok(cases)
}

fn every_backend() -> Result<(), Failed> {
    let (mut naive, mut fast) = (naive(), fast(Profile::newest()));
    let mut candidate = Candidate::built_in().into_backend("candidate", Profile::newest());
    let mut comparer = Comparer::new(vec![&mut naive, &mut fast, &mut candidate]);
    let mut reports = Vec::new();
    comparer.compare(&cases()?, &mut |_, _, verdict| {
        if let Verdict::Differs(divergence) = verdict {
            reports.push(Report::of(&divergence).to_string());
        }
    })?;
    if reports.is_empty() { Ok(()) } else { Err(reports.join("\n").into()) }
}

/// Runs the whole corpus in one order, then in another, on backends that are not new: each
/// case must leave behind what it left behind before.
fn any_order(seed: u64) -> Result<(), Failed> {
    let worlds: Vec<World> = cases()?.iter().map(World::of).collect();
    let mut order: Vec<usize> = (0..worlds.len()).collect();
    let (mut naive, mut fast) = (naive(), fast(Profile::newest()));
    let expected: Vec<(Outcome, Option<Outcome>)> = worlds
        .iter()
        .map(|world| {
            let naive = naive.run_world(world, None).clone();
            (naive, world.fits_slices().then(|| fast.run_world(world, None).clone()))
        })
        .collect();
    fastrand::Rng::with_seed(seed).shuffle(&mut order);
    for index in order {
        let world = &worlds[index];
        let ours = naive.run_world(world, None);
        if *ours != expected[index].0 {
            return Err(
                format!("{}: case {index} depends on the cases before it", naive.name()).into()
            );
        }
        let Some(expected) = &expected[index].1 else { continue };
        if fast.run_world(world, None) != expected {
            return Err(
                format!("{}: case {index} depends on the cases before it", fast.name()).into()
            );
        }
    }
    Ok(())
}
