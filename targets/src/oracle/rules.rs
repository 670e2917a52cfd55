//! Rules about page locks that no call may break, seen in its events alone.

use std::collections::BTreeSet;

use put_user_page_case::world::World;

use super::difference::{Difference, Field, LockRule};
use super::subject_at;
use crate::outcome::{Event, EventKind, Outcome};

/// A rule that a call broke, and the page that it broke it with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Break {
    broken: LockRule,
    call: usize,
    frame: usize,
}

fn rule_breaks(world: &World, outcome: &Outcome) -> Vec<Break> {
    let mut breaks = Vec::new();
    // Locks of holders, then those that calls hold.
    let mut holders: BTreeSet<usize> = world
        .layout
        .places
        .iter()
        .zip(&world.folios)
        .filter(|(_, folio)| folio.locked)
        .map(|(place, _)| place.frame)
        .collect();
    for of_call in outcome.events.chunk_by(|one, other| one.call == other.call) {
        let mut held: BTreeSet<usize> = BTreeSet::new();
        for &Event { frame, kind, call, .. } in of_call {
            match kind {
                EventKind::Wait => {
                    holders.remove(&frame);
                }
                EventKind::Lock => {
                    if !held.is_empty() {
                        breaks.push(Break { broken: LockRule::SecondLock, call, frame });
                    }
                    held.insert(frame);
                }
                EventKind::Unlock => {
                    held.remove(&frame);
                    holders.remove(&frame);
                }
                EventKind::Free if held.contains(&frame) || holders.contains(&frame) => {
                    breaks.push(Break { broken: LockRule::FreedLocked, call, frame });
                }
                EventKind::Dirty | EventKind::Free => {}
            }
        }
        let call = of_call[0].call;
        let kept = |frame| Break { broken: LockRule::LockKept, call, frame };
        breaks.extend(held.into_iter().map(kept));
    }
    breaks
}

pub(super) fn push_breaks(
    found: &mut Vec<Difference>,
    world: &World,
    reference: &Outcome,
    backend: &Outcome,
) {
    let ours: BTreeSet<Break> = rule_breaks(world, reference).into_iter().collect();
    let theirs = rule_breaks(world, backend).into_iter().filter(|broken| !ours.contains(broken));
    found.extend(theirs.map(|Break { broken, call, frame }| Difference {
        subject: subject_at(world, frame),
        field: Field::Lock { call, broken },
    }));
}

#[cfg(test)]
mod tests {
    use put_user_page_case::Case;

    use super::*;

    /// The events of these calls, on two pages that nobody has locked.
    fn breaks(events: &[(usize, usize, EventKind)]) -> Vec<Break> {
        let case = Case::from_text("folio a\nfolio b\nentries a b\nput_user_pages_dirty_lock\n");
        let events =
            events.iter().map(|&(call, frame, kind)| Event { frame, kind, refcount: 1, call });
        let outcome = Outcome { events: events.collect(), ..Outcome::default() };
        rule_breaks(&World::of(&case.unwrap()), &outcome)
    }

    #[test]
    fn a_lock_is_kept_by_the_call_that_took_it() {
        use EventKind::{Free, Lock, Unlock};
        let kept = |call, frame| Break { broken: LockRule::LockKept, call, frame };
        let pair = |call, frame| [(call, frame, Lock), (call, frame, Unlock)];
        assert_eq!(breaks(&[pair(0, 0), pair(0, 1), pair(1, 0)].concat()), []);
        assert_eq!(breaks(&[(0, 0, Lock), (1, 1, Lock)]), [kept(0, 0), kept(1, 1)]);
        assert_eq!(breaks(&[(0, 0, Free)]), []);
        let both = [(0, 0, Lock), (0, 1, Lock), (0, 0, Unlock), (0, 1, Free)];
        let second = Break { broken: LockRule::SecondLock, call: 0, frame: 1 };
        let freed = Break { broken: LockRule::FreedLocked, call: 0, frame: 1 };
        assert_eq!(breaks(&both), [second, freed, kept(0, 1)]);
    }
}
