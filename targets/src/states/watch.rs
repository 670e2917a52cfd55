//! Which named states a case reaches, seen from the reference.

use std::ops::Range;

use put_user_page_case::world::{Entry, Step, World};
use put_user_page_case::{Backing, Function, Kind, Source};
use put_user_page_reference::{Memory, Page};

use put_user_page_watched::states::{Id, StateSet};

/// A compound page, and what is known of it in the call that is looked at.
#[derive(Clone, Copy, Debug)]
struct Folio {
    head: usize,
    pages: usize,
    kind: Kind,
    from: Source,
    is_last_of_map: bool,
    was_dirty_when_cleaned: bool,
    /// The array that a call last released it through.
    array: Option<usize>,
    /// The number of the call, from 1, that the fields below are about.
    call: usize,
    /// How it has been held by entries: a bit for each way.
    held: u8,
    /// The references, or pins where the call releases those, that are left after the runs so far;
    /// less than zero if they ran out.
    left: i64,
    /// The references that it has beside those.
    spare: i64,
    dirty: bool,
    locked: bool,
}

/// A run of a call's entries.
#[derive(Clone, Copy, Debug)]
struct Run<'a> {
    entries: &'a [Entry],
    /// Those of them that are released: all but where the references run out.
    released: &'a [Entry],
    folio: Folio,
    is_first_of_folio: bool,
}

impl Run<'_> {
    /// Whether the last reference of its page is one of those that it drops.
    fn is_freed(&self) -> bool {
        let Folio { left, spare, .. } = self.folio;
        left > 0 && left <= self.entries.len() as i64 && spare == 0
    }
}

/// Watches the reference run one case.
#[derive(Debug, Default)]
pub(crate) struct CallWatch {
    /// The states reached so far.
    pub(crate) reached: StateSet,
    folios: Vec<Folio>,
    calls: usize,
    /// Whether an entry has stopped a call.
    stopped: bool,
    /// The array that each call is on.
    call_arrays: Vec<Option<usize>>,
    /// How many entries each array has.
    lengths: Vec<usize>,
    /// A bit for each array that a call with entries was on.
    called: u64,
    /// A bit for each function called so far.
    functions: u16,
    /// The frames that the entries of the running call name.
    frames: Vec<usize>,
    /// The entries of the running call that start a run.
    run_starts: Vec<usize>,
}

impl CallWatch {
    /// A new case starts.
    pub(crate) fn start(&mut self, world: &World) {
        self.reached = StateSet::default();
        (self.calls, self.called, self.functions, self.stopped) = (0, 0, 0, false);
        self.folios.clear();
        self.call_arrays.clear();
        let end = world.layout.frames();
        let folios = world.layout.places.iter().zip(&world.folios).map(|(place, folio)| Folio {
            head: place.frame,
            pages: place.pages,
            kind: folio.kind,
            from: folio.from,
            is_last_of_map: place.frame + place.pages == end,
            was_dirty_when_cleaned: false,
            array: None,
            call: 0,
            held: 0,
            left: 0,
            spare: 0,
            dirty: false,
            locked: false,
        });
        self.folios.extend(folios);
        self.call_arrays.extend(world.steps.iter().filter_map(|step| match step {
            Step::Call { array, .. } => Some(*array),
            _ => None,
        }));
        self.lengths.clear();
        self.lengths.resize(world.arrays.len(), 0);
    }

    /// References were asked for these of the world's entries, and an array ends before `end`.
    pub(crate) fn acquired(&mut self, world: &World, entries: &Range<usize>, end: usize) {
        if !entries.is_empty() {
            let array = world.arrays.partition_point(|array| array.end <= entries.start);
            self.lengths[array] = end - world.arrays[array].start;
        }
        for entry in &world.entries[entries.start..end] {
            let folio = &mut self.folios[usize::from(entry.folio)];
            folio.held |= 1 << entry.backing as u8;
            let both = 1 << Backing::Got as u8 | 1 << Backing::Pinned as u8;
            self.reached.insert_if(Id::GotAndPinned, folio.held & both == both);
        }
    }

    /// An array ends because this head page's reference could not be had.
    pub(crate) fn refused(&mut self, head: &Page) {
        self.reached.insert_if(Id::AcquireRefusedFree, head.refcount <= 0);
        self.reached.insert_if(Id::AcquireRefusedMax, head.refcount > 0);
    }

    /// A pin was taken of this head page.
    pub(crate) fn pinned(&mut self, head: &Page) {
        self.reached.insert_if(Id::PinOverflows, head.refcount < 0);
    }

    /// A compound page in use is about to be written back.
    pub(crate) fn cleaned(&mut self, folio: usize, head: &Page) {
        self.folios[folio].was_dirty_when_cleaned |= head.dirty;
    }

    /// A call is about to be made.
    pub(crate) fn before_call(&mut self, function: Function, entries: &[Entry], memory: &Memory) {
        self.calls += 1;
        self.functions |= 1 << function.number();
        self.reached.insert_if(Id::AllFunctions, self.functions & 0b1111 == 0b1111);
        self.reached.insert_if(Id::EmptyArray, entries.is_empty());
        self.array(entries);
        self.frames.clear();
        self.run_starts.clear();
        if entries.iter().any(Entry::is_null) {
            // What it does beside, calls without show.
            self.reached.insert_if(Id::NullEntry, function.unpins());
            return;
        }
        self.frames.extend(entries.iter().map(|entry| usize::from(entry.frame)));
        let (mut start, mut runs, mut first_was_dirty) = (0, 0, None);
        for run in entries.chunk_by(|one, other| one.folio == other.folio) {
            self.run_starts.push(start);
            let run = self.look_up(run, function, memory);
            start += run.released.len();
            runs += usize::from(!run.released.is_empty());
            self.shape(&run);
            self.pages(run.released);
            self.references(&run, function);
            if function.unpins() {
                self.pins(&run, function);
            }
            self.dirty(&run, function, first_was_dirty);
            first_was_dirty.get_or_insert(run.folio.dirty);
            self.release(&run, function);
            if run.folio.left < run.entries.len() as i64 {
                // An entry of this run stops the call.
                break;
            }
        }
        self.reached.insert_if(Id::ManyRuns, runs >= 64);
        self.neighbours(&entries[..start]);
    }

    /// What the call does with its array.
    fn array(&mut self, entries: &[Entry]) {
        if let Some(array) = self.call_arrays[self.calls - 1].filter(|_| !entries.is_empty()) {
            self.reached.insert_if(Id::ArrayReused, self.called >> array & 1 != 0);
            self.reached.insert_if(Id::SliceOfArray, entries.len() < self.lengths[array]);
            self.called |= 1 << array;
        }
    }

    /// A run of these entries, its compound page as the runs of this call so far leave it.
    fn look_up<'a>(
        &mut self,
        entries: &'a [Entry],
        function: Function,
        memory: &Memory,
    ) -> Run<'a> {
        let call = self.calls;
        let folio = &mut self.folios[usize::from(entries[0].folio)];
        let is_first_of_folio = folio.call != call;
        if is_first_of_folio {
            let head = memory.page(folio.head);
            folio.call = call;
            let refcount = i64::from(head.refcount);
            folio.left = if function.unpins() { memory.pins(folio.head) } else { refcount };
            folio.spare =
                if function.unpins() { memory.references_beside_pins(folio.head) } else { 0 };
            (folio.dirty, folio.locked) = (head.dirty, head.locked);
        }
        let left = usize::try_from(folio.left).unwrap_or(0);
        let released = &entries[..left.min(entries.len())];
        Run { entries, released, folio: *folio, is_first_of_folio }
    }

    /// Which pages a run releases.
    fn shape(&mut self, run: &Run<'_>) {
        let Run { released: entries, folio, is_first_of_folio, .. } = run;
        if entries.is_empty() {
            return;
        }
        let is_head = |entry: &Entry| usize::from(entry.frame) == folio.head;
        let head = entries.iter().any(is_head);
        let tail = entries.iter().any(|entry| !is_head(entry));
        let reached = &mut self.reached;
        reached.insert_if(Id::AThenBThenA, !is_first_of_folio);
        reached.insert_if(Id::HeadsAndTails, head && tail);
        reached.insert_if(Id::TailsOnly, tail && !head);
        reached.insert_if(Id::StartsInMiddle, entries.len() > 1 && !is_head(&entries[0]));
        let whole = folio.pages > 1
            && entries.len() == folio.pages
            && (folio.head..).zip(*entries).all(|(frame, entry)| usize::from(entry.frame) == frame);
        reached.insert_if(Id::WholeCompoundPage, whole);
        reached.insert_if(Id::Order1, folio.pages == 2);
        reached.insert_if(Id::Order9, folio.pages == 512);
        reached.insert_if(Id::Order10, folio.pages == 1024);
        reached.insert_if(Id::LastPageOfMap, folio.pages == 1 && folio.is_last_of_map);
        let blocks = entries.len() > 16;
        reached.insert_if(Id::RunEndsWithBlock, blocks && entries.len() % 16 == 1);
        reached.insert_if(Id::RunEndsInBlock, blocks && entries.len() % 16 != 1);
        reached.insert_if(Id::LongRun, entries.len() >= 512);
    }

    /// How the entries that a run releases follow each other.
    fn pages(&mut self, run: &[Entry]) {
        let descending = run.windows(2).any(|pair| pair[1].frame + 1 == pair[0].frame);
        self.reached.insert_if(Id::Descending, descending);
        let longest =
            run.chunk_by(|one, other| one.frame == other.frame).map(<[_]>::len).max().unwrap_or(0);
        self.reached.insert_if(Id::SamePage, longest >= 2);
        self.reached.insert_if(Id::SamePageManyTimes, longest >= 32);
    }

    /// How the runs of a call follow each other.
    fn neighbours(&mut self, entries: &[Entry]) {
        for pair in entries.windows(2).filter(|pair| pair[0].folio != pair[1].folio) {
            let (one, other) = (self.folio_of(pair[0]), self.folio_of(pair[1]));
            let end = one.head + one.pages;
            let (frame, next) = (usize::from(pair[0].frame), usize::from(pair[1].frame));
            self.reached.insert_if(Id::AcrossTheEnd, frame + 1 == end && next == end);
            self.reached.insert_if(Id::AcrossTheStart, frame == one.head && next + 1 == frame);
            self.reached.insert_if(Id::OrdersMixed, one.pages != other.pages);
            let (low, high) = if one.head < other.head { (one, other) } else { (other, one) };
            let side_by_side = pair[0].folio.abs_diff(pair[1].folio) == 1;
            let gap = side_by_side && low.head + low.pages < high.head;
            self.reached.insert_if(Id::EitherSideOfGap, gap);
        }
    }

    fn folio_of(&self, entry: Entry) -> Folio {
        self.folios[usize::from(entry.folio)]
    }

    /// What the references of a run's page are, and what becomes of them.
    fn references(&mut self, run: &Run<'_>, function: Function) {
        let (left, wanted) = (run.folio.left, run.entries.len() as i64);
        let reached = &mut self.reached;
        if !function.unpins() {
            reached.insert_if(Id::Refcount1, left == 1);
            reached.insert_if(Id::RefcountAround1024, (1008..=1040).contains(&left));
            reached.insert_if(Id::RefcountNearMax, left >= i64::from(i32::MAX) - 64);
        }
        let freed = run.is_freed();
        reached.insert_if(Id::KeepsReferences, wanted > 1 && left > wanted);
        reached.insert_if(Id::FreedByLastOfRun, wanted > 1 && freed && left == wanted);
        reached.insert_if(Id::FreedInMiddleOfRun, freed && left < wanted);
        reached.insert_if(Id::FreedOnReturn, freed && !run.is_first_of_folio);
        reached.insert_if(Id::ErrorOnReturn, left <= 0 && !run.is_first_of_folio);
        let unbacked = run.released.iter().any(|entry| !entry.backing.is_backed());
        reached.insert_if(Id::UnbackedReleased, unbacked);
    }

    /// What a run of pins is of.
    fn pins(&mut self, run: &Run<'_>, function: Function) {
        let Folio { head, pages, from, left, .. } = run.folio;
        let (first, wanted) = (usize::from(run.entries[0].frame), run.entries.len() as i64);
        let reached = &mut self.reached;
        reached.insert_if(Id::UnpinsSmall, left > 0 && pages == 1);
        reached.insert_if(Id::UnpinsOrder1, left > 0 && pages == 2);
        reached.insert_if(Id::UnpinsLarge, left > 0 && pages > 2);
        reached.insert_if(Id::PinsRunOut, left < wanted);
        reached.insert_if(Id::UnpinsZeroPage, from == Source::Zero);
        reached.insert_if(Id::UnpinsHugeZeroPage, left > 0 && from == Source::HugeZero);
        let unaligned = function.takes_range() && left > 0 && first != head;
        reached.insert_if(Id::RangeUnaligned, unaligned);
        let wrongly = run.released.iter().any(|entry| entry.backing != Backing::Pinned);
        reached.insert_if(Id::UnpinsUnpinned, wrongly);
    }

    /// What is dirty, and what is locked.
    fn dirty(&mut self, run: &Run<'_>, function: Function, first_was_dirty: Option<bool>) {
        let Folio { left, dirty, locked, kind, .. } = run.folio;
        let reached = &mut self.reached;
        let freed = run.is_freed();
        reached.insert_if(Id::DirtyFreed, freed && (dirty || function.marks_dirty()));
        if left <= 0 {
            return;
        }
        let locks = function.locks();
        // Waiting for the lock to mark the page unlocks it.
        reached.insert_if(Id::FreedUnderLock, freed && locked && (dirty || !locks));
        reached.insert_if(Id::LockedNotAsked, locked && !locks);
        if !function.marks_dirty() {
            return;
        }
        let marks = !dirty;
        // Not what an earlier run of this call has marked.
        let found_dirty = dirty && run.is_first_of_folio;
        reached.insert_if(Id::FindsDirty, found_dirty);
        reached.insert_if(Id::MarksAnon, marks && kind == Kind::Anon);
        reached.insert_if(Id::MarksFile, marks && kind == Kind::File);
        let tail = usize::from(run.entries[0].frame) != run.folio.head;
        reached.insert_if(Id::TailOfFileMarked, marks && tail && kind == Kind::File);
        reached.insert_if(Id::MarkedAgain, marks && run.folio.was_dirty_when_cleaned);
        reached.insert_if(Id::DirtyThenClean, marks && first_was_dirty == Some(true));
        reached.insert_if(Id::CleanThenDirty, found_dirty && first_was_dirty == Some(false));
        reached.insert_if(Id::WaitsForLock, locks && marks && locked);
        reached.insert_if(Id::LockedButDirty, locks && dirty && locked);
    }

    /// Takes the run's references away for the runs after it.
    fn release(&mut self, run: &Run<'_>, function: Function) {
        let array = self.call_arrays[self.calls - 1];
        let folio = &mut self.folios[usize::from(run.entries[0].folio)];
        if folio.left > 0 {
            self.reached.insert_if(Id::CallAfterError, self.stopped);
            let other_before = folio.array.is_some() && folio.array != array;
            self.reached.insert_if(Id::TwoArraysOfAPage, other_before);
            folio.array = array;
        }
        if folio.left > 0 && function.marks_dirty() {
            folio.locked &= folio.dirty || !function.locks();
            folio.dirty = true;
        }
        folio.left = folio.left.saturating_sub(run.entries.len() as i64);
    }

    /// A call got a negative errno for a length.
    pub(crate) fn got_errno(&mut self, function: Function, error: Option<usize>) {
        self.calls += 1;
        self.frames.clear();
        self.stopped |= error.is_some();
        self.reached.insert_if(Id::ErrnoForLength, function.unpins() && error.is_none());
    }

    /// A call was made, and an entry may have stopped it.
    pub(crate) fn after_call(&mut self, error: Option<usize>, memory: &Memory) {
        let Some(entry) = error else { return };
        self.stopped = true;
        if self.frames.is_empty() {
            return;
        }
        let last = self.frames.len() - 1;
        let reached = &mut self.reached;
        reached.insert_if(Id::ErrorAtFirstEntry, entry == 0);
        reached.insert_if(Id::ErrorAtLastEntry, entry == last && entry > 0);
        let starts_run = self.run_starts.binary_search(&entry).is_ok();
        reached.insert_if(Id::ErrorBetweenRuns, starts_run && entry > 0 && entry < last);
        let head = memory.compound_head(self.frames[entry]);
        let mut later = self.frames[entry + 1..].iter();
        let spared = later.any(|&frame| memory.page(memory.compound_head(frame)).refcount > 0);
        reached.insert_if(Id::ErrorSparesOthers, spared);
        let freed_in_call = memory.events.iter().any(|event| event.page == head);
        let freed = memory.page(head).freed.is_some();
        reached.insert_if(Id::ErrorOnFreedPage, freed && !freed_in_call);
        let below_zero = memory.page(head).refcount < 0;
        reached.insert_if(Id::ErrorOnFreePage, !freed && !below_zero);
        reached.insert_if(Id::RefcountNegative, below_zero);
    }
}
