//! A candidate in a child process, so that a crash or a hang is an answer.
//!
//! Parent and child talk over a socket that is the child's standard input; what the
//! candidate prints cannot get in between. The child first tells which functions the
//! candidate has, then answers each case with its outcome. Each of these is a line of JSON.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use put_user_page_case::world::World;
use put_user_page_case::{Case, Function};
use put_user_page_reference::Profile;
use put_user_page_support::signal_name;
use serde::{Deserialize, Serialize};

use super::library::Candidate;
use crate::backend::{Backend, BackendError, Class, Failure, HowFailed, Job, Observes, Ran, Skip};
use crate::backends::in_process;
use crate::outcome::Outcome;
use crate::profiles;

/// What the child says first.
#[derive(Serialize, Deserialize)]
enum Hello {
    /// The functions that the candidate has.
    Functions(Vec<Function>),
    /// It does not load: what is wrong, and what to do.
    Broken { message: String, help: String },
}

/// A case for the child.
#[derive(Serialize, Deserialize)]
struct Question {
    case: Vec<u8>,
    /// How many steps of its program count.
    steps: usize,
    class: Class,
}

/// What the outcomes of candidates hold.
pub(crate) const CANDIDATE_OBSERVES: Observes = Observes { errors: false, ..Observes::ALL };

/// How a candidate is asked.
#[derive(Clone, Copy, Debug)]
pub struct CandidateOptions {
    /// How long it may take for one case, and to load.
    pub time_limit: Duration,
    /// Whether what it prints to standard error is kept, to be told with its end: a sanitizer's
    /// report.
    pub keeps_printed: bool,
    /// The rules that it is held to, which its process is to know too.
    pub profile: &'static Profile,
}

/// A candidate in a child process.
pub struct CandidateProcess {
    name: String,
    /// Makes the command that runs [`serve`] on the candidate.
    command: Box<dyn FnMut() -> Command>,
    options: CandidateOptions,
    functions: Vec<Function>,
    worker: Option<Worker>,
}

impl CandidateProcess {
    /// Starts the child, and asks it which functions the candidate has.
    ///
    /// # Errors
    ///
    /// The child does not start, or the candidate does not load.
    pub fn start(
        name: &str,
        options: CandidateOptions,
        command: impl FnMut() -> Command + 'static,
    ) -> Result<Self, BackendError> {
        let mut backend = CandidateProcess {
            name: name.to_owned(),
            command: Box::new(command),
            options,
            functions: Vec::new(),
            worker: None,
        };
        backend.worker()?;
        Ok(backend)
    }

    /// The child, started anew if the last one is gone.
    fn worker(&mut self) -> Result<&mut Worker, BackendError> {
        if self.worker.is_none() {
            let started = Worker::start(&mut (self.command)(), self.options);
            let mut worker = started.map_err(|error| {
                let message = format!("the process for {} does not start: {error}", self.name);
                BackendError::new(message, "see that the machine has room for one more process")
            })?;
            let hello = worker.line().and_then(|line| Ok(serde_json::from_slice(&line)?));
            match hello {
                Ok(Hello::Functions(mut functions)) => {
                    functions.retain(|function| profiles::has(self.options.profile, *function));
                    self.functions = functions;
                }
                Ok(Hello::Broken { message, help }) => return Err(BackendError { message, help }),
                Err(error) => {
                    let failure = worker.end(&error);
                    return Err(BackendError::new(
                        format!("{} does not load: it {failure}", self.name),
                        "look at what its constructors do; they run as it is loaded",
                    ));
                }
            }
            self.worker = Some(worker);
        }
        Ok(self.worker.as_mut().expect("it was just started"))
    }

    fn ask(&mut self, job: &Job<'_>) -> Result<Ran<'static>, BackendError> {
        let worker = self.worker()?;
        let answered = worker.send(job).and_then(|()| worker.line());
        Ok(match answered.and_then(|line| read_outcome(&line)) {
            Ok(outcome) => Ran::Outcome(Cow::Owned(outcome)),
            Err(error) => {
                let worker = self.worker.take().expect("it was just asked");
                Ran::Failed(worker.end(&error))
            }
        })
    }
}

impl Backend for CandidateProcess {
    fn name(&self) -> &str {
        &self.name
    }

    fn observes(&self) -> Observes {
        CANDIDATE_OBSERVES
    }

    fn profile(&self) -> &'static Profile {
        self.options.profile
    }

    fn functions(&self) -> &[Function] {
        &self.functions
    }

    fn skips(&self, world: &World, class: Class) -> Option<Skip> {
        in_process::skips(self.options.profile, &self.functions, false, world, class)
    }

    fn run(
        &mut self,
        jobs: &[Job<'_>],
        deliver: &mut dyn FnMut(usize, Ran<'_>),
    ) -> Result<(), BackendError> {
        for (index, job) in jobs.iter().enumerate() {
            deliver(index, self.ask(job)?);
        }
        Ok(())
    }
}

/// The child, and the socket to it. Ends with this value.
struct Worker {
    child: Child,
    socket: BufReader<Limited>,
    /// What it prints to standard error, where that is kept.
    printed: Option<File>,
}

impl Worker {
    fn start(command: &mut Command, options: CandidateOptions) -> io::Result<Worker> {
        let CandidateOptions { time_limit, keeps_printed, .. } = options;
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_write_timeout(Some(time_limit))?;
        let theirs = Stdio::from(OwnedFd::from(theirs));
        let printed = keeps_printed.then(tempfile::tempfile).transpose()?;
        if let Some(file) = &printed {
            command.stderr(file.try_clone()?);
        }
        let child = command.stdin(theirs).stdout(Stdio::null()).spawn()?;
        let socket = BufReader::new(Limited { socket: ours, time_limit, end: Instant::now() });
        Ok(Worker { child, socket, printed })
    }

    fn send(&mut self, job: &Job<'_>) -> io::Result<()> {
        let question =
            Question { case: job.case.encode(), steps: job.world.steps.len(), class: job.class };
        write_line(&mut self.socket.get_mut().socket, &question)
    }

    /// The next line, which must come in time.
    fn line(&mut self) -> io::Result<Vec<u8>> {
        let limited = self.socket.get_mut();
        limited.end = Instant::now() + limited.time_limit;
        line(&mut self.socket)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Ends the child after an answer failed to come, and tells why it did.
    fn end(mut self, error: &io::Error) -> Failure {
        if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) {
            return HowFailed::Hung(self.socket.get_ref().time_limit.as_secs()).into();
        }
        let how = match self.ended() {
            Some(status) => describe(status),
            // It lives: what it said was no answer, or it does not want to say more.
            None => match error.kind() {
                io::ErrorKind::InvalidData => "its process gave no answer but garbage".to_owned(),
                _ => "its process closed the connection, and went on".to_owned(),
            },
        };
        let log = self.printed();
        // What a sanitizer's report comes to.
        let summary = log.lines().find_map(|line| {
            let of_undefined = line.split_once(": runtime error: ").map(|(_, what)| what);
            line.strip_prefix("SUMMARY: ").or(of_undefined)
        });
        let how = summary.map_or(how, str::to_owned);
        Failure { log, ..HowFailed::Crashed(how).into() }
    }

    /// How it ended, if it does within a moment.
    fn ended(&mut self) -> Option<ExitStatus> {
        let end = Instant::now() + MOMENT;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < end => thread::sleep(Duration::from_millis(1)),
                Ok(None) | Err(_) => return None,
            }
        }
    }

    /// What it printed, where that is kept.
    fn printed(&mut self) -> String {
        let mut bytes = Vec::new();
        if let Some(file) = &mut self.printed
            && let Err(error) = file.rewind().and_then(|()| file.read_to_end(&mut bytes))
        {
            return format!("what the candidate printed cannot be read: {error}");
        }
        without_our_frames(&String::from_utf8_lossy(&bytes))
    }
}

/// A sanitizer's report whose stacks end where the candidate was called.
fn without_our_frames(report: &str) -> String {
    // A frame is named by its crate, or where it was inlined by its file.
    let files = Path::new(file!()).parent().unwrap_or(Path::new(file!())).to_string_lossy();
    let names = ["put_user_page_targets", &files];
    let mut is_ours = false;
    let lines = report.lines().filter(|line| {
        let is_frame = line.trim_start().starts_with('#');
        is_ours = is_frame && (is_ours || names.iter().any(|name| line.contains(name)));
        !is_ours
    });
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// A process that is gone is told of at once, and one that a signal ends soon is, too.
const MOMENT: Duration = Duration::from_secs(1);

/// A socket from which nothing is read after a moment in time, however slowly it comes.
struct Limited {
    socket: UnixStream,
    time_limit: Duration,
    end: Instant,
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.socket.set_read_timeout(Some(left))?;
        self.socket.read(buffer)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Fails only for a child that has ended by itself, and wait() is for that too.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn describe(status: ExitStatus) -> String {
    let Some(signal) = status.signal() else {
        return format!("it ended the process, {status}");
    };
    let name = signal_name(signal).map(|name| format!(", {name}")).unwrap_or_default();
    format!("signal {signal}{name}")
}

/// The child's side: loads the candidate, and answers cases by the rules of a profile from the
/// socket that is standard input until it closes.
///
/// # Errors
///
/// The socket breaks, which is the parent's end.
pub fn serve(path: &Path, profile: &'static Profile) -> io::Result<()> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut reader = BufReader::new(socket.try_clone()?);
    let mut writer = socket;
    let candidate = match Candidate::load(path) {
        Ok(candidate) => candidate,
        Err(BackendError { message, help }) => {
            return write_line(&mut writer, &Hello::Broken { message, help });
        }
    };
    write_line(&mut writer, &Hello::Functions(candidate.functions()))?;
    let mut backend = candidate.into_backend("candidate", profile);
    let mut world = World::default();
    while let Some(line) = line(&mut reader)? {
        let Question { case, steps, class } = serde_json::from_slice(&line)?;
        world.build(&Case::decode(&case));
        world.steps.truncate(steps);
        write_line(&mut writer, backend.run_world(&world, Some(class)))?;
    }
    Ok(())
}

/// More bytes than the longest answer has: one with events for all entries and with all words
/// of the memory map written to.
const MAX_LINE: u64 = 64 << 20;

/// The next line; `None` where the other side has closed.
fn line(reader: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    if reader.take(MAX_LINE).read_until(b'\n', &mut line)? as u64 == MAX_LINE {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok((!line.is_empty()).then_some(line))
}

/// The outcome that a line holds.
pub(crate) fn read_outcome(line: &[u8]) -> io::Result<Outcome> {
    let outcome: Outcome = serde_json::from_slice(line)?;
    match outcome.beyond_bounds() {
        None => Ok(outcome),
        Some(what) => Err(io::Error::new(io::ErrorKind::InvalidData, what)),
    }
}

fn write_line(writer: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    writer.write_all(&line)
}

#[cfg(test)]
mod tests {
    use super::without_our_frames;

    #[test]
    fn stacks_end_where_the_candidate_was_called() {
        let report = format!(
            "READ of size 8\n    #0 0x1 in put_user_pages mine.c:7\n    #1 0x2 in call {}:208\n    \
             #2 0x3 in main\n\nallocated by\n    #0 0x4 in malloc\n    #1 0x5 in \
             put_user_page_targets::backends::x\n    #2 0x6 in main\n",
            file!()
        );
        let shown = "READ of size 8\n    #0 0x1 in put_user_pages mine.c:7\n\nallocated by\n    \
                     #0 0x4 in malloc\n";
        assert_eq!(without_our_frames(&report), shown);
    }
}
