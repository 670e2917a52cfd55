//! One fuzz target in `$OUT`, and all that OSS-Fuzz checks of it.

use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use object::Architecture;
use pagediff_terminal::error::{Stop, error, file_error};
use serde::Serialize;
use tempfile::TempDir;

use super::Failure;
use super::beside::{count_tokens, libfuzzer_arguments, unpack};
use super::binary::Binary;
use super::build::Sanitizer;

/// Fewer edges than this are no target, or one that is instrumented only in part.
const MIN_EDGES: usize = 100;

/// OSS-Fuzz's limits of calls into sanitizers, in a build with the address sanitizer: the
/// runtime that it brings calls a few of others.
const MIN_ADDRESS_CALLS: usize = 1000;
const MAX_MEMORY_CALLS: usize = 3;
const MAX_UNDEFINED_CALLS: usize = 200;

/// How every target is run there, before its own options.
const ARGUMENTS: [&str; 3] = ["--", "-rss_limit_mb=2560", "-timeout=25"];

/// What was found of a target.
#[derive(Debug, Default, Serialize)]
pub(super) struct CheckedTarget {
    pub(super) name: &'static str,
    /// Edges that libFuzzer sees.
    pub(super) edges: Option<usize>,
    /// Accesses to memory that the address sanitizer checks.
    pub(super) accesses: Option<usize>,
    /// Inputs in its corpus.
    pub(super) seeds: Option<usize>,
    /// Tokens of its dictionary.
    pub(super) tokens: Option<usize>,
    pub(super) failures: Vec<Failure>,
}

/// How long any run may take. Seeds and a few inputs take seconds.
const LIMIT: Duration = Duration::from_secs(120);

/// What a run came to.
pub(super) struct Ran {
    /// `None` if it had to be ended.
    status: Option<ExitStatus>,
    /// What it printed, all of which libFuzzer prints as errors.
    pub(super) log: String,
}

impl Ran {
    fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }

    /// How it ended, and the lines that say why.
    fn why(&self) -> String {
        let end = match self.status {
            Some(status) => status.to_string(),
            None => format!("ended after {} s", LIMIT.as_secs()),
        };
        let lines: Vec<&str> = self.log.lines().filter(|line| !line.trim().is_empty()).collect();
        let tells = |line: &&&str| line.contains("ERROR") || line.contains("error");
        let line = lines.iter().find(tells).or(lines.last()).map_or("", |line| line.trim());
        format!("{end}: {line}")
    }
}

/// A target, and what is known of it so far.
struct Target<'a> {
    directory: &'a Path,
    sanitizer: Sanitizer,
    scratch: TempDir,
    checked: CheckedTarget,
}

/// Checks a target of a directory.
pub(super) fn check(
    name: &'static str,
    directory: &Path,
    sanitizer: Sanitizer,
) -> Result<CheckedTarget, Stop> {
    let scratch = tempfile::tempdir()
        .map_err(|why| error(format!("there is no temporary folder: {why}"), "set TMPDIR"))?;
    let checked = CheckedTarget { name, ..CheckedTarget::default() };
    let mut target = Target { directory, sanitizer, scratch, checked };
    let can_run = target.check_executable();
    let options = target.check_options();
    target.check_dictionary();
    if can_run && sanitizer == Sanitizer::Address {
        target.check_start()?;
        target.check_start_with_options(options)?;
    }
    target.check_seeds(can_run)?;
    Ok(target.checked)
}

impl Target<'_> {
    fn fail(&mut self, about: &str, what: impl Into<String>) {
        self.checked.failures.push(Failure { about: about.to_owned(), what: what.into() });
    }

    fn path(&self, ending: &str) -> PathBuf {
        self.directory.join(format!("{}{ending}", self.checked.name))
    }

    /// Checks the executable as a file. Returns whether it can be run.
    fn check_executable(&mut self) -> bool {
        let path = self.path("");
        let Ok(metadata) = std::fs::metadata(&path) else {
            self.fail("executable", "it is missing");
            return false;
        };
        if metadata.permissions().mode() & 0o111 == 0 {
            self.fail("executable", "it may not be executed");
            return false;
        }
        let binary = match Binary::read(&path) {
            Ok(binary) => binary,
            Err(what) => {
                self.fail("executable", what);
                return false;
            }
        };
        if binary.architecture != Architecture::X86_64 {
            self.fail("architecture", format!("it is {:?}, not x86-64", binary.architecture));
            return false;
        }
        if !binary.has_entry {
            self.fail("entry", "there is no LLVMFuzzerTestOneInput in it");
        }
        match self.sanitizer {
            Sanitizer::Address => self.check_sanitizers(&binary),
            Sanitizer::Coverage if !binary.has_profile => {
                self.fail(
                    "coverage",
                    "it counts nothing: it is built without -Cinstrument-coverage",
                );
            }
            Sanitizer::Coverage => {}
        }
        true
    }

    /// It has the address sanitizer, and no other.
    fn check_sanitizers(&mut self, binary: &Binary) {
        // Each access that is checked has a call that reports a bad one.
        self.checked.accesses = Some(binary.calls("__asan_report_"));
        // With this each instrumented object asks for the runtime's version.
        let objects = binary.calls("__asan_version_mismatch_check");
        // The runtime's own are among all calls.
        if binary.calls("__asan") < MIN_ADDRESS_CALLS || objects == 0 {
            self.fail("sanitizer", "it is not built with the address sanitizer");
        }
        let others = [
            ("data flow", "__dfsan", 0),
            ("memory", "__msan", MAX_MEMORY_CALLS),
            ("undefined behaviour", "__ubsan", MAX_UNDEFINED_CALLS),
        ];
        for (name, prefix, limit) in others {
            let calls = binary.calls(prefix);
            if calls > limit {
                self.fail("sanitizer", format!("it calls the {name} sanitizer {calls} times"));
            }
        }
    }

    /// Returns the options for libFuzzer.
    fn check_options(&mut self) -> Vec<String> {
        let dictionary = format!("{}.dict", self.checked.name);
        let text = std::fs::read_to_string(self.path(".options"));
        let arguments = text
            .map_err(|why| why.to_string())
            .and_then(|text| libfuzzer_arguments(&text, &dictionary));
        arguments.unwrap_or_else(|what| {
            self.fail("options", what);
            Vec::new()
        })
    }

    fn check_dictionary(&mut self) {
        let text = std::fs::read_to_string(self.path(".dict"));
        match text.map_err(|why| why.to_string()).and_then(|text| count_tokens(&text)) {
            Ok(tokens) => self.checked.tokens = Some(tokens),
            Err(what) => self.fail("dictionary", what),
        }
    }

    /// A few runs, with no seeds and no options.
    fn check_start(&mut self) -> Result<(), Stop> {
        let ran = self.run(&["-seed=1337", "-runs=4"].map(str::to_owned), &[])?;
        self.checked.edges = edges(&ran.log);
        match self.checked.edges {
            _ if ran.log.contains("Is the code instrumented") => {
                self.fail("edges", "it is not instrumented for coverage");
            }
            Some(edges) if edges < MIN_EDGES => {
                self.fail("edges", format!("it has {edges}, and not {MIN_EDGES} at least"));
            }
            _ => {}
        }
        self.check_done("start", &ran);
        Ok(())
    }

    /// The same with its options and its dictionary, which libFuzzer is to understand.
    fn check_start_with_options(&mut self, options: Vec<String>) -> Result<(), Stop> {
        let mut arguments = ARGUMENTS.map(str::to_owned).to_vec();
        arguments.extend(["-seed=1337", "-runs=4"].map(str::to_owned));
        arguments.extend(options);
        let ran = self.run(&arguments, &[])?;
        let unknown = ran.log.lines().find(|line| line.contains("unrecognized flag"));
        if let Some(line) = unknown {
            self.fail("options", line.to_owned());
        }
        self.check_done("start with its options", &ran);
        Ok(())
    }

    fn check_done(&mut self, about: &str, ran: &Ran) {
        if !ran.succeeded() || !ran.log.contains("Done 4 runs") {
            self.fail(about, ran.why());
        }
    }

    /// The archive unpacks, and no seed makes the target fail.
    fn check_seeds(&mut self, can_run: bool) -> Result<(), Stop> {
        let seeds = self.scratch.path().join("seeds");
        match unpack(&self.path("_seed_corpus.zip"), &seeds) {
            Ok(number) => self.checked.seeds = Some(number),
            Err(what) => {
                self.fail("seeds", format!("the archive cannot be unpacked: {what}"));
                return Ok(());
            }
        }
        if !can_run {
            return Ok(());
        }
        let profile = self.scratch.path().join("profile");
        let mut arguments = ARGUMENTS.map(str::to_owned).to_vec();
        arguments.push(format!("-artifact_prefix={}/", self.scratch.path().display()));
        match self.sanitizer {
            Sanitizer::Address => {
                arguments.extend(["-runs=0".to_owned(), seeds.display().to_string()]);
            }
            // libFuzzer sees no edges in it, and takes no corpus: each seed is run by itself.
            Sanitizer::Coverage => {
                let files = files(&seeds)?;
                arguments.extend(files.iter().map(|path| path.display().to_string()));
            }
        }
        let ran = self.run(&arguments, &[("LLVM_PROFILE_FILE", &profile)])?;
        if !ran.succeeded() {
            let seed = self.failing_seed(&seeds)?.unwrap_or_else(|| "a seed".to_owned());
            self.fail("seeds", format!("{seed} makes it fail, {}", ran.why()));
        } else if self.sanitizer == Sanitizer::Coverage
            && std::fs::metadata(&profile).map_or(0, |file| file.len()) == 0
        {
            self.fail("coverage", "it has written no profile");
        }
        Ok(())
    }

    /// The name of the seed that libFuzzer has saved again, because the target failed on it.
    fn failing_seed(&self, seeds: &Path) -> Result<Option<String>, Stop> {
        let is_artifact = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            ["crash-", "timeout-", "oom-", "leak-"].iter().any(|kind| name.starts_with(kind))
        };
        let artifact = files(self.scratch.path())?.into_iter().find(is_artifact);
        let Some(artifact) = artifact.and_then(|path| std::fs::read(path).ok()) else {
            return Ok(None);
        };
        let mut seeds = files(seeds)?.into_iter();
        let seed = seeds.find(|path| std::fs::read(path).is_ok_and(|bytes| bytes == artifact));
        Ok(seed.map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned()))
    }

    /// Runs the target as OSS-Fuzz does: in the directory that it is in, with nothing else of
    /// the environment than $PATH and what is given.
    fn run(&self, arguments: &[String], environment: &[(&str, &Path)]) -> Result<Ran, Stop> {
        let (program, log) = (self.path(""), self.scratch.path().join("log"));
        let mut command = Command::new(&program);
        command.args(arguments).current_dir(self.directory).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs(environment.iter().copied()).stdin(Stdio::null()).stdout(Stdio::null());
        run(&mut command, &log).map_err(|why| file_error(&program, "run", &why))
    }
}

/// Runs a target, for as long as a run may take.
pub(super) fn run(command: &mut Command, log: &Path) -> std::io::Result<Ran> {
    let mut child = command.stderr(File::create(log)?).spawn()?;
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if start.elapsed() > LIMIT {
            child.kill()?;
            child.wait()?;
            break None;
        }
        sleep(Duration::from_millis(10));
    };
    let log = String::from_utf8_lossy(&std::fs::read(log)?).into_owned();
    Ok(Ran { status, log })
}

/// The edges of `INFO: Loaded 1 modules   (32640 inline 8-bit counters): 32640 [...`.
fn edges(log: &str) -> Option<usize> {
    let line = log.lines().find(|line| line.starts_with("INFO: Loaded") && line.contains("):"))?;
    line.split_once("):")?.1.split_whitespace().next()?.parse().ok()
}

/// The files of a directory by name.
fn files(directory: &Path) -> Result<Vec<PathBuf>, Stop> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        let paths = std::fs::read_dir(directory)?.map(|entry| Ok(entry?.path()));
        let mut paths: Vec<PathBuf> = paths.collect::<std::io::Result<_>>()?;
        paths.retain(|path| path.is_file());
        paths.sort();
        Ok(paths)
    };
    read().map_err(|why| file_error(directory, "read", &why))
}
