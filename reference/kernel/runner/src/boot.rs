//! Booting guests of one kind.

use std::fs::{self, File};
use std::io::BufWriter;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::Error;
use crate::fault::Fault;
use crate::guest::QemuGuest;
use crate::initramfs;
use crate::kvm;
use crate::make::{Built, Stamp};
use crate::place::{self, Place};
use crate::qemu::{Accelerator, Beginning, Machine, Process, Qemu, memory_file};
use crate::recovery::Boot;
use crate::runner::Options;

/// How long a boot may take: a loaded machine may need ten times as long as an idle one.
const BOOT_LIMIT: Duration = Duration::from_secs(120);

/// The kernel's command line, before what [`Options`] adds to it.
///
/// What goes wrong reaches the log and ends the guest. Watchdogs are off: they would bark
/// where the host is only busy, and the host has a time limit. Memory is not cleared when it
/// is handed out, for that costs more than the cases do. The pool has a huge page for each
/// that a case can have. Addresses are the same in each guest. A driver that is a module gets
/// its parameters from the agent.
///
/// The last line makes boots shorter and surer; 112 is `rep_good`, without which the kernel
/// copies word by word, as is faster where no processor does it.
const COMMAND_LINE: &str = "console=ttyS0 quiet loglevel=5 panic=-1 oops=panic panic_on_warn=1 \
     nowatchdog rcupdate.rcu_cpu_stall_suppress=1 init_on_alloc=0 hugepages=16 nokaslr \
     mitigations=off tsc=reliable no_timer_check cryptomgr.notests clearcpuid=112 \
     brd.rd_nr=1 brd.rd_size=65536";

/// What becomes of the saved guest that another run has left.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    IfGood,
    Never,
}

/// A guest that has booted.
struct Saved {
    state: File,
    log: String,
}

/// Boots guests that are all alike.
pub(crate) struct Machines {
    qemu: Qemu,
    built: Built,
    command_line: String,
    memory: u32,
    initramfs: File,
    /// A guest that has booted, which others go on from.
    saved: Option<Saved>,
    pub(crate) accelerator: Accelerator,
    time_limit: Duration,
    /// The module that guests load when they are ready; empty if there is none. A saved guest does
    /// not have it: it is for all candidates.
    candidate: Vec<u8>,
    /// Whether a guest is kept ready for when the other dies.
    keeps_spare: bool,
    /// It starts beside the other, on a processor of its own.
    spare: Option<(Process, UnixStream)>,
    /// How long the last boot took.
    pub(crate) boot_time: Duration,
}

impl Machines {
    /// Starts the first guest, and finds out on the way what runs it fastest. Where that is not
    /// the processor, guests go on from one that was saved when it had booted.
    pub(crate) fn new(
        place: &Place,
        qemu: Qemu,
        built: Built,
        candidate: Vec<u8>,
        options: &Options,
    ) -> Result<(Machines, QemuGuest), Fault> {
        let initramfs = initramfs(&built)?;
        let mut machines = Machines {
            qemu,
            built,
            command_line: [COMMAND_LINE, &options.append].join(" ").trim_end().to_owned(),
            memory: options.memory,
            initramfs,
            saved: None,
            accelerator: Accelerator::Tcg,
            time_limit: options.time_limit,
            candidate,
            keeps_spare: false,
            spare: None,
            boot_time: Duration::ZERO,
        };
        let probe = kvm::Probe::new(place, &machines.qemu, &machines.built.image)?;
        if let Some(probe) = probe.filter(|probe| probe.works != Some(false)) {
            machines.accelerator = Accelerator::Kvm;
            let limit = if probe.works.is_some() { BOOT_LIMIT } else { kvm::PROBE_LIMIT };
            match machines.boot_within(limit) {
                Ok(guest) => {
                    probe.remember(true)?;
                    return Ok((machines, guest));
                }
                // What stops a kernel here may stop it below as well, and is told then.
                Err(_) => probe.remember(false)?,
            }
            machines.accelerator = Accelerator::Tcg;
        }
        machines.saved = machines.saved_guest(place, Use::IfGood)?;
        let guest = match machines.boot_within(BOOT_LIMIT) {
            // What came to the file since is no matter: it is made again.
            Err(_) if machines.saved.is_some() => {
                machines.saved = machines.saved_guest(place, Use::Never)?;
                machines.boot_within(BOOT_LIMIT)?
            }
            booted => booted?,
        };
        Ok((machines, guest))
    }

    fn boot_within(&mut self, limit: Duration) -> Result<QemuGuest, Fault> {
        let start = Instant::now();
        let (process, port) = self.start()?;
        let guest = self.make_ready(process, port, limit)?;
        self.boot_time = start.elapsed();
        Ok(guest)
    }

    fn start(&self) -> Result<(Process, UnixStream), Error> {
        let Some(saved) = &self.saved else { return self.start_from(Beginning::Boot) };
        self.resume(saved)
    }

    fn resume(&self, saved: &Saved) -> Result<(Process, UnixStream), Error> {
        self.start_from(Beginning::Resume(&opened_again(&saved.state)?, &saved.log))
    }

    fn start_from(&self, beginning: Beginning<'_>) -> Result<(Process, UnixStream), Error> {
        self.qemu.start(&self.machine(), &self.initramfs, beginning)
    }

    fn machine(&self) -> Machine<'_> {
        Machine {
            accelerator: self.accelerator,
            memory: self.memory,
            image: &self.built.image,
            command_line: &self.command_line,
        }
    }

    /// Waits for a guest that starts, and loads the candidate into it.
    fn make_ready(
        &self,
        process: Process,
        port: UnixStream,
        limit: Duration,
    ) -> Result<QemuGuest, Fault> {
        let mut guest = self.wait_for(process, port, self.saved.is_some(), limit)?;
        if !self.candidate.is_empty() {
            guest.load(&self.candidate)?;
        }
        Ok(guest)
    }

    fn wait_for(
        &self,
        process: Process,
        port: UnixStream,
        resumes: bool,
        limit: Duration,
    ) -> Result<QemuGuest, Fault> {
        QemuGuest::boot(process, port, resumes, limit, self.time_limit)
    }

    /// A guest that has booted, of all that this one is made of. None where this QEMU cannot save
    /// one, which is told.
    fn saved_guest(&self, place: &Place, used: Use) -> Result<Option<Saved>, Fault> {
        let is_usual = self.command_line == COMMAND_LINE && self.memory == Options::MEMORY;
        // The usual one stays when another is made for other arguments.
        let path = self.built.folder.join(if is_usual { "guest" } else { "guest-appended" });
        let stamp = self.stamp(path.with_extension("stamp"))?;
        let find = || {
            let is_good = used == Use::IfGood && stamp.holds();
            let log = fs::read_to_string(path.with_extension("log")).ok();
            let state = File::open(&path).ok();
            is_good.then_some(Saved { state: state?, log: log? })
        };
        if let Some(saved) = find() {
            return Ok(Some(saved));
        }
        let _lock = place.lock()?;
        // Another may have saved it while this one waited.
        if let Some(saved) = find() {
            return Ok(Some(saved));
        }
        // Guests that are going on from an old one keep it.
        let new = path.with_extension("new");
        let options = File::options().read(true).write(true).create(true).truncate(true).open(&new);
        let file = options.map_err(|why| Error::file(&new, "written", &why))?;
        let (process, port) = self.start_from(Beginning::BootToSave)?;
        let guest = self.wait_for(process, port, false, BOOT_LIMIT)?;
        let log = guest.log();
        let written = guest.save(&file).map_err(|why| Error::file(&new, "written", &why).into());
        let saved = Saved { state: file, log };
        if let Err(why) = written.and_then(|()| self.try_saved(&saved)) {
            eprintln!("every guest will have to boot, for none can be saved: {why}");
            return Ok(None);
        }
        place::write(&path.with_extension("log"), saved.log.as_bytes())?;
        fs::rename(&new, &path).map_err(|why| Error::file(&path, "written", &why))?;
        stamp.set()?;
        Ok(Some(saved))
    }

    /// Sees that a guest goes on from what was saved.
    fn try_saved(&self, saved: &Saved) -> Result<(), Fault> {
        let (process, port) = self.resume(saved)?;
        self.wait_for(process, port, true, BOOT_LIMIT).map(drop)
    }

    /// Whether a saved guest is of this machine, this kernel and these files.
    fn stamp(&self, path: PathBuf) -> Result<Stamp, Error> {
        let mut machine = self.machine().arguments();
        machine.push(self.command_line.clone());
        let files = place::read(&own_path(&self.initramfs))?;
        let bytes = [machine.join(" ").as_bytes(), &files].concat();
        let dates = [self.built.image.clone(), self.qemu.program().to_owned()];
        Stamp::over(path, &bytes, &[], &dates)
    }

    /// The guest that was kept ready, and another in its place; none where there was none, or
    /// where somebody has ended it.
    fn take_spare(&mut self) -> Result<Option<QemuGuest>, Error> {
        let spare = self.spare.take();
        if self.keeps_spare {
            self.spare = Some(self.start()?);
        }
        let boot = |(process, port)| self.make_ready(process, port, BOOT_LIMIT);
        // What keeps all guests from booting is told of the next.
        Ok(spare.and_then(|spare| boot(spare).ok()))
    }
}

impl Boot for Machines {
    type Guest = QemuGuest;

    fn boot(&mut self) -> Result<QemuGuest, Error> {
        match self.take_spare()? {
            Some(guest) => Ok(guest),
            None => Ok(self.boot_within(BOOT_LIMIT)?),
        }
    }

    fn expect_deaths(&mut self) {
        self.keeps_spare = true;
    }
}

/// Where this process has a file that it has open.
fn own_path(file: &File) -> PathBuf {
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

/// A file to read from its start, whatever else reads it.
fn opened_again(file: &File) -> Result<File, Error> {
    let path = own_path(file);
    File::open(&path).map_err(|why| Error::file(&path, "opened", &why))
}

/// The guest's files: the agent, the modules, and a file system on a disk.
fn initramfs(built: &Built) -> Result<File, Error> {
    let mut files = vec![("init".to_owned(), place::read(&built.agent)?)];
    let mut order = String::new();
    for path in &built.modules {
        let name = path.file_name().unwrap_or_default().display();
        files.push((format!("modules/{name}"), place::read(path)?));
        order.push_str(&format!("{name}\n"));
    }
    files.push(("modules/order".to_owned(), order.into_bytes()));
    for (name, path) in [("disk/image", &built.disk), ("disk/driver", &built.disk_driver)] {
        if let Some(path) = path {
            files.push((name.to_owned(), place::read(path)?));
        }
    }
    let folders = ["dev", "proc", "sys", "modules", "disk", "files"];
    let file = memory_file("initramfs")?;
    initramfs::write(BufWriter::new(&file), &folders, &files)
        .map_err(|why| Error::system("the guest's files cannot be written", why))?;
    Ok(file)
}
