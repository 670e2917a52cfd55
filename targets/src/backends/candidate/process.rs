//! A candidate in a child process, so that a crash or a hang is an answer.
//!
//! Parent and child talk over a socket that is the child's standard input; what the
//! candidate prints cannot get in between. The child first tells which functions the
//! candidate has, then answers each case with its outcome.

use std::borrow::Cow;
use std::io::{self, BufReader, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use put_user_page_case::world::World;
use put_user_page_case::{Case, Function};
use put_user_page_support::signal_name;
use serde::{Deserialize, Serialize};

use super::library::Candidate;
use crate::backend::{Backend, BackendError, Class, Failure, HowFailed, Job, Observes, Ran, Skip};
use crate::backends::in_process::{self};
use crate::outcome::Outcome;

/// What the child says first.
#[derive(Serialize, Deserialize)]
enum Hello {
    /// The numbers of the functions that the candidate has.
    Functions(Vec<usize>),
    /// It does not load: what is wrong, and what to do.
    Broken { message: String, help: String },
}

/// A candidate in a child process.
pub struct CandidateProcess {
    name: String,
    /// Makes the command that runs [`serve`] on the candidate.
    command: Box<dyn FnMut() -> Command>,
    time_limit: Duration,
    functions: Vec<Function>,
    worker: Option<Worker>,
    outcome: Outcome,
}

impl std::fmt::Debug for CandidateProcess {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("CandidateProcess").field("name", &self.name).finish_non_exhaustive()
    }
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
            outcome: Outcome::default(),
        };
        backend.worker()?;
        Ok(backend)
    }

    /// The child, started anew if the last one is gone.
    fn worker(&mut self) -> Result<&mut Worker, BackendError> {
        if self.worker.is_none() {
            let mut worker = Worker::start(&mut (self.command)(), self.time_limit)
                .map_err(|error| self.does_not_start(&error.to_string()))?;
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

    fn does_not_start(&self, why: &str) -> BackendError {
        let message = format!("the process for {} does not start: {why}", self.name);
        BackendError::new(message, "see that the machine has room for one more process")
    }

    fn ask(&mut self, job: &Job<'_>) -> Result<Result<(), Failure>, BackendError> {
        let time_limit = self.time_limit;
        let worker = self.worker()?;
        let answer = worker.send(job).and_then(|()| worker.read::<Outcome>());
        match answer {
            Ok(outcome) => {
                self.outcome = outcome;
                Ok(Ok(()))
            }
            Err(error) => {
                let worker = self.worker.take().expect("it was just asked");
                Ok(Err(worker.end(&error, time_limit)))
            }
        }
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
            let ran = match self.ask(job)? {
                Ok(()) => Ran::Outcome(Cow::Borrowed(&self.outcome)),
                Err(failure) => Ran::Failed(failure),
            };
            deliver(index, ran);
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
        let case = job.case.encode();
        let mut message = Vec::with_capacity(case.len() + 12);
        message.extend((case.len() as u32).to_le_bytes());
        message.extend((job.world.steps.len() as u32).to_le_bytes());
        message.push(u8::from(job.class == Class::Valid));
        message.extend(case);
        self.socket.get_mut().write_all(&message)
    }

    fn read<T: for<'a> Deserialize<'a>>(&mut self) -> io::Result<T> {
        let answer = read_counted(&mut self.socket)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(serde_json::from_slice(&answer)?)
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
            return write_counted(&mut writer, &Hello::Broken { message, help });
        }
    };
    let numbers = candidate.functions().into_iter().map(|function| function as usize).collect();
    write_counted(&mut writer, &Hello::Functions(numbers))?;
    let mut backend = candidate.into_backend("candidate");
    let mut world = World::default();
    while let Some((bytes, steps, class)) = read_job(&mut reader)? {
        world.build(&Case::decode(&bytes));
        world.steps.truncate(steps);
        write_counted(&mut writer, backend.run_world(&world, Some(class)))?;
    }
    Ok(())
}

fn read_job(reader: &mut impl Read) -> io::Result<Option<(Vec<u8>, usize, Class)>> {
    let Some(length) = read_u32(reader)? else { return Ok(None) };
    let steps = read_u32(reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let mut valid = [0];
    reader.read_exact(&mut valid)?;
    let class = if valid == [1] { Class::Valid } else { Class::OverRelease };
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes)?;
    Ok(Some((bytes, steps, class)))
}

/// A number; `None` where the other side has closed.
fn read_u32(reader: &mut impl Read) -> io::Result<Option<usize>> {
    let mut number = [0; 4];
    match reader.read_exact(&mut number) {
        Ok(()) => Ok(Some(u32::from_le_bytes(number) as usize)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn read_counted(reader: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let Some(length) = read_u32(reader)? else { return Ok(None) };
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}

fn write_counted(writer: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_vec(value)?;
    let mut message = (text.len() as u32).to_le_bytes().to_vec();
    message.extend(text);
    writer.write_all(&message)
}
