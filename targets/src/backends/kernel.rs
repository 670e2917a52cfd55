//! The Linux kernel in QEMU as backends: three ways of releasing pages, in one guest.

mod answer;
mod job;
mod layout;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use put_user_page_kernel::{Death, GuestJob, How, Options, Runner};

use self::job::{KernelJob, Turn, has_ranges};
pub use self::layout::LayoutDifference;
use super::{InProcess, Naive, naive};
use crate::backend::{
    Backend, BackendError, Class, Events, Failure, HowFailed, Job, Observes, Ran, Skip,
};
use crate::case::Case;
use crate::oracle::Comparison;
use crate::outcome::{Counter, Imbalance, Outcome};
use crate::told;
use crate::world::World;

/// A way of releasing pages that the kernel has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The four functions as the patch defines them, on the kernel's own primitives.
    Patch,
    /// release_pages(), which put_user_pages() was to replace.
    ReleasePages,
    /// unpin_user_page*(), which put_user_page*() became.
    Unpin,
}

impl Way {
    /// All ways, by their number in the module.
    pub const ALL: [Way; 3] = [Way::Patch, Way::ReleasePages, Way::Unpin];

    /// The name of the backend.
    pub const fn name(self) -> &'static str {
        match self {
            Way::Patch => "kernel",
            Way::ReleasePages => "kernel-release-pages",
            Way::Unpin => "kernel-unpin",
        }
    }

    /// What the backend is, in a line.
    pub const fn what(self) -> &'static str {
        match self {
            Way::Patch => "the Linux kernel in QEMU: the four functions as the patch defines them",
            Way::ReleasePages => {
                "the Linux kernel in QEMU: release_pages(), which put_user_pages() was to replace"
            }
            Way::Unpin => {
                "the Linux kernel in QEMU: unpin_user_page*(), what kernels release pins with today"
            }
        }
    }
}

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
    runner: Rc<RefCell<Runner>>,
    options: Rc<KernelOptions>,
}

impl fmt::Debug for KernelGuest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("KernelGuest")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl KernelGuest {
    /// Boots the kernel.
    ///
    /// # Errors
    ///
    /// It is not set up, or does not boot.
    pub fn start(options: KernelOptions) -> Result<KernelGuest, BackendError> {
        let runner = Runner::start(&options.guest)?;
        Ok(KernelGuest { runner: Rc::new(RefCell::new(runner)), options: Rc::new(options) })
    }

    /// The kernel's release.
    pub fn release(&self) -> String {
        self.runner.borrow().about().get("release").cloned().unwrap_or_default()
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

    /// One way of releasing pages in this guest, as a backend.
    pub fn backend(&self, way: Way) -> Kernel {
        Kernel {
            way,
            guest: self.clone(),
            reference: naive(),
            outcome: Outcome::with_room(),
            as_ranges: Outcome::with_room(),
            unexplained: Vec::new(),
        }
    }
}

/// What is seen of a kernel's pages.
const OBSERVES: Observes = Observes { errors: false, stray_writes: true, events: Events::OfPages };

/// The kernel, releasing pages in one way.
#[derive(Debug)]
pub struct Kernel {
    way: Way,
    guest: KernelGuest,
    /// Tells which of two outcomes is the wrong one.
    reference: InProcess<Naive>,
    outcome: Outcome,
    as_ranges: Outcome,
    /// Failures of guests that were thrown away, which no case can be blamed for.
    unexplained: Vec<Failure>,
}

impl Backend for Kernel {
    fn name(&self) -> &str {
        self.way.name()
    }

    fn observes(&self) -> Observes {
        OBSERVES
    }

    fn skips(&self, _world: &World, class: Class) -> Option<Skip> {
        let runs = class == Class::Valid || self.guest.options.undefined;
        (!runs).then_some(Skip::OverRelease)
    }

    fn run(
        &mut self,
        jobs: &[Job<'_>],
        deliver: &mut dyn FnMut(usize, Ran<'_>),
    ) -> Result<(), BackendError> {
        self.run_valid(jobs, deliver)?;
        self.run_undefined(jobs, deliver)
    }

    fn unexplained(&mut self) -> Vec<Failure> {
        let mut unexplained = std::mem::take(&mut self.unexplained);
        let deaths = self.guest.runner.borrow_mut().take_unexplained();
        unexplained.extend(deaths.into_iter().map(failure));
        unexplained
    }
}

impl Kernel {
    fn run_valid(
        &mut self,
        jobs: &[Job<'_>],
        deliver: &mut dyn FnMut(usize, Ran<'_>),
    ) -> Result<(), BackendError> {
        let free = self.guest.options.free;
        let mut sent = Vec::with_capacity(jobs.len());
        for (index, job) in jobs.iter().enumerate().filter(|(_, job)| job.class == Class::Valid) {
            let turns: &[Turn] = if self.way == Way::Unpin && has_ranges(job.world) {
                &[Turn::Arrays, Turn::Ranges]
            } else {
                &[Turn::Only]
            };
            sent.extend(turns.iter().map(|&t| KernelJob::new(index, job, self.way, free, t)));
        }
        let guest_jobs: Vec<GuestJob<'_>> = sent.iter().map(KernelJob::guest_job).collect();
        let guest = self.guest.clone();
        let mut runner = guest.runner.borrow_mut();
        let mut answered = Ok(());
        // The first of two runs of a case, if it is not to be delivered yet.
        let mut first: Option<Result<(), Instead>> = None;
        runner.run(&guest_jobs, &mut |number, answer| {
            if answered.is_err() {
                return;
            }
            let &KernelJob { index, turn, .. } = &sent[number];
            let into = match turn {
                Turn::Only | Turn::Arrays => &mut self.outcome,
                Turn::Ranges => &mut self.as_ranges,
            };
            let ran = match take(answer, jobs[index].world, into) {
                Ok(ran) => ran,
                Err(error) => {
                    answered = Err(error);
                    return;
                }
            };
            match turn {
                Turn::Only => deliver(index, show(ran, &self.outcome)),
                Turn::Arrays => first = Some(ran),
                Turn::Ranges => {
                    let first = first.take().expect("a case runs with arrays first");
                    self.deliver_worse(index, &jobs[index], first, ran, deliver);
                }
            }
        })?;
        answered
    }

    /// Of two runs of a case, delivers the worse: one that died before one that differs from
    /// the reference, and what was skipped last.
    fn deliver_worse(
        &mut self,
        index: usize,
        job: &Job<'_>,
        arrays: Result<(), Instead>,
        ranges: Result<(), Instead>,
        deliver: &mut dyn FnMut(usize, Ran<'_>),
    ) {
        if arrays.is_ok() && ranges.is_ok() && self.outcome == self.as_ranges {
            deliver(index, show(arrays, &self.outcome));
            return;
        }
        let badness_of_arrays = badness(&mut self.reference, job, &arrays, &self.outcome);
        let badness_of_ranges = badness(&mut self.reference, job, &ranges, &self.as_ranges);
        if badness_of_arrays >= badness_of_ranges {
            deliver(index, show(arrays, &self.outcome));
            return;
        }
        if badness_of_ranges == Badness::Differs {
            // For the reader of a report.
            let (counter, folio) = (Counter::RangeCalls, None);
            let note = Imbalance { counter, folio, expected: 0, found: 1 };
            self.as_ranges.imbalances.push(note);
        }
        deliver(index, show(ranges, &self.as_ranges));
    }

    /// Cases that over-release, each in a guest of its own that is thrown away: what it does
    /// to the kernel must not be put down to another.
    fn run_undefined(
        &mut self,
        jobs: &[Job<'_>],
        deliver: &mut dyn FnMut(usize, Ran<'_>),
    ) -> Result<(), BackendError> {
        let undefined = jobs.iter().enumerate().filter(|(_, job)| job.class == Class::OverRelease);
        let aftermath = Case::from_text(AFTERMATH).expect("it is a case");
        let (bytes, world) = (aftermath.encode(), World::of(&aftermath));
        let aftermath = Job { bytes: &bytes, world: &world, class: Class::Valid };
        for (index, job) in undefined {
            let sent = [(index, job), (index, &aftermath)]
                .map(|(index, job)| KernelJob::new(index, job, self.way, true, Turn::Only));
            let guest_jobs = sent.each_ref().map(KernelJob::guest_job);
            let mut runner = Runner::start(&self.guest.options.guest)?;
            let mut came = [const { Ok(Ok(())) }; 2];
            runner.run(&guest_jobs, &mut |number, answer| {
                let world = if number == 0 { job.world } else { &world };
                // The aftermath is not to blame for what it came by.
                let answer = answer.map_err(|death| Death { after: None, ..death });
                came[number] = take(answer, world, &mut self.outcome);
            })?;
            let [itself, after] = came;
            deliver(
                index,
                match (itself?, after?) {
                    (Err(Instead::Failed(failure)), _) | (_, Err(Instead::Failed(failure))) => {
                        Ran::Failed(failure)
                    }
                    (Err(Instead::Skipped(skip)), _) => Ran::Skipped(skip),
                    (Ok(()), _) => Ran::Survived,
                },
            );
            self.unexplained.extend(runner.take_unexplained().into_iter().map(failure));
        }
        Ok(())
    }
}

/// What runs after a case that over-releases, so that the kernel comes by the pages that it
/// has spoilt.
const AFTERMATH: &str = "folio a repeat=256\nfolio b repeat=256\nfolio c repeat=256\n\
    folio d order=1 repeat=64\nfolio e order=3 repeat=16\nfolio f order=9 repeat=2\n";

/// How bad it is what came of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Badness {
    Skipped,
    Same,
    Differs,
    Failed,
}

fn badness(
    reference: &mut InProcess<Naive>,
    job: &Job<'_>,
    ran: &Result<(), Instead>,
    outcome: &Outcome,
) -> Badness {
    match ran {
        Err(Instead::Failed(_)) => return Badness::Failed,
        Err(Instead::Skipped(_)) => return Badness::Skipped,
        Ok(()) => {}
    }
    let case = Case::decode(job.bytes);
    let expected = told::reference_outcome(job.bytes, job.world, reference);
    let ran = Ran::Outcome(outcome);
    match told::compare(&case, job.world, &expected, ran, OBSERVES, reference).comparison {
        Comparison::Same => Badness::Same,
        Comparison::Differs(_) => Badness::Differs,
        Comparison::Skipped(_) => Badness::Skipped,
    }
}

/// What there is instead of an outcome.
enum Instead {
    Failed(Failure),
    Skipped(Skip),
}

fn take(
    answer: Result<&[u8], Death>,
    world: &World,
    into: &mut Outcome,
) -> Result<Result<(), Instead>, BackendError> {
    match answer {
        Err(death) => Ok(Err(Instead::Failed(failure(death)))),
        Ok(bytes) => match answer::read(bytes, world, into) {
            Ok(None) => Ok(Ok(())),
            Ok(Some(skip)) => Ok(Err(Instead::Skipped(skip))),
            Err(message) => Err(BackendError {
                message: format!("the kernel module gave no answer that can be read: {message}"),
                help:
                    "the module and pagediff are of different versions: run `scripts/kernel setup`"
                        .to_owned(),
            }),
        },
    }
}

fn show<'a>(ran: Result<(), Instead>, outcome: &'a Outcome) -> Ran<'a> {
    match ran {
        Ok(()) => Ran::Outcome(outcome),
        Err(Instead::Failed(failure)) => Ran::Failed(failure),
        Err(Instead::Skipped(skip)) => Ran::Skipped(skip),
    }
}

fn failure(death: Death) -> Failure {
    let is_alone = death.is_alone();
    let how = match death.how {
        How::Hung(seconds) if is_alone => HowFailed::Hung(seconds),
        how if is_alone => HowFailed::Crashed(how.to_string()),
        how => HowFailed::Crashed(format!("{how}, but only after other cases")),
    };
    Failure { how, log: death.log }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_other_cases_is_told_apart() {
        let told = |how, after| failure(Death { how, log: String::new(), after }).to_string();
        let bug = || How::Panicked("BUG: bad".to_owned());
        assert_eq!(told(bug(), None), "crashed: BUG: bad");
        assert_eq!(told(bug(), Some(1)), "crashed: BUG: bad, but only after other cases");
        assert_eq!(told(How::Hung(2), None), "hung: no end after 2 s");
        let hung = told(How::Hung(2), Some(1));
        assert_eq!(hung, "crashed: no answer for 2 s, but only after other cases");
    }
}
