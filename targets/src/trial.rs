//! The one recipe by which a case is tried: its world is built, the reference run and the
//! case's class told by it; then a backend runs, and is compared with the reference in the
//! world as it was made. What differs is cut down to the first call that shows it.

use put_user_page_case::Case;
use put_user_page_case::world::World;

use crate::backend::{Backend, BackendError, Class, Job, Observes, Ran, Skip};
use crate::backends::Reference;
use crate::divergence::{Call, Divergence};
use crate::oracle::{self, Comparison, Difference};
use crate::outcome::Outcome;
use crate::states::StateSet;

/// A case, its world, and what the reference makes of it.
#[derive(Debug)]
pub struct Trial {
    case: Case,
    world: World,
    expected: Outcome,
    class: Class,
    states: StateSet,
}

/// What came of a case on a backend.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// The backend did what the reference did.
    Same,
    /// It did not.
    Differs(Box<Divergence>),
    /// It was not run.
    Skipped(Skip),
}

/// What a comparison came to, before it is known which call shows it.
#[derive(Debug)]
pub struct Compared {
    /// What it came to.
    pub comparison: Comparison,
    /// The case with the orders that a kernel chose for user pages, where they are not those
    /// that the case asks for. The numbers in the comparison are of its world.
    pub as_made: Option<Box<Trial>>,
}

/// What differs, and the call that shows it.
struct Differs {
    call: Option<Call>,
    differences: Vec<Difference>,
    /// The trial that the numbers in the differences are of, if it is not the case's own: each
    /// run may be given other orders by a kernel.
    as_made: Option<Box<Trial>>,
}

impl Trial {
    /// The trial of a case.
    pub fn of(case: &Case, reference: &mut Reference) -> Trial {
        Trial::in_world(case.clone(), World::of(case), reference)
    }

    fn in_world(case: Case, world: World, reference: &mut Reference) -> Trial {
        let expected = reference.run_world(&world, None).clone();
        let class = oracle::classify(&world, &expected);
        Trial { case, world, expected, class, states: reference.machine.states() }
    }

    /// No trial yet.
    pub(crate) fn none() -> Trial {
        Trial {
            case: Case::default(),
            world: World::default(),
            expected: Outcome::default(),
            class: Class::Valid,
            states: StateSet::default(),
        }
    }

    /// The same, with room for that of any case.
    pub(crate) fn with_room() -> Trial {
        Trial { expected: Outcome::with_room(), ..Trial::none() }
    }

    /// Makes its case another, in the memory that this one has. It is no trial of it before it
    /// [`run`](Self::run)s.
    pub(crate) fn make(&mut self, change: impl FnOnce(&mut Case)) {
        change(&mut self.case);
    }

    /// Becomes the trial of the case that was made last.
    pub(crate) fn run(&mut self, reference: &mut Reference) {
        self.world.build(&self.case);
        let outcome = reference.run_world(&self.world, None);
        self.class = oracle::classify(&self.world, outcome);
        self.states = reference.machine.states();
        reference.swap_outcome(&mut self.expected);
    }

    /// The case.
    pub fn case(&self) -> &Case {
        &self.case
    }

    /// Its world.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// What the reference left behind.
    pub fn expected(&self) -> &Outcome {
        &self.expected
    }

    /// Its class.
    pub fn class(&self) -> Class {
        self.class
    }

    /// The named states that it reached.
    pub fn states(&self) -> StateSet {
        self.states
    }

    /// The case for a backend.
    pub fn job(&self) -> Job<'_> {
        Job { case: &self.case, world: &self.world, class: self.class }
    }

    /// Compares what came of the case on a backend with what the reference makes of it.
    pub fn compare(&self, ran: Ran<'_>, observed: Observes, reference: &mut Reference) -> Compared {
        let as_made = match &ran {
            Ran::Outcome(outcome) => self.as_made(&outcome.orders, reference),
            _ => None,
        };
        let Trial { world, expected, .. } = as_made.as_deref().unwrap_or(self);
        let comparison = oracle::compare(world, expected, ran, observed);
        Compared { comparison, as_made }
    }

    /// The case with the orders that a kernel chose, its program cut as short as this one's;
    /// none if they are those that the case asks for.
    fn as_made(&self, orders: &[u8], reference: &mut Reference) -> Option<Box<Trial>> {
        if orders.is_empty() {
            return None;
        }
        let case = self.case.with_orders(orders);
        if case == self.case {
            return None;
        }
        let mut world = World::of(&case);
        world.steps.truncate(self.world.steps.len());
        Some(Box::new(Trial::in_world(case, world, reference)))
    }

    /// Runs the case on a backend, and tells what came of it.
    ///
    /// # Errors
    ///
    /// The backend does not work.
    pub fn run_on(
        &self,
        backend: &mut dyn Backend,
        reference: &mut Reference,
    ) -> Result<Verdict, BackendError> {
        if let Some(skip) = backend.skips(&self.world, self.class) {
            return Ok(Verdict::Skipped(skip));
        }
        let compared = self.compare_on(backend, reference)?;
        Ok(self.verdict(compared, backend, reference))
    }

    /// Runs the case on a backend that does not skip it, and compares.
    ///
    /// # Errors
    ///
    /// The backend does not work.
    pub fn compare_on(
        &self,
        backend: &mut dyn Backend,
        reference: &mut Reference,
    ) -> Result<Compared, BackendError> {
        let observed = reference.observes.and(backend.observes());
        let mut compared = None;
        backend.run(&[self.job()], &mut |_, ran| {
            compared = Some(self.compare(ran, observed, reference));
        })?;
        Ok(compared.expect("a backend that works delivers every job"))
    }

    /// What a comparison comes to in the end. For what differs the backend runs again.
    pub fn verdict(
        &self,
        compared: Compared,
        backend: &mut dyn Backend,
        reference: &mut Reference,
    ) -> Verdict {
        match compared.comparison {
            Comparison::Same => Verdict::Same,
            Comparison::Skipped(skip) => Verdict::Skipped(skip),
            Comparison::Differs(differences) => {
                let log = differences.iter().find_map(Difference::log).unwrap_or_default();
                let log = log.to_owned();
                let differs = Differs { call: None, differences, as_made: compared.as_made };
                let differs = self.first_call(differs, backend, reference);
                let as_made = differs.as_made.as_deref().unwrap_or(self);
                let before = match differs.call {
                    Some(call) => as_made.cut(call.step, reference).expected,
                    None => as_made.expected.clone(),
                };
                Verdict::Differs(Box::new(Divergence {
                    backend: backend.name().to_owned(),
                    before,
                    call: differs.call,
                    differences: differs.differences,
                    not_compared: reference.observes.and(backend.observes()).missing(),
                    case: Some(self.case.clone()),
                    world: as_made.world.clone(),
                    log,
                }))
            }
        }
    }

    /// The first call that shows a divergence, found by running the program cut after each
    /// call in turn, and what differs then. Where no call does, or the backend does not work
    /// any more, it is what differs in the end.
    fn first_call(
        &self,
        in_the_end: Differs,
        backend: &mut dyn Backend,
        reference: &mut Reference,
    ) -> Differs {
        let calls: Vec<usize> = self.world.calls().map(|(step, _)| step).collect();
        for (number, &step) in calls.iter().enumerate() {
            let call = Some(Call { number, step });
            if calls.len() == 1 && step + 1 == self.world.steps.len() {
                // Cutting after the only statement would run the same again.
                return Differs { call, ..in_the_end };
            }
            let cut = self.cut(step + 1, reference);
            if backend.skips(&cut.world, cut.class).is_some() {
                continue;
            }
            let compared = cut.compare_on(backend, reference);
            if let Ok(Compared { comparison: Comparison::Differs(differences), as_made }) = compared
            {
                return Differs { call, differences, as_made };
            }
        }
        in_the_end
    }

    /// The same with the first so many steps of the program alone.
    fn cut(&self, steps: usize, reference: &mut Reference) -> Trial {
        let mut world = self.world.clone();
        world.steps.truncate(steps);
        Trial::in_world(self.case.clone(), world, reference)
    }
}
