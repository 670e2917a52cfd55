//! Every kind of case that some backend is not held to, and why: all that may differ from the
//! reference without being a divergence, beside what a backend cannot observe.

/// Why a backend is not held to cases of a kind.
#[derive(Debug, PartialEq, Eq)]
pub struct KnownDifference {
    /// What is true of such a case, as skips are counted under it.
    pub condition: &'static str,
    /// The backends.
    pub backends: &'static str,
    /// Why they are not run on it.
    pub reason: &'static str,
    /// Where it is seen to matter.
    pub seen: Seen,
}

/// Where a known difference is seen to matter: there a test fails when it does not any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// On the committed corpus, in this process.
    InProcess,
    /// On the committed corpus, in a kernel.
    InKernel,
    /// Where memory is short, or a backend misbehaves: no committed case can be held to it.
    Elsewhere,
}

pub(crate) static LACKS: KnownDifference = KnownDifference {
    condition: "it lacks a function",
    backends: "candidates, kernels",
    reason: "a candidate need not define all functions, and no kernel has them all",
    seen: Seen::InProcess,
};

pub(crate) static OVER_RELEASE: KnownDifference = KnownDifference {
    condition: "the case over-releases",
    backends: "candidates, kernels",
    reason: "what a release without a reference does is undefined in C",
    seen: Seen::InProcess,
};

pub(crate) static WAITS: KnownDifference = KnownDifference {
    condition: "a call may wait for a page lock, which nobody would give back",
    backends: "`fast-unhooked`",
    reason: "without hooks nobody plays the lock's holder; a thread does in a test of a few cases",
    seen: Seen::InProcess,
};

pub(crate) static NO_PINS: KnownDifference = KnownDifference {
    condition: "it pins pages, which the profile does not know",
    backends: "all, under `--profile patch-2018`",
    reason: "there are no pins before 5.6, and before 5.7 none that differ from references",
    seen: Seen::Elsewhere,
};

pub(crate) static UNTOLD_RULES: KnownDifference = KnownDifference {
    condition: "a page is the zero page, or an older kernel's pins are meant",
    backends: "`fast-unhooked`",
    reason: "without hooks nobody tells it which page that is, and how those were counted",
    seen: Seen::InProcess,
};

pub(crate) static NEEDS_LOCK: KnownDifference = KnownDifference {
    condition: "it marks a page of a real file without its lock",
    backends: "kernels",
    reason: "ext4 forbids it: its set_page_dirty() warns of pages that are not locked",
    seen: Seen::InKernel,
};

pub(crate) static NO_ROOM: KnownDifference = KnownDifference {
    condition: "a count has no room for the module's own reference",
    backends: "`kernel-fast`",
    reason: "it goes round then: put_page() does not look at that, and the library refuses it",
    seen: Seen::InKernel,
};

pub(crate) static DEVICE_PAGE: KnownDifference = KnownDifference {
    condition: "a page is of ZONE_DEVICE",
    backends: "`kernel-fast`",
    reason: "its driver gets it back in ways of its own, which the library does not know",
    seen: Seen::Elsewhere,
};

pub(crate) static HUGE_ZERO: KnownDifference = KnownDifference {
    condition: "a page is the kernel's own huge zero page",
    backends: "`kernel-release-pages`",
    reason: "release_pages() leaves it alone, which put_page() does not; smaller guests have none",
    seen: Seen::Elsewhere,
};

pub(crate) static NEGATIVE: KnownDifference = KnownDifference {
    condition: "a page starts with a count below zero",
    backends: "kernels",
    reason: "no kernel hands out such a page, and one that frees it says that the page is bad",
    seen: Seen::InKernel,
};

pub(crate) static NULLS: KnownDifference = KnownDifference {
    condition: "an entry is NULL, or a length the negative of an errno",
    backends: "`fast`, `fast-unhooked`, `fast-small-blocks`, `kernel-fast`",
    reason: "a slice of pages can hold neither: in Rust there is nothing to guard against",
    seen: Seen::InProcess,
};

pub(crate) static NO_MEMORY: KnownDifference = KnownDifference {
    condition: "the kernel has no compound page of that order left",
    backends: "kernels",
    reason: "a guest has 256 MiB, of which large orders run out",
    seen: Seen::Elsewhere,
};

pub(crate) static MIXED_ORDERS: KnownDifference = KnownDifference {
    condition: "the kernel gave pages of several orders to one user mapping",
    backends: "kernels",
    reason: "a folio line of a case is of one order",
    seen: Seen::Elsewhere,
};

pub(crate) static NO_USER_PAGES: KnownDifference = KnownDifference {
    condition: "the kernel gave no pages to a user mapping",
    backends: "kernels",
    reason: "there is nothing to release",
    seen: Seen::Elsewhere,
};

pub(crate) static HANGS: KnownDifference = KnownDifference {
    condition: "it hung on the cases before, and is not asked any more",
    backends: "candidates, kernels",
    reason: "each hang takes the whole time limit",
    seen: Seen::Elsewhere,
};

pub(crate) static DIES: KnownDifference = KnownDifference {
    condition: "it died on cases before, and is not asked any more",
    backends: "candidates, kernels",
    reason: "each death costs a new process or guest, and tells nothing new",
    seen: Seen::Elsewhere,
};

/// All of them, as docs/backends.md lists them.
pub static KNOWN_DIFFERENCES: [&KnownDifference; 16] = [
    &LACKS,
    &OVER_RELEASE,
    &WAITS,
    &NO_PINS,
    &UNTOLD_RULES,
    &NEEDS_LOCK,
    &NO_ROOM,
    &DEVICE_PAGE,
    &HUGE_ZERO,
    &NEGATIVE,
    &NULLS,
    &NO_MEMORY,
    &MIXED_ORDERS,
    &NO_USER_PAGES,
    &HANGS,
    &DIES,
];
