//! Getting what is needed, once.

use std::path::PathBuf;

use crate::Error;
use crate::debian;
use crate::disk;
use crate::kernel::{Kernel, Release, Which};
use crate::make;
use crate::place::Place;
use crate::qemu::Qemu;
use crate::runner::{Options, Runner};

/// Fetches what is missing, builds all that guests are made of, in the target directory, and
/// starts one with these options. Changes nothing else.
pub fn setup(options: &Options) -> Result<(), Error> {
    let (place, which) = (Place::find()?, &options.kernel);
    if let Which::Own(own) = which {
        Kernel::own(own)?;
    }
    {
        let _lock = place.lock()?;
        if Qemu::installed().is_none() {
            debian::fetch_qemu(&place)?;
        }
        if let Which::Debian(release) = which {
            debian::fetch_linux(&place, *release)?;
        }
        if disk::installed().is_none()
            && let Err(why) = debian::fetch_e2fsprogs(&place)
        {
            eprintln!("guests will have no file system on a disk, for there is no mke2fs: {why}");
        }
    }
    Runner::start_in(&place, options)?;
    Ok(())
}

/// The version of the Debian package that the kernel is of; none of other kernels.
///
/// # Errors
///
/// There is no such kernel.
pub fn package_version(which: &Which) -> Result<Option<String>, Error> {
    let place = Place::find()?;
    find(&place, which)?.0.package_version()
}

/// mm/gup.c as the source package of this version has it: fetched, if it is not there.
///
/// # Errors
///
/// Debian's mirrors have no such package, or cannot be reached.
pub fn gup_source(release: Release, version: &str) -> Result<PathBuf, Error> {
    let place = Place::find()?;
    let _lock = place.lock()?;
    debian::fetch_gup(&place, release, version)
}

/// The repository: here or above, else the one that this program was built from.
///
/// # Errors
///
/// It is not there any more.
pub fn repository() -> Result<PathBuf, Error> {
    Ok(Place::find()?.repository)
}

/// What tells the module and the agent from what other sources make.
///
/// # Errors
///
/// The sources cannot be read.
pub fn guest_digest() -> Result<String, Error> {
    make::digest(&Place::find()?)
}

/// Whether there is a QEMU and a kernel.
pub fn is_set_up(which: &Which) -> bool {
    Place::find().is_ok_and(|place| find(&place, which).is_ok())
}

/// The kernel and the QEMU that setup left.
pub(crate) fn find(place: &Place, which: &Which) -> Result<(Kernel, Qemu), Error> {
    let kernel = match which {
        Which::Own(own) => Some(Kernel::own(own)?),
        Which::Debian(release) => Kernel::fetched(place, *release)?,
    };
    let help = match which {
        Which::Debian(Release::V6_12) => "run `scripts/kernel setup --release 6.12`",
        _ => "run `scripts/kernel setup`",
    };
    let kernel =
        kernel.ok_or_else(|| Error::new("the kernel backend is not set up: no kernel", help))?;
    let qemu = Qemu::find(place)
        .ok_or_else(|| Error::new("the kernel backend is not set up: no QEMU", help))?;
    Ok((kernel, qemu))
}
