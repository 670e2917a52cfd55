//! A candidate in a child process, so that a crash or a hang is an answer.
//!
//! Parent and child talk over a socket that is the child's standard input; what the
//! candidate prints cannot get in between. The child first tells which functions the
//! candidate has, then answers each case with its outcome. Each of these is a line of JSON.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use put_user_page_case::world::World;
use put_user_page_case::{Case, Function};
use put_user_page_support::signal_name;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::library::Candidate;
use crate::backend::{Backend, BackendError, Class, Failure, HowFailed, Job, Observes, Ran, Skip};
use crate::backends::in_process;

/// What the child says first.
#[derive(Serialize, Deserialize)]
enum Hello {
    /// The numbers of the functions that the candidate has.
    Functions(Vec<usize>),
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

/// A candidate in a child process.
pub struct CandidateProcess {
    name: String,
    /// Makes the command that runs [`serve`] on the candidate.
    command: Box<dyn FnMut() -> Command>,
    time_limit: Duration,
    functions: Vec<Function>,
    worker: Option<Worker>,
}

impl CandidateProcess {
    /// Starts the child, and asks it which functions the candidate has. Each case, and
    /// loading, may take as long as the time limit.
    ///
    /// # Errors
    ///
    /// The child does not start, or the candidate does not load.
    pub fn start(
        name: &str,
        time_limit: Duration,
        command: impl FnMut() -> Command + 'static,
    ) -> Result<Self, BackendError> {
        let mut backend = CandidateProcess {
            name: name.to_owned(),
            command: Box::new(command),
            time_limit,
            functions: Vec::new(),
            worker: None,
        };
        backend.worker()?;
        Ok(backend)
    }

    /// The child, started anew if the last one is gone.
    fn worker(&mut self) -> Result<&mut Worker, BackendError> {
        if self.worker.is_none() {
            let started = Worker::start(&mut (self.command)(), self.time_limit);
            let mut worker = started.map_err(|error| {
                let message = format!("the process for {} does not start: {error}", self.name);
                BackendError::new(message, "see that the machine has room for one more process")
            })?;
            match worker.read::<Hello>() {
                Ok(Hello::Functions(numbers)) => {
                    self.functions = numbers.into_iter().map(|n| Function::ALL[n]).collect();
                }
                Ok(Hello::Broken { message, help }) => return Err(BackendError { message, help }),
                Err(error) => {
                    let failure = worker.end(&error, self.time_limit);
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
        Ok(match worker.send(job).and_then(|()| worker.read()) {
            Ok(outcome) => Ran::Outcome(Cow::Owned(outcome)),
            Err(error) => {
                let worker = self.worker.take().expect("it was just asked");
                Ran::Failed(worker.end(&error, self.time_limit))
            }
        })
    }
}

impl Backend for CandidateProcess {
    fn name(&self) -> &str {
        &self.name
    }

    fn observes(&self) -> Observes {
        Observes { errors: false, ..Observes::ALL }
    }

    fn functions(&self) -> &[Function] {
        &self.functions
    }

    fn skips(&self, world: &World, class: Class) -> Option<Skip> {
        in_process::skips(&self.functions, false, world, class)
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
    socket: BufReader<UnixStream>,
}

impl Worker {
    fn start(command: &mut Command, time_limit: Duration) -> io::Result<Worker> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_read_timeout(Some(time_limit))?;
        ours.set_write_timeout(Some(time_limit))?;
        let theirs = Stdio::from(OwnedFd::from(theirs));
        let child = command.stdin(theirs).stdout(Stdio::null()).spawn()?;
        Ok(Worker { child, socket: BufReader::new(ours) })
    }

    fn send(&mut self, job: &Job<'_>) -> io::Result<()> {
        let question =
            Question { case: job.case.encode(), steps: job.world.steps.len(), class: job.class };
        write_line(self.socket.get_mut(), &question)
    }

    fn read<T: DeserializeOwned>(&mut self) -> io::Result<T> {
        read_line(&mut self.socket)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Ends the child after an answer failed to come, and tells why it did.
    fn end(mut self, error: &io::Error, time_limit: Duration) -> Failure {
        if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) {
            return HowFailed::Hung(time_limit.as_secs()).into();
        }
        let how = match self.child.wait() {
            Ok(status) => describe(status),
            Err(error) => error.to_string(),
        };
        HowFailed::Crashed(how).into()
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

/// The child's side: loads the candidate, and answers cases from the socket that is
/// standard input until it closes.
///
/// # Errors
///
/// The socket breaks, which is the parent's end.
pub fn serve(path: &Path) -> io::Result<()> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut reader = BufReader::new(socket.try_clone()?);
    let mut writer = socket;
    let candidate = match Candidate::load(path) {
        Ok(candidate) => candidate,
        Err(BackendError { message, help }) => {
            return write_line(&mut writer, &Hello::Broken { message, help });
        }
    };
    let numbers = candidate.functions().into_iter().map(|function| function as usize).collect();
    write_line(&mut writer, &Hello::Functions(numbers))?;
    let mut backend = candidate.into_backend("candidate");
    let mut world = World::default();
    while let Some(Question { case, steps, class }) = read_line(&mut reader)? {
        world.build(&Case::decode(&case));
        world.steps.truncate(steps);
        write_line(&mut writer, backend.run_world(&world, Some(class)))?;
    }
    Ok(())
}

/// What the next line holds; `None` where the other side has closed.
fn read_line<T: DeserializeOwned>(reader: &mut impl BufRead) -> io::Result<Option<T>> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    if line.is_empty() { Ok(None) } else { Ok(Some(serde_json::from_slice(&line)?)) }
}

fn write_line(writer: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    writer.write_all(&line)
}
