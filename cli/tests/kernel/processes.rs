//! Processes: those of pagediff, the QEMU that each starts, and what their guests log.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long a machine under load may take for what takes a moment.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until there is something.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "there is no {what} after {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Starts it, with its output kept for later.
pub(crate) fn start(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

pub(crate) fn send(process: u32, signal: Signal) {
    kill_process(Pid::from_raw(process.cast_signed()).unwrap(), signal).unwrap();
}

/// A QEMU that a process has started, whose guest has logged this text.
pub(crate) fn qemu_that_says(parent: u32, text: &str) -> Option<u32> {
    qemus_of(parent).into_iter().find(|&qemu| log_of(qemu).is_some_and(|log| log.contains(text)))
}

/// The QEMUs that run as children of a process.
pub(crate) fn qemus_of(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let name = entry.ok()?.file_name().into_string().ok()?;
        name.parse().ok()
    });
    processes.filter(|&process| is_qemu_of(process, parent)).collect()
}

fn is_qemu_of(process: u32, parent: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{process}/stat")) else { return false };
    // The name is in brackets, and may hold any character.
    let Some((before, after)) = stat.rsplit_once(") ") else { return false };
    let mut fields = after.split(' ');
    let (state, its_parent) = (fields.next(), fields.next());
    before.contains("(qemu-system") && state != Some("Z") && its_parent == Some(&parent.to_string())
}

/// Whether a process runs.
pub(crate) fn runs(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

/// What the guest of a QEMU has logged, into a file that is only in memory.
fn log_of(qemu: u32) -> Option<String> {
    let files = fs::read_dir(format!("/proc/{qemu}/fd")).ok()?;
    let mut paths = files.filter_map(|entry| Some(entry.ok()?.path()));
    let is_log = |path: &PathBuf| {
        fs::read_link(path).is_ok_and(|target| target.to_string_lossy().contains("memfd:log"))
    };
    let bytes = fs::read(paths.find(is_log)?).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
