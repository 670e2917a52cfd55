//! Getting what is needed, once.

use crate::Error;
use crate::debian;
use crate::disk;
use crate::kernel::{Kernel, OwnKernel};
use crate::place::Place;
use crate::qemu::Qemu;
use crate::runner::{Options, Runner};

/// Fetches what is missing, builds all that guests are made of, in the target directory, and
/// starts one. Changes nothing else.
pub fn setup(own: Option<&OwnKernel>) -> Result<(), Error> {
    let place = Place::find()?;
    let kernel = own.map(Kernel::own).transpose()?;
    {
        let _lock = place.lock()?;
        if Qemu::installed().is_none() {
            debian::fetch_qemu(&place)?;
        }
        if kernel.is_none() {
            debian::fetch_linux(&place)?;
        }
        if disk::installed().is_none()
            && let Err(why) = debian::fetch_e2fsprogs(&place)
        {
            eprintln!("guests will have no file system on a disk, for there is no mke2fs: {why}");
        }
    }
    Runner::start_in(&place, &Options { kernel: own.cloned(), ..Options::default() }).map(drop)
}

/// Whether there is a QEMU and a kernel.
pub fn is_set_up(own: Option<&OwnKernel>) -> bool {
    Place::find().is_ok_and(|place| find(&place, own).is_ok())
}

/// The kernel and the QEMU that setup left.
pub(crate) fn find(place: &Place, own: Option<&OwnKernel>) -> Result<(Kernel, Qemu), Error> {
    let kernel = match own {
        Some(own) => Some(Kernel::own(own)?),
        None => Kernel::fetched(place)?,
    };
    let help = "run `scripts/kernel setup`";
    let kernel =
        kernel.ok_or_else(|| Error::new("the kernel backend is not set up: no kernel", help))?;
    let qemu = Qemu::find(place)
        .ok_or_else(|| Error::new("the kernel backend is not set up: no QEMU", help))?;
    Ok((kernel, qemu))
}
