//! Divergences, as ClusterFuzz tells them apart: by their crash states, which are the first
//! frames of a stack but for those that tell nothing.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use pagediff_terminal::error::{Stop, error, file_error};
use put_user_page_case::Case;
use put_user_page_fuzz_common::frames::{DIVERGENCE, KINDS, PLACES};
use put_user_page_targets::registry::CANDIDATE_VARIABLE;

use super::Failure;
use super::target::run;

/// A divergence of the target `candidate`, and the crash state that it should have.
struct Shown {
    candidate: &'static str,
    case: &'static str,
    state: [&'static str; 2],
}

const IDLE: &str = "targets/c/candidates/broken/idle.c";
const MISTAKE: &str = "targets/c/candidates/per_run_mistake.c";

/// Two of the same kind in one function; the same kind in another; another kind in the same.
const SHOWN: [Shown; 4] = [
    Shown {
        candidate: IDLE,
        case: "folio a refs=1\nentries a\nput_user_pages_dirty\n",
        state: ["refcount_too_high", "in_put_user_pages_dirty"],
    },
    Shown {
        candidate: IDLE,
        case: "folio a order=2\nfolio b dirty\nentries a[0..4] b\nput_user_pages_dirty\n",
        state: ["refcount_too_high", "in_put_user_pages_dirty"],
    },
    Shown {
        candidate: IDLE,
        case: "folio a refs=1\nentries a\nput_user_pages\n",
        state: ["refcount_too_high", "in_put_user_pages"],
    },
    Shown {
        candidate: MISTAKE,
        case: "folio a dirty\nfolio b\nentries a b\nput_user_pages_dirty\n",
        state: ["page_wrongly_clean", "in_put_user_pages_dirty"],
    },
];

/// How ClusterFuzz lets the address sanitizer see what aborts, and libFuzzer's own way.
const OPTIONS: [&str; 2] = ["handle_abort=1", "handle_abort=0"];

/// What prints the crash states of outputs, in the repository.
const PARSER: &str = "scripts/oss-fuzz/crash_states";

/// Shows divergences in a directory of targets: libFuzzer has tokens for them, and ClusterFuzz's own
/// parser, in this Python, which has it, the crash states that it should.
pub(super) fn check(root: &Path, directory: &Path, python: &Path) -> Result<Vec<Failure>, Stop> {
    let directory =
        &std::fs::canonicalize(directory).map_err(|why| file_error(directory, "read", &why))?;
    let mut outputs = Vec::new();
    let mut expected = Vec::new();
    for shown in &SHOWN {
        for options in OPTIONS {
            outputs.push(output(root, directory, shown, options)?);
            expected.push(shown.state);
        }
    }
    let has_token = |(output, expected): &(&String, &[&str; 2])| has_token(output, *expected);
    let without = outputs.iter().zip(&expected).filter(|shown| !has_token(shown));
    let mut failures: Vec<Failure> = without
        .map(|(_, expected)| Failure {
            about: "dedup token".to_owned(),
            what: format!("`{}` is in none of libFuzzer's", expected.join(", ")),
        })
        .collect();
    // Whatever has not been shown has the same stack, but for its names.
    let (output, [what, place]) = (outputs[0].clone(), expected[0]);
    for kind in KINDS {
        outputs.push(output.replace(what, kind));
        expected.push([kind, place]);
    }
    for other in PLACES {
        outputs.push(output.replace(place, other));
        expected.push([what, other]);
    }
    let states = states(root, python, &outputs)?;
    if states.len() != outputs.len() {
        let message = format!("{PARSER} answers {} of {} outputs", states.len(), outputs.len());
        return Err(error(message, "see to it: it prints a list as long as the one that it gets"));
    }
    let differs = expected.iter().zip(&states).filter(|(expected, state)| !is(state, **expected));
    let failure = |(expected, state): (&[&str; 2], &Vec<String>)| Failure {
        about: "crash state".to_owned(),
        what: format!("`{}` is `{}` to ClusterFuzz", expected.join(", "), state.join(", ")),
    };
    failures.extend(differs.map(failure));
    Ok(failures)
}

/// Whether the token by which libFuzzer's minimiser keeps to a finding tells this.
fn has_token(output: &str, expected: &[&str]) -> bool {
    let tokens = output.lines().filter_map(|line| line.strip_prefix("DEDUP_TOKEN: "));
    let frames = tokens.map(|token| token.split("--").collect::<Vec<_>>());
    frames.into_iter().any(|frames| frames.windows(expected.len()).any(|part| part == expected))
}

/// Whether a crash state tells this, and nothing that a build could change.
fn is(state: &[String], [what, place]: [&str; 2]) -> bool {
    state == [what, place, DIVERGENCE]
}

/// What the target prints when it shows the divergence.
fn output(root: &Path, directory: &Path, shown: &Shown, options: &str) -> Result<String, Stop> {
    let scratch = tempfile::tempdir()
        .map_err(|why| error(format!("there is no temporary folder: {why}"), "set TMPDIR"))?;
    let (input, program) = (scratch.path().join("input"), directory.join("candidate"));
    let case = Case::from_text(shown.case).expect("the cases here are good");
    std::fs::write(&input, case.encode()).map_err(|why| file_error(&input, "written", &why))?;
    let mut command = Command::new(&program);
    command.arg(&input).current_dir(scratch.path()).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env(CANDIDATE_VARIABLE, root.join(shown.candidate)).env("ASAN_OPTIONS", options);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let ran = run(&mut command, &scratch.path().join("log"))
        .map_err(|why| file_error(&program, "run", &why))?;
    // The parser leaves raise() out, but does not know it where the C library has debug
    // information, as it has not there.
    Ok(ran.log.lines().filter(|line| !line.contains(" in raise ")).collect::<Vec<_>>().join("\n"))
}

/// The crash state of each output.
fn states(root: &Path, python: &Path, outputs: &[String]) -> Result<Vec<Vec<String>>, Stop> {
    let mut command = Command::new(python);
    command.arg(root.join(PARSER)).stdin(Stdio::piped()).stdout(Stdio::piped());
    let cannot_run = |why: &dyn std::fmt::Display| {
        let message = format!("{} does not run {PARSER}: {why}", python.display());
        error(message, "name a Python that has scripts/oss-fuzz/requirements.txt")
    };
    let mut child = command.spawn().map_err(|why| cannot_run(&why))?;
    let mut stdin = child.stdin.take().expect("it is piped");
    let sent = serde_json::to_vec(outputs).expect("texts can be JSON");
    let sent = stdin.write_all(&sent);
    drop(stdin);
    let output = child.wait_with_output().map_err(|why| cannot_run(&why))?;
    if !output.status.success() {
        return Err(cannot_run(&output.status));
    }
    sent.map_err(|why| cannot_run(&why))?;
    serde_json::from_slice(&output.stdout).map_err(|why| cannot_run(&why))
}
