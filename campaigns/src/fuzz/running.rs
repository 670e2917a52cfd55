//! A running engine: its processes, what they write, and how they end.

use std::collections::{HashSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, PipeReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use pagediff_terminal::error::{Stop, error};
use put_user_page_fuzz_common::{FINDINGS_VARIABLE, MOST_WORK, MOST_WORK_VARIABLE};
use rustix::process::{Pid, Signal, kill_process_group};

use super::figures::Figures;
use super::libfuzzer::Log;
use super::places::Places;
use super::progress::{Line, Progress};
use super::{Pair, PairRun, afl, honggfuzz, libfuzzer};
use crate::corpus::files;
use crate::engines::{Engine, Sanitizer};
use crate::record::Sample;

/// What those hear who run the engines.
pub(super) enum Message {
    /// The engine with this number wrote a line.
    Line(usize, String),
    /// It will write no more.
    End(usize),
    /// The user has had enough.
    Interrupted,
}

/// How long an engine may take to end by itself after its time.
const GRACE: Duration = Duration::from_secs(20);

/// How long it may take when it is told to end before its time.
const LAST_GRACE: Duration = Duration::from_secs(2);

/// How many of the last lines are kept, for a run that fails.
const LAST_LINES: usize = 20;

/// A target being fuzzed by an engine. Dropping it ends the processes.
pub(super) struct Running {
    number: usize,
    pair: Pair,
    places: Places,
    sanitizer: Sanitizer,
    time: Duration,
    started: Instant,
    child: Child,
    log: Log,
    /// Executions before the engine was started again.
    before: u64,
    samples: Vec<Sample>,
    last_lines: VecDeque<String>,
    /// Files that were handed on, or read at the start, by name.
    shared: HashSet<OsString>,
    line: Line,
    told_to_end: bool,
    pub(super) is_running: bool,
}

impl Running {
    /// Starts an engine; `seconds` is its time.
    pub(super) fn start(
        number: usize,
        pair: Pair,
        places: Places,
        (sanitizer, seconds): (Sanitizer, u64),
        sender: &Sender<Message>,
        progress: &Progress,
    ) -> Result<Running, Stop> {
        places.seed()?;
        // What an engine starts from it need not be given again.
        let seeds = files(&places.corpus)?;
        let shared =
            seeds.iter().filter_map(|seed| seed.file_name()).map(OsStr::to_owned).collect();
        let child = spawn(number, pair, &places, (sanitizer, seconds), sender)?;
        Ok(Running {
            number,
            pair,
            places,
            sanitizer,
            time: Duration::from_secs(seconds),
            started: Instant::now(),
            child,
            log: Log::default(),
            before: 0,
            samples: Vec::new(),
            last_lines: VecDeque::new(),
            shared,
            line: progress.start(pair),
            told_to_end: false,
            is_running: true,
        })
    }

    /// Takes a line of the engine's output in.
    pub(super) fn read(&mut self, line: String) {
        let reads_log = matches!(self.pair.engine, Engine::Libfuzzer | Engine::Bolero);
        if reads_log && self.log.read(&line) {
            self.line.show(&self.figures());
        }
        if self.last_lines.len() == LAST_LINES {
            self.last_lines.pop_front();
        }
        self.last_lines.push_back(line);
    }

    /// To be called about once a second: takes note of the numbers, hands finds on to the
    /// other engines, and ends what does not end by itself.
    pub(super) fn tick(&mut self) -> Result<(), Stop> {
        let figures = self.figures();
        self.line.show(&figures);
        let Figures { executions, coverage, corpus, .. } = figures;
        if executions > 0 {
            let seconds = self.started.elapsed().as_secs_f64();
            self.samples.push(Sample { seconds, executions, coverage, corpus });
        }
        match self.pair.engine {
            Engine::Afl => afl::share(&self.places, &mut self.shared)?,
            Engine::Honggfuzz => honggfuzz::share(&self.places, &mut self.shared)?,
            Engine::Libfuzzer | Engine::Bolero => {}
        }
        let over = self.started.elapsed().checked_sub(self.time);
        // AFL++ counts its time without what it takes to start, so that it is told to end.
        let grace = if self.pair.engine == Engine::Afl { Duration::ZERO } else { GRACE };
        if let Some(over) = over.filter(|over| *over >= grace) {
            let signal = if over < grace + GRACE { Signal::TERM } else { Signal::KILL };
            if !self.told_to_end || signal == Signal::KILL {
                self.told_to_end = true;
                // Fails only if all have ended by themselves.
                let _ = kill_process_group(Pid::from_child(&self.child), signal);
            }
        }
        Ok(())
    }

    fn figures(&self) -> Figures {
        let figures = match self.pair.engine {
            Engine::Libfuzzer | Engine::Bolero => Some(self.log.figures),
            Engine::Afl => afl::figures(&self.places),
            Engine::Honggfuzz => honggfuzz::figures(&self.places),
        };
        let mut figures = figures.unwrap_or_default();
        if self.pair.engine == Engine::Afl {
            // It counts whole seconds, and none in the first.
            let seconds = self.started.elapsed().as_secs_f64();
            figures.per_second = (figures.executions as f64 / seconds) as u64;
        }
        Figures { executions: figures.executions + self.before, ..figures }
    }

    /// Waits for the process, which has closed its output. One that libFuzzer ended over a
    /// crash is started again for the rest of its time: then there is no run yet.
    pub(super) fn finish(&mut self, sender: &Sender<Message>) -> Result<Option<PairRun>, Stop> {
        let lost = |why| error(format!("{} is lost: {why}", self.pair), "run it again");
        let status = self.child.wait().map_err(lost)?;
        let rest = self.time.saturating_sub(self.started.elapsed()).as_secs();
        if !status.success() && rest > 0 && self.found_another_crash() {
            self.before += self.log.figures.executions;
            self.log.figures.executions = 0;
            let each = (self.sanitizer, rest);
            self.child = spawn(self.number, self.pair, &self.places, each, sender)?;
            return Ok(None);
        }
        self.is_running = false;
        self.tick()?;
        self.line.finish(&self.figures());
        self.run(status).map(Some)
    }

    /// Whether the last thing that the engine told of is a crash that it had not told of
    /// before. A crash that comes back at once would be met again and again.
    fn found_another_crash(&self) -> bool {
        self.log.artifacts.split_last().is_some_and(|(last, before)| !before.contains(last))
    }

    fn run(&mut self, status: ExitStatus) -> Result<PairRun, Stop> {
        let mut crashes = match self.pair.engine {
            Engine::Libfuzzer | Engine::Bolero => std::mem::take(&mut self.log.artifacts),
            Engine::Afl => self.kept(afl::crashes(&self.places)?)?,
            Engine::Honggfuzz => self.kept(honggfuzz::crashes(&self.places)?)?,
        };
        crashes.sort();
        crashes.dedup();
        Ok(PairRun {
            pair: self.pair,
            figures: self.figures(),
            samples: std::mem::take(&mut self.samples),
            time: self.started.elapsed(),
            succeeded: status.success() || self.told_to_end,
            crashes,
            last_lines: std::mem::take(&mut self.last_lines).into(),
        })
    }

    fn kept(&self, crashes: Vec<PathBuf>) -> Result<Vec<PathBuf>, Stop> {
        crashes.iter().map(|crash| self.places.keep_crash(crash)).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_running {
            return;
        }
        // AFL++ ends its target, which is in no group of ours, if it is asked to end itself.
        for signal in [Signal::TERM, Signal::KILL] {
            // Fails only if all have ended by themselves.
            let _ = kill_process_group(Pid::from_child(&self.child), signal);
            let asked = Instant::now();
            while asked.elapsed() < LAST_GRACE && matches!(self.child.try_wait(), Ok(None)) {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

/// Starts the process that fuzzes for so many seconds; what it writes is sent on.
fn spawn(
    number: usize,
    pair: Pair,
    places: &Places,
    (sanitizer, seconds): (Sanitizer, u64),
    sender: &Sender<Message>,
) -> Result<Child, Stop> {
    let mut command = match pair.engine {
        Engine::Libfuzzer => libfuzzer::command(places, sanitizer, seconds),
        Engine::Bolero => libfuzzer::bolero_command(places, sanitizer, seconds),
        Engine::Afl => afl::command(places, sanitizer)?,
        Engine::Honggfuzz => honggfuzz::command(places, sanitizer, seconds)?,
    };
    command.env(FINDINGS_VARIABLE, places.root.join("fuzz/artifacts"));
    command.env(MOST_WORK_VARIABLE, MOST_WORK.to_string());
    // A process group of its own, for engines start processes of their own.
    command.stdin(Stdio::null()).process_group(0);
    let spawned = std::io::pipe().and_then(|(reader, writer)| {
        command.stdout(writer.try_clone()?).stderr(writer);
        Ok((reader, command.spawn()?))
    });
    let (output, child) =
        spawned.map_err(|why| error(format!("{pair} does not start: {why}"), "run it again"))?;
    listen(number, output, sender.clone());
    Ok(child)
}

/// Sends each line on. Lines are not always UTF-8: engines print inputs.
fn listen(number: usize, output: PipeReader, sender: Sender<Message>) {
    std::thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            if sender.send(Message::Line(number, line)).is_err() {
                return;
            }
        }
        // Fails only if nobody listens any more.
        let _ = sender.send(Message::End(number));
    });
}
