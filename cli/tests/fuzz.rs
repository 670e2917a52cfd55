//! `pagediff fuzz` with an engine that only plays one: a cargo that prints what libFuzzer
//! would.

mod common;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Directory, Ran, under_env};
use put_user_page_targets::registry::TARGETS;

/// A repository whose `cargo fuzz run` is this shell code; `$target` is the target.
fn with_engine(run: &str) -> Directory {
    let directory = Directory::new();
    directory.write("fuzz/fuzz_targets/program.rs", "");
    let cargo = format!(
        "#!/bin/sh\n\
         case \"$2\" in --version) exit 0;; build) echo \"$*\" >> built; exit $(cat build-code);; esac\n\
         for word; do case \"$previous\" in address|none) target=$word;; esac; previous=$word; done\n\
         {run}\n"
    );
    let path = directory.write("bin/cargo", cargo);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    directory.write("build-code", "0");
    directory
}

fn fuzz(directory: &Directory, arguments: &[&str]) -> Command {
    let mut command = directory.command(&[&["fuzz"], arguments].concat());
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", directory.path().join("bin").display()));
    command
}

fn ran(mut command: Command) -> Ran {
    command.output().unwrap().into()
}

const NUMBERS: &str = "printf '#9\\tNEW cov: 11 ft: 1 corp: 22/1b exec/s: 3\\n\
     stat::number_of_executed_units: 1234\\nstat::average_exec_per_sec: 617\\n' >&2";

#[test]
fn every_target_is_fuzzed_and_the_table_tells_of_it() {
    let directory = with_engine(NUMBERS);
    let ran = ran(fuzz(&directory, &[])).code(0);
    let ran = ran.err(&["decode libfuzzer: starts", "program libfuzzer: ends, 1234"]);
    let rows: Vec<Vec<&str>> =
        ran.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        rows[0].join(" "),
        "target engine executions executions/s coverage corpus size crashes"
    );
    assert_eq!(rows[1], ["put_user_page", "libfuzzer", "1234", "617", "11", "22", "0"]);
    // A headline, and all targets; that of the kernel where it is set up.
    let left_out =
        usize::from(!put_user_page_kernel::is_set_up(&put_user_page_kernel::Which::default()));
    assert_eq!(rows.len(), 1 + TARGETS.len() - left_out + 1);
    assert_eq!(ran.out.lines().last(), Some("no divergences"));
}

#[test]
fn one_target_is_built_and_run_as_asked() {
    let directory = with_engine(&format!("echo \"$*\" > ran; {NUMBERS}"));
    ran(fuzz(&directory, &["program", "7", "--sanitizer", "none"])).code(0);
    let read = |name| String::from_utf8(directory.read(name)).unwrap();
    assert_eq!(read("built"), "fuzz build --sanitizer none program\n");
    let run = read("ran");
    assert!(run.starts_with("fuzz run --sanitizer none program -- "), "{run}");
    assert!(run.contains("-max_total_time=7"), "{run}");
}

#[test]
fn a_finding_is_shown_with_the_command_that_shows_more() {
    let directory = with_engine(&format!(
        "printf 'abcdefgh' > \"$PUT_USER_PAGE_FINDINGS/$target/divergence-one\"; {NUMBERS}"
    ));
    directory.write("fuzz/artifacts/program/divergence-old", "from before");
    let old = std::fs::File::options()
        .append(true)
        .open(directory.path().join("fuzz/artifacts/program/divergence-old"))
        .unwrap();
    old.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    let ran = ran(fuzz(&directory, &["program", "1"])).code(1);
    let ran = ran.out(&[
        "program: 1 distinct divergence\n",
        // What replaying it says, which finds nothing here.
        "1 case, 0 divergences",
        "show it with: cargo run --release -- explain --target program \
         fuzz/artifacts/program/divergence-one\n",
    ]);
    assert!(!ran.out.contains("divergence-old"), "{}", ran.out);
}

#[test]
fn fuzzing_goes_on_after_a_crash() {
    // Each run finds another input, the third comes to its end.
    let directory = with_engine(&format!(
        "echo x >> runs; n=$(wc -l < runs)\n\
         if [ $n -gt 2 ]; then {NUMBERS}; exit 0; fi\n\
         echo \"Test unit written to $PWD/fuzz/artifacts/$target/crash-$n\" >&2; exit 77"
    ));
    ran(fuzz(&directory, &["program", "60"])).code(1).out(&[
        "program: 2 crashing inputs, by libfuzzer",
        "show it with: cargo fuzz run program fuzz/artifacts/program/crash-1\n",
        "show it with: cargo fuzz run program fuzz/artifacts/program/crash-2\n",
    ]);
}

#[test]
fn a_crash_that_comes_back_is_not_met_for_ever() {
    let directory = with_engine(
        "echo \"Test unit written to $PWD/fuzz/artifacts/$target/crash-1\" >&2; exit 77",
    );
    ran(fuzz(&directory, &["program", "60"])).code(1).out(&["program: 1 crashing input, by"]);
}

#[test]
fn an_engine_that_fails_by_itself_is_an_error() {
    let directory = with_engine("echo 'no room' >&2; exit 1");
    let ran = ran(fuzz(&directory, &["program", "1"])).code(2);
    ran.err(&["no room", "libfuzzer on program failed, and not by a divergence"]);
}

#[test]
fn a_build_that_fails_is_an_error() {
    let directory = with_engine("");
    directory.write("build-code", "101");
    ran(fuzz(&directory, &["program"]))
        .code(2)
        .err(&["the fuzz targets do not build for libfuzzer"]);
}

#[test]
fn a_missing_cargo_fuzz_is_an_error_with_the_way_to_get_it() {
    let directory = with_engine("");
    directory.write("bin/cargo", "#!/bin/sh\nexit 101\n");
    let ran = ran(fuzz(&directory, &["program"])).code(2);
    ran.err(&["cargo-fuzz is not installed", "scripts/setup libfuzzer"]);
}

#[test]
fn an_interrupt_leaves_no_engine_running() {
    // The engine is a process that cargo starts, not cargo itself.
    let directory = with_engine("sleep 1000 & echo $! > new; mv new engine; wait");
    let mut child = fuzz(&directory, &["program", "1"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let engine = directory.path().join("engine");
    wait_until(|| engine.exists());
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let process = String::from_utf8(directory.read("engine")).unwrap();
    wait_until(|| is_gone(process.trim()));
}

fn wait_until(so: impl Fn() -> bool) {
    while !so() {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a process has ended, be it that nobody has waited for it yet.
fn is_gone(process: &str) -> bool {
    let status = std::fs::read_to_string(Path::new("/proc").join(process).join("stat"));
    status.map_or(true, |status| status.contains(") Z "))
}

/// Starts fuzzing by an engine that ends once it may, where signals are as `env` is told, sends
/// SIGINT, and lets the engine end.
fn interrupted(env: &str) -> std::process::Output {
    let run = format!("touch started; until [ -e end ]; do sleep 0.1; done; {NUMBERS}");
    let directory = with_engine(&run);
    let mut command = under_env(env, &fuzz(&directory, &["program"]));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while !directory.path().join("started").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    if env.starts_with("--ignore") {
        // If it counted, it would be over before the engine is.
        std::thread::sleep(Duration::from_millis(300));
        directory.write("end", "");
    }
    child.wait_with_output().unwrap()
}

#[test]
fn an_interrupt_ends_fuzzing_unless_it_is_ignored() {
    assert_eq!(interrupted("--default-signal=INT").status.code(), Some(130));
    let ignored = Ran::from(interrupted("--ignore-signal=INT")).code(0);
    ignored.out(&["no divergences"]);
}
