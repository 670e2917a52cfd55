//! Findings: divergences sorted by what diverged, with the smallest example of each.

mod kind;
mod layout_kind;
mod signature;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub use kind::Kind;
pub use layout_kind::{LayoutKind, LayoutKinds};
use put_user_page_support::write_whole;
pub use signature::{Signature, kind_of};

use crate::divergence::Divergence;
use crate::registry::Target;

/// A directory of findings: DIR/TARGET/divergence-SIGNATURE holds the smallest input of the
/// target that was found to show a divergence, and DIR/TARGET/logs/divergence-SIGNATURE.log
/// what a kernel that did not survive it logged.
///
/// Several processes may record findings in the same directory at once, and one that is
/// killed leaves the old example or the new one, whole.
#[derive(Clone, Debug)]
pub struct Findings {
    directory: PathBuf,
}

/// What a divergence was to those that were found before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// The first with its signature.
    New,
    /// A smaller example than the one before, which it replaces.
    Smaller,
    /// No smaller than the example that is there.
    Known,
}

/// Held by the process that records; never removed.
const LOCK: &str = ".lock";

impl Findings {
    /// The findings in a directory, which is made when the first is recorded.
    pub fn new(directory: PathBuf) -> Findings {
        Findings { directory }
    }

    /// The file with the example of a divergence of this signature, if one was found.
    pub fn example(&self, target: &Target, signature: &Signature) -> PathBuf {
        self.directory.join(target.name).join(format!("divergence-{signature}"))
    }

    /// The file with what a kernel logged for the example of this signature.
    pub fn log(&self, target: &Target, signature: &Signature) -> PathBuf {
        let folder = self.directory.join(target.name).join("logs");
        folder.join(format!("divergence-{signature}.log"))
    }

    /// Records that an input of the target diverges, and keeps it if there is no smaller
    /// example: one of fewer bytes, or of as many that come before. The time of the example's
    /// file is that of the last divergence with its signature.
    ///
    /// # Errors
    ///
    /// The directory cannot be written.
    pub fn record(
        &self,
        target: &Target,
        bytes: &[u8],
        divergence: &Divergence,
    ) -> io::Result<Recorded> {
        let signature = Signature::of(divergence);
        let (example, log) = (self.example(target, &signature), self.log(target, &signature));
        let folder = self.directory.join(target.name);
        fs::create_dir_all(&folder)?;
        let lock = File::create(folder.join(LOCK))?;
        // Given back when the file is closed.
        lock.lock()?;
        let recorded = match fs::read(&example) {
            Ok(known) if (known.len(), &known[..]) <= (bytes.len(), bytes) => Recorded::Known,
            Ok(_) => Recorded::Smaller,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Recorded::New,
            Err(error) => return Err(error),
        };
        if recorded == Recorded::Known {
            File::options().append(true).open(&example)?.set_modified(SystemTime::now())?;
        } else {
            // First, so that no example is without its log.
            keep_log(&log, &divergence.log)?;
            write_whole(&example, bytes)?;
        }
        Ok(recorded)
    }
}

/// Writes the log; an earlier one goes where there is none now.
fn keep_log(path: &Path, log: &str) -> io::Result<()> {
    if !log.is_empty() {
        fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
        return write_whole(path, log.as_bytes());
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
