//! Guests that die, of a module that does so on demand. Where the kernel backend is not set
//! up, the tests say so.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use crate::place::Place;
use crate::{
    Death, Error, GuestJob, How, Options, Release, Runner, Which, gup_source, is_set_up,
    package_version,
};

/// One guest at a time: the time limit is short.
static TURN: Mutex<()> = Mutex::new(());

/// A runner whose guests have the deadly module in them.
fn deadly() -> Option<(Runner, MutexGuard<'static, ()>)> {
    if !is_set_up(&Which::default()) {
        eprintln!("skipped: the kernel backend is not set up; `scripts/kernel setup` does that");
        return None;
    }
    let turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let mut place = Place::find().unwrap();
    place.module = module_folder(&place);
    let options = Options { time_limit: Duration::from_secs(3), ..Options::default() };
    let runner = Runner::start_in(&place, &options).unwrap();
    assert_eq!(runner.about()["module"], "deadly");
    Some((runner, turn))
}

/// The deadly module's sources, beside the interface that it shares with the real one.
fn module_folder(place: &Place) -> PathBuf {
    let folder = place.kernel().join("tests/deadly");
    fs::create_dir_all(&folder).unwrap();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deadly");
    for name in ["Makefile", "pagediff.c"] {
        fs::copy(sources.join(name), folder.join(name)).unwrap();
    }
    fs::copy(place.module.join("uapi.h"), folder.join("uapi.h")).unwrap();
    folder
}

/// Runs jobs of a byte each, and returns the deaths by number.
fn run(runner: &mut Runner, bytes: &[u8]) -> Result<Vec<(usize, Death)>, Error> {
    let jobs: Vec<GuestJob<'_>> =
        bytes.chunks(1).map(|bytes| GuestJob { regions: &[], bytes }).collect();
    let mut delivered = vec![0; jobs.len()];
    let mut deaths = Vec::new();
    runner.run(&jobs, &mut |index, result| {
        delivered[index] += 1;
        match result {
            Ok(answer) => assert_eq!(answer, jobs[index].bytes),
            Err(death) => deaths.push((index, death)),
        }
    })?;
    assert!(delivered.iter().all(|times| *times == 1), "{delivered:?}");
    Ok(deaths)
}

fn line(death: &Death) -> &str {
    match &death.how {
        How::Panicked(line) => line,
        how => panic!("{how}\n{}", death.log),
    }
}

#[test]
fn a_guest_dies_in_many_ways() {
    let Some((mut runner, _turn)) = deadly() else { return };
    let deaths = run(&mut runner, b"..B.N..W..L.R.H..").unwrap();
    let numbers: Vec<usize> = deaths.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [2, 4, 7, 10, 12, 14]);
    let deaths: Vec<Death> = deaths.into_iter().map(|(_, death)| death).collect();
    assert!(deaths.iter().all(Death::is_alone));
    assert!(line(&deaths[0]).contains("kernel BUG at"), "{}", line(&deaths[0]));
    assert!(line(&deaths[1]).contains("NULL pointer"), "{}", line(&deaths[1]));
    assert!(line(&deaths[2]).contains("WARNING"), "{}", line(&deaths[2]));
    assert!(deaths[2].log.contains("as the job asked"), "{}", deaths[2].log);
    assert_eq!(line(&deaths[3]), "BUG: Bad page state, says the job");
    assert_eq!(deaths[4].how, How::Reset);
    assert_eq!(deaths[5].how, How::Hung(3));
    assert_eq!(runner.take_unexplained(), []);
}

#[test]
fn a_death_after_others_names_them() {
    let Some((mut runner, _turn)) = deadly() else { return };
    let deaths = run(&mut runner, b".F..A..F.F").unwrap();
    let deaths: Vec<_> = deaths.into_iter().map(|(number, death)| (number, death.after)).collect();
    assert_eq!(deaths, [(7, Some(4))]);
    // What an earlier batch has left is in nobody's batch.
    assert_eq!(run(&mut runner, b"A").unwrap(), []);
    assert_eq!(run(&mut runner, b"F").unwrap(), []);
    assert_eq!(runner.take_unexplained().len(), 1);
}

#[test]
fn a_module_that_fails_is_an_error() {
    let Some((mut runner, _turn)) = deadly() else { return };
    let error = run(&mut runner, b"..E..").unwrap_err();
    assert!(error.message.contains("the module does not run job 2: "), "{error}");
    assert_eq!(run(&mut runner, b"...").unwrap(), [], "a fresh guest goes on");
}

/// How many QEMUs this thread runs.
fn qemus() -> usize {
    let path = format!("/proc/self/task/{}/children", rustix::thread::gettid().as_raw_nonzero());
    fs::read_to_string(path).unwrap().split_whitespace().count()
}

#[test]
fn a_spare_guest_is_kept_once_one_has_died() {
    let Some((mut runner, _turn)) = deadly() else { return };
    run(&mut runner, b"...").unwrap();
    assert_eq!(qemus(), 1);
    assert_eq!(run(&mut runner, b".B.").unwrap().len(), 1);
    assert_eq!(qemus(), 2);
    drop(runner);
    assert_eq!(qemus(), 0);
}

#[test]
#[ignore = "fetches 140 MB: the source package of Debian's kernel"]
fn the_source_of_debians_kernel_can_be_had() {
    let version = package_version(&Which::default()).unwrap();
    let file = gup_source(Release::V6_1, &version.expect("a package of Debian's")).unwrap();
    assert!(std::fs::read_to_string(file).unwrap().contains("\nvoid unpin_user_pages("));
}
