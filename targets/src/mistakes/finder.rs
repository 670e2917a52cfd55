//! Which mistakes a case would find.

use super::{Mistake, Wrong, wrong};
use crate::backends::{InProcess, PageMap, Reference, naive};
use crate::oracle::Comparison;
use crate::trial::Trial;
use put_user_page_case::{Case, Function};

/// The implementations with the mistakes that calls of some functions can show, each made
/// once, and the reference that they are held against.
#[derive(Debug)]
pub struct Finder {
    reference: Reference,
    wrong: Vec<(Mistake, InProcess<PageMap<Wrong>>)>,
}

impl Finder {
    /// Looks for the mistakes that calls of these functions can show.
    pub fn new(functions: &[Function]) -> Finder {
        let can_show = |mistake: &Mistake| mistake.needs().met_by(functions);
        let mistakes = Mistake::ALL.into_iter().filter(can_show);
        let wrong = mistakes.map(|mistake| (mistake, wrong(Some(mistake)))).collect();
        Finder { reference: naive(), wrong }
    }

    /// The mistakes that are still looked for.
    pub fn missing(&self) -> impl Iterator<Item = Mistake> {
        self.wrong.iter().map(|(mistake, _)| *mistake)
    }

    /// The mistakes among those still looked for that make a difference in this case, in
    /// order. No report is made of any, and they are not looked for any more.
    pub fn find(&mut self, case: &Case) -> Vec<Mistake> {
        let mut found = Vec::new();
        let Finder { reference, wrong } = self;
        if wrong.is_empty() {
            return found;
        }
        let trial = Trial::of(case, reference);
        wrong.retain_mut(|(mistake, wrong)| {
            let compared = trial.compare_on(wrong, reference).expect("it works in this process");
            let same = compared.comparison == Comparison::Same;
            found.extend((!same).then_some(*mistake));
            same
        });
        found
    }
}
