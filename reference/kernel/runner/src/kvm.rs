//! Whether KVM boots a kernel here. Only a boot tells: a virtual machine can often be made
//! where none runs.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Error;
use crate::place::{self, Place};
use crate::qemu::Qemu;

/// How long a boot may take that only tries. Where KVM works it takes about a second.
pub(crate) const PROBE_LIMIT: Duration = Duration::from_secs(15);

/// What is known of KVM on this machine, since it was started, with this QEMU and image.
pub(crate) struct Probe {
    path: PathBuf,
    key: String,
    /// Whether it has worked, if it was tried.
    pub(crate) works: Option<bool>,
}

impl Probe {
    /// None where there is no such device.
    pub(crate) fn new(place: &Place, qemu: &Qemu, image: &Path) -> Result<Option<Probe>, Error> {
        if File::options().read(true).write(true).open("/dev/kvm").is_err() {
            return Ok(None);
        }
        // Without an identity of the machine's start the result is found out anew.
        let machine = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let subject = format!("{}\n{}\n", qemu.version()?, image.display());
        let name = sha1_smol::Sha1::from(&subject).digest().to_string();
        let path = place.kernel().join(format!("kvm-{}", &name[..8]));
        let key = format!("{}\n{subject}", machine.trim_end());
        let text = fs::read_to_string(&path).unwrap_or_default();
        let works = match text.strip_prefix(&key) {
            Some("works\n") => Some(true),
            Some("does not\n") => Some(false),
            _ => None,
        };
        Ok(Some(Probe { path, key, works }))
    }

    pub(crate) fn remember(&self, works: bool) -> Result<(), Error> {
        if self.works == Some(works) {
            return Ok(());
        }
        let result = if works { "works\n" } else { "does not\n" };
        place::write(&self.path, format!("{}{result}", self.key).as_bytes())
    }
}
