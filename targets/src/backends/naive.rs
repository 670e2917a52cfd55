//! The naive reference as a machine.

use std::ops::Range;

use put_user_page_case::world::{Entry, MAX_LONG_ENTRIES, World};
use put_user_page_case::{Backing, Function, Kind, Source};
use put_user_page_reference as reference;
use reference::{EntryWithoutReference, Memory, Profile};

use super::in_process::InProcess;
use crate::backend::{Backend, Class};
use crate::machine::Machine;
use crate::outcome::{Accounting, Event, EventKind, FolioState, NodePins, Outcome, Pinned};
use crate::states::{CallWatch, StateSet};

/// The reference, and the named states that its last case went through.
#[derive(Debug, Default)]
pub struct Naive {
    memory: Memory,
    /// The frame that each entry of the world names.
    frames: Vec<usize>,
    /// Compound pages without a reference when the owners dropped theirs.
    free: Vec<bool>,
    events: Vec<Event>,
    pinned: Vec<Pinned>,
    watch: CallWatch,
}

/// The naive reference, which all other backends are held against.
pub type Reference = InProcess<Naive>;

/// The naive reference as the backend `reference`, by the rules of the newest kernel.
pub fn naive() -> Reference {
    naive_of(Profile::newest())
}

/// The same by the rules of a profile.
pub fn naive_of(profile: &'static Profile) -> Reference {
    let mut machine = Naive::default();
    machine.memory.profile = profile;
    machine.pinned.reserve(MAX_LONG_ENTRIES);
    let mut backend = InProcess::new("reference", machine, profile);
    backend.takes_nulls = true;
    backend
}

/// The reference by the rules that these backends, all alike, are held to.
pub fn reference_of<'a>(backends: impl IntoIterator<Item = &'a dyn Backend>) -> Reference {
    let mut profiles = backends.into_iter().map(Backend::profile);
    let profile = profiles.next().unwrap_or(Profile::newest());
    debug_assert!(profiles.all(|other| other == profile), "one reference has one profile");
    naive_of(profile)
}

impl Naive {
    /// The named states that the last case reached.
    pub fn states(&self) -> StateSet {
        self.watch.reached
    }
}

fn event_kind(kind: reference::EventKind) -> EventKind {
    match kind {
        reference::EventKind::Wait => EventKind::Wait,
        reference::EventKind::Lock => EventKind::Lock,
        reference::EventKind::Unlock => EventKind::Unlock,
        reference::EventKind::Dirty => EventKind::Dirty,
        reference::EventKind::Free => EventKind::Free,
    }
}

impl Naive {
    /// Notes which of the compound pages that these entries name may be pinned.
    fn note_pinned(&mut self, entries: &[Entry], call: usize) {
        let start = self.pinned.len();
        for entry in entries.iter().filter(|entry| !entry.is_null()) {
            let head = self.memory.compound_head(usize::from(entry.frame));
            if self.memory.page(head).freed.is_none() && self.memory.maybe_dma_pinned(head) {
                self.pinned.push(Pinned { call, folio: usize::from(entry.folio) });
            }
        }
        Pinned::sort(&mut self.pinned, start);
    }
}

impl Machine for Naive {
    fn build(&mut self, world: &World, _class: Option<Class>) {
        self.memory.clear();
        self.events.clear();
        self.pinned.clear();
        self.free.clear();
        for (place, folio) in world.layout.places.iter().zip(&world.folios) {
            let head = self.memory.add_compound_page(place.frame, place.pages.ilog2());
            let page = self.memory.page_mut(head);
            page.refcount = folio.refs + 1;
            page.locked = folio.locked;
            page.is_zero = folio.from == Source::Zero;
            page.in_file = folio.kind == Kind::File;
            page.dirty = folio.dirty;
            let counted = u32::from(page.in_file && page.dirty);
            (page.file_count, page.file_tags) = (counted, counted);
        }
        self.frames.clear();
        self.frames.extend(world.entries.iter().map(|entry| match entry.backing {
            Backing::Null => reference::NULL,
            _ => usize::from(entry.frame),
        }));
        self.watch.start(world);
    }

    fn acquire(&mut self, world: &World, entries: Range<usize>) -> usize {
        let range = entries;
        let entries = &world.entries[range.clone()];
        let refused = entries.iter().position(|entry| {
            let page = &[usize::from(entry.frame)];
            match entry.backing {
                Backing::Unbacked | Backing::Null => false,
                Backing::Got => self.memory.get_user_pages(page) == 0,
                Backing::Pinned => self.memory.pin_user_pages(page) == 0,
            }
        });
        if let Some(entry) = refused {
            let head = self.memory.compound_head(usize::from(entries[entry].frame));
            self.watch.refused(self.memory.page(head));
        }
        let done = refused.unwrap_or(entries.len());
        for entry in entries[..done].iter().filter(|entry| entry.backing == Backing::Pinned) {
            let head = self.memory.compound_head(usize::from(entry.frame));
            self.watch.pinned(self.memory.page(head));
        }
        self.watch.acquired(world, &range, range.start + done);
        done
    }

    fn drop_owners(&mut self, world: &World) {
        for place in &world.layout.places {
            let page = self.memory.page_mut(place.frame);
            page.refcount = page.refcount.wrapping_sub(1);
            self.free.push(page.refcount == 0);
        }
    }

    fn call(
        &mut self,
        world: &World,
        function: Function,
        entries: Range<usize>,
        errno: Option<u8>,
        call: usize,
    ) -> Option<usize> {
        let stopped = |result: Result<(), EntryWithoutReference>| result.err().map(|error| error.0);
        if errno.is_some() {
            let error = stopped(release_errno(self.memory.profile, function));
            self.watch.got_errno(function, error);
            return error;
        }
        self.watch.before_call(function, &world.entries[entries.clone()], &self.memory);
        let error = stopped(release(&mut self.memory, function, &self.frames[entries.clone()]));
        self.watch.after_call(error, &self.memory);
        self.events.extend(self.memory.events.drain(..).map(|event| Event {
            frame: event.page,
            kind: event_kind(event.kind),
            refcount: event.refcount,
            call,
        }));
        if function.unpins() {
            self.note_pinned(&world.entries[entries], call);
        }
        error
    }

    fn clean(&mut self, world: &World, folio: usize) {
        let head = world.layout.places[folio].frame;
        if self.memory.page(head).refcount > 0 {
            self.watch.cleaned(folio, self.memory.page(head));
            self.memory.clear_page_dirty(head);
        }
    }

    fn finish(&mut self, world: &World, outcome: &mut Outcome) {
        for (index, place) in world.layout.places.iter().enumerate() {
            let page = self.memory.page(place.frame);
            outcome.folios.push(match page.freed {
                _ if self.free.get(index) == Some(&true) => FolioState::Free,
                Some(freed) => FolioState::Freed { dirty: freed.dirty, pincount: page.pincount },
                None => FolioState::Live {
                    refcount: page.refcount,
                    pincount: page.pincount,
                    pinned: self.memory.maybe_dma_pinned(place.frame),
                    dirty: page.dirty,
                    locked: page.locked,
                    accounting: Accounting {
                        dirty_count: i64::from(page.file_count),
                        dirty_tags: i64::from(page.file_tags),
                    },
                },
            });
        }
        outcome.events.extend_from_slice(&self.events);
        outcome.pinned.extend_from_slice(&self.pinned);
        outcome.node_pins =
            NodePins { acquired: self.memory.pins_acquired, released: self.memory.pins_released };
    }
}

fn release(
    memory: &mut Memory,
    function: Function,
    frames: &[usize],
) -> Result<(), EntryWithoutReference> {
    match function {
        Function::PutUserPage => each(memory, frames, reference::put_user_page),
        Function::PutUserPages => reference::put_user_pages(memory, frames),
        Function::PutUserPagesDirty => reference::put_user_pages_dirty(memory, frames),
        Function::PutUserPagesDirtyLock => reference::put_user_pages_dirty_lock(memory, frames),
        // A folio and a number are so many pins of it, one by one.
        Function::UnpinUserPage | Function::UnpinFolio | Function::UnpinUserFolio => {
            each(memory, frames, reference::unpin_user_page)
        }
        Function::UnpinUserPages => reference::unpin_user_pages(memory, frames),
        Function::UnpinFolios => reference::unpin_folios(memory, frames),
        // A range has no NULL.
        Function::UnpinUserPagesDirtyLock { make_dirty }
        | Function::UnpinUserPageRangeDirtyLock { make_dirty } => {
            reference::unpin_user_pages_dirty_lock(memory, frames, make_dirty)
        }
    }
}

/// A function of one page for each entry by itself, as callers of the patch's time called
/// put_user_page().
fn each(
    memory: &mut Memory,
    frames: &[usize],
    release: fn(&mut Memory, usize) -> Result<(), EntryWithoutReference>,
) -> Result<(), EntryWithoutReference> {
    for (index, &frame) in frames.iter().enumerate() {
        release(memory, frame).map_err(|_| EntryWithoutReference(index))?;
    }
    Ok(())
}

/// A call that gets a negative errno for a length.
fn release_errno(profile: &Profile, function: Function) -> Result<(), EntryWithoutReference> {
    match function {
        Function::UnpinUserPages
        | Function::UnpinUserPagesDirtyLock { make_dirty: false }
        | Function::UnpinFolios => reference::takes_errno(profile),
        // Called once for each entry, of which there are none.
        Function::PutUserPage | Function::UnpinUserPage | Function::UnpinFolio => Ok(()),
        _ => Err(EntryWithoutReference(0)),
    }
}
