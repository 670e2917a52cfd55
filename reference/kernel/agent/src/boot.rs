//! What a process expects to find, file systems and settings, and the way out of the guest.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::mount::{MountFlags, mount};
use rustix::system::{RebootCommand, reboot};

/// Mounts what the agent reads and writes.
pub(crate) fn mount_all() -> Result<(), String> {
    for (kind, target) in [("devtmpfs", "/dev"), ("proc", "/proc"), ("sysfs", "/sys")] {
        mount(kind, target, kind, MountFlags::empty(), None)
            .map_err(|why| format!("{target} cannot be mounted: {why}"))?;
    }
    Ok(())
}

/// Sets what would make cases differ from run to run.
pub(crate) fn settle() -> Result<(), String> {
    // Write-back would clean pages behind the back of a case. It looks for work so long after
    // a file first turns dirty, for which "never" is "at once"; ...
    set("/proc/sys/vm/dirty_writeback_centisecs", "100000000")?;
    // ... and where more memory is dirty than this many per cent.
    set("/proc/sys/vm/dirty_ratio", "100")?;
    set("/proc/sys/vm/dirty_background_ratio", "99")?;
    // Kernels without transparent huge pages have no such files.
    let huge = Path::new("/sys/kernel/mm/transparent_hugepage");
    if huge.exists() {
        set("/sys/kernel/mm/transparent_hugepage/enabled", "madvise")?;
    }
    if huge.join("shmem_enabled").exists() {
        set("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "advise")?;
    }
    Ok(())
}

fn set(path: &str, value: &str) -> Result<(), String> {
    fs::write(path, value).map_err(|why| format!("{path} cannot be set to {value}: {why}"))
}

/// The kernel's counters, with what each processor has counted by itself folded in.
pub(crate) fn vmstat() -> Result<String, String> {
    set("/proc/sys/vm/stat_refresh", "1")?;
    fs::read_to_string("/proc/vmstat").map_err(|why| format!("/proc/vmstat: {why}"))
}

const PORTS: &str = "/sys/class/virtio-ports";
const PORT_NAME: &str = "pagediff";

/// Opens the port to the host. The device comes up some time after its driver is loaded.
pub(crate) fn open_port() -> Result<File, String> {
    let limit = Instant::now() + Duration::from_secs(60);
    loop {
        match find_port() {
            Ok(Some(port)) => return Ok(port),
            Ok(None) if Instant::now() < limit => std::thread::sleep(Duration::from_millis(2)),
            Ok(None) => return Err(format!("no port in {PORTS} is named {PORT_NAME}")),
            Err(why) => return Err(format!("the port to the host cannot be opened: {why}")),
        }
    }
}

fn find_port() -> io::Result<Option<File>> {
    // There before the first port is: not yet an error.
    let Ok(ports) = fs::read_dir(PORTS) else { return Ok(None) };
    for port in ports {
        let port = port?;
        // A port is there before the host has told its name.
        let Ok(name) = fs::read_to_string(port.path().join("name")) else { continue };
        if name.trim_end() == PORT_NAME {
            let path = Path::new("/dev").join(port.file_name());
            return OpenOptions::new().read(true).write(true).open(path).map(Some);
        }
    }
    Ok(None)
}

/// Ends the machine, so that its end differs from that of a kernel which panics.
pub(crate) fn end() -> ! {
    #[cfg(target_arch = "x86_64")]
    debug_exit();
    // Where QEMU has no such device.
    let _ = reboot(RebootCommand::PowerOff);
    std::process::exit(0)
}

/// The port of QEMU's isa-debug-exit.
#[cfg(target_arch = "x86_64")]
const DEBUG_EXIT: u16 = 0xf4;

/// Ends QEMU with the exit code 19: twice the byte that the port gets, plus one.
#[cfg(target_arch = "x86_64")]
fn debug_exit() {
    // SAFETY: gives this process access to one port; touches no memory.
    if unsafe { libc::ioperm(DEBUG_EXIT.into(), 1, 1) } != 0 {
        return;
    }
    // SAFETY: the port is either isa-debug-exit's, which ends the machine, or nobody's.
    unsafe {
        std::arch::asm!(
            "out dx, al",
            in("dx") DEBUG_EXIT,
            in("al") 9u8,
            options(nomem, nostack, preserves_flags),
        );
    }
}
