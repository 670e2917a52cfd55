//! Which bugs a case would find.

use put_user_page_case::{Case, Function};
use put_user_page_targets::backend::Backend;
use put_user_page_targets::backends::{Reference, naive};
use put_user_page_targets::oracle::Comparison;
use put_user_page_targets::trial::Trial;

use crate::backend::{FaultyBackend, backend, become_bug};
use crate::{BUGS, Bug, Scale};

/// The bugs that calls of some functions can show, as far as they were not found, and what
/// they are looked for with.
pub struct Finder {
    reference: Reference,
    faulty: FaultyBackend,
    missing: Vec<&'static Bug>,
}

impl Finder {
    /// Looks for the bugs that calls of these functions can show in cases that are not long.
    pub fn new(functions: &[Function]) -> Finder {
        let can_show = |bug: &&Bug| bug.can_show_in(functions) && bug.scale != Scale::Long;
        Finder::of(BUGS.iter().copied().filter(can_show).collect())
    }

    /// Looks for all bugs.
    pub fn of_all() -> Finder {
        Finder::of(BUGS.clone())
    }

    /// Looks for these bugs.
    pub fn of(missing: Vec<&'static Bug>) -> Finder {
        Finder { reference: naive(), faulty: backend(None), missing }
    }

    /// Looks for this bug alone.
    pub fn look_for(&mut self, bug: &'static Bug) {
        self.missing = vec![bug];
    }

    /// The bugs that are still looked for.
    pub fn missing(&self) -> impl Iterator<Item = &'static Bug> {
        self.missing.iter().copied()
    }

    /// The bugs among those still looked for that make a difference in this case, in order. No
    /// report is made of any, and they are not looked for any more.
    pub fn find(&mut self, case: &Case) -> Vec<&'static Bug> {
        let Finder { reference, faulty, missing } = self;
        let mut found = Vec::new();
        if missing.is_empty() {
            return found;
        }
        let trial = Trial::of(case, reference);
        // Whether it does is the same for all bugs: they are in the place of what ships.
        if faulty.skips(trial.world(), trial.class()).is_some() {
            return found;
        }
        missing.retain(|&bug| {
            become_bug(faulty, bug);
            let compared = trial.compare_on(faulty, reference).expect("it works in this process");
            let differs = compared.comparison != Comparison::Same;
            found.extend(differs.then_some(bug));
            !differs
        });
        found
    }
}
