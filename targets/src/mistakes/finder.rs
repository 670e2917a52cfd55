//! Which mistakes a case would find.

use super::{Mistake, Wrong, wrong};
use crate::backend::{Class, Ran};
use crate::backends::{InProcess, Naive, PageMap, naive};
use crate::case::{Case, Function};
use crate::oracle::{self, Comparison};
use crate::world::World;

/// The implementations with the mistakes that calls of some functions can show, each made
/// once, and the reference that they are held against.
#[derive(Debug)]
pub struct Finder {
    reference: InProcess<Naive>,
    wrong: Vec<(Mistake, InProcess<PageMap<Wrong>>)>,
    world: World,
}

impl Finder {
    /// Looks for the mistakes that calls of these functions can show.
    pub fn new(functions: &[Function]) -> Finder {
        let can_show = |mistake: &Mistake| mistake.needs().met_by(functions);
        let mistakes = Mistake::ALL.into_iter().filter(can_show);
        let wrong = mistakes.map(|mistake| (mistake, wrong(Some(mistake)))).collect();
        Finder { reference: naive(), wrong, world: World::default() }
    }

    /// The mistakes that are still looked for.
    pub fn missing(&self) -> impl Iterator<Item = Mistake> {
        self.wrong.iter().map(|(mistake, _)| *mistake)
    }

    /// The mistakes among those still looked for that make a difference in this case, in
    /// order. No report is made of any, and they are not looked for any more.
    pub fn find(&mut self, case: &Case) -> Vec<Mistake> {
        let mut found = Vec::new();
        let Finder { reference, wrong, world } = self;
        if wrong.is_empty() {
            return found;
        }
        world.build(case);
        reference.run_world(world, Class::OverRelease);
        let class = oracle::classify(world, reference.last());
        wrong.retain_mut(|(mistake, wrong)| {
            let observed = reference.observes.and(wrong.observes);
            let ran = Ran::Outcome(wrong.run_world(world, class));
            let compared = oracle::compare(world, reference.last(), ran, observed);
            let differs = compared != Comparison::Same;
            found.extend(differs.then_some(*mistake));
            !differs
        });
        found
    }
}
