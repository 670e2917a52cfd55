//! A guest in QEMU: what is said to its agent, and how its end is understood.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use put_user_page_kernel_wire::{self as wire, GuestJob, Kind};
use put_user_page_support::signal_name;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use crate::Error;
use crate::fault::Fault;
use crate::job::How;
use crate::log::{complaint, job, tail};
use crate::qemu::Process;
use crate::recovery::{End, Guest};

/// How long QEMU may take to end when the guest has.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often a guest that boots is looked after.
const GLANCE: Duration = Duration::from_millis(100);

/// More than the largest frame has, so that no frame takes other branches than the others do.
const ROOM: usize = 8 << 20;

/// QEMU's exit code where the agent has ended the guest because it cannot work.
const AGENT_GAVE_UP: i32 = 19;

/// What to try where a kernel says nothing.
const SILENT: &str = "If it is a vmlinux, try the bzImage of the same build; `--append \
                      earlyprintk=ttyS0` has it speak earlier, if it has CONFIG_EARLY_PRINTK; and \
                      `--memory MIB` gives it more memory";

/// A guest that said hello.
pub(crate) struct QemuGuest {
    process: Process,
    port: Port,
    /// The frame to send, kept for its memory.
    outbox: Vec<u8>,
    /// The body of the frame that came last.
    inbox: Vec<u8>,
    /// How many jobs it was sent, before those that it is at.
    jobs: usize,
    /// How much of the log is known to hold no complaint.
    heard: u64,
    time_limit: Duration,
    pub(crate) hello: String,
}

impl QemuGuest {
    /// Waits until a machine has booted, for no more than `boot_limit`. One that goes on from
    /// where another was saved is asked to say hello again.
    pub(crate) fn boot(
        process: Process,
        port: UnixStream,
        resumes: bool,
        boot_limit: Duration,
        time_limit: Duration,
    ) -> Result<QemuGuest, Fault> {
        let mut guest = QemuGuest {
            process,
            port: Port(port),
            outbox: Vec::with_capacity(ROOM),
            inbox: Vec::with_capacity(ROOM),
            jobs: 0,
            heard: 0,
            time_limit,
            hello: String::new(),
        };
        if resumes {
            wire::put(&mut guest.outbox, Kind::Greet, |_| ());
            // What cannot be sent is not answered.
            let _ = guest.send();
        }
        guest.set_limit(GLANCE)?;
        guest.wait_for_word(boot_limit)?;
        guest.set_limit(time_limit)?;
        guest.hear_hello()?;
        Ok(guest)
    }

    /// Loads one more module into its kernel.
    pub(crate) fn load(&mut self, module: &[u8]) -> Result<(), Fault> {
        self.outbox.clear();
        wire::put(&mut self.outbox, Kind::Load, |out| out.extend_from_slice(module));
        // What cannot be sent is not answered.
        let _ = self.send();
        self.hear_hello()
    }

    /// The limit for each time that the port is waited for.
    fn set_limit(&self, limit: Duration) -> Result<(), Error> {
        let Port(port) = &self.port;
        let set = port.set_read_timeout(Some(limit));
        set.and_then(|()| port.set_write_timeout(Some(limit)))
            .map_err(|why| Error::system("the port to the guest has no time limit", why))
    }

    /// Waits until the guest says something.
    fn wait_for_word(&mut self, limit: Duration) -> Result<(), Fault> {
        let end = Instant::now() + limit;
        loop {
            match recv(&self.port.0, &mut [0; 1], RecvFlags::PEEK) {
                Ok((_, 0)) => return Err(self.does_not_boot()),
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(why) if is_timeout(&why.into()) => self.glance(end, limit)?,
                Err(_) => return Err(self.does_not_boot()),
            }
        }
    }

    /// Hears what the guest says of itself. Complaints of its kernel count from now on.
    fn hear_hello(&mut self) -> Result<(), Fault> {
        match wire::read(&mut self.port, &mut self.inbox) {
            Ok(Some(Kind::Hello)) => {
                self.hello = String::from_utf8_lossy(&self.inbox).into_owned();
                self.heard = self.process.lines_from(0).1;
                Ok(())
            }
            Ok(Some(Kind::Broken)) => Err(broken(&self.inbox).into()),
            Ok(Some(kind)) => Err(out_of_step(&format!("{kind:?}")).into()),
            Err(why) if why.kind() == io::ErrorKind::InvalidData => {
                Err(out_of_step(&why.to_string()).into())
            }
            Ok(None) | Err(_) => Err(self.does_not_boot()),
        }
    }

    /// Looks whether there is a point in waiting on.
    fn glance(&self, end: Instant, limit: Duration) -> Result<(), Fault> {
        // QEMU pauses then, and waits for somebody to have a look.
        let has_failed = self.process.said().contains("internal error");
        if !has_failed && Instant::now() < end {
            return Ok(());
        }
        let (seconds, evidence) = (limit.as_secs(), self.evidence());
        let message = format!("the guest's kernel has not booted in {seconds} s\n{evidence}");
        let help =
            format!("see what it waits for; if the machine is only busy, run it again. {SILENT}");
        Err(Fault::Kernel(Error::new(message, help)))
    }

    /// QEMU has ended before the agent said hello.
    fn does_not_boot(&mut self) -> Fault {
        let status = match self.process.end_within(PATIENCE) {
            Ok(Some(status)) => status.to_string(),
            Ok(None) => "it still runs".to_owned(),
            Err(why) => why.to_string(),
        };
        let log = self.process.log();
        let evidence = self.evidence();
        Fault::Kernel(match complaint(&log) {
            Some(line) => Error::new(
                format!("the guest's kernel does not boot: {line}\n{evidence}"),
                "see that the kernel fits QEMU's machine `pc`, and give it more memory with \
                 `--memory MIB`",
            ),
            None if log.is_empty() => Error::new(
                format!("QEMU does not start the guest ({status})\n{evidence}"),
                format!(
                    "see that this QEMU works, and that the image is a kernel for x86-64. {SILENT}"
                ),
            ),
            None => Error::new(
                format!("the guest ended before it was ready ({status})\n{evidence}"),
                "see what the guest says; the kernel needs virtio-pci, virtio-console, devtmpfs \
                 and a serial console",
            ),
        })
    }

    fn evidence(&self) -> String {
        let said = self.process.said();
        let log = self.process.log();
        let parts = [tail(&said), tail(&log)];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        if parts.is_empty() { "it said nothing".to_owned() } else { parts.join("\n") }
    }

    /// What its kernel has logged.
    pub(crate) fn log(&self) -> String {
        self.process.log()
    }

    /// Saves the guest, which was booted for it, to a file, and ends it.
    pub(crate) fn save(self, state: &File) -> io::Result<()> {
        // The port is open until it is saved: the agent goes where nobody listens.
        let QemuGuest { process, port: _open, .. } = self;
        match process.save(state, PATIENCE)? {
            Some(status) if status.success() => Ok(()),
            end => Err(io::Error::other(format!("QEMU has not saved it: {end:?}"))),
        }
    }

    /// The kernel's counters, as /proc/vmstat has them.
    pub(crate) fn vmstat(&mut self) -> Result<String, End> {
        self.outbox.clear();
        wire::put(&mut self.outbox, Kind::Stats, |_| ());
        self.send()?;
        match self.receive()? {
            Kind::Vmstat => Ok(String::from_utf8_lossy(&self.inbox).into_owned()),
            kind => Err(self.unexpected(kind)),
        }
    }

    fn send(&mut self) -> Result<(), End> {
        let mut sent = 0;
        while sent < self.outbox.len() {
            // Not write(): a guest that is gone is no reason for SIGPIPE.
            match send(&self.port.0, &self.outbox[sent..], SendFlags::NOSIGNAL) {
                Ok(length) => sent += length,
                Err(Errno::INTR) => {}
                Err(why) => return Err(self.end(&why.into())),
            }
        }
        Ok(())
    }

    /// Waits for the next frame from the guest, and sees to it that the kernel has not
    /// complained before: it may do so and live on.
    fn receive(&mut self) -> Result<Kind, End> {
        let kind = match wire::read(&mut self.port, &mut self.inbox) {
            Ok(Some(kind)) => kind,
            Ok(None) => return Err(self.end(&io::ErrorKind::UnexpectedEof.into())),
            Err(why) if why.kind() == io::ErrorKind::InvalidData => {
                return Err(End::Broken(out_of_step(&why.to_string())));
            }
            Err(why) => return Err(self.end(&why)),
        };
        if self.process.log_length() == self.heard {
            return Ok(kind);
        }
        // A line that the kernel is about to write is heard when it is whole.
        let (lines, length) = self.process.lines_from(self.heard);
        match complaint(&lines) {
            Some(line) => Err(self.complained(line)),
            None => {
                self.heard += length;
                Ok(kind)
            }
        }
    }

    /// What it means that such a frame came, which nobody has asked for.
    fn unexpected(&self, kind: Kind) -> End {
        End::Broken(match kind {
            Kind::Broken => broken(&self.inbox),
            kind => out_of_step(&format!("{kind:?} of {} bytes", self.inbox.len())),
        })
    }

    fn complained(&mut self, line: String) -> End {
        // A kernel that panics has more to say until it is gone.
        let _ = self.process.end_within(Duration::from_millis(300));
        self.died(How::Panicked(line))
    }

    fn died(&self, how: How) -> End {
        let log = self.process.log();
        let suspect = job(&log).and_then(|number| number.checked_sub(self.jobs));
        End::Died { how, log, suspect }
    }

    /// What it means that the port gave this error.
    fn end(&mut self, why: &io::Error) -> End {
        let status = if is_timeout(why) { Ok(None) } else { self.process.end_within(PATIENCE) };
        if let Some(line) = complaint(&self.process.log_from(self.heard)) {
            return self.died(How::Panicked(line));
        }
        if is_timeout(why) {
            return self.died(How::Hung(self.time_limit.as_secs()));
        }
        let said = self.process.said();
        let terminated = said.lines().find(|line| line.contains("terminating on signal"));
        match status {
            Ok(Some(status)) => match (status.code(), terminated) {
                (_, Some(line)) => End::Killed(line.to_owned()),
                // SIGILL, SIGABRT, SIGBUS, SIGSEGV: a crash of QEMU's own, of what it ran.
                (None, _) if matches!(status.signal(), Some(4 | 6 | 7 | 11)) => {
                    let signal = by_signal(status.signal().unwrap_or_default());
                    self.died(How::Panicked(format!("QEMU crashed: {signal}")))
                }
                (None, _) => End::Killed(by_signal(status.signal().unwrap_or_default())),
                (Some(0), _) => self.died(How::Reset),
                (Some(AGENT_GAVE_UP), _) => {
                    End::Broken(broken(tail(&self.process.log()).as_bytes()))
                }
                (Some(code), _) => End::Broken(Error::new(
                    format!("QEMU ended with exit code {code}\n{}", self.evidence()),
                    "see that this QEMU works",
                )),
            },
            Ok(None) => End::Killed("it has closed the port to the guest".to_owned()),
            Err(why) => End::Broken(Error::system("QEMU's end cannot be waited for", why)),
        }
    }
}

impl Guest for QemuGuest {
    fn run(&mut self, jobs: &[GuestJob<'_>], deliver: &mut dyn FnMut(&[u8])) -> Result<(), End> {
        self.outbox.clear();
        wire::put(&mut self.outbox, Kind::Run, |out| GuestJob::put_all(jobs, out));
        self.send()?;
        for _ in jobs {
            match self.receive()? {
                Kind::Answer => deliver(&self.inbox),
                kind => return Err(self.unexpected(kind)),
            }
        }
        self.jobs += jobs.len();
        Ok(())
    }
}

fn broken(text: &[u8]) -> Error {
    Error::new(
        format!("the guest cannot work: {}", String::from_utf8_lossy(text).trim_end()),
        "if it is the module, see that it was built for this very kernel: `--kdir` must be the \
         build directory of `--kernel`",
    )
}

fn out_of_step(what: &str) -> Error {
    Error::new(
        format!("the guest's agent and this program do not understand each other: {what}"),
        "remove target/kernel/agent.stamp, so that the agent is built anew",
    )
}

fn is_timeout(why: &io::Error) -> bool {
    matches!(why.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

fn by_signal(number: i32) -> String {
    let name = signal_name(number).map(|name| format!(" ({name})")).unwrap_or_default();
    format!("by signal {number}{name}")
}

/// The port to the guest.
struct Port(UnixStream);

impl Read for Port {
    /// Waits for as much as there is room for: in how many pieces it comes is not seen, in the
    /// coverage that engines look at least of all.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (_, length) = recv(&self.0, buffer, RecvFlags::WAITALL)?;
        Ok(length)
    }
}
