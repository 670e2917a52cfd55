//! `cargo xtask prove`: the claims of src/proofs/, each told by z3.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use pagediff_terminal::error::{Stop, does_not_hold, error, file_error};
use pagediff_terminal::output::count;
use pagediff_terminal::repository::find_root;

/// The proofs, in the repository.
const PROOFS: &str = "src/proofs";

/// Seconds for a file, of which each takes a few: a loaded machine gets its time.
const TIME_LIMIT: &str = "-T:900";

/// Proves with z3 what src/proofs claims, for all values, and finds the counterexamples that are
/// to be there
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Proofs other than those of src/proofs
    #[arg(value_name = "FILE.smt2")]
    files: Vec<PathBuf>,
}

/// What z3 is to answer to a claim.
#[derive(Clone, Copy, PartialEq)]
enum Answer {
    /// Nothing is against the claim.
    Unsat,
    /// Something is: a premise is left out.
    Sat,
}

impl Answer {
    fn named(word: &str) -> Option<Answer> {
        match word {
            "unsat" => Some(Answer::Unsat),
            "sat" => Some(Answer::Sat),
            _ => None,
        }
    }
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let files = if arguments.files.is_empty() {
        proofs(&find_root()?.join(PROOFS))?
    } else {
        arguments.files.clone()
    };
    let (mut proved, mut refuted) = (0, 0);
    for file in &files {
        for answer in check(file, &ask(file)?)? {
            match answer {
                Answer::Unsat => proved += 1,
                Answer::Sat => refuted += 1,
            }
        }
    }
    let (claims, examples) = (count(proved, "claim"), count(refuted, "counterexample"));
    writeln!(out, "{claims} proved, and {examples} found where a premise is left out")?;
    Ok(ExitCode::SUCCESS)
}

/// The files with proofs.
fn proofs(folder: &Path) -> Result<Vec<PathBuf>, Stop> {
    let cannot_read = |why| file_error(folder, "read", &why);
    let entries = std::fs::read_dir(folder).map_err(cannot_read)?;
    let files: Result<Vec<_>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut files = files.map_err(cannot_read)?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "smt2"));
    files.sort();
    Ok(files)
}

/// What z3 prints for a file.
fn ask(file: &Path) -> Result<String, Stop> {
    let output = Command::new("z3").arg(TIME_LIMIT).arg(file).output().map_err(|why| {
        error(format!("z3 does not start: {why}"), "set it up with `scripts/setup proofs`")
    })?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The answers to a file's claims: each is printed as `ANSWER: CLAIM` before the answer that z3
/// gives.
///
/// # Errors
///
/// One is not what the file says.
fn check(file: &Path, printed: &str) -> Result<Vec<Answer>, Stop> {
    let name = file.display();
    let mut lines = printed.lines();
    let mut answers = Vec::new();
    while let Some(line) = lines.next() {
        let expected = line
            .split_once(": ")
            .and_then(|(word, claim)| Answer::named(word).map(|answer| (answer, claim)));
        let Some((expected, claim)) = expected else {
            return Err(does_not_hold(
                format!("z3 says of {name}: {line}"),
                "mend the file: each check-sat comes after an echo of its answer and its claim",
            ));
        };
        let found = lines.next().unwrap_or("nothing, for the time is up");
        if Answer::named(found) != Some(expected) {
            return Err(does_not_hold(
                format!("{name}: z3 answers {found}, and not what the file says: {line}"),
                format!("add (get-model) after the check of \"{claim}\" to see what is against it"),
            ));
        }
        answers.push(expected);
    }
    let checks = std::fs::read_to_string(file).map_err(|why| file_error(file, "read", &why))?;
    let checks = checks.matches("(check-sat)").count();
    if answers.len() == checks {
        return Ok(answers);
    }
    Err(does_not_hold(
        format!("{name} has {checks} checks, and z3 answers {}", answers.len()),
        "give each check-sat an echo before it, with the answer and the claim",
    ))
}
