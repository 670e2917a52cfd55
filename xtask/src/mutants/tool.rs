//! cargo-mutants: what it would break, and what came of it.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use pagediff_terminal::error::{Stop, error, file_error};
use serde::Deserialize;

use super::areas::Killer;
use crate::cargo::{cargo, run as run_command};

/// Where it leaves its results, from the repository's root.
const OUTPUT: &str = "target/mutants";

/// What a case goes through, beside the package that is broken.
const PACKAGES: [&str; 6] = [
    "put_user_page",
    "put_user_page_record",
    "put_user_page_case",
    "put_user_page_reference",
    "put_user_page_watched",
    "put_user_page_targets",
];

/// Exit codes that say nothing of whether it worked: all caught, some missed, some timed out.
const RAN: [i32; 3] = [0, 2, 3];

/// One way of breaking the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mutant {
    /// The file, the place in it, and what is done.
    pub(super) name: String,
    pub(super) file: String,
    /// The line of code that it is done to.
    pub(super) line: String,
}

impl Mutant {
    /// What is done, without the place.
    pub(super) fn what(&self) -> &str {
        self.name.splitn(4, ':').last().unwrap_or_default().trim_start()
    }
}

/// What became of a mutant in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum Summary {
    CaughtMutant,
    MissedMutant,
    Unviable,
    Timeout,
    Success,
    Failure,
}

/// Which mutants there are to be.
pub(super) struct Selection<'a> {
    pub(super) files: &'a [String],
    pub(super) shard: Option<&'a str>,
    /// A diff whose lines alone are broken.
    pub(super) diff: Option<&'a Path>,
}

#[derive(Deserialize)]
struct Listed {
    name: String,
    file: String,
    span: Span,
}

#[derive(Deserialize)]
struct Span {
    start: Place,
}

#[derive(Deserialize)]
struct Place {
    line: usize,
}

#[derive(Deserialize)]
struct Outcomes {
    outcomes: Vec<Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    scenario: Scenario,
    summary: Summary,
}

#[derive(Deserialize)]
enum Scenario {
    Baseline,
    Mutant { name: String },
}

/// The mutants of a selection.
pub(super) fn list(root: &Path, selection: &Selection<'_>) -> Result<Vec<Mutant>, Stop> {
    let mut command = cargo(root, &["mutants", "--list", "--json", "--workspace"]);
    command.args(selection.files.iter().flat_map(|file| ["--file", file]));
    if let Some(shard) = selection.shard {
        command.args(["--sharding", "round-robin", "--shard", shard]);
    }
    if let Some(diff) = selection.diff {
        command.arg("--in-diff").arg(diff);
    }
    let output = command.output().map_err(|why| does_not_start(&why))?;
    if !output.status.success() {
        return Err(failed(&command, output.status.code(), &output.stderr));
    }
    let listed = if output.stdout.is_empty() {
        // Nothing of the diff is in these files.
        Vec::new()
    } else {
        serde_json::from_slice(&output.stdout).map_err(|why| not_understood("its list", &why))?
    };
    with_lines(root, listed)
}

/// The mutants, with the lines of code that they change.
fn with_lines(root: &Path, listed: Vec<Listed>) -> Result<Vec<Mutant>, Stop> {
    let mut texts: HashMap<String, String> = HashMap::new();
    let mut mutants = Vec::new();
    for Listed { name, file, span } in listed {
        if !texts.contains_key(&file) {
            let path = root.join(&file);
            let text = std::fs::read_to_string(&path);
            texts.insert(file.clone(), text.map_err(|why| file_error(&path, "read", &why))?);
        }
        let line = texts[&file].lines().nth(span.start.line - 1).unwrap_or_default();
        mutants.push(Mutant { name, line: line.trim().to_owned(), file });
    }
    Ok(mutants)
}

/// Breaks the code in each of these ways, and sees whether the killer notices.
pub(super) fn run(
    root: &Path,
    killer: Killer,
    mutants: &[Mutant],
) -> Result<HashMap<String, Summary>, Stop> {
    let output = Path::new(OUTPUT).join(killer.name());
    let folder = root.join(&output);
    std::fs::create_dir_all(&folder).map_err(|why| file_error(&folder, "written", &why))?;
    let mut command = cargo(root, &["mutants", "--workspace", "--no-shuffle", "--colors=never"]);
    command.arg("--output").arg(output);
    command.args(killed_by(killer));
    if killer == Killer::Layout {
        command.env("RUSTFLAGS", OTHER_LAYOUT);
    }
    if !packages(killer).is_empty() {
        let limit = 5 * baseline(root, killer)?.as_secs();
        command.arg("--baseline=skip").arg(format!("--timeout={}", limit.max(LEAST_LIMIT)));
    }
    let files: BTreeSet<String> = mutants.iter().map(|mutant| mutant.file.clone()).collect();
    let files = Vec::from_iter(files);
    command.args(files.iter().flat_map(|file| ["--file", file])).arg("--iterate");
    pass_over_others(root, &folder.join("mutants.out"), &files, mutants)?;
    let status = command.status().map_err(|why| does_not_start(&why))?;
    if !status.code().is_some_and(|code| RAN.contains(&code)) {
        return Err(failed(&command, status.code(), &[]));
    }
    let path = folder.join("mutants.out/outcomes.json");
    let text = std::fs::read_to_string(&path).map_err(|why| file_error(&path, "read", &why))?;
    let outcomes: Outcomes =
        serde_json::from_str(&text).map_err(|why| not_understood("its outcomes", &why))?;
    let of_mutants = outcomes.outcomes.into_iter().filter_map(|outcome| match outcome.scenario {
        Scenario::Mutant { name } => Some((name, outcome.summary)),
        Scenario::Baseline => None,
    });
    Ok(of_mutants.collect())
}

/// Has cargo-mutants take all others of these files for caught by the run before. It cannot be given
/// names: of its 27.1, `--re` lets through whatever deletes a field.
fn pass_over_others(
    root: &Path,
    folder: &Path,
    files: &[String],
    mutants: &[Mutant],
) -> Result<(), Stop> {
    let all = list(root, &Selection { files, shard: None, diff: None })?;
    let wanted: BTreeSet<&str> = mutants.iter().map(|mutant| &*mutant.name).collect();
    let others = all.iter().filter(|mutant| !wanted.contains(&*mutant.name));
    let text: String = others.map(|mutant| format!("{}\n", mutant.name)).collect();
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(|why| file_error(folder, "removed", &why))?;
    }
    let path = folder.join("caught.txt");
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, text));
    written.map_err(|why| file_error(&path, "written", &why))
}

/// With these the library is for pages of Linux 6.12, of which some look like heads and are none.
const OTHER_LAYOUT: &str = "--cfg=struct_page=\"linux-6.12\" --cfg=fake_heads";

/// How long tests may take at least, in seconds, however short they take on code that is whole.
const LEAST_LIMIT: u64 = 60;

/// The packages whose tests are run; none: that of what is broken.
fn packages(killer: Killer) -> &'static [&'static str] {
    match killer {
        Killer::Own | Killer::Layout => &[],
        Killer::Corpus => &["put_user_page_targets"],
        Killer::Bank => &["put_user_page_bugs"],
        Killer::Tests => &PACKAGES,
    }
}

/// Which of these are built and run, to cargo.
fn tests(killer: Killer) -> &'static [&'static str] {
    match killer {
        // Of the library: examples in the documentation take longer to build than all else.
        Killer::Own | Killer::Layout => &["--lib"],
        Killer::Corpus => &["--test", "corpus"],
        Killer::Bank => &["--test", "bank"],
        Killer::Tests => &[],
    }
}

/// The same to cargo-mutants.
fn killed_by(killer: Killer) -> Vec<String> {
    let packages = packages(killer).iter().map(|package| format!("--test-package={package}"));
    packages.chain(tests(killer).iter().map(|argument| format!("--cargo-arg={argument}"))).collect()
}

/// Sees that the killer passes on the code as it is, and how long that takes. cargo-mutants would
/// do so with the tests of the package that is broken, whichever are asked for.
fn baseline(root: &Path, killer: Killer) -> Result<Duration, Stop> {
    let test = |last: &[&str]| {
        let mut command = cargo(root, &["test", "--quiet"]);
        command.args(packages(killer).iter().map(|package| format!("--package={package}")));
        command.args(tests(killer)).args(last);
        run_command(&mut command, "without changes, all tests must pass")
    };
    test(&["--no-run"])?;
    let started = Instant::now();
    test(&[])?;
    Ok(started.elapsed())
}

fn does_not_start(why: &std::io::Error) -> Stop {
    error(format!("cargo does not start: {why}"), "see that it is installed")
}

fn failed(command: &Command, code: Option<i32>, stderr: &[u8]) -> Stop {
    let subcommand = command.get_args().next().unwrap_or_default().display();
    let why = String::from_utf8_lossy(stderr);
    error(
        format!("`cargo {subcommand}` failed with exit code {code:?}\n{}", why.trim()),
        "see what it says, and that `scripts/setup mutants` was run: without changes, all tests \
         must pass",
    )
}

fn not_understood(what: &str, why: &serde_json::Error) -> Stop {
    error(
        format!("cargo-mutants does not write {what} as this expects: {why}"),
        "use the version that scripts/setup names",
    )
}

#[cfg(test)]
mod tests {
    use super::Mutant;

    #[test]
    fn what_is_done_does_not_name_the_place() {
        let name = "src/a.rs:12:3: replace a::b -> bool with true".to_owned();
        let mutant = Mutant { name, file: "src/a.rs".to_owned(), line: String::new() };
        assert_eq!(mutant.what(), "replace a::b -> bool with true");
    }
}
