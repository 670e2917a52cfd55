//! Events: what of them is seen, and how they are compared.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use put_user_page_case::world::World;
use put_user_page_case::{Kind, Source};

use super::difference::{Difference, Field, Sides};
use super::subject_at;
use crate::backend::Events;
use crate::outcome::{Event, EventKind};

/// The events as one sees them who observes no more than this.
pub(super) fn seen<'a>(world: &World, events: &'a [Event], observed: Events) -> Cow<'a, [Event]> {
    match observed {
        Events::Every => Cow::Borrowed(events),
        Events::None => Cow::Borrowed(&[]),
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
    let (mut ours, mut theirs) = (by_frame(reference), by_frame(backend));
    let frames: BTreeSet<usize> = ours.keys().chain(theirs.keys()).copied().collect();
    for frame in frames {
        if let Some(sides) = Sides::unequal(ours.remove(&frame), theirs.remove(&frame)) {
            let subject = subject_at(world, frame);
            found.push(Difference { subject, field: Field::Events(sides) });
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

#[cfg(test)]
mod tests {
    use put_user_page_case::Case;

    use super::*;

    fn event(frame: usize, kind: EventKind, refcount: i32) -> Event {
        Event { frame, kind, refcount, call: 0 }
    }

    /// Who watches a kernel's pages sees locks of files that are watched alone, and of other pages
    /// that they turned dirty, but not when.
    #[test]
    fn who_watches_pages_sees_less() {
        let case =
            Case::from_text("folio a kind=file\nfolio b\nentries a b\nput_user_pages_dirty_lock\n");
        let world = World::of(&case.unwrap());
        let (lock, unlock) = (EventKind::Lock, EventKind::Unlock);
        let (dirty, free) = (EventKind::Dirty, EventKind::Free);
        let of_file = [event(0, lock, 2), event(0, dirty, 2), event(0, free, 0)];
        let others =
            [event(1, lock, 2), event(1, dirty, 2), event(1, unlock, 2), event(1, free, 0)];
        let all = [&of_file[..], &others].concat();
        assert_eq!(*seen(&world, &all, Events::Every), *all);
        assert_eq!(*seen(&world, &all, Events::None), []);
        let of_others = [event(1, dirty, Event::UNSEEN), event(1, free, 0)];
        assert_eq!(*seen(&world, &all, Events::OfPages), *[&of_file[..], &of_others].concat());
    }
}
