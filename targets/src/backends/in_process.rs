//! A machine in this process as a backend.

use std::borrow::Cow;

use put_user_page_case::world::{MAX_ARRAYS, World};
use put_user_page_case::{Function, Source};
use put_user_page_reference::Profile;

use crate::backend::{Backend, BackendError, Class, Job, Observes, Ran, Skip};
use crate::machine::{self, Machine};
use crate::outcome::Outcome;
use crate::profiles;

/// A machine in this process, and what is to be said of it.
#[derive(Debug)]
pub struct InProcess<M> {
    /// The name that reports know it by.
    pub name: String,
    /// What the machine observes.
    pub observes: Observes,
    /// The rules that it is held to.
    pub profile: &'static Profile,
    /// The functions that the machine has.
    pub functions: Vec<Function>,
    /// Whether over-release is defined for the machine.
    pub over_release: bool,
    /// Whether somebody gives back the page locks that a call waits for.
    pub waits: bool,
    /// Whether somebody tells it the rules of its profile; it has the newest kernel's by itself, but
    /// for the zero page's.
    pub hears_rules: bool,
    /// Whether an entry may be NULL, and a length the negative of an errno.
    pub takes_nulls: bool,
    /// The machine.
    pub machine: M,
    lengths: Vec<usize>,
    outcome: Outcome,
}

impl<M: Machine> InProcess<M> {
    /// A machine that has all functions of a profile, observes everything and defines over-release.
    pub fn new(name: &str, machine: M, profile: &'static Profile) -> Self {
        InProcess {
            name: name.to_owned(),
            observes: Observes::ALL,
            profile,
            functions: profiles::functions(profile),
            over_release: true,
            waits: true,
            hears_rules: true,
            takes_nulls: false,
            machine,
            lengths: Vec::with_capacity(MAX_ARRAYS),
            outcome: Outcome::with_room(),
        }
    }

    /// Runs one world, whose class is not known yet where the reference is to tell it. Of
    /// this, no memory is allocated.
    pub fn run_world(&mut self, world: &World, class: Option<Class>) -> &Outcome {
        machine::run(&mut self.machine, world, class, &mut self.lengths, &mut self.outcome);
        &self.outcome
    }

    /// Exchanges the outcome of the world that was run last for memory to run the next in.
    pub(crate) fn swap_outcome(&mut self, other: &mut Outcome) {
        std::mem::swap(&mut self.outcome, other);
    }
}

/// Why a backend with these functions, held to these rules, does not run a world of this class.
pub(super) fn skips(
    profile: &Profile,
    functions: &[Function],
    over_release: bool,
    world: &World,
    class: Class,
) -> Option<Skip> {
    if world.holds_pins && !profile.counts_pins() {
        return Some(Skip::NoPins);
    }
    if !over_release && class == Class::OverRelease {
        return Some(Skip::OverRelease);
    }
    let lacks = world.calls().map(|(_, function)| function).find(|f| !functions.contains(f));
    lacks.map(Skip::Lacks)
}

/// Whether a world cannot be run by who has the newest kernel's rules, and not the zero page's.
fn needs_rules(world: &World, profile: &Profile) -> bool {
    let unpins = || world.calls().any(|(_, function)| function.unpins());
    world.folios.iter().any(|folio| folio.from == Source::Zero)
        || profile.pins != Profile::newest().pins && (world.holds_pins || unpins())
}

/// Whether a call of the world may find a page locked that it locks.
fn may_wait(world: &World) -> bool {
    let mut functions = world.calls().map(|(_, function)| function);
    world.folios.iter().any(|folio| folio.locked) && functions.any(Function::locks)
}

impl<M: Machine> Backend for InProcess<M> {
    fn name(&self) -> &str {
        &self.name
    }

    fn observes(&self) -> Observes {
        self.observes
    }

    fn profile(&self) -> &'static Profile {
        self.profile
    }

    fn functions(&self) -> &[Function] {
        &self.functions
    }

    fn skips(&self, world: &World, class: Class) -> Option<Skip> {
        if !self.waits && may_wait(world) {
            return Some(Skip::Waits);
        }
        if !self.hears_rules && needs_rules(world, self.profile) {
            return Some(Skip::UntoldRules);
        }
        if !self.takes_nulls && !world.fits_slices() {
            return Some(Skip::Nulls);
        }
        skips(self.profile, &self.functions, self.over_release, world, class)
    }

    fn run(
        &mut self,
        jobs: &[Job<'_>],
        deliver: &mut dyn FnMut(usize, Ran<'_>),
    ) -> Result<(), BackendError> {
        for (index, job) in jobs.iter().enumerate() {
            let outcome = self.run_world(job.world, Some(job.class));
            deliver(index, Ran::Outcome(Cow::Borrowed(outcome)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use put_user_page_case::Case;
    use put_user_page_case::world::World;

    use crate::backend::{Backend, Class};
    use crate::backends::{fast, fast_unhooked};
    use crate::profiles::Profile;

    /// Whether what ships runs a case by the rules of a profile.
    fn is_run(profile: &str, text: &str) -> bool {
        let profile = Profile::named(profile).expect("there is such a profile");
        let world = World::of(&Case::from_text(text).expect("a case"));
        fast_unhooked(profile).skips(&world, Class::Valid).is_none()
    }

    #[test]
    fn what_hears_no_rules_runs_no_pins_of_an_older_kernel() {
        let reference = "folio a\nentries a\nput_user_pages\n";
        let entry_by_pin = "folio a\npins a\nput_user_pages\n";
        let unpinned = "folio a refs=1024\nentries a\nunpin_user_pages\n";
        let zero = "folio a from=zero\npins a\nunpin_user_pages\n";
        let of = |profile: &str| {
            [reference, entry_by_pin, unpinned, zero].map(|text| is_run(profile, text))
        };
        assert_eq!(of("v5.7"), [true, false, false, false]);
        assert_eq!(of(Profile::newest().name), [true, true, true, false]);
    }

    #[test]
    fn it_has_the_functions_that_it_does_not_lack() {
        let backend = fast(Profile::newest());
        assert!(!backend.functions().is_empty() && backend.lacks().is_empty());
    }
}
