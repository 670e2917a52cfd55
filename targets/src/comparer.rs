//! Many cases on many backends, each held against the reference: what `pagediff replay`
//! and the corpus tests do.

use put_user_page_case::Case;

use crate::backend::{Backend, BackendError};
use crate::backends::{Reference, reference_of};
use crate::oracle::Comparison;
use crate::states::StateSet;
use crate::trial::{Compared, Trial, Verdict};

/// Backends, and the reference that they are held against.
pub struct Comparer<'a> {
    reference: Reference,
    backends: Vec<&'a mut dyn Backend>,
}

impl<'a> Comparer<'a> {
    /// Holds these backends against the reference.
    pub fn new(backends: Vec<&'a mut dyn Backend>) -> Self {
        let reference = reference_of(backends.iter().map(|backend| &**backend));
        Comparer { reference, backends }
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
        let Comparer { reference, backends } = self;
        let trials: Vec<Trial> = cases.iter().map(|case| Trial::of(case, reference)).collect();
        for (number, backend) in backends.iter_mut().enumerate() {
            let tell = &mut |case, verdict| tell(case, number, verdict);
            run_on(*backend, reference, &trials, tell)?;
        }
        Ok(trials.iter().map(Trial::states).collect())
    }
}

fn run_on(
    backend: &mut dyn Backend,
    reference: &mut Reference,
    trials: &[Trial],
    tell: &mut dyn FnMut(usize, Verdict),
) -> Result<(), BackendError> {
    let (differing, worked) = compare(backend, reference, trials, tell);
    // What was found before a backend broke is told all the same.
    for (index, compared) in differing {
        tell(index, trials[index].verdict(compared, backend, reference));
    }
    worked
}

/// Runs trials on a backend, and tells of each that needs no second look. Returns those that
/// differ, by their index: the backend is to run again for their verdict, and was busy until now.
/// With them, whether the backend worked to the end.
pub(crate) fn compare(
    backend: &mut dyn Backend,
    reference: &mut Reference,
    trials: &[Trial],
    tell: &mut dyn FnMut(usize, Verdict),
) -> (Vec<(usize, Compared)>, Result<(), BackendError>) {
    let observed = reference.observes.and(backend.observes());
    let mut indices = Vec::with_capacity(trials.len());
    for (index, trial) in trials.iter().enumerate() {
        match backend.skips(trial.world(), trial.class()) {
            Some(skip) => tell(index, Verdict::Skipped(skip)),
            None => indices.push(index),
        }
    }
    let jobs: Vec<_> = indices.iter().map(|&index| trials[index].job()).collect();
    let mut differing = Vec::new();
    let worked = backend.run(&jobs, &mut |job, ran| {
        let index = indices[job];
        let compared = trials[index].compare(ran, observed, reference);
        match compared.comparison {
            Comparison::Same => tell(index, Verdict::Same),
            Comparison::Skipped(skip) => tell(index, Verdict::Skipped(skip)),
            Comparison::Differs(_) => differing.push((index, compared)),
        }
    });
    (differing, worked)
}
