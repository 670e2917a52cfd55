//! Bugs that the model has no words for yet, each with what it waits for.

/// What the model would have to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// References are taken by the implementation that is tried, not for it.
    Acquiring,
    /// Pages of devices, whose counts end at one.
    DevicePages,
    /// Compound pages that are split, or made, during a case.
    Splitting,
    /// Several threads.
    Threads,
    /// Pages that are taken out of their file.
    Truncation,
    /// What a file system keeps of a page.
    FileSystemData,
    /// Pages that are taken back from who has them.
    Reclaim,
    /// Address spaces: copies on write, forks.
    Mappings,
    /// A kernel, and so a profile, that skips a NULL wherever in the array it is.
    NullsSkippedAnywhere,
}

/// A bug that waits.
#[derive(Debug)]
pub struct Waiting {
    /// What it does wrong, in a few words joined by hyphens.
    pub name: &'static str,
    /// The commits or the CVE that it stands for.
    pub source: &'static str,
    /// What it waits for.
    pub needs: &'static [Capability],
}

const fn waiting(
    name: &'static str,
    source: &'static str,
    needs: &'static [Capability],
) -> Waiting {
    Waiting { name, source, needs }
}

use Capability::{
    Acquiring, DevicePages, FileSystemData, Mappings, NullsSkippedAnywhere, Reclaim, Splitting,
    Threads, Truncation,
};

/// All bugs that wait.
pub static WAITING: &[Waiting] = &[
    waiting("take-a-reference-of-a-free-page", "8fde12ca79af, CVE-2019-11487", &[Acquiring]),
    waiting("refuse-what-can-be-had", "c36c04c2e132, f442fa614137", &[Acquiring]),
    waiting("pincount-before-refcount", "8ea2979c1444", &[Threads]),
    waiting("long-term-pin-of-a-tracked-file", "8ac268436e6d, a6e79df92e4a", &[Acquiring]),
    waiting("null-entry-skipped-at-a-run's-start-only", "a1268be280d8", &[NullsSkippedAnywhere]),
    waiting("zero-page-cannot-be-pinned", "476c1dfefab8", &[Acquiring]),
    waiting("device-page-freed-at-zero", "f4f451a16dd1", &[DevicePages]),
    waiting("device-page-taken-for-another", "43fbdeb34964", &[DevicePages]),
    waiting("put-on-the-head-from-before-the-split", "c24d37322548", &[Splitting, Threads]),
    waiting("pinned-by-tail-unpinned-by-head", "5afb4bf9fc62", &[Splitting]),
    waiting("compound-page-made-of-tails-in-use", "7118fc2906e2", &[Splitting, Threads]),
    waiting("marked-in-a-file-that-it-has-left", "2d6d7f982846", &[Truncation, Threads]),
    waiting("marked-without-buffers", "cc5095747edf", &[FileSystemData]),
    waiting("file-system-data-of-a-pinned-page-reclaimed", "d824ec2a1546", &[Reclaim]),
    waiting("pinned-page-put-in-the-swap-cache", "feb889fb40fa", &[Reclaim]),
    waiting("lazily-freed-page-dropped-under-io", "6c8e2a256915", &[Reclaim]),
    waiting("pinned-page-shared-by-a-fork", "6c287605fd56", &[Mappings]),
];
