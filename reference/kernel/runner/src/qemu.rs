//! QEMU: where it is, and a process of it.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, getpid};

use crate::Error;
use crate::debian;
use crate::place::Place;
use crate::tool;

const PROGRAM: &str = "qemu-system-x86_64";

/// What the guest's kernel and its state know of the machine, beside the processor.
const HARDWARE: &str = "-M pc -smp 1 -nodefaults -no-user-config -display none -no-reboot \
     -serial chardev:log -device virtio-serial-pci \
     -device virtserialport,chardev=port,name=pagediff \
     -device isa-debug-exit,iobase=0xf4,iosize=0x04";

/// How a machine starts.
#[derive(Clone, Copy)]
pub(crate) enum Beginning<'a> {
    /// It boots.
    Boot,
    /// It boots, to be [saved](Process::save).
    BootToSave,
    /// It goes on from where the one was that was saved to this file, with what that had logged.
    Resume(&'a File, &'a str),
}

/// A machine, and the kernel that it boots.
#[derive(Clone, Copy)]
pub(crate) struct Machine<'a> {
    pub(crate) accelerator: Accelerator,
    /// In MiB.
    pub(crate) memory: u32,
    pub(crate) image: &'a Path,
    pub(crate) command_line: &'a str,
}

impl Machine<'_> {
    /// The arguments that make it, without the kernel.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let memory = format!("{}M", self.memory);
        let (accelerator, processor) = (self.accelerator.name(), self.accelerator.processor());
        let chosen = ["-m", &memory, "-accel", accelerator, "-cpu", processor];
        HARDWARE.split_ascii_whitespace().chain(chosen).map(str::to_owned).collect()
    }
}

/// A QEMU to start processes of.
#[derive(Clone, Debug)]
pub(crate) struct Qemu {
    program: PathBuf,
    /// Where its files are, if it is not installed.
    unpacked: Option<PathBuf>,
}

impl Qemu {
    /// The one on the PATH, else the one that setup fetched, else none.
    pub(crate) fn find(place: &Place) -> Option<Qemu> {
        Qemu::installed().or_else(|| {
            let root = place.debian(debian::QEMU);
            let program = root.join("usr/bin").join(PROGRAM);
            program.is_file().then_some(Qemu { program, unpacked: Some(root) })
        })
    }

    /// The one on the PATH.
    pub(crate) fn installed() -> Option<Qemu> {
        Some(Qemu { program: tool::installed(PROGRAM, &[])?, unpacked: None })
    }

    /// What it says of its version.
    pub(crate) fn version(&self) -> Result<String, Error> {
        let text = tool::run(self.command().arg("--version"), "see that this QEMU works")?;
        Ok(text.lines().next().unwrap_or_default().to_owned())
    }

    /// Where it is.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        if let Some(root) = &self.unpacked {
            command.env("LD_LIBRARY_PATH", debian::libraries(root));
            command.env("QEMU_MODULE_DIR", root.join("usr/lib").join(debian::TRIPLET).join("qemu"));
            for firmware in ["usr/share/qemu", "usr/share/seabios", "usr/lib/ipxe/qemu"] {
                command.arg("-L").arg(root.join(firmware));
            }
        }
        command
    }

    /// Starts a machine with a kernel and its command line. Also returns our end of its port.
    pub(crate) fn start(
        &self,
        machine: &Machine<'_>,
        initramfs: &File,
        beginning: Beginning<'_>,
    ) -> Result<(Process, UnixStream), Error> {
        let Machine { image, command_line, .. } = machine;
        let (ours, theirs) = UnixStream::pair()
            .map_err(|why| Error::system("no connection to QEMU can be made", why))?;
        let (log, said) = (memory_file("log")?, memory_file("said")?);
        let mut command = self.command();
        let own = |file: &dyn AsRawFd| format!("/proc/self/fd/{}", file.as_raw_fd());
        command.args(machine.arguments());
        command.arg("-kernel").arg(image);
        command.args(["-initrd", &own(initramfs), "-append", command_line]);
        command.args(["-chardev", &format!("file,id=log,append=on,path={}", own(&log))]);
        command.args(["-chardev", &format!("socket,id=port,fd={}", theirs.as_raw_fd())]);
        let stderr =
            said.try_clone().map_err(|why| Error::system("QEMU cannot be started", why))?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
        let mut inherited = vec![theirs.as_raw_fd(), initramfs.as_raw_fd(), log.as_raw_fd()];
        match beginning {
            Beginning::Boot => {}
            Beginning::BootToSave => {
                command.args(["-monitor", "stdio"]).stdin(Stdio::piped());
            }
            Beginning::Resume(state, logged) => {
                (&log)
                    .write_all(logged.as_bytes())
                    .map_err(|why| Error::system("the guest's log cannot be written", why))?;
                command.args(["-incoming", &format!("fd:{}", state.as_raw_fd())]);
                inherited.push(state.as_raw_fd());
            }
        }
        // Ctrl-C is for this process, which takes QEMU with it if it ends.
        command.process_group(0);
        let parent = getpid();
        // SAFETY: only makes system calls, which is all that may be done after fork().
        unsafe { command.pre_exec(move || prepare(parent, &inherited)) };
        let child = command.spawn().map_err(|why| {
            let message = format!("{} cannot be started: {why}", self.program.display());
            Error::new(message, "see that this QEMU works")
        })?;
        Ok((Process { child, log, said }, ours))
    }
}

/// What becomes of the new process before it is QEMU.
fn prepare(parent: Pid, inherited: &[i32]) -> io::Result<()> {
    tool::end_with(parent)?;
    for &number in inherited {
        // SAFETY: the files are open in the parent for as long as it starts this process.
        let file = unsafe { std::os::fd::BorrowedFd::borrow_raw(number) };
        fcntl_setfd(file, FdFlags::empty())?;
    }
    Ok(())
}

/// A file that is nowhere but in memory, and goes with the last process that has it open.
pub(crate) fn memory_file(name: &str) -> Result<File, Error> {
    let file = memfd_create(name, MemfdFlags::CLOEXEC);
    file.map(OwnedFd::into).map_err(|why| Error::system("a file in memory cannot be made", why))
}

/// What executes the guest's instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accelerator {
    /// The processor.
    Kvm,
    /// QEMU's translator.
    Tcg,
}

impl Accelerator {
    /// Its name, as QEMU has it.
    pub fn name(self) -> &'static str {
        match self {
            Accelerator::Kvm => "kvm",
            Accelerator::Tcg => "tcg",
        }
    }

    /// The processor that the guest sees.
    fn processor(self) -> &'static str {
        match self {
            Accelerator::Kvm => "max",
            // Without fast strings the kernel clears and copies memory by words. The translator
            // takes as long for a byte as for a word: a huge page takes a fifth of the time.
            Accelerator::Tcg => "max,erms=off,fsrm=off",
        }
    }
}

/// A running QEMU. Dropping it ends it.
pub(crate) struct Process {
    child: Child,
    log: File,
    said: File,
}

impl Process {
    /// The guest's kernel log.
    pub(crate) fn log(&self) -> String {
        text(&self.log, 0)
    }

    /// What was added to the log from a position on.
    pub(crate) fn log_from(&self, position: u64) -> String {
        text(&self.log, position)
    }

    /// The whole lines that were added to the log from a position on, and how long they are there.
    pub(crate) fn lines_from(&self, position: u64) -> (String, u64) {
        // Fails for no file that is open.
        let bytes = bytes(&self.log, position).unwrap_or_default();
        let length = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
        (decoded(&bytes[..length]), length as u64)
    }

    /// How long the log is.
    pub(crate) fn log_length(&self) -> u64 {
        // Fails for no file that is open.
        self.log.metadata().map_or(0, |metadata| metadata.len())
    }

    /// What QEMU itself had to say.
    pub(crate) fn said(&self) -> String {
        text(&self.said, 0)
    }

    /// Writes the machine's state to a file, and ends it. Whether the state is good shows when
    /// another goes on from it.
    pub(crate) fn save(mut self, state: &File, limit: Duration) -> io::Result<Option<ExitStatus>> {
        let mut monitor = self.child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        // By a name that a shell and QEMU take as it stands.
        let path = format!("/proc/{}/fd/{}", std::process::id(), state.as_raw_fd());
        monitor.write_all(format!("migrate \"exec:cat >{path}\"\nquit\n").as_bytes())?;
        self.end_within(limit)
    }

    /// How it ended, if it has or does so soon.
    pub(crate) fn end_within(&mut self, limit: Duration) -> io::Result<Option<ExitStatus>> {
        let end = Instant::now() + limit;
        loop {
            let status = self.child.try_wait()?;
            if status.is_some() || Instant::now() > end {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails only where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The text of a file from a position on, which is not moved: QEMU writes there.
fn text(file: &File, position: u64) -> String {
    match bytes(file, position) {
        Ok(bytes) => decoded(&bytes),
        Err(why) => format!("(the log cannot be read: {why})"),
    }
}

/// What a serial console wrote, as text.
fn decoded(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\r', "")
}

fn bytes(file: &File, position: u64) -> io::Result<Vec<u8>> {
    let length = file.metadata()?.len();
    let mut bytes = vec![0; length.saturating_sub(position) as usize];
    file.read_exact_at(&mut bytes, position)?;
    Ok(bytes)
}
