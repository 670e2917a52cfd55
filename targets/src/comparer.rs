//! Many cases on many backends, each held against the reference: what `pagediff replay`
//! and the corpus tests do.

use crate::backend::{Backend, BackendError, Class, Job, Skip};
use crate::backends::{InProcess, Naive, naive};
use crate::case::Case;
use crate::oracle::{self, Comparison};
use crate::outcome::Outcome;
use crate::report::{Found, Report, investigate};
use crate::states::StateSet;
use crate::told;
use crate::world::World;

/// Backends, and the reference that they are held against.
#[derive(Debug)]
pub struct Comparer<'a> {
    reference: InProcess<Naive>,
    backends: Vec<&'a mut dyn Backend>,
}

/// What came of one case on one backend.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// The backend did what the reference did.
    Same,
    /// It did not.
    Differs(Box<Report>),
    /// It was not run.
    Skipped(Skip),
}

/// A case, what the reference made of it, and its bytes.
struct Prepared {
    bytes: Vec<u8>,
    world: World,
    outcome: Outcome,
    class: Class,
    states: StateSet,
}

impl std::fmt::Debug for dyn Backend + '_ {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

impl<'a> Comparer<'a> {
    /// Holds these backends against the reference.
    pub fn new(backends: Vec<&'a mut dyn Backend>) -> Self {
        Comparer { reference: naive(), backends }
    }

    /// Runs the cases on every backend, and tells for each case and backend, by their
    /// indices, what came of it. Returns the named states that each case reached.
    ///
    /// # Errors
    ///
    /// A backend does not work.
    pub fn compare(
        &mut self,
        cases: &[Case],
        tell: &mut dyn FnMut(usize, usize, Verdict),
    ) -> Result<Vec<StateSet>, BackendError> {
        let prepared: Vec<Prepared> = cases.iter().map(|case| self.prepare(case)).collect();
        for backend in 0..self.backends.len() {
            self.run_on(backend, cases, &prepared, tell)?;
        }
        Ok(prepared.iter().map(|prepared| prepared.states).collect())
    }

    fn prepare(&mut self, case: &Case) -> Prepared {
        let world = World::of(case);
        let outcome = self.reference.run_world(&world, Class::OverRelease).clone();
        let class = oracle::classify(&world, &outcome);
        let states = self.reference.machine.states();
        Prepared { bytes: case.encode(), world, outcome, class, states }
    }

    fn run_on(
        &mut self,
        number: usize,
        cases: &[Case],
        prepared: &[Prepared],
        tell: &mut dyn FnMut(usize, usize, Verdict),
    ) -> Result<(), BackendError> {
        let Comparer { reference, backends } = self;
        let backend = &mut *backends[number];
        let observed = reference.observes.and(backend.observes());
        let mut indices = Vec::new();
        let mut jobs = Vec::new();
        for (index, Prepared { bytes, world, class, .. }) in prepared.iter().enumerate() {
            if let Some(skip) = backend.skips(world, *class) {
                tell(index, number, Verdict::Skipped(skip));
            } else {
                indices.push(index);
                jobs.push(Job { bytes, world, class: *class });
            }
        }
        let mut differing = Vec::new();
        let worked = backend.run(&jobs, &mut |job, ran| {
            let index = indices[job];
            let Prepared { world, outcome, .. } = &prepared[index];
            let log = ran.log();
            let held = told::compare(&cases[index], world, outcome, ran, observed, reference);
            match held.comparison {
                Comparison::Same => tell(index, number, Verdict::Same),
                Comparison::Skipped(skip) => tell(index, number, Verdict::Skipped(skip)),
                Comparison::Differs(differences) => {
                    differing.push((index, differences, held.world, log));
                }
            }
        });
        // What was found before a backend broke is told all the same.
        for (index, differences, as_made, log) in differing {
            let world = &prepared[index].world;
            let found = Found { differences, as_made: &as_made, log };
            let report = investigate(&cases[index], world, reference, backend, found);
            tell(index, number, Verdict::Differs(Box::new(report)));
        }
        worked
    }

    /// The reference's outcome of a case, its class and the named states that it reached.
    pub fn reference_outcome(&mut self, case: &Case) -> (Outcome, Class, StateSet) {
        let prepared = self.prepare(case);
        (prepared.outcome, prepared.class, prepared.states)
    }
}
