//! A machine on the memory map of `put_user_page`: for its own functions, and for C
//! functions, which see the same `struct page`s.

mod frames;
mod recorder;
mod words;

use std::ops::Range;
use std::sync::atomic::Ordering;

use put_user_page::{AddressSpace, MemoryMap, Page, PageRef, get_user_pages, pin_user_pages};
use put_user_page_case::layout::MAX_FRAMES;
use put_user_page_case::world::{Entry, MAX_LONG_ENTRIES, World};
use put_user_page_case::{Backing, Function, Kind, Source};
use put_user_page_reference::Profile;

use frames::Frames;
pub use recorder::Recorder;
use words::Words;
pub use words::set_other_flags;

use crate::asan;
use crate::backend::Class;
use crate::guarded::GuardedArray;
use crate::machine::Machine;
use crate::outcome::{Accounting, Counter, FolioState, Imbalance, Outcome, Pinned, StrayWrite};

/// An implementation of the functions on `struct page`s.
pub trait Release {
    /// Whether it tells the recorder what it does: all but what it leaves behind is unknown of
    /// one that does not.
    const TELLS: bool = true;

    /// Whether it is code that others bring: where the address sanitizer is, it may not touch pages
    /// that no entry of a call names. To see to that makes replaying the corpus a quarter slower, so
    /// what is built in goes without.
    const IS_FOREIGN: bool = false;

    /// Calls the function on the pages, with the recorder to report to; the index of the
    /// entry that stopped it, where the implementation tells. Nothing may touch the pages once
    /// it returned.
    fn release(
        &mut self,
        function: Function,
        pages: &[PageRef<'static>],
        recorder: &Recorder,
    ) -> Option<usize>;

    /// The same where entries are NULL, or a negative errno is in place of their number. Who has no
    /// way to say so in its own skips such cases.
    fn release_nulls(
        &mut self,
        function: Function,
        _pages: impl ExactSizeIterator<Item = Option<PageRef<'static>>>,
        _errno: Option<u8>,
        _recorder: &Recorder,
    ) -> Option<usize> {
        unreachable!("cases with NULLs are skipped, and so is this one that calls {function:?}")
    }
}

/// The words of `struct page` that releases change: `flags`, and the one that holds
/// `_refcount` in its upper half.
const FLAGS_WORD: usize = 0;
const REFCOUNT_WORD: usize = 6;
/// Of the first tail page: the pincount in its lower half.
const PINCOUNT_WORD: usize = 3;
const RELEASE_FLAGS: u64 = (put_user_page::flags::LOCKED | put_user_page::flags::DIRTY) as u64;

/// A memory map, and an implementation that releases pages of it.
pub struct PageMap<R> {
    implementation: R,
    /// One file for each compound page of kind `file`, by the compound page's number.
    files: &'static [AddressSpace],
    recorder: Recorder,
    /// The page that each entry of the world names.
    pages: Vec<PageRef<'static>>,
    /// Those that a call is on.
    entries: GuardedArray<PageRef<'static>>,
    /// For each compound page, whether an entry of a call names it.
    named: Vec<bool>,
    /// The frames of those that no entry of it names, where the sanitizer watches them.
    unnamed: Vec<Range<usize>>,
    frames: Frames,
    /// Frames that the last case changed.
    changed: Vec<usize>,
    /// Compound pages without a reference when the owners dropped theirs.
    free: Vec<bool>,
    /// Those that might be pinned after a call.
    pinned: Vec<Pinned>,
    /// The frames where no page is: gaps, and the frame after the last.
    gaps: Vec<Range<usize>>,
}

impl<R: Release> PageMap<R> {
    /// A map of [`MAX_FRAMES`] frames and one more, which no world has, and room for all that
    /// a case can need. The map is never given back, for entries of it may lie in the memory of C code.
    pub fn new(implementation: R, profile: &'static Profile) -> Self {
        let pages: Vec<Page> = (0..=MAX_FRAMES).map(|_| Page::new()).collect();
        let files: Vec<AddressSpace> = (0..MAX_FRAMES).map(|_| AddressSpace::new()).collect();
        let map = MemoryMap::new(pages.leak());
        PageMap {
            implementation,
            files: files.leak(),
            recorder: Recorder::new(map, profile),
            pages: Vec::with_capacity(MAX_LONG_ENTRIES),
            entries: GuardedArray::new(MAX_LONG_ENTRIES),
            named: Vec::with_capacity(MAX_FRAMES),
            unnamed: Vec::with_capacity(MAX_FRAMES),
            frames: Frames::new(map),
            changed: Vec::with_capacity(MAX_FRAMES + 1),
            free: Vec::with_capacity(MAX_FRAMES),
            pinned: Vec::with_capacity(MAX_LONG_ENTRIES),
            gaps: Vec::with_capacity(MAX_FRAMES + 1),
        }
    }

    /// The implementation, to be changed between cases.
    pub fn implementation_mut(&mut self) -> &mut R {
        &mut self.implementation
    }

    fn build_folio(&mut self, world: &World, number: usize) {
        let (place, folio) = (world.layout.places[number], world.folios[number]);
        let head = self.frames.compound_page(place.frame, place.pages.ilog2());
        head.set_refcount(folio.refs + 1);
        if folio.kind == Kind::File {
            let file = &self.files[number];
            file.dirty_count.store(0, Ordering::Relaxed);
            file.dirty_tags.store(0, Ordering::Relaxed);
            head.set_mapping(file);
        }
        if folio.dirty {
            head.test_set_dirty();
            if let Some(file) = head.mapping() {
                file.page_dirtied();
            }
        }
        if folio.locked {
            head.try_lock();
        }
        match folio.from {
            Source::Zero => self.recorder.set_zero_page(place.frame),
            Source::HugeZero => self.recorder.set_huge_zero_page(place.frame),
            _ => {}
        }
        self.frames.note_words(place.frame);
    }

    fn build_gaps(&mut self, world: &World) {
        self.gaps.clear();
        let mut end = 0;
        for place in &world.layout.places {
            if end < place.frame {
                self.gaps.push(end..place.frame);
            }
            end = place.frame + place.pages;
        }
        self.gaps.push(end..end + 1);
        self.gaps.iter().for_each(|gap| self.frames.gap(gap.clone()));
    }

    /// Finds the pages that no entry of a call names: it has no business there.
    fn find_unnamed(&mut self, world: &World, entries: Range<usize>) {
        self.named.clear();
        self.named.resize(world.folios.len(), false);
        for entry in world.entries[entries].iter().filter(|entry| !entry.is_null()) {
            self.named[usize::from(entry.folio)] = true;
        }
        self.unnamed.clear();
        let unnamed = world.layout.places.iter().zip(&self.named).filter(|(_, named)| !**named);
        for (place, _) in unnamed {
            let end = place.frame + place.pages;
            match self.unnamed.last_mut() {
                Some(stretch) if stretch.end == place.frame => stretch.end = end,
                _ => self.unnamed.push(place.frame..end),
            }
        }
    }

    /// Does something with the pages at these frames.
    fn for_each_page(&self, stretches: &[Range<usize>], act: fn(PageRef<'_>, usize)) {
        stretches.iter().for_each(|frames| act(self.frames.page(frames.start), frames.len()));
    }

    /// Whether the page at a frame was freed, and if so whether it was dirty then, which nobody
    /// knows of an implementation that does not tell.
    fn was_freed(&self, frame: usize) -> Option<bool> {
        if R::TELLS {
            return self.recorder.was_freed(frame);
        }
        words::is_poisoned(self.frames.page(frame)).then_some(false)
    }

    /// What a head page's words must be now, given what they are: equal in all that a
    /// release may not change. A page that is not in use has no reference.
    fn expected(&self, folio: usize, frame: usize, found: &Words) -> Words {
        let mut expected = *self.frames.words_built(frame);
        let freed = self.was_freed(frame).is_some();
        if freed {
            expected = words::poisoned(expected);
        } else {
            expected[FLAGS_WORD] &= !RELEASE_FLAGS;
            expected[FLAGS_WORD] |= found[FLAGS_WORD] & RELEASE_FLAGS;
        }
        expected[REFCOUNT_WORD] &= u64::from(u32::MAX);
        if !freed && self.free.get(folio) != Some(&true) {
            expected[REFCOUNT_WORD] |= found[REFCOUNT_WORD] & !u64::from(u32::MAX);
        }
        expected
    }

    /// What the words of a page that is no head page must be: as they were, but for the pincount in
    /// the first tail page. `next_head` is the number of the compound page after its own.
    fn expected_of_tail(
        &self,
        world: &World,
        next_head: usize,
        frame: usize,
        found: &Words,
    ) -> Words {
        const PINCOUNT: u64 = u32::MAX as u64;
        let mut expected = *self.frames.words_built(frame);
        let place = next_head.checked_sub(1).map(|folio| world.layout.places[folio]);
        if place.is_some_and(|place| place.pages > 1 && place.frame + 1 == frame) {
            expected[PINCOUNT_WORD] &= !PINCOUNT;
            expected[PINCOUNT_WORD] |= found[PINCOUNT_WORD] & PINCOUNT;
        }
        expected
    }

    /// Notes which of the compound pages that these entries name may be pinned.
    fn note_pinned(&mut self, entries: &[Entry], call: usize) {
        let start = self.pinned.len();
        for entry in entries.iter().filter(|entry| !entry.is_null()) {
            let head = self.frames.page(usize::from(entry.frame)).compound_head();
            let is_freed = self.was_freed(self.recorder.map().frame(head)).is_some();
            if !is_freed && self.recorder.maybe_dma_pinned(head) {
                self.pinned.push(Pinned { call, folio: usize::from(entry.folio) });
            }
        }
        Pinned::sort(&mut self.pinned, start);
    }

    fn find_stray_writes(&mut self, world: &World, stray_writes: &mut Vec<StrayWrite>) {
        let mut next_head = 0;
        let mut frames = std::mem::take(&mut self.changed);
        let all = world.layout.frames() + 1;
        self.frames.find_changed(all, &mut frames);
        for &changed in &frames {
            let heads = &world.layout.places[next_head..];
            next_head += heads.partition_point(|place| place.frame < changed);
            let is_head = world.layout.places.get(next_head).is_some_and(|p| p.frame == changed);
            let found = words::read(self.frames.page(changed));
            let expected = if is_head {
                self.expected(next_head, changed, &found)
            } else {
                self.expected_of_tail(world, next_head, changed, &found)
            };
            stray_writes.extend((0..8).filter(|&word| found[word] != expected[word]).map(|word| {
                StrayWrite { frame: changed, word, expected: expected[word], found: found[word] }
            }));
        }
        self.frames.restore(all, &frames);
        self.changed = frames;
    }

    fn state(&self, world: &World, number: usize) -> FolioState {
        let frame = world.layout.places[number].frame;
        let head = self.frames.page(frame);
        if self.free.get(number) == Some(&true) {
            return FolioState::Free;
        }
        if let Some(dirty) = self.was_freed(frame) {
            return FolioState::Freed { dirty, pincount: head.pincount() };
        }
        let file = &self.files[number];
        let accounting = match world.folios[number].kind {
            Kind::Anon => Accounting::default(),
            Kind::File => Accounting {
                dirty_count: file.dirty_count.load(Ordering::Relaxed).cast_signed() as i64,
                dirty_tags: file.dirty_tags.load(Ordering::Relaxed).cast_signed() as i64,
            },
        };
        FolioState::Live {
            refcount: head.refcount(),
            pincount: head.pincount(),
            pinned: self.recorder.maybe_dma_pinned(head),
            dirty: head.is_dirty(),
            locked: head.is_locked(),
            accounting,
        }
    }
}

impl<R: Release> Machine for PageMap<R> {
    fn build(&mut self, world: &World, class: Option<Class>) {
        self.recorder.start(class == Some(Class::Valid));
        self.frames.start(world.layout.frames() + 1);
        (0..world.folios.len()).for_each(|number| self.build_folio(world, number));
        self.build_gaps(world);
        let pages = world.entries.iter().map(|entry| self.frames.page(usize::from(entry.frame)));
        self.pages.clear();
        self.pages.extend(pages);
        self.free.clear();
        self.pinned.clear();
        self.for_each_page(&self.gaps, asan::poison_pages);
    }

    fn acquire(&mut self, world: &World, entries: Range<usize>) -> usize {
        let mut done = entries.start;
        // One call for each stretch of entries that are held in one way.
        let stretches =
            world.entries[entries.clone()].chunk_by(|one, other| one.backing == other.backing);
        for stretch in stretches {
            let end = done + stretch.len();
            let pages = &self.pages[done..end];
            done += match stretch[0].backing {
                Backing::Unbacked | Backing::Null => stretch.len(),
                Backing::Got => get_user_pages(pages),
                Backing::Pinned => pin_user_pages(pages, &self.recorder),
            };
            if done < end {
                break;
            }
        }
        done - entries.start
    }

    fn drop_owners(&mut self, world: &World) {
        for place in &world.layout.places {
            let head = self.frames.page(place.frame);
            let refcount = head.refcount().wrapping_sub(1);
            head.set_refcount(refcount);
            self.free.push(refcount == 0);
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
        self.recorder.start_call(call);
        let watched = R::IS_FOREIGN && asan::is_present();
        if watched {
            self.find_unnamed(world, entries.clone());
            self.for_each_page(&self.unnamed, asan::poison_pages);
        }
        let (named, pages) = (&world.entries[entries.clone()], &self.pages[entries.clone()]);
        let error = if errno.is_some() || world.has_nulls {
            let entries = named.iter().zip(pages);
            let entries = entries.map(|(entry, page)| (!entry.is_null()).then_some(*page));
            self.implementation.release_nulls(function, entries, errno, &self.recorder)
        } else {
            self.entries.fill(pages.iter().copied());
            self.implementation.release(function, self.entries.as_slice(), &self.recorder)
        };
        if watched {
            self.for_each_page(&self.unnamed, asan::unpoison_pages);
        }
        self.recorder.end_call();
        if function.unpins() {
            self.note_pinned(&world.entries[entries], call);
        }
        error
    }

    fn clean(&mut self, world: &World, folio: usize) {
        let head = self.frames.page(world.layout.places[folio].frame);
        if head.refcount() > 0 {
            head.clear_dirty();
        }
    }

    fn finish(&mut self, world: &World, outcome: &mut Outcome) {
        self.for_each_page(&self.gaps, asan::unpoison_pages);
        let states = (0..world.folios.len()).map(|number| self.state(world, number));
        outcome.folios.extend(states);
        outcome.events.extend_from_slice(&self.recorder.events());
        outcome.pinned.extend_from_slice(&self.pinned);
        outcome.node_pins = self.recorder.node_pins();
        let found = self.recorder.late_counts();
        if found > 0 {
            let counter = Counter::LateCounts;
            outcome.imbalances.push(Imbalance { counter, folio: None, expected: 0, found });
        }
        self.find_stray_writes(world, &mut outcome.stray_writes);
    }
}
