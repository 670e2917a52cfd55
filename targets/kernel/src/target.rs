//! The fuzz target `kernel`.

use std::path::PathBuf;

use put_user_page_kernel::{Options, OwnKernel, Which};
use put_user_page_targets::backend::{Backend, BackendError};
use put_user_page_targets::harness::Harness;
use put_user_page_targets::registry::{KDIR_VARIABLE, KERNEL_VARIABLE, Target};

use crate::guest::{KernelGuest, KernelOptions};

/// The harness of the target: the kernel that [`KERNEL_VARIABLE`] and [`KDIR_VARIABLE`] name,
/// or the one that was set up, with all that it has for releasing pages.
///
/// # Errors
///
/// The kernel is not set up, or does not boot.
pub fn harness(target: &'static Target) -> Result<Harness, BackendError> {
    let kernel = own_kernel()?.map_or_else(Which::default, Which::Own);
    let guest = Options { kernel, ..Options::default() };
    let guest = KernelGuest::start(KernelOptions { guest, ..KernelOptions::default() })?;
    let backends = guest.backends().map(|kernel| Box::new(kernel) as Box<dyn Backend>);
    Ok(Harness::with_backends(target, backends.collect()))
}

/// The kernel that the environment names, if it names one.
fn own_kernel() -> Result<Option<OwnKernel>, BackendError> {
    let path = |name| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    match (path(KERNEL_VARIABLE), path(KDIR_VARIABLE)) {
        (None, None) => Ok(None),
        (Some(image), Some(kdir)) => Ok(Some(OwnKernel { image, kdir })),
        _ => Err(BackendError::new(
            format!("of {KERNEL_VARIABLE} and {KDIR_VARIABLE} only one is set"),
            "set both: the kernel's image, and the directory that it was built in",
        )),
    }
}
