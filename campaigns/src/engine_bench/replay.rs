//! Engines in their loops, on one input that stays as it is.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use pagediff_terminal::error::{Stop, error, file_error};
use put_user_page_fuzz_common::{BENCH_VARIABLE, EMPTY, FINDINGS_VARIABLE};
use put_user_page_targets::registry::Target;
use tempfile::TempDir;

use crate::corpus::measure::temporary;
use crate::engines::{Engine, Sanitizer, afl_fuzz, honggfuzz_driver};

/// A mutator for AFL++ that changes nothing.
const UNCHANGED: &str = include_str!("unchanged.c");

/// A target and its input, ready to be run.
pub(super) struct Bench {
    root: PathBuf,
    target: &'static Target,
    /// Has the input in `input`, and the mutator.
    scratch: TempDir,
}

impl Bench {
    /// For programs that are built.
    pub(super) fn new(root: &Path, target: &'static Target, input: &Path) -> Result<Bench, Stop> {
        let scratch = temporary()?;
        let folder = scratch.path().join("input");
        std::fs::create_dir(&folder)
            .and_then(|()| std::fs::copy(input, folder.join("input")))
            .map_err(|why| file_error(&folder, "written", &why))?;
        let bench = Bench { root: root.to_owned(), target, scratch };
        bench.compile_mutator()?;
        Ok(bench)
    }

    /// Executions a second of the target, or of an empty one.
    pub(super) fn rate(&self, engine: Engine, empty: bool) -> Result<f64, Stop> {
        let own = temporary()?;
        let bench = if empty { EMPTY } else { "target" };
        let ready = |mut command: Command| {
            command.env(BENCH_VARIABLE, bench).env_remove(FINDINGS_VARIABLE).stdin(Stdio::null());
            command
        };
        match engine {
            Engine::Libfuzzer | Engine::Bolero => {
                let executions = 1_000_000;
                let mut command = Command::new(self.program(Engine::Libfuzzer));
                command.arg(format!("-runs={executions}")).arg(self.path("input"));
                timed(ready(command), engine, executions, ["INITED", "DONE"])
            }
            Engine::Afl => rate_of_afl(ready(self.afl(own.path(), 100_000)), own.path()),
            Engine::Honggfuzz => {
                let executions = 100_000;
                let command = ready(self.honggfuzz(own.path(), executions));
                timed(command, engine, executions, ["phase 3/3", "Terminating thread"])
            }
        }
    }

    fn afl(&self, own: &Path, executions: u32) -> Command {
        let mut command = afl_fuzz();
        command.args(["-t", "30000"]);
        command.args(["-E", &executions.to_string(), "-i"]).arg(self.path("input"));
        command.arg("-o").arg(own).arg("--").arg(self.program(Engine::Afl));
        command.env("AFL_CUSTOM_MUTATOR_LIBRARY", self.path("unchanged.so"));
        // What would run other inputs than this one.
        let on = ["AFL_CUSTOM_MUTATOR_ONLY", "AFL_FRAMESHIFT_DISABLE", "AFL_DISABLE_TRIM"];
        command.envs(on.map(|variable| (variable, "1")));
        command
    }

    fn honggfuzz(&self, own: &Path, executions: u32) -> Command {
        let mut command = Command::new(honggfuzz_driver(&self.root, Sanitizer::None));
        command.arg("--workspace").arg(own).arg("--crashdir").arg(own);
        command.arg("--input").arg(self.path("input")).arg("--output").arg(own);
        command.args(["--persistent", "--threads", "1", "--verbose", "--mutations_per_run", "0"]);
        command.args(["--iterations", &executions.to_string(), "--"]);
        command.arg(self.program(Engine::Honggfuzz));
        command
    }

    fn program(&self, engine: Engine) -> PathBuf {
        engine.program(&self.root, self.target, Sanitizer::None)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    fn compile_mutator(&self) -> Result<(), Stop> {
        let source = self.path("unchanged.c");
        std::fs::write(&source, UNCHANGED).map_err(|why| file_error(&source, "written", &why))?;
        let mut compiler = Command::new("cc");
        compiler.args(["-O2", "-fPIC", "-shared"]).arg(&source);
        compiler.arg("-o").arg(self.path("unchanged.so"));
        match compiler.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => {
                let message = format!("cc ends with {status} on a mutator for AFL++");
                Err(error(message, "see what it says above"))
            }
            Err(why) => Err(error(
                format!("cc does not run: {why}"),
                "install a C compiler, on Debian with `apt-get install gcc`",
            )),
        }
    }
}

/// Runs an engine, and takes the time from one line of its output to another.
fn timed(
    mut command: Command,
    engine: Engine,
    executions: u32,
    [first, last]: [&str; 2],
) -> Result<f64, Stop> {
    let lost = |why| error(format!("{} does not run: {why}", engine.name()), "run it again");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().map_err(lost)?;
    let output = child.stderr.take().into_iter().flat_map(|pipe| BufReader::new(pipe).split(b'\n'));
    let (mut started, mut ended, mut all) = (None, None, String::new());
    for line in output {
        let line = String::from_utf8_lossy(&line.map_err(lost)?).into_owned();
        if line.contains(first) {
            started = Some(Instant::now());
        }
        if line.contains(last) {
            ended = Some(Instant::now());
        }
        all += &line;
        all.push('\n');
    }
    child.wait().map_err(lost)?;
    match started.zip(ended) {
        Some((started, ended)) => Ok(f64::from(executions) / (ended - started).as_secs_f64()),
        None => {
            eprint!("{all}");
            let message = format!("{} ended before it was measured", engine.name());
            Err(error(message, "see what it says above"))
        }
    }
}

/// Runs AFL++, which does not tell in time what it does, but measures itself.
fn rate_of_afl(mut command: Command, own: &Path) -> Result<f64, Stop> {
    let output = command.output();
    let output = output.map_err(|why| error(format!("afl does not run: {why}"), "run it again"))?;
    let stats = std::fs::read_to_string(own.join("default/fuzzer_stats")).unwrap_or_default();
    let mut numbers = stats.lines().filter_map(|line| line.split_once(':'));
    let rate = numbers.find(|(name, _)| name.trim() == "execs_per_sec");
    rate.and_then(|(_, rate)| rate.trim().parse().ok()).ok_or_else(|| {
        eprint!("{}", String::from_utf8_lossy(&output.stdout));
        error("afl ended before it was measured", "see what it says above")
    })
}
