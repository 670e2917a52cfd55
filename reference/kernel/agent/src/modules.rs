//! Loading the kernel's modules, and what the kernel says where it refuses one.

use std::ffi::CStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use rustix::io::Errno;
use rustix::system::{finit_module, init_module};

/// The modules to load: a file's name a line, in order.
pub(crate) const ORDER: &str = "/modules/order";

/// How many lines of the kernel's log tell enough.
const LAST_LINES: usize = 12;

/// The modules to load, in order. The one that answers jobs is the last: what stops it can
/// be told to the host through the port that the others drive.
pub(crate) fn names() -> Result<Vec<String>, String> {
    let order = fs::read_to_string(ORDER).map_err(|why| format!("{ORDER}: {why}"))?;
    Ok(order.lines().map(str::to_owned).collect())
}

/// Loads a module by its file's name.
pub(crate) fn load(name: &str) -> Result<(), String> {
    load_with(&Path::new("/modules").join(name), c"")
}

/// Loads a module with parameters.
pub(crate) fn load_with(path: &Path, parameters: &CStr) -> Result<(), String> {
    let file = File::open(path).map_err(|why| format!("{}: {why}", path.display()))?;
    let name = path.file_name().unwrap_or_default().display().to_string();
    let flags = if is_elf(&file) { 0 } else { COMPRESSED };
    told(&name, || finit_module(&file, parameters, flags))
}

/// Loads a module that is in no file.
pub(crate) fn load_bytes(name: &str, bytes: &[u8]) -> Result<(), String> {
    told(name, || init_module(bytes, c""))
}

/// Loads a module, and says why the kernel does not take it.
fn told(name: &str, load: impl FnOnce() -> Result<(), Errno>) -> Result<(), String> {
    let log = kernel_log(SeekFrom::End(0));
    match load() {
        // A driver may be built in as well as shipped.
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(why) => {
            let (meaning, said) = (meaning(why), last_lines(log));
            Err(format!("the kernel does not load {name}: {meaning} ({why})\n{said}"))
        }
    }
}

fn is_elf(file: &File) -> bool {
    let mut start = [0; 4];
    file.read_exact_at(&mut start, 0).is_ok() && start == *b"\x7fELF"
}

/// MODULE_INIT_COMPRESSED_FILE: the kernel unpacks the file.
const COMPRESSED: i32 = 4;

fn meaning(why: Errno) -> &'static str {
    match why {
        Errno::NOEXEC => "it was built for another kernel or configuration",
        Errno::NOENT => "it uses a symbol that this kernel does not have",
        Errno::INVAL => "it uses a symbol as another kernel has it",
        Errno::KEYREJECTED | Errno::NOKEY | Errno::PERM => "the kernel takes signed modules only",
        Errno::NODEV => "it finds no device, or not what it needs in this kernel",
        Errno::NOMEM => "there is not enough memory",
        _ => "its start failed",
    }
}

/// The kernel's log, to be read from its start or from its end on.
pub(crate) fn kernel_log(from: SeekFrom) -> io::Result<File> {
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let mut log = OpenOptions::new().read(true).custom_flags(nonblocking).open("/dev/kmsg")?;
    log.seek(from)?;
    Ok(log)
}

/// The last lines of a log.
pub(crate) fn last_lines(log: io::Result<File>) -> String {
    let mut log = match log {
        Ok(log) => log,
        Err(why) => return format!("(/dev/kmsg cannot be read: {why})"),
    };
    let mut lines = Vec::new();
    let mut record = [0; 8192];
    // A read gives a record; after the last one it would block.
    while let Ok(length) = log.read(&mut record) {
        let text = String::from_utf8_lossy(&record[..length]);
        let Some((_, message)) = text.split_once(';') else { continue };
        lines.push(message.lines().next().unwrap_or_default().to_owned());
    }
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
}
