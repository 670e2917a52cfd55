//! Events: what of them is seen, and how they are compared.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Difference, subject_at};
use crate::backend::Events;
use crate::case::{Kind, Source};
use crate::outcome::{Event, EventKind};
use crate::world::World;

/// The events as one sees them who observes no more than this.
pub(super) fn seen<'a>(world: &World, events: &'a [Event], observed: Events) -> Cow<'a, [Event]> {
    match observed {
        Events::Every => Cow::Borrowed(events),
        Events::OfPages => events.iter().filter_map(|event| seen_of_page(world, event)).collect(),
    }
}

fn seen_of_page(world: &World, event: &Event) -> Option<Event> {
    let folio = world.layout.folio_at_frame(event.frame).map(|folio| &world.folios[folio]);
    let in_file = folio.is_some_and(|f| f.kind == Kind::File && f.from == Source::Kernel);
    match event.kind {
        EventKind::Unlock => None,
        EventKind::Lock => in_file.then_some(*event),
        EventKind::Dirty if !in_file => Some(Event { refcount: Event::UNSEEN, ..*event }),
        EventKind::Dirty | EventKind::Wait | EventKind::Free => Some(*event),
    }
}

/// Events of one page are compared in their order, those of different pages are not.
pub(super) fn push_unequal(
    found: &mut Vec<Difference>,
    world: &World,
    reference: &[Event],
    backend: &[Event],
) {
    let (ours, theirs) = (by_frame(reference), by_frame(backend));
    let mut frames: Vec<usize> = ours.keys().chain(theirs.keys()).copied().collect();
    frames.sort_unstable();
    frames.dedup();
    for frame in frames {
        let (ours, theirs) = (ours.get(&frame), theirs.get(&frame));
        if ours != theirs {
            found.push(Difference {
                subject: subject_at(world, frame),
                field: "events".to_owned(),
                reference: show_events(ours),
                backend: show_events(theirs),
            });
        }
    }
}

fn by_frame(events: &[Event]) -> BTreeMap<usize, Vec<Event>> {
    let mut map: BTreeMap<usize, Vec<Event>> = BTreeMap::new();
    for event in events {
        map.entry(event.frame).or_default().push(*event);
    }
    map
}

/// Events in a line: each with the refcount at that moment, calls apart.
fn show_events(events: Option<&Vec<Event>>) -> String {
    let Some(events) = events else { return "none".to_owned() };
    let calls = events.chunk_by(|one, other| one.call == other.call).map(|of_call| {
        let words = of_call.iter().map(Event::describe);
        format!("call {}: {}", of_call[0].call, words.collect::<Vec<_>>().join(", "))
    });
    calls.collect::<Vec<_>>().join("; ")
}
