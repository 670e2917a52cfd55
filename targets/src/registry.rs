//! All fuzz targets: the one list that the command line, the tests and the README's
//! table follow.

use put_user_page_case::{Case, Function};

/// A fuzz target.
#[derive(Debug)]
pub struct Target {
    /// Its name: that of its entry point in fuzz/fuzz_targets and of its corpus.
    pub name: &'static str,
    /// What it holds against what.
    pub compares: &'static str,
    /// What must hold, short enough for a table.
    pub property: &'static str,
    /// What it does with a case.
    pub check: Check,
}

/// What a target does with a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Runs the case with all of its calls made calls of one function.
    OneFunction(Function),
    /// Runs the case as it is.
    Program,
    /// Runs the case as it is on a shared object in this process.
    Candidate,
    /// Takes the case through its forms.
    Decode,
    /// Runs the case as it is in a Linux kernel, in four ways.
    Kernel,
    /// Takes an answer to the case, which may be wrong, through all that is done with one.
    Answers,
}

impl Check {
    /// Makes of a case what the target makes of it.
    pub(crate) fn adapt(self, case: &mut Case) {
        if let Check::OneFunction(function) = self {
            case.call_only(function);
        }
    }

    /// The functions that the target's cases are about: they can call these, and its corpus
    /// must reach what these can reach. What counts in answers is not their cases.
    pub fn functions(self) -> &'static [Function] {
        let all: &[Function] = &Function::ALL;
        match self {
            Check::OneFunction(function) => &all[usize::from(function.number())..][..1],
            Check::Program | Check::Candidate | Check::Decode | Check::Kernel => all,
            Check::Answers => &[],
        }
    }
}

/// Names the shared object that the `candidate` target runs.
pub const CANDIDATE_VARIABLE: &str = "PUT_USER_PAGE_CANDIDATE";

/// Names the image of a kernel of one's own for the `kernel` target, together with
/// [`KDIR_VARIABLE`].
pub const KERNEL_VARIABLE: &str = "PUT_USER_PAGE_KERNEL";

/// Names the build directory of the kernel that [`KERNEL_VARIABLE`] names.
pub const KDIR_VARIABLE: &str = "PUT_USER_PAGE_KDIR";

/// All targets.
pub static TARGETS: [Target; 9] = [
    Target {
        name: "put_user_page",
        compares: "`fast` with `reference`, each entry a call of its own",
        property: "n calls = n references; freed at 0, once",
        check: Check::OneFunction(Function::PutUserPage),
    },
    Target {
        name: "put_user_pages",
        compares: "`fast` with `reference`",
        property: "run of k = k entries, also if r < k",
        check: Check::OneFunction(Function::PutUserPages),
    },
    Target {
        name: "put_user_pages_dirty",
        compares: "`fast` with `reference`",
        property: "clean → dirty, then put; head only",
        check: Check::OneFunction(Function::PutUserPagesDirty),
    },
    Target {
        name: "put_user_pages_dirty_lock",
        compares: "`fast` with `reference`",
        property: "clean: lock → dirty → unlock → put",
        check: Check::OneFunction(Function::PutUserPagesDirtyLock),
    },
    Target {
        name: "program",
        compares: "`fast` with `reference`, all functions in one world",
        property: "any calls in any order, arrays reused",
        check: Check::Program,
    },
    Target {
        name: "candidate",
        compares: "a shared object with `reference`",
        property: "valid case: same outcome",
        check: Check::Candidate,
    },
    Target {
        name: "decode",
        compares: "bytes, text, Rust and C with each other",
        property: "decode(encode(c)) = c = parse(print(c))",
        check: Check::Decode,
    },
    Target {
        name: "kernel",
        compares: "the Linux kernel in QEMU with `reference`, four ways",
        property: "valid case: same outcome on real pages",
        check: Check::Kernel,
    },
    Target {
        name: "answers",
        compares: "a kernel's or process's answer with `reference`",
        property: "any bytes: no panic, no hang",
        check: Check::Answers,
    },
];

/// The target with this name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
