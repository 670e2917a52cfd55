//! The kernel that guests run: its image, and the build directory that modules need.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::debian;
use crate::place::{self, Place};

/// Which kernel guests run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// One of Debian's, which setup fetched.
    Debian(Release),
    /// One of the user's own.
    Own(OwnKernel),
}

impl Default for Which {
    fn default() -> Which {
        Which::Debian(Release::V6_1)
    }
}

/// Debian's kernels for virtual machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// 6.1, which is the one where nothing else is said.
    V6_1,
    /// 6.12.
    V6_12,
}

impl Release {
    /// All of them.
    pub const ALL: [Release; 2] = [Release::V6_1, Release::V6_12];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Release::V6_1 => "6.1",
            Release::V6_12 => "6.12",
        }
    }
}

/// A kernel of the user's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnKernel {
    /// What is booted: a bzImage, or a vmlinux.
    pub image: PathBuf,
    /// Where it was built, or its headers: what modules are built against.
    pub kdir: PathBuf,
}

/// A kernel that is there.
#[derive(Debug)]
pub(crate) struct Kernel {
    pub(crate) image: PathBuf,
    pub(crate) kdir: PathBuf,
    pub(crate) release: String,
    /// Where its drivers may be.
    modules: Vec<PathBuf>,
}

/// What the port to the host needs, in the order of loading. What is not there as a module
/// is taken to be built in.
const DRIVERS: [&str; 6] = [
    "drivers/virtio/virtio_ring",
    "drivers/virtio/virtio",
    "drivers/virtio/virtio_pci_legacy_dev",
    "drivers/virtio/virtio_pci_modern_dev",
    "drivers/virtio/virtio_pci",
    "drivers/char/virtio_console",
];

impl Kernel {
    /// The kernel that setup fetched, if it did.
    pub(crate) fn fetched(place: &Place, release: Release) -> Result<Option<Kernel>, Error> {
        let root = place.debian(debian::bundle_of_linux(release));
        let Ok(entries) = fs::read_dir(root.join("boot")) else { return Ok(None) };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let releases = names.filter_map(|name| Some(name.strip_prefix("vmlinuz-")?.to_owned()));
        let releases: Vec<String> = releases.collect();
        let [release] = <[String; 1]>::try_from(releases).map_err(|others| {
            let message = format!("{} holds {} kernels, not one", root.display(), others.len());
            Error::new(message, format!("remove {}, and set up again", root.display()))
        })?;
        Ok(Some(Kernel {
            image: root.join(format!("boot/vmlinuz-{release}")),
            kdir: root.join(format!("usr/src/linux-headers-{release}")),
            modules: vec![root.join(format!("lib/modules/{release}/kernel"))],
            release,
        }))
    }

    /// A kernel of the user's own, once it is seen to be one.
    pub(crate) fn own(own: &OwnKernel) -> Result<Kernel, Error> {
        let canonical =
            |path: &Path| path.canonicalize().map_err(|why| Error::file(path, "opened", &why));
        let (image, kdir) = (canonical(&own.image)?, canonical(&own.kdir)?);
        let release = release(&kdir).ok_or_else(|| {
            let message = format!(
                "{} is no build directory of a kernel: it has no include/generated/utsrelease.h",
                kdir.display()
            );
            Error::new(message, "build the kernel, or `make modules_prepare`, there first")
        })?;
        let installed = format!("lib/modules/{release}/kernel");
        let beside = image.parent().and_then(Path::parent).map(|root| root.join(&installed));
        let mut modules = vec![kdir.clone()];
        modules.extend(beside);
        modules.push(Path::new("/").join(installed));
        Ok(Kernel { image, kdir, release, modules })
    }

    /// The version of the Debian package that the image is of, as its header tells; none of others.
    pub(crate) fn package_version(&self) -> Result<Option<String>, Error> {
        let image = place::read(&self.image)?;
        Ok(banner(&image).and_then(|banner| {
            let (_, rest) = banner.split_once(" Debian ")?;
            Some(rest.split(' ').next()?.to_owned())
        }))
    }

    /// The drivers that are modules, in the order of loading.
    pub(crate) fn drivers(&self) -> Vec<PathBuf> {
        DRIVERS.into_iter().filter_map(|driver| self.driver(driver)).collect()
    }

    /// The driver of disks of memory, if it is a module.
    pub(crate) fn disk_driver(&self) -> Option<PathBuf> {
        self.driver("drivers/block/brd")
    }

    fn driver(&self, driver: &str) -> Option<PathBuf> {
        let files = self.modules.iter().flat_map(|folder| {
            ["ko", "ko.xz", "ko.zst", "ko.gz"]
                .map(|extension| folder.join(format!("{driver}.{extension}")))
        });
        files.into_iter().find(|file| file.is_file())
    }

    /// Whether its image may be unpacked on the host: QEMU starts what is in it by an entry
    /// that not all kernels have, and that those with KASAN do not survive.
    pub(crate) fn starts_unpacked(&self) -> Result<bool, Error> {
        let config = place::read(&self.kdir.join("include/config/auto.conf"))?;
        let config = String::from_utf8_lossy(&config);
        let is_set = |option: &str| config.lines().any(|line| line == format!("{option}=y"));
        Ok(is_set("CONFIG_PVH") && !is_set("CONFIG_KASAN"))
    }

    /// Its image as it is, or the bzImage of the same build, where it is a vmlinux.
    pub(crate) fn compressed_image(&self) -> Result<PathBuf, Error> {
        if !place::starts_with(&self.image, b"\x7fELF")? {
            return Ok(self.image.clone());
        }
        let compressed = self.kdir.join("arch/x86/boot/bzImage");
        if compressed.is_file() {
            return Ok(compressed);
        }
        Err(Error::new(
            format!(
                "{} does not start unpacked, and there is no {}",
                self.image.display(),
                compressed.display()
            ),
            "run `make bzImage` where it was built: without CONFIG_PVH, or with CONFIG_KASAN, a \
             vmlinux does not start in QEMU",
        ))
    }
}

/// What a bzImage says of the kernel in it: the header's `kernel_version`
/// (Documentation/arch/x86/boot.rst).
fn banner(image: &[u8]) -> Option<&str> {
    const POINTER: usize = 0x20e;
    const BASE: usize = 0x200;
    let pointer = image.get(POINTER..POINTER + 2)?;
    let start = BASE + usize::from(u16::from_le_bytes(pointer.try_into().ok()?));
    std::str::from_utf8(image.get(start..)?.split(|byte| *byte == 0).next()?).ok()
}

/// The release that a kernel built there tells of itself.
fn release(kdir: &Path) -> Option<String> {
    let header = fs::read_to_string(kdir.join("include/generated/utsrelease.h")).ok()?;
    let (_, rest) = header.split_once("#define UTS_RELEASE \"")?;
    Some(rest.split_once('"')?.0.to_owned())
}

/// The first two numbers of a kernel's release, as in 6.12.117+deb12-cloud-amd64: (6, 12).
pub fn version(release: &str) -> (u32, u32) {
    let mut numbers = release.split(['.', '-']).map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}
