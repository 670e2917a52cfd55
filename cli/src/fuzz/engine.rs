//! A running engine: `cargo fuzz run`, and what it writes.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;

use put_user_page_targets::registry::Target;
use rustix::process::{Pid, Signal, kill_process_group};

use super::Run;
use super::libfuzzer::Log;
use super::progress::{Line, Progress};
use crate::error::{Stop, error};

/// What the thread that reads an engine's output tells.
pub(super) enum Message {
    /// The engine with this number wrote a line.
    Line(usize, String),
    /// It will write no more.
    End(usize),
}

/// A target being fuzzed. Dropping it ends the processes.
pub(super) struct Engine {
    target: &'static Target,
    child: Child,
    log: Log,
    line: Line,
    pub(super) is_running: bool,
}

/// The command that fuzzes a target for so many seconds.
pub(super) fn command(root: &Path, target: &Target, sanitizer: &str, seconds: u64) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(root).args([
        "fuzz",
        "run",
        "--no-trace-compares",
        "--sanitizer",
        sanitizer,
    ]);
    command.args([target.name, "--", "-print_final_stats=1", "-rss_limit_mb=4096"]);
    // A case takes well under a second; what takes longer hangs.
    command.args([&format!("-max_total_time={seconds}"), "-timeout=30"]);
    command
}

impl Engine {
    pub(super) fn start(
        number: usize,
        target: &'static Target,
        mut command: Command,
        sender: &Sender<Message>,
        progress: &Progress,
    ) -> Result<Engine, Stop> {
        // A process group of its own, for cargo starts the fuzzer as a process of its own.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().map_err(|why| {
            error(format!("`cargo fuzz run {}` does not start: {why}", target.name), "run it again")
        })?;
        let stderr = child.stderr.take();
        let line = progress.start(target.name);
        let engine = Engine { target, child, log: Log::default(), line, is_running: true };
        let sender = sender.clone();
        std::thread::spawn(move || tell_lines(number, stderr, &sender));
        Ok(engine)
    }

    /// Takes a line of the engine's output in.
    pub(super) fn read(&mut self, line: &str) {
        if self.log.read(line) {
            self.line.show(&self.log);
        }
    }

    /// Waits for the process, which has closed its output.
    pub(super) fn finish(&mut self) -> Result<Run, Stop> {
        let status = self.child.wait().map_err(|why| {
            error(format!("`cargo fuzz run {}` is lost: {why}", self.target.name), "run it again")
        })?;
        self.is_running = false;
        self.line.finish(&self.log);
        let log = std::mem::take(&mut self.log);
        Ok(Run { target: self.target, log, succeeded: status.success() })
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if self.is_running {
            // Fails only if all have ended by themselves.
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

/// Sends each line on. Lines are not always UTF-8: engines print inputs.
fn tell_lines(number: usize, stderr: Option<ChildStderr>, sender: &Sender<Message>) {
    if let Some(stderr) = stderr {
        for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            if sender.send(Message::Line(number, line)).is_err() {
                return;
            }
        }
    }
    // Fails only if nobody listens any more.
    let _ = sender.send(Message::End(number));
}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From here on Ctrl-C, and being asked to terminate, is left to [`interrupted`]: the
/// engines are in process groups of their own and do not hear of it.
pub(super) fn catch_interrupts() -> Result<(), Stop> {
    ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed)).map_err(|why| {
        error(format!("Ctrl-C cannot be caught: {why}"), "run `cargo fuzz run TARGET` by itself")
    })
}

/// Whether the user has had enough.
pub(super) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}
