//! Which mutants a case would find.

use put_user_page_case::{Case, Function};
use strum::IntoEnumIterator;

use super::{Mutant, Mutated, mutated};
use crate::backends::{InProcess, PageMap, Reference, naive};
use crate::oracle::Comparison;
use crate::trial::Trial;

/// The implementations with the mutants that calls of some functions can show, each made
/// once, and the reference that they are held against.
pub struct Finder {
    reference: Reference,
    wrong: Vec<(Mutant, InProcess<PageMap<Mutated>>)>,
}

impl Finder {
    /// Looks for the mutants that calls of these functions can show.
    pub fn new(functions: &[Function]) -> Finder {
        let can_show = |mutant: &Mutant| mutant.needs().met_by(functions);
        let mutants = Mutant::iter().filter(can_show);
        let wrong = mutants.map(|mutant| (mutant, mutated(Some(mutant)))).collect();
        Finder { reference: naive(), wrong }
    }

    /// The mutants that are still looked for.
    pub fn missing(&self) -> impl Iterator<Item = Mutant> {
        self.wrong.iter().map(|(mutant, _)| *mutant)
    }

    /// The mutants among those still looked for that make a difference in this case, in
    /// order. No report is made of any, and they are not looked for any more.
    pub fn find(&mut self, case: &Case) -> Vec<Mutant> {
        let mut found = Vec::new();
        let Finder { reference, wrong } = self;
        if wrong.is_empty() {
            return found;
        }
        let trial = Trial::of(case, reference);
        wrong.retain_mut(|(mutant, wrong)| {
            let compared = trial.compare_on(wrong, reference).expect("it works in this process");
            let same = compared.comparison == Comparison::Same;
            found.extend((!same).then_some(*mutant));
            same
        });
        found
    }
}
