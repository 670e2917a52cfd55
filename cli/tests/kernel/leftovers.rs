//! QEMU ended from outside, and pagediff ended with a QEMU running.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command};

use rustix::process::Signal;

use super::common::{Directory, Ran, under_env};
use super::misbehaviour::{HERE, Misbehaviour, among_others, misbehaving, nothing_is_lost};
use super::module_copy::Place;
use super::processes::{qemu_that_says, qemus_of, runs, send, start, wait_for};

/// Starts a run with special cases in its middle, long before any time limit.
fn start_run(place: &Place, special: &[&str]) -> Child {
    start(among(place, special))
}

fn among(place: &Place, special: &[&str]) -> Command {
    let arguments = among_others(special, &["--json", "--time-limit", "1000"]);
    place.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_qemu_that_somebody_kills_in_the_middle_of_a_run_is_replaced() {
    let place = misbehaving();
    place.directory.write("dawdle.case", Misbehaviour::Dawdle.case());
    let special = ["dawdle.case"; 20];
    let run = start_run(&place, &special);
    let parent = run.id();
    let qemu = wait_for("guest at work", || qemu_that_says(parent, HERE));
    send(qemu, Signal::KILL);
    let another = || qemus_of(parent).into_iter().find(|&other| other != qemu);
    wait_for("second QEMU", another);
    let ran = Ran::from(run.wait_with_output().unwrap()).code(0);
    let output = nothing_is_lost(&place, special.len(), ran);
    assert_eq!(output["divergences"].as_array().unwrap().len(), 0);
}

#[test]
fn a_qemu_that_somebody_kills_again_and_again_is_an_error() {
    let place = misbehaving();
    place.directory.write("stay.case", Misbehaviour::Stay.case());
    let run = start_run(&place, &["stay.case"]);
    let mut killed = Vec::new();
    for _ in 0..3 {
        let qemu = wait_for("guest at work", || {
            qemu_that_says(run.id(), HERE).filter(|qemu| !killed.contains(qemu))
        });
        send(qemu, Signal::KILL);
        killed.push(qemu);
    }
    let ran = Ran::from(run.wait_with_output().unwrap()).code(2);
    eprintln!("{}", ran.err);
    assert_eq!(ran.out, "");
    ran.err(&["QEMU was ended 3 times in a row: by signal 9 (SIGKILL)", "help: see what ends it"]);
}

/// Ends pagediff in the middle of a run, and checks that nothing is left of it. The signal is
/// one that ends it, whatever whoever runs the tests ignores.
fn ends_without_a_trace(place: &Place, signal: Signal) {
    let temporary = Directory::new();
    let mut command = among(place, &["bug.case", "stay.case"]);
    command.env("TMPDIR", temporary.path());
    let run = start(under_env("--default-signal=INT,TERM", &command));
    wait_for("guest at work", || qemu_that_says(run.id(), HERE));
    let qemus = qemus_of(run.id());
    assert_eq!(qemus.len(), 2, "one at work, and a spare since the other died");
    send(run.id(), signal);
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), Some(signal.as_raw()), "{output:?}");
    wait_for("end of all QEMUs", || (!qemus.iter().any(|&qemu| runs(qemu))).then_some(()));
    assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
    assert_eq!(files_in(temporary.path()), [""; 0]);
    assert_eq!(files_in(place.directory.path()), ["bug.case", "fuzz", "stay.case"]);
    assert_eq!(files_in(&place.directory.path().join("fuzz")), ["fuzz_targets"]);
}

fn files_in(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn an_end_in_the_middle_of_a_run_leaves_nothing_behind() {
    let place = misbehaving();
    place.directory.write("stay.case", Misbehaviour::Stay.case());
    place.directory.write("bug.case", Misbehaviour::Bug.case());
    // Built before, for that is told.
    place.run(&["kernel", "setup"]).code(0);
    for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
        ends_without_a_trace(&place, signal);
    }
}
