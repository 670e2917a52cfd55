//! Ranges of small cases on backends, until one differs from the reference.

use std::ops::Range;

use put_user_page_case::small::Shapes;

use crate::backend::{Backend, BackendError, Skip};
use crate::backends::{Reference, reference_of};
use crate::comparer::compare;
use crate::divergence::Divergence;
use crate::trial::{Trial, Verdict};

/// The reference, and backends that are held against it: all in memory that is used again.
pub struct Exhaust {
    reference: Reference,
    backends: Vec<Box<dyn Backend>>,
    trials: Vec<Trial>,
    /// For each backend, why it did not run cases, and how many.
    skipped: Vec<Vec<(Skip, u64)>>,
}

/// The first case that differs.
#[derive(Debug)]
pub struct First {
    /// Its number.
    pub number: u64,
    /// How it differs.
    pub divergence: Box<Divergence>,
}

impl Exhaust {
    /// Holds these backends against the reference of their profile; each gets so many cases at a time.
    pub fn new(backends: Vec<Box<dyn Backend>>, batch: usize) -> Exhaust {
        let skipped = backends.iter().map(|_| Vec::new()).collect();
        let trials = (0..batch).map(|_| Trial::none()).collect();
        let reference = reference_of(backends.iter().map(|backend| &**backend));
        Exhaust { reference, backends, trials, skipped }
    }

    /// Runs the cases with these numbers, in their order, up to the first that differs.
    ///
    /// # Errors
    ///
    /// A backend does not work.
    pub fn run(
        &mut self,
        shapes: &Shapes,
        numbers: Range<u64>,
    ) -> Result<Option<First>, BackendError> {
        let Range { mut start, end } = numbers;
        while start < end {
            let cases = (end - start).min(self.trials.len() as u64) as usize;
            for (number, trial) in (start..).zip(&mut self.trials[..cases]) {
                trial.make(|case| shapes.write(number, case));
                trial.run(&mut self.reference);
            }
            if let Some((index, divergence)) = self.first(cases)? {
                return Ok(Some(First { number: start + index as u64, divergence }));
            }
            start += cases as u64;
        }
        Ok(None)
    }

    /// Of the first so many trials, the index of the first that differs on a backend, and how.
    fn first(&mut self, cases: usize) -> Result<Option<(usize, Box<Divergence>)>, BackendError> {
        let mut first = None;
        for number in 0..self.backends.len() {
            let cases = first.as_ref().map_or(cases, |(index, _)| *index);
            first = self.first_on(number, cases)?.or(first);
        }
        Ok(first)
    }

    fn first_on(
        &mut self,
        number: usize,
        cases: usize,
    ) -> Result<Option<(usize, Box<Divergence>)>, BackendError> {
        let Exhaust { reference, backends, trials, skipped } = self;
        let (backend, skipped) = (backends[number].as_mut(), &mut skipped[number]);
        let (mut differing, worked) =
            compare(backend, reference, &trials[..cases], &mut |_, verdict| {
                if let Verdict::Skipped(skip) = verdict {
                    count(skipped, skip);
                }
            });
        differing.sort_by_key(|(index, _)| *index);
        for (index, compared) in differing {
            if let Verdict::Differs(divergence) =
                trials[index].verdict(compared, backend, reference)
            {
                return Ok(Some((index, divergence)));
            }
        }
        worked.map(|()| None)
    }

    /// For each backend, its name, and why it did not run cases, and how many.
    pub fn skipped(&self) -> impl Iterator<Item = (&str, &[(Skip, u64)])> {
        self.backends
            .iter()
            .map(|backend| backend.name())
            .zip(self.skipped.iter().map(Vec::as_slice))
    }
}

fn count(skipped: &mut Vec<(Skip, u64)>, skip: Skip) {
    match skipped.iter_mut().find(|(known, _)| *known == skip) {
        Some((_, cases)) => *cases += 1,
        None => skipped.push((skip, 1)),
    }
}
