//! An engine that looks for a bug, from an empty corpus, on one core.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use pagediff_terminal::error::{Stop, error, file_error};
use put_user_page_bugs::Bug;
use put_user_page_bugs::backend::BUG_VARIABLE;
use put_user_page_bugs::finder::Finder;
use put_user_page_case::Case;
use put_user_page_fuzz_common::ablation::{ABLATION_VARIABLE, Ablation};
use put_user_page_fuzz_common::dictionary::{TIMEOUT, max_input};
use put_user_page_fuzz_common::{FINDINGS_VARIABLE, MOST_WORK, MOST_WORK_VARIABLE};
use put_user_page_targets::registry::target;
use rustix::process::{Pid, Signal, kill_process_group};

use super::record::{HuntRecord, HuntRun, Hunter};
use crate::corpus::files;
use crate::corpus::measure::temporary;
use crate::engines::{BUGS, Engine, Sanitizer, afl_fuzz, bolero, honggfuzz_driver};

/// Its folders: what it starts from, what it keeps, and what makes the target fail.
const CORPUS: &str = "corpus";
const KEPT: &str = "kept";
const CRASHES: &str = "crashes";

/// How long an engine may take to end by itself after its time.
const GRACE: Duration = Duration::from_secs(10);

/// An engine, built for the bank.
pub(super) struct Hunt {
    root: PathBuf,
    hunter: Hunter,
    sanitizer: Sanitizer,
    /// How long it may take for one bug.
    seconds: u64,
}

/// What a process came to.
struct Ended {
    /// When it wrote of a divergence, or ended.
    seconds: f64,
    output: String,
}

impl Hunt {
    /// Builds the engine's program; libFuzzer's says what the processes of some others have said
    /// to nobody.
    ///
    /// # Errors
    ///
    /// The engine is not installed, or the program does not build.
    pub(super) fn new(
        root: &Path,
        hunter: Hunter,
        sanitizer: Sanitizer,
        seconds: u64,
    ) -> Result<Hunt, Stop> {
        hunter.engine.build_bugs(root, sanitizer)?;
        if matches!(hunter.engine, Engine::Afl | Engine::Honggfuzz) {
            Engine::Libfuzzer.build_bugs(root, sanitizer)?;
        }
        Ok(Hunt { root: root.to_owned(), hunter, sanitizer, seconds })
    }

    /// Who looks.
    pub(super) const fn hunter(&self) -> Hunter {
        self.hunter
    }

    /// Looks for a bug so many times, each with a seed of its own.
    ///
    /// # Errors
    ///
    /// The engine does not run.
    pub(super) fn run(&self, bug: &'static Bug, seeds: u32) -> Result<HuntRecord, Stop> {
        let runs = (1..=seeds).map(|seed| self.run_once(bug, seed));
        let runs = runs.collect::<Result<_, Stop>>()?;
        let (engine, sanitizer) =
            (self.hunter.engine.name().to_owned(), self.sanitizer.name().to_owned());
        let ablation = self.hunter.ablation.map(|ablation| ablation.name().to_owned());
        Ok(HuntRecord { engine, sanitizer, ablation, runs })
    }

    fn run_once(&self, bug: &'static Bug, seed: u32) -> Result<HuntRun, Stop> {
        let scratch = temporary()?;
        for folder in [CORPUS, KEPT, CRASHES].map(|folder| scratch.path().join(folder)) {
            std::fs::create_dir(&folder).map_err(|why| file_error(&folder, "made", &why))?;
        }
        let mut command = self.command(scratch.path(), seed)?;
        command.env(BUG_VARIABLE, bug.name).env_remove(FINDINGS_VARIABLE);
        command.env(MOST_WORK_VARIABLE, MOST_WORK.to_string());
        command.envs(self.hunter.ablation.map(|ablation| (ABLATION_VARIABLE, ablation.name())));
        let ended = self.watch(&mut command)?;
        let mut found = match self.hunter.engine {
            Engine::Libfuzzer => ended.output.contains(POISONED),
            // bolero keeps an input in a form of its own; it prints the report.
            Engine::Bolero => says_of_bug(&ended.output),
            Engine::Afl | Engine::Honggfuzz => false,
        };
        for crash in self.crashes(scratch.path())? {
            found = found || self.is_of_bug(bug, &crash)?;
        }
        let executions = self.executions(scratch.path(), &ended.output);
        Ok(HuntRun { found, seconds: ended.seconds, executions })
    }

    /// Whether an input makes the target fail by the bug: not every crash is the bug's.
    fn is_of_bug(&self, bug: &'static Bug, crash: &Path) -> Result<bool, Stop> {
        let bytes = std::fs::read(crash).map_err(|why| file_error(crash, "read", &why))?;
        let case =
            self.hunter.ablation.map_or((&bytes).into(), |ablation| ablation.case_bytes(&bytes));
        if !Finder::of(vec![bug]).find(&Case::decode(&case)).is_empty() {
            return Ok(true);
        }
        if self.hunter.engine == Engine::Libfuzzer {
            return Ok(false);
        }
        // What is read where no page is shows only where the address sanitizer is.
        let mut again = Command::new(Engine::Libfuzzer.program_of_bugs(&self.root, self.sanitizer));
        again.arg(crash).env(BUG_VARIABLE, bug.name).env_remove(FINDINGS_VARIABLE);
        let ended = again.stdin(Stdio::null()).output().map_err(|why| {
            error(format!("libfuzzer's program does not run: {why}"), "run it again")
        })?;
        Ok(says_of_bug(&String::from_utf8_lossy(&ended.stderr)))
    }

    fn command(&self, scratch: &Path, seed: u32) -> Result<Command, Stop> {
        let Hunt { root, hunter: Hunter { engine, ablation }, sanitizer, seconds } = self;
        let folder = |name: &str| scratch.join(name);
        let longest = max_input(target("program").expect("there is a target for programs"))
            * ablation.map_or(1, Ablation::bytes_a_byte);
        let program = engine.program_of_bugs(root, *sanitizer);
        let dictionary = root.join("fuzz/dictionaries/program.dict");
        let flags = [
            "-print_final_stats=1".to_owned(),
            "-rss_limit_mb=4096".to_owned(),
            format!("-max_len={longest}"),
            format!("-timeout={TIMEOUT}"),
            format!("-seed={seed}"),
        ];
        let dictionary_flag = ablation
            .is_none_or(Ablation::has_dictionary)
            .then(|| format!("-dict={}", dictionary.display()));
        Ok(match engine {
            Engine::Libfuzzer => {
                let mut command = Command::new(program);
                command.args(flags).args(dictionary_flag).arg(format!("-max_total_time={seconds}"));
                command.arg(format!("-artifact_prefix={}/", folder(CRASHES).display()));
                command.arg(folder(CORPUS));
                command
            }
            Engine::Bolero => {
                let mut command = bolero(root, BUGS, *sanitizer);
                command.arg("--corpus-dir").arg(folder(CORPUS));
                command.arg("--crashes-dir").arg(folder(CRASHES));
                command.args(["-T", &format!("{seconds}s")]);
                let flags = flags.into_iter().chain(dictionary_flag);
                command.args(flags.map(|flag| format!("--engine-args={flag}")));
                command
            }
            Engine::Afl => {
                // It starts from no empty folder, and takes an input of one byte for the least.
                let least = folder(CORPUS).join("one-byte");
                std::fs::write(&least, [0]).map_err(|why| file_error(&least, "written", &why))?;
                let mut command = afl_fuzz();
                command.current_dir(root.join("fuzz/afl")).env("AFL_BENCH_UNTIL_CRASH", "1");
                command.args(["-t", &(TIMEOUT * 1000).to_string(), "-s", &seed.to_string()]);
                command.args(["-V", &seconds.to_string(), "-G", &longest.to_string()]);
                command.arg("-x").arg(dictionary);
                command.arg("-i").arg(folder(CORPUS)).arg("-o").arg(folder(KEPT));
                command.arg("--").arg(program);
                command
            }
            Engine::Honggfuzz => {
                let mut command = Command::new(honggfuzz_driver(root, *sanitizer));
                command.arg("--workspace").arg(folder(KEPT)).arg("--crashdir").arg(folder(CRASHES));
                command.arg("--input").arg(folder(CORPUS)).arg("--output").arg(folder(KEPT));
                command.args(["--persistent", "--threads", "1", "--verbose", "--exit_upon_crash"]);
                command.arg("--dict").arg(dictionary).args(["--timeout", &TIMEOUT.to_string()]);
                command.args(["--max_file_size", &longest.to_string()]);
                command.args(["--run_time", &seconds.to_string(), "--"]).arg(program);
                command.env("ASAN_OPTIONS", "detect_odr_violation=0");
                command
            }
        })
    }

    /// Runs a command until it ends, writes of a divergence, or has had its time.
    fn watch(&self, command: &mut Command) -> Result<Ended, Stop> {
        let lost = |why| {
            error(format!("{} does not run: {why}", self.hunter.engine.name()), "run it again")
        };
        let (reader, writer) = std::io::pipe().map_err(lost)?;
        command.stdin(Stdio::null()).process_group(0);
        command.stdout(writer.try_clone().map_err(lost)?).stderr(writer);
        let mut started = Instant::now();
        let mut child = command.spawn().map_err(lost)?;
        // The command holds the pipe's other end, which is to close with the processes.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let lines = lines_of(reader);
        let limit = Duration::from_secs(self.seconds) + GRACE;
        let (mut output, mut seconds) = (String::new(), None);
        loop {
            match lines.recv_timeout(limit.saturating_sub(started.elapsed())) {
                Ok(line) => {
                    // cargo builds what bolero runs.
                    if self.hunter.engine == Engine::Bolero && line.contains("INFO: Seed:") {
                        started = Instant::now();
                    }
                    if line.contains(DIVERGES) {
                        seconds.get_or_insert(started.elapsed().as_secs_f64());
                        if self.hunter.engine == Engine::Bolero {
                            end(&mut child);
                        }
                    }
                    output.push_str(&line);
                    output.push('\n');
                }
                Err(RecvTimeoutError::Timeout) => end(&mut child),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let seconds = seconds.unwrap_or_else(|| started.elapsed().as_secs_f64());
        child.wait().map_err(lost)?;
        Ok(Ended { seconds, output })
    }

    /// The inputs that made the target fail.
    fn crashes(&self, scratch: &Path) -> Result<Vec<PathBuf>, Stop> {
        match self.hunter.engine {
            Engine::Afl => files(&scratch.join(KEPT).join("default/crashes")),
            _ => files(&scratch.join(CRASHES)),
        }
    }

    /// How many inputs it ran, as it says.
    fn executions(&self, scratch: &Path, output: &str) -> Option<u64> {
        let stats = scratch.join(KEPT).join("default/fuzzer_stats");
        let (text, name) = match self.hunter.engine {
            Engine::Libfuzzer | Engine::Bolero => (output.to_owned(), "number_of_executed_units:"),
            Engine::Afl => (std::fs::read_to_string(stats).ok()?, "execs_done        :"),
            Engine::Honggfuzz => (output.to_owned(), "iterations:"),
        };
        let (_, rest) = text.split_once(name)?;
        rest.split_whitespace().next()?.parse().ok()
    }
}

/// What an entry point writes first of a divergence.
const DIVERGES: &str = "divergence: ";

/// What the address sanitizer says of a page where nobody is to look.
const POISONED: &str = "AddressSanitizer: use-after-poison";

/// Whether a process says of a divergence, or of a read where no page is.
fn says_of_bug(output: &str) -> bool {
    [DIVERGES, POISONED].iter().any(|said| output.contains(said))
}

/// Ends a process and all that it has started.
fn end(child: &mut Child) {
    // Fails only if all have ended by themselves.
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
}

/// The lines that come through a pipe, until all have closed it. They are not always UTF-8.
fn lines_of(reader: std::io::PipeReader) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
            // Nobody listens any more if this fails.
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
        }
    });
    lines
}
