//! Comparing with the reference, told which orders a kernel chose for user pages.

use std::borrow::Cow;

use crate::backend::{Backend, Class, Job, Observes, Ran};
use crate::case::Case;
use crate::oracle::{self, Comparison};
use crate::outcome::Outcome;
use crate::world::World;

/// What a comparison came to, and the world that it is about: as the kernel made it, or
/// as the case asks for it.
#[derive(Debug)]
pub struct Held<'a> {
    /// What the comparison came to.
    pub comparison: Comparison,
    /// The world that the numbers in it are of.
    pub world: Cow<'a, World>,
}

/// The reference's outcome of a world, whose program may be cut short. `bytes` are the
/// case's, for backends that want them.
pub fn reference_outcome(bytes: &[u8], world: &World, reference: &mut dyn Backend) -> Outcome {
    let job = Job { bytes, world, class: Class::OverRelease };
    let mut outcome = Outcome::default();
    let result = reference.run(&[job], &mut |_, ran| {
        if let Ran::Outcome(found) = ran {
            outcome.clone_from(found);
        }
    });
    debug_assert!(result.is_ok(), "the reference runs in this process");
    outcome
}

/// Compares what came of a case on a backend with what the reference makes of it, which
/// is `expected` unless the kernel chose other orders than the case asks for.
pub fn compare<'a>(
    case: &Case,
    world: &'a World,
    expected: &Outcome,
    ran: Ran<'_>,
    observed: Observes,
    reference: &mut dyn Backend,
) -> Held<'a> {
    let told = match &ran {
        Ran::Outcome(outcome) => world_as_made(case, world, outcome),
        _ => None,
    };
    let Some(told) = told else {
        let comparison = oracle::compare(world, expected, ran, observed);
        return Held { comparison, world: Cow::Borrowed(world) };
    };
    let expected = reference_outcome(&[], &told, reference);
    let comparison = oracle::compare(&told, &expected, ran, observed);
    Held { comparison, world: Cow::Owned(told) }
}

/// The world with the orders that the kernel chose, and a program cut as short as the
/// other's; `None` if they are those that the case asks for.
fn world_as_made(case: &Case, world: &World, outcome: &Outcome) -> Option<World> {
    if outcome.orders.is_empty() {
        return None;
    }
    let as_made = case.with_orders(&outcome.orders);
    if as_made == *case {
        return None;
    }
    let mut told = World::of(&as_made);
    told.steps.truncate(world.steps.len());
    Some(told)
}
