//! What a kernel has for releasing pages.

use put_user_page_case::Function;
use put_user_page_targets::profiles::{self, Profile};

/// The functions of the kernel that a backend releases pages with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// The four functions as the patch defines them, on the kernel's own primitives, and those
    /// that the kernel releases pins with.
    Patch,
    /// release_pages() alone, which put_user_pages() was to replace.
    ReleasePages,
    /// unpin_user_page*() alone, which put_user_page*() became.
    Unpin,
    /// The library of `src/` as it ships, on the kernel's pages.
    Fast,
    /// What a C file defines, compiled into the kernel.
    Candidate,
}

impl Api {
    /// Those that every kernel has.
    pub const ALL: [Api; 4] = [Api::Patch, Api::ReleasePages, Api::Unpin, Api::Fast];

    /// The name of the backend; of a candidate's only its form.
    pub const fn name(self) -> &'static str {
        match self {
            Api::Patch => "kernel",
            Api::ReleasePages => "kernel-release-pages",
            Api::Unpin => "kernel-unpin",
            Api::Fast => "kernel-fast",
            Api::Candidate => "FILE.c in the kernel",
        }
    }

    /// What the backend is, in a line.
    pub const fn what(self) -> &'static str {
        match self {
            Api::Patch => {
                "the Linux kernel in QEMU: the four functions as the patch defines them, and unpin_user_page*()"
            }
            Api::ReleasePages => {
                "the Linux kernel in QEMU: release_pages(), which put_user_pages() was to replace"
            }
            Api::Unpin => {
                "the Linux kernel in QEMU: unpin_user_page*() alone, what kernels release pins with today"
            }
            Api::Fast => {
                "the fast implementation as it ships, on the pages of the Linux kernel in QEMU"
            }
            Api::Candidate => "a candidate, compiled into the Linux kernel in QEMU",
        }
    }

    /// The functions of a kernel of this profile that it is about.
    pub fn functions(self, profile: &Profile) -> Vec<Function> {
        let is_about = |function: &Function| match self {
            Api::Patch | Api::Fast | Api::Candidate => true,
            Api::ReleasePages => !function.unpins(),
            Api::Unpin => function.unpins(),
        };
        profiles::functions(profile).into_iter().filter(is_about).collect()
    }
}
