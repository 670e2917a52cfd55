//! The kernel as a backend: cases as jobs for its guest, and answers as outcomes.

use std::borrow::Cow;

use put_user_page_case::world::World;
use put_user_page_case::{Case, Function};
use put_user_page_kernel::{Death, GuestJob, How, Patience, Runner};
use put_user_page_targets::backend::{
    Backend, BackendError, Class, Events, Failure, HowFailed, Job, Observes, Ran, Skip,
};
use put_user_page_targets::outcome::Outcome;
use put_user_page_targets::profiles::Profile;

use crate::answer;
use crate::api::Api;
use crate::guest::KernelGuest;
use crate::job::KernelJob;

/// What the answers hold of functions that return nothing, as the kernel's own.
pub(crate) const OBSERVES: Observes = Observes { errors: false, ..OBSERVES_FAST };

/// What they hold of the library's.
const OBSERVES_FAST: Observes = Observes { events: Events::OfPages, ..Observes::ALL };

/// The kernel, releasing pages with some of its functions.
pub struct Kernel {
    name: String,
    api: Api,
    profile: &'static Profile,
    functions: Vec<Function>,
    guest: KernelGuest,
    outcome: Outcome,
    /// For the deaths of this kernel, where many cases are run.
    patience: Patience,
    /// Failures of guests that were thrown away, which no case can be blamed for.
    unexplained: Vec<Failure>,
}

/// How often a kernel may die as it has died before. Each time takes seconds, and a function
/// that is wrong may kill it on most cases.
const REPEATED_DEATHS: u32 = 20;

impl KernelGuest {
    /// Some functions for releasing pages in this guest, as a backend.
    ///
    /// # Errors
    ///
    /// They are the library's, which does not know this kernel's `struct page`.
    pub fn backend(&self, api: Api) -> Result<Kernel, BackendError> {
        if api == Api::Fast
            && let Some(field) = self.refused_field()
        {
            return Err(BackendError::new(
                format!("{} does not know this kernel's struct page: {field}", api.name()),
                "leave it out; the kernel's own functions run on every kernel, and \
                 `scripts/kernel about` says where its struct page differs",
            ));
        }
        Ok(self.backend_of(api.name().to_owned(), api))
    }

    /// The candidate that this guest was started with, as a backend with this name.
    pub fn candidate(&self, name: String) -> Kernel {
        let mut candidate = self.backend_of(name, Api::Candidate);
        let runner = self.runner.borrow();
        let defined = runner.candidate_functions();
        candidate.functions.retain(|function| defined.contains(function.name()));
        candidate
    }

    fn backend_of(&self, name: String, api: Api) -> Kernel {
        let (guest, outcome) = (self.clone(), Outcome::with_room());
        let patience = Patience::new(REPEATED_DEATHS);
        let profile = guest.profile();
        let functions = api.functions(profile);
        let unexplained = Vec::new();
        Kernel { name, api, profile, functions, guest, outcome, patience, unexplained }
    }

    /// All that this kernel can be, as backends.
    pub fn backends(&self) -> impl Iterator<Item = Kernel> {
        Api::ALL.into_iter().filter_map(|api| self.backend(api).ok())
    }
}

impl Backend for Kernel {
    fn name(&self) -> &str {
        &self.name
    }

    fn observes(&self) -> Observes {
        if self.api == Api::Fast { OBSERVES_FAST } else { OBSERVES }
    }

    fn profile(&self) -> &'static Profile {
        self.profile
    }

    fn functions(&self) -> &[Function] {
        &self.functions
    }

    fn skips(&self, world: &World, class: Class) -> Option<Skip> {
        if world.folios.iter().any(|folio| folio.refs < 0) {
            return Some(Skip::Negative);
        }
        if self.api == Api::Fast && !world.fits_slices() {
            return Some(Skip::Nulls);
        }
        if class == Class::OverRelease && !self.guest.options.undefined {
            return Some(Skip::OverRelease);
        }
        let lacks = world.calls().map(|(_, f)| f).find(|f| !self.functions.contains(f));
        lacks.map(Skip::Lacks)
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
        let Kernel { api, guest, outcome, patience, .. } = self;
        let mut endless = Patience::endless();
        // Whoever asks for one case alone wants to know what this one does.
        let patience = if jobs.len() == 1 { &mut endless } else { patience };
        let valid = jobs.iter().enumerate().filter(|(_, job)| job.class == Class::Valid);
        let (indices, sent): (Vec<usize>, Vec<KernelJob>) = valid
            .map(|(index, job)| (index, KernelJob::new(job, *api, guest.options.free)))
            .unzip();
        let guest_jobs: Vec<GuestJob<'_>> = sent.iter().map(KernelJob::guest_job).collect();
        let mut answered = Ok(());
        let run = &mut |number: usize, answer: Result<&[u8], Death>| {
            if answered.is_err() {
                return;
            }
            let index = indices[number];
            match take(answer, jobs[index].world, outcome) {
                Ok(ran) => deliver(index, ran),
                Err(error) => answered = Err(error),
            }
        };
        let ran = guest.runner.borrow_mut().run_patiently(&guest_jobs, patience, run)?;
        answered?;
        for &index in &indices[ran..] {
            deliver(index, Ran::Skipped(Skip::Dies { cases: patience.deaths() }));
        }
        Ok(())
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
        let world = World::of(&aftermath);
        let aftermath = Job { case: &aftermath, world: &world, class: Class::Valid };
        for (index, job) in undefined {
            let both = [job, &aftermath];
            let sent = both.map(|job| KernelJob::new(job, self.api, true));
            let guest_jobs = sent.each_ref().map(KernelJob::guest_job);
            let mut runner = Runner::start(&self.guest.options.guest)?;
            let mut came = [const { Ok(Ran::Survived) }; 2];
            runner.run(&guest_jobs, &mut |number, answer| {
                // The aftermath is not to blame for what it came by.
                let answer = answer.map_err(|death| Death { after: None, ..death });
                let ran = take(answer, both[number].world, &mut self.outcome);
                came[number] = ran.map(Ran::into_owned);
            })?;
            let [itself, after] = came;
            let ran = match (itself?, after?) {
                (Ran::Outcome(_) | Ran::Survived, Ran::Failed(failure)) => Ran::Failed(failure),
                (Ran::Outcome(_) | Ran::Survived, _) => Ran::Survived,
                (itself, _) => itself,
            };
            deliver(index, ran);
            self.unexplained.extend(runner.take_unexplained().into_iter().map(failure));
        }
        Ok(())
    }
}

/// What runs after a case that over-releases, so that the kernel comes by the pages that it
/// has spoilt.
const AFTERMATH: &str = "folio a repeat=256\nfolio b repeat=256\nfolio c repeat=256\n\
    folio d order=1 repeat=64\nfolio e order=3 repeat=16\nfolio f order=9 repeat=2\n";

/// What came of a case, by the guest's answer.
fn take<'a>(
    answer: Result<&[u8], Death>,
    world: &World,
    outcome: &'a mut Outcome,
) -> Result<Ran<'a>, BackendError> {
    let bytes = match answer {
        Ok(bytes) => bytes,
        Err(death) => return Ok(Ran::Failed(failure(death))),
    };
    match answer::read(bytes, world, outcome) {
        Ok(None) => Ok(Ran::Outcome(Cow::Borrowed(outcome))),
        Ok(Some(skip)) => Ok(Ran::Skipped(skip)),
        Err(message) => Err(BackendError::new(
            format!("the kernel module gave no answer that can be read: {message}"),
            "the module and pagediff are of different versions: run `scripts/kernel setup`",
        )),
    }
}

fn failure(death: Death) -> Failure {
    let is_alone = death.is_alone();
    let function = death.function().map(str::to_owned);
    let how = match death.how {
        How::Hung(seconds) if is_alone => HowFailed::Hung(seconds),
        how if is_alone => HowFailed::Crashed(how.to_string()),
        how => HowFailed::Crashed(format!("{how}, but only after other cases")),
    };
    Failure { how, function, log: death.log }
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
