//! A machine on the memory map of `put_user_page`: for its own functions, and for C
//! functions, which see the same `struct page`s.

mod frames;
mod recorder;
mod words;

use std::ops::Range;
use std::sync::atomic::Ordering;

use put_user_page::{AddressSpace, MemoryMap, Page, PageRef, get_user_pages};
use put_user_page_case::layout::MAX_FRAMES;
use put_user_page_case::world::{MAX_LONG_ENTRIES, World};
use put_user_page_case::{Function, Kind};

use frames::Frames;
pub use recorder::Recorder;
use words::Words;
pub use words::set_other_flags;

use crate::asan;
use crate::backend::Class;
use crate::guarded::GuardedArray;
use crate::machine::Machine;
use crate::outcome::{Accounting, FolioState, Outcome, StrayWrite};

/// An implementation of the four functions on `struct page`s.
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
}

/// The words of `struct page` that releases change: `flags`, and the one that holds
/// `_refcount` in its upper half.
const FLAGS_WORD: usize = 0;
const REFCOUNT_WORD: usize = 6;
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
    /// The frames where no page is: gaps, and the frame after the last.
    gaps: Vec<Range<usize>>,
}

impl<R: Release> PageMap<R> {
    /// A map of [`MAX_FRAMES`] frames and one more, which no world has, and room for all that
    /// a case can need. The map is never given back, for entries of it may lie in the memory of C code.
    pub fn new(implementation: R) -> Self {
        let pages: Vec<Page> = (0..=MAX_FRAMES).map(|_| Page::new()).collect();
        let files: Vec<AddressSpace> = (0..MAX_FRAMES).map(|_| AddressSpace::new()).collect();
        let map = MemoryMap::new(pages.leak());
        PageMap {
            implementation,
            files: files.leak(),
            recorder: Recorder::new(map),
            pages: Vec::with_capacity(MAX_LONG_ENTRIES),
            entries: GuardedArray::new(MAX_LONG_ENTRIES),
            named: Vec::with_capacity(MAX_FRAMES),
            unnamed: Vec::with_capacity(MAX_FRAMES),
            frames: Frames::new(map),
            changed: Vec::with_capacity(MAX_FRAMES + 1),
            free: Vec::with_capacity(MAX_FRAMES),
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
        for entry in &world.entries[entries] {
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
                *self.frames.words_built(changed)
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
        if self.free.get(number) == Some(&true) {
            return FolioState::Free;
        }
        if let Some(dirty) = self.was_freed(frame) {
            return FolioState::Freed { dirty };
        }
        let (head, file) = (self.frames.page(frame), &self.files[number]);
        let accounting = match world.folios[number].kind {
            Kind::Anon => Accounting::default(),
            Kind::File => Accounting {
                dirty_count: file.dirty_count.load(Ordering::Relaxed).cast_signed() as i64,
                dirty_tags: file.dirty_tags.load(Ordering::Relaxed).cast_signed() as i64,
            },
        };
        FolioState::Live {
            refcount: head.refcount(),
            dirty: head.is_dirty(),
            locked: head.is_locked(),
            accounting,
        }
    }
}

impl<R: Release> Machine for PageMap<R> {
    fn build(&mut self, world: &World, class: Option<Class>) {
        self.frames.start(world.layout.frames() + 1);
        (0..world.folios.len()).for_each(|number| self.build_folio(world, number));
        self.build_gaps(world);
        let pages = world.entries.iter().map(|entry| self.frames.page(usize::from(entry.frame)));
        self.pages.clear();
        self.pages.extend(pages);
        self.free.clear();
        self.recorder.start(class == Some(Class::Valid));
        self.for_each_page(&self.gaps, asan::poison_pages);
    }

    fn acquire(&mut self, world: &World, entries: Range<usize>) -> usize {
        let mut done = entries.start;
        // get_user_pages() for each stretch of backed entries.
        let stretches =
            world.entries[entries.clone()].chunk_by(|one, other| one.backed == other.backed);
        for stretch in stretches {
            let end = done + stretch.len();
            done += if stretch[0].backed {
                get_user_pages(&self.pages[done..end])
            } else {
                stretch.len()
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
        call: usize,
    ) -> Option<usize> {
        self.recorder.start_call(call);
        self.entries.fill(self.pages[entries.clone()].iter().copied());
        let watched = R::IS_FOREIGN && asan::is_present();
        if watched {
            self.find_unnamed(world, entries);
            self.for_each_page(&self.unnamed, asan::poison_pages);
        }
        let pages = self.entries.as_slice();
        let error = self.implementation.release(function, pages, &self.recorder);
        if watched {
            self.for_each_page(&self.unnamed, asan::unpoison_pages);
        }
        self.recorder.end_call();
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
        self.find_stray_writes(world, &mut outcome.stray_writes);
    }
}
