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
    has_device: bool,
}

impl Probe {
    pub(crate) fn new(place: &Place, qemu: &Qemu, image: &Path) -> Result<Probe, Error> {
        let has_device = File::options().read(true).write(true).open("/dev/kvm").is_ok();
        // Without an identity of the machine's start the result is found out anew.
        let machine = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let version = if has_device { qemu.version()? } else { String::new() };
        let subject = format!("{version}\n{}\n", image.display());
        let name = sha1_smol::Sha1::from(&subject).digest().to_string();
        let path = place.kernel().join(format!("kvm-{}", &name[..8]));
        let key = format!("{}\n{subject}", machine.trim_end());
        Ok(Probe { path, key, has_device })
    }

    /// Whether it is worth a try.
    pub(crate) fn may_work(&self) -> bool {
        self.has_device && self.remembered() != Some(false)
    }

    /// Whether it has worked before.
    pub(crate) fn has_worked(&self) -> bool {
        self.remembered() == Some(true)
    }

    fn remembered(&self) -> Option<bool> {
        let text = fs::read_to_string(&self.path).ok()?;
        match text.strip_prefix(&self.key)? {
            "works\n" => Some(true),
            "does not\n" => Some(false),
            _ => None,
        }
    }

    pub(crate) fn remember(&self, works: bool) -> Result<(), Error> {
        if self.remembered() == Some(works) {
            return Ok(());
        }
        let result = if works { "works\n" } else { "does not\n" };
        place::write(&self.path, format!("{}{result}", self.key).as_bytes())
    }
}
