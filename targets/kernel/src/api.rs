//! What a kernel has for releasing pages.

/// The functions of the kernel that a backend releases pages with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// The four functions as the patch defines them, on the kernel's own primitives.
    Patch,
    /// release_pages(), which put_user_pages() was to replace.
    ReleasePages,
    /// unpin_user_page*(), which put_user_page*() became.
    Unpin,
    /// The same, with arrays that are a range released by
    /// unpin_user_page_range_dirty_lock().
    UnpinRange,
}

impl Api {
    /// All of them.
    pub const ALL: [Api; 4] = [Api::Patch, Api::ReleasePages, Api::Unpin, Api::UnpinRange];

    /// The name of the backend.
    pub const fn name(self) -> &'static str {
        match self {
            Api::Patch => "kernel",
            Api::ReleasePages => "kernel-release-pages",
            Api::Unpin => "kernel-unpin",
            Api::UnpinRange => "kernel-unpin-range",
        }
    }

    /// What the backend is, in a line.
    pub const fn what(self) -> &'static str {
        match self {
            Api::Patch => "the Linux kernel in QEMU: the four functions as the patch defines them",
            Api::ReleasePages => {
                "the Linux kernel in QEMU: release_pages(), which put_user_pages() was to replace"
            }
            Api::Unpin => {
                "the Linux kernel in QEMU: unpin_user_page*(), what kernels release pins with today"
            }
            Api::UnpinRange => {
                "the Linux kernel in QEMU: unpin_user_page_range_dirty_lock(), for ranges of pages"
            }
        }
    }
}
