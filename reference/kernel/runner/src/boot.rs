//! Booting guests of one kind.

use std::fs::File;
use std::io::BufWriter;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use crate::Error;
use crate::guest::QemuGuest;
use crate::initramfs;
use crate::kvm;
use crate::make::Built;
use crate::place::{self, Place};
use crate::qemu::{Accelerator, Process, Qemu, memory_file};
use crate::recovery::Boot;

/// How long a boot may take: a loaded machine may need ten times as long as an idle one.
const BOOT_LIMIT: Duration = Duration::from_secs(120);

/// The kernel's command line.
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

/// Boots guests that are all alike.
pub(crate) struct Machines {
    qemu: Qemu,
    built: Built,
    initramfs: File,
    pub(crate) accelerator: Accelerator,
    time_limit: Duration,
    /// Whether a guest is kept ready for when the other dies.
    keeps_spare: bool,
    /// It starts beside the other, on a processor of its own.
    spare: Option<(Process, UnixStream)>,
    /// How long the last boot took.
    pub(crate) boot_time: Duration,
}

impl Machines {
    /// Boots the first guest, and finds out on the way what runs it fastest.
    pub(crate) fn new(
        place: &Place,
        qemu: Qemu,
        built: Built,
        time_limit: Duration,
    ) -> Result<(Machines, QemuGuest), Error> {
        let initramfs = initramfs(&built)?;
        let mut machines = Machines {
            qemu,
            built,
            initramfs,
            accelerator: Accelerator::Tcg,
            time_limit,
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
        let guest = machines.boot()?;
        Ok((machines, guest))
    }

    fn boot_within(&mut self, limit: Duration) -> Result<QemuGuest, Error> {
        let start = Instant::now();
        let (process, port) = self.start()?;
        let guest = QemuGuest::boot(process, port, limit, self.time_limit)?;
        self.boot_time = start.elapsed();
        Ok(guest)
    }

    fn start(&self) -> Result<(Process, UnixStream), Error> {
        let Machines { qemu, built, initramfs, accelerator, .. } = self;
        qemu.start(*accelerator, &built.image, initramfs, COMMAND_LINE)
    }

    /// The guest that was kept ready, and another in its place; none where there was none, or
    /// where somebody has ended it.
    fn take_spare(&mut self) -> Result<Option<QemuGuest>, Error> {
        let spare = self.spare.take();
        if self.keeps_spare {
            self.spare = Some(self.start()?);
        }
        let boot = |(process, port)| QemuGuest::boot(process, port, BOOT_LIMIT, self.time_limit);
        // What keeps all guests from booting is told of the next.
        Ok(spare.and_then(|spare| boot(spare).ok()))
    }
}

impl Boot for Machines {
    type Guest = QemuGuest;

    fn boot(&mut self) -> Result<QemuGuest, Error> {
        match self.take_spare()? {
            Some(guest) => Ok(guest),
            None => self.boot_within(BOOT_LIMIT),
        }
    }

    fn expect_deaths(&mut self) {
        self.keeps_spare = true;
    }
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
