//! Ctrl-C while engines run: they are in process groups of their own and do not hear of it.

use std::ffi::c_int;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::thread;

use pagediff_terminal::error::{Stop, error};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;

use super::running::Message;

/// Dropped, Ctrl-C ends the program again.
pub(super) struct Caught {
    over: Arc<AtomicBool>,
}

impl Drop for Caught {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// From here on Ctrl-C, and being asked to terminate, is a message. Signals that whoever started
/// the program wants ignored, as nohup does, stay ignored.
pub(super) fn catch(sender: Sender<Message>) -> Result<Caught, Stop> {
    let over = Arc::new(AtomicBool::new(false));
    listen(sender, &over).map_err(|why| {
        error(format!("Ctrl-C cannot be caught: {why}"), "run `cargo fuzz run TARGET` by itself")
    })?;
    Ok(Caught { over })
}

fn listen(sender: Sender<Message>, over: &Arc<AtomicBool>) -> io::Result<()> {
    let ignored = ignored()?;
    let wanted = [SIGHUP, SIGINT, SIGTERM].into_iter();
    let signals: Vec<c_int> = wanted.filter(|signal| ignored >> (signal - 1) & 1 == 0).collect();
    for &signal in &signals {
        flag::register_conditional_default(signal, Arc::clone(over))?;
    }
    let mut signals = Signals::new(signals)?;
    thread::spawn(move || {
        // Ends when nobody listens any more.
        let mut signals = signals.forever();
        while signals.next().is_some() && sender.send(Message::Interrupted).is_ok() {}
    });
    Ok(())
}

/// The signals that are ignored, as bits from that of signal 1 on (proc_pid_status(5)).
fn ignored() -> io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.ok_or_else(|| io::Error::other("/proc/self/status has no SigIgn"))
}
