//! A kernel that runs, which its backends share.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use put_user_page_kernel::{Fault, Options, Runner, version};
use put_user_page_targets::backend::BackendError;
use put_user_page_targets::profiles::Profile;

use crate::layout::{self, LayoutDifference};

/// How the kernel is run.
#[derive(Clone, Debug, Default)]
pub struct KernelOptions {
    /// Which kernel, and how long it has.
    pub guest: Options,
    /// The module holds no reference of its own: pages really go.
    pub free: bool,
    /// Cases that over-release run too, in a guest of their own: only crashes count.
    pub undefined: bool,
}

/// A running kernel, shared by the backends that it is.
#[derive(Clone)]
pub struct KernelGuest {
    pub(crate) runner: Rc<RefCell<Runner>>,
    pub(crate) options: Rc<KernelOptions>,
}

impl KernelGuest {
    /// Boots the kernel.
    ///
    /// # Errors
    ///
    /// It is not set up, or does not boot.
    pub fn start(options: KernelOptions) -> Result<KernelGuest, Fault> {
        let runner = Runner::start(&options.guest)?;
        Ok(KernelGuest { runner: Rc::new(RefCell::new(runner)), options: Rc::new(options) })
    }

    /// The kernel's release.
    pub fn release(&self) -> String {
        self.runner.borrow().about().get("release").cloned().unwrap_or_default()
    }

    /// The rules that the kernel is held to, by its release: those of the newest kernel that it is
    /// not older than.
    pub fn profile(&self) -> &'static Profile {
        let name = if version(&self.release()) >= (6, 12) { "debian-6.12" } else { "debian-6.1" };
        Profile::named(name).expect("there is such a profile")
    }

    /// What the guest says of the disk for pages of real files: `mounted`, or why it is not.
    pub fn disk(&self) -> String {
        self.runner.borrow().about().get("disk").cloned().unwrap_or_default()
    }

    /// What executes the guest's instructions.
    pub fn accelerator(&self) -> &'static str {
        self.runner.borrow().accelerator().name()
    }

    /// Where the kernel's `struct page` differs from the one in `src/`.
    pub fn layout_differences(&self) -> Vec<LayoutDifference> {
        layout::differences(self.runner.borrow().about())
    }

    /// The field by which the module refuses to give this kernel's pages to the library, which has
    /// it elsewhere; `None` if it does not.
    pub fn refused_field(&self) -> Option<String> {
        self.runner.borrow().about().get("fast.refused").cloned()
    }

    /// The counters of the kernel's /proc/vmstat.
    ///
    /// # Errors
    ///
    /// The guest does not answer any more.
    pub fn counters(&self) -> Result<BTreeMap<String, u64>, BackendError> {
        self.runner.borrow_mut().stats()
    }

    /// How long the guest took until it was ready.
    pub fn boot_time(&self) -> Duration {
        self.runner.borrow().boot_time()
    }
}
