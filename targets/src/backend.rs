//! The border between the harness and the implementations that it compares.

use std::borrow::Cow;
use std::{fmt, io};

pub use put_user_page_support::Error as BackendError;

use put_user_page_case::world::World;
use put_user_page_case::{Case, Function};
use put_user_page_reference::Profile;

use crate::known_differences::{self, KnownDifference};
use crate::outcome::Outcome;

/// One case for a backend: its world, and the case itself for those who build the world
/// elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The case.
    pub case: &'a Case,
    /// The case's world. Its program may be cut short.
    pub world: &'a World,
    /// What the reference makes of it.
    pub class: Class,
}

/// One implementation under comparison.
pub trait Backend {
    /// The name that the command line and reports know it by.
    fn name(&self) -> &str;

    /// What its outcomes hold.
    fn observes(&self) -> Observes;

    /// The rules that it is held to.
    fn profile(&self) -> &'static Profile {
        Profile::newest()
    }

    /// The functions that it has.
    fn functions(&self) -> &[Function] {
        &Function::ALL
    }

    /// The functions that it does not have.
    fn lacks(&self) -> Vec<Function> {
        Function::ALL.into_iter().filter(|function| !self.functions().contains(function)).collect()
    }

    /// Why it cannot run this case; `None` if it can.
    fn skips(&self, world: &World, class: Class) -> Option<Skip>;

    /// Runs the jobs, and delivers what came of each, once, by its index. A case has the
    /// same outcome after any other.
    ///
    /// # Errors
    ///
    /// The backend itself does not work; the jobs not delivered yet were not run.
    fn run(
        &mut self,
        jobs: &[Job<'_>],
        deliver: &mut dyn FnMut(usize, Ran<'_>),
    ) -> Result<(), BackendError>;

    /// Failures since this was asked last that no job can be blamed for: the jobs that ran
    /// then have run again without it.
    fn unexplained(&mut self) -> Vec<Failure> {
        Vec::new()
    }
}

/// Functions that a backend does not have, for people. Those that release pins are one to who has
/// none of them, and so are the others.
pub fn lacks_in_words(lacks: &[Function]) -> String {
    let has_some = |unpins: bool| {
        Function::ALL
            .iter()
            .any(|function| function.unpins() == unpins && !lacks.contains(function))
    };
    let mut words: Vec<String> = Vec::new();
    for (unpins, all) in
        [(false, "function that releases references"), (true, "function that releases pins")]
    {
        let names = lacks.iter().filter(|function| function.unpins() == unpins);
        if has_some(unpins) {
            words.extend(names.map(|function| format!("{}()", function.name())));
        } else {
            words.push(all.to_owned());
        }
    }
    words.dedup();
    words.join(", ")
}

/// What came of a job.
#[derive(Clone, Debug)]
pub enum Ran<'a> {
    /// What the case left behind.
    Outcome(Cow<'a, Outcome>),
    /// The backend did not survive it: a divergence.
    Failed(Failure),
    /// It could not be run after all.
    Skipped(Skip),
    /// The backend survived it, which is all that was asked.
    Survived,
}

impl Ran<'_> {
    /// The same, in memory of its own.
    pub fn into_owned(self) -> Ran<'static> {
        match self {
            Ran::Outcome(outcome) => Ran::Outcome(Cow::Owned(outcome.into_owned())),
            Ran::Failed(failure) => Ran::Failed(failure),
            Ran::Skipped(skip) => Ran::Skipped(skip),
            Ran::Survived => Ran::Survived,
        }
    }
}

/// What a case is, by what the reference makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Every release had a reference of its own to drop: all backends must agree.
    Valid,
    /// Something was released that had no reference or pin left, or a page was freed under the
    /// lock of its holder or with a pin, whose reference it was: undefined in C and in the kernel.
    OverRelease,
}

/// Which parts of an outcome a backend fills in. Only what both sides fill in is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observes {
    /// Which entry stopped a call.
    pub errors: bool,
    /// Writes to places that a release has no business with.
    pub stray_writes: bool,
    /// Events.
    pub events: Events,
    /// Pins as the node counts them.
    pub node_pins: bool,
}

/// Which events a backend observes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Events {
    /// None: neither what happened to a page, nor whether it was dirty when it was freed.
    None,
    /// Of each page and call, in order: that it waited, turned dirty and was freed. Of a
    /// file's page that the kernel allocated, also that it was locked to be marked, and
    /// the refcount at that moment.
    OfPages,
    /// Every event, with the refcount at that moment.
    Every,
}

impl Observes {
    /// Everything.
    pub const ALL: Observes =
        Observes { errors: true, stray_writes: true, events: Events::Every, node_pins: true };

    /// What both observe.
    pub fn and(self, other: Observes) -> Observes {
        Observes {
            errors: self.errors && other.errors,
            stray_writes: self.stray_writes && other.stray_writes,
            events: self.events.min(other.events),
            node_pins: self.node_pins && other.node_pins,
        }
    }

    /// The names of what is not observed.
    pub fn missing(self) -> Vec<&'static str> {
        let parts = [
            (self.errors, "errors of calls"),
            (self.stray_writes, "stray writes"),
            (self.node_pins, "pins that the node counts"),
            (self.events != Events::None, "events"),
            (self.events != Events::None, "whether a page was dirty when it was freed"),
            (self.events != Events::OfPages, "page locks that nobody waits for"),
            (self.events != Events::OfPages, "refcounts as pages without a file turn dirty"),
        ];
        parts.into_iter().filter(|(observed, _)| !observed).map(|(_, name)| name).collect()
    }
}

/// Why a backend does not run a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Skip {
    /// The case calls a function that the backend does not have.
    Lacks(Function),
    /// The case over-releases, which is undefined for the backend.
    OverRelease,
    /// A call may wait for a page lock that nobody would give back.
    Waits,
    /// It hung on the cases before.
    Hangs,
    /// There is no memory for the case's pages.
    NoMemory,
    /// The kernel gave pages of several orders to one user mapping.
    MixedOrders,
    /// The user mapping has no pages.
    NoUserPages {
        /// The kernel's reason.
        errno: i32,
    },
    /// The case pins pages, and the kernels of the profile have no pins.
    NoPins,
    /// The rules of pins matter, which nobody tells the backend.
    UntoldRules,
    /// A page of a real file would be marked without its lock, which its file forbids.
    NeedsLock,
    /// A count has no room for the reference of whoever looks on.
    NoRoom,
    /// A page lies in a device's memory.
    DevicePage,
    /// A page is the kernel's own huge zero page.
    HugeZero,
    /// A page starts with a count below zero, which somebody else's over-release left.
    Negative,
    /// An entry is NULL, or a length the negative of an errno.
    Nulls,
    /// It died again and again of cases before.
    Dies {
        /// Of how many.
        cases: u32,
    },
}

impl Skip {
    /// What is known of such cases.
    pub fn known(&self) -> &'static KnownDifference {
        match self {
            Skip::Lacks(_) => &known_differences::LACKS,
            Skip::OverRelease => &known_differences::OVER_RELEASE,
            Skip::Waits => &known_differences::WAITS,
            Skip::Hangs => &known_differences::HANGS,
            Skip::NoMemory => &known_differences::NO_MEMORY,
            Skip::MixedOrders => &known_differences::MIXED_ORDERS,
            Skip::NoUserPages { .. } => &known_differences::NO_USER_PAGES,
            Skip::NoPins => &known_differences::NO_PINS,
            Skip::UntoldRules => &known_differences::UNTOLD_RULES,
            Skip::NeedsLock => &known_differences::NEEDS_LOCK,
            Skip::NoRoom => &known_differences::NO_ROOM,
            Skip::DevicePage => &known_differences::DEVICE_PAGE,
            Skip::HugeZero => &known_differences::HUGE_ZERO,
            Skip::Negative => &known_differences::NEGATIVE,
            Skip::Nulls => &known_differences::NULLS,
            Skip::Dies { .. } => &known_differences::DIES,
        }
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let condition = self.known().condition;
        match self {
            Skip::Lacks(function) => write!(formatter, "it has no {}()", function.name()),
            Skip::NoUserPages { errno } => {
                write!(formatter, "{condition}: {}", io::Error::from_raw_os_error(*errno))
            }
            Skip::Dies { cases } => {
                write!(formatter, "it died on {cases} cases before, and is not asked any more")
            }
            _ => formatter.write_str(condition),
        }
    }
}

/// A backend that did not survive a case: a divergence.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Failure {
    /// How it failed.
    pub how: HowFailed,
    /// The function that a kernel was in when it crashed, where its log says.
    #[serde(skip)]
    pub function: Option<String>,
    /// What a kernel logged; empty for other backends.
    #[serde(skip)]
    pub log: String,
}

/// How a backend failed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HowFailed {
    /// It ended, and how.
    Crashed(String),
    /// It did not end within so many seconds.
    Hung(u64),
}

impl From<HowFailed> for Failure {
    fn from(how: HowFailed) -> Failure {
        Failure { how, function: None, log: String::new() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.how {
            HowFailed::Crashed(how) => write!(formatter, "crashed: {how}"),
            HowFailed::Hung(seconds) => write!(formatter, "hung: no end after {seconds} s"),
        }
    }
}
