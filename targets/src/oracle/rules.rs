//! Rules about page locks that no call may break, seen in its events alone.

use super::{Difference, subject_at};
use crate::outcome::{Event, EventKind, Outcome};
use crate::world::World;

/// What a call must never do, seen in its events alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RuleBreak {
    SecondLock { call: usize, frame: usize },
    LockKept { call: usize, frame: usize },
    FreedLocked { call: usize, frame: usize },
}

impl RuleBreak {
    fn show(self) -> (usize, usize, &'static str) {
        match self {
            RuleBreak::SecondLock { call, frame } => (call, frame, "locked while it held another"),
            RuleBreak::LockKept { call, frame } => (call, frame, "returned with the lock"),
            RuleBreak::FreedLocked { call, frame } => (call, frame, "freed under its lock"),
        }
    }
}

fn rule_breaks<'a>(
    world: &'a World,
    outcome: &'a Outcome,
) -> impl Iterator<Item = RuleBreak> + use<'a> {
    let mut breaks = Vec::new();
    // Locks of holders, then those that calls hold.
    let mut holders: Vec<usize> = world
        .layout
        .places
        .iter()
        .zip(&world.folios)
        .filter(|(_, folio)| folio.locked)
        .map(|(place, _)| place.frame)
        .collect();
    for of_call in outcome.events.chunk_by(|one, other| one.call == other.call) {
        let mut held: Vec<usize> = Vec::new();
        for &Event { frame, kind, call, .. } in of_call {
            match kind {
                EventKind::Wait => holders.retain(|&holder| holder != frame),
                EventKind::Lock => {
                    if !held.is_empty() {
                        breaks.push(RuleBreak::SecondLock { call, frame });
                    }
                    held.push(frame);
                }
                EventKind::Unlock => {
                    held.retain(|&lock| lock != frame);
                    holders.retain(|&holder| holder != frame);
                }
                EventKind::Free if held.contains(&frame) || holders.contains(&frame) => {
                    breaks.push(RuleBreak::FreedLocked { call, frame });
                }
                EventKind::Dirty | EventKind::Free => {}
            }
        }
        let call = of_call[0].call;
        breaks.extend(held.into_iter().map(|frame| RuleBreak::LockKept { call, frame }));
    }
    breaks.into_iter()
}

pub(super) fn push_breaks(
    found: &mut Vec<Difference>,
    world: &World,
    reference: &Outcome,
    backend: &Outcome,
) {
    let ours: Vec<RuleBreak> = rule_breaks(world, reference).collect();
    for rule_break in rule_breaks(world, backend).filter(|broken| !ours.contains(broken)) {
        let (call, frame, what) = rule_break.show();
        found.push(Difference {
            subject: subject_at(world, frame),
            field: format!("lock in call {call}"),
            reference: "kept to the rules".to_owned(),
            backend: what.to_owned(),
        });
    }
}
