//! The C builder of worlds, `c/world.c`, called from Rust so that the two can be held
//! against each other.

use std::fmt::Debug;

use crate::canonical_c::{CanonicalError, CaseRecord, backing, decode_records};
use crate::layout::{MAX_FRAMES, MAX_RECORDS, Place};
use crate::world::{Entry, Folio, MAX_ARRAYS, MAX_LONG_ENTRIES, Step, World};
use put_user_page_record::{Function, Kind, Source};

const MAX_STEPS: usize = MAX_RECORDS + 1;
const NO_ARRAY: u16 = 0xffff;

/// `struct case_folio` of `c/world.h`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct CaseFolio {
    frame: u16,
    page: u16,
    pages: u16,
    record: u16,
    order: u8,
    from: u8,
    file: u8,
    dirty: u8,
    locked: u8,
    padding: [u8; 3],
    backed: u32,
    refs: i32,
}

/// `struct case_page`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct CasePage {
    frame: u16,
    folio: u16,
}

/// `struct case_entry`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct CaseEntry {
    frame: u16,
    folio: u16,
    backing: u8,
    padding: u8,
}

/// `struct case_array`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct CaseArray {
    start: u32,
    end: u32,
}

/// `struct case_step`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct CaseStep {
    kind: u8,
    function: u8,
    array: u16,
    first: u32,
    end: u32,
}

/// `struct case_world`.
#[derive(Debug)]
#[repr(C)]
struct CaseWorld {
    frames: u32,
    folio_count: u32,
    page_count: u32,
    entry_count: u32,
    array_count: u32,
    step_count: u32,
    references: u32,
    releases: u32,
    owners_dropped: u32,
    singles: u32,
    is_long: u32,
    folios: [CaseFolio; MAX_FRAMES],
    pages: [CasePage; MAX_FRAMES],
    entries: [CaseEntry; MAX_LONG_ENTRIES],
    arrays: [CaseArray; MAX_ARRAYS],
    steps: [CaseStep; MAX_STEPS],
}

// The C header asserts the same of its own.
const _: () = assert!(
    size_of::<CaseWorld>()
        == 11 * 4 + MAX_FRAMES * (24 + 4) + MAX_LONG_ENTRIES * 6 + MAX_ARRAYS * 8 + MAX_STEPS * 12
);

unsafe extern "C" {
    fn case_world_build(world: *mut CaseWorld, records: *const CaseRecord, count: usize);

    fn case_records_with_orders(
        world: *const CaseWorld,
        records: *mut CaseRecord,
        count: usize,
        orders: *const u8,
        order_count: usize,
    );
}

/// Records as the C decoder reads them, and their world as the C builder makes it.
#[derive(Debug)]
pub struct WorldInC {
    records: Vec<CaseRecord>,
    world: Box<CaseWorld>,
}

impl Default for WorldInC {
    fn default() -> Self {
        let mut world = Box::<CaseWorld>::new_uninit();
        // SAFETY: the pointer is to memory of the box's own.
        unsafe { world.as_mut_ptr().write_bytes(0, 1) };
        // SAFETY: all fields are integers, and all of their bytes were just written.
        let world = unsafe { world.assume_init() };
        WorldInC { records: Vec::new(), world }
    }
}

impl WorldInC {
    /// Makes room for so many records.
    pub fn make_room(&mut self, records: usize) {
        self.records.clear();
        self.records.reserve(records);
    }

    /// Becomes the world of the case that these canonical bytes are.
    ///
    /// # Errors
    ///
    /// The bytes are not canonical; the world is the empty one then.
    pub fn build(&mut self, canonical: &[u8]) -> Result<(), CanonicalError> {
        let decoded = decode_records(canonical, &mut self.records);
        if decoded.is_err() {
            self.records.clear();
        }
        self.build_records();
        decoded
    }

    /// Becomes the world of the same case with orders that a kernel chose, as
    /// [`Case::with_orders`](crate::Case::with_orders) makes it.
    pub fn build_with_orders(&mut self, orders: &[u8]) {
        let (records, count) = (self.records.as_mut_ptr(), self.records.len());
        // SAFETY: the pointers and lengths are those of live slices, of which only
        // `records` is written to, and `world` was built from these records.
        unsafe {
            case_records_with_orders(&*self.world, records, count, orders.as_ptr(), orders.len());
        }
        self.build_records();
    }

    fn build_records(&mut self) {
        // SAFETY: the records are a live slice that the C code wrote itself. The type of the
        // world mirrors the C one field by field, and whatever its integers are, it is built
        // anew.
        unsafe { case_world_build(&mut *self.world, self.records.as_ptr(), self.records.len()) };
    }

    /// Holds the world against that of Rust.
    ///
    /// # Errors
    ///
    /// The first part in which they differ, with both sides.
    pub fn compare(&self, world: &World) -> Result<(), String> {
        let c = &*self.world;
        let layout = &world.layout;
        let folios = &c.folios[..c.folio_count as usize];
        let places = folios.iter().zip(layout.places.iter().copied());
        let group_of = |place: Place| layout.group_of_page(place.page).map(|(group, ..)| group);
        same("frames", [c.frames as usize], [layout.frames()])?;
        same("place of compound page", folios.iter().map(place), layout.places.iter().copied())?;
        same(
            "record of compound page",
            folios.iter().map(|folio| Some(usize::from(folio.record))),
            places.map(|(_, place)| group_of(place)),
        )?;
        same("compound page", folios.iter().map(folio), world.folios.iter().copied())?;
        same(
            "page",
            c.pages[..c.page_count as usize].iter().map(|page| (page.frame, page.folio)),
            layout.places.iter().zip(0..).flat_map(|(place, folio)| {
                (place.frame..place.frame + place.pages).map(move |frame| (frame as u16, folio))
            }),
        )?;
        let entries = &c.entries[..c.entry_count as usize];
        same("entry", entries.iter().map(entry), world.entries.iter().copied())?;
        let arrays = c.arrays[..c.array_count as usize].iter();
        let arrays = arrays.map(|array| array.start as usize..array.end as usize);
        same("array", arrays, world.arrays.iter().cloned())?;
        let steps = &c.steps[..c.step_count as usize];
        same("step", steps.iter().map(step), world.steps.iter().cloned())
    }
}

/// Nothing if both have the same elements, else the first that differs.
fn same<T: PartialEq + Debug>(
    what: &str,
    in_c: impl IntoIterator<Item = T>,
    in_rust: impl IntoIterator<Item = T>,
) -> Result<(), String> {
    let (mut in_c, mut in_rust) = (in_c.into_iter(), in_rust.into_iter());
    for index in 0.. {
        match (in_c.next(), in_rust.next()) {
            (None, None) => break,
            (c, rust) if c == rust => {}
            (c, rust) => return Err(format!("{what} {index} is {c:?} in C, {rust:?} in Rust")),
        }
    }
    Ok(())
}

fn place(folio: &CaseFolio) -> Place {
    assert_eq!(folio.pages, 1 << folio.order, "the C builder breaks its own promises");
    let (frame, page) = (usize::from(folio.frame), usize::from(folio.page));
    Place { frame, page, pages: usize::from(folio.pages) }
}

fn folio(folio: &CaseFolio) -> Folio {
    Folio {
        kind: if folio.file != 0 { Kind::File } else { Kind::Anon },
        dirty: folio.dirty != 0,
        locked: folio.locked != 0,
        refs: folio.refs,
        from: Source::ALL[usize::from(folio.from)],
    }
}

fn entry(entry: &CaseEntry) -> Entry {
    Entry { frame: entry.frame, folio: entry.folio, backing: backing(entry.backing) }
}

fn step(step: &CaseStep) -> Step {
    let array = usize::from(step.array);
    let range = step.first as usize..step.end as usize;
    match step.kind {
        0 => Step::Fill { array, entries: range },
        1 => Step::Acquire { array },
        2 => Step::DropOwners,
        3 | 5 => Step::Call {
            function: Function::ALL[usize::from(step.function)],
            array: (step.array != NO_ARRAY).then_some(array),
            entries: if step.kind == 3 { range } else { 0..0 },
            errno: (step.kind == 5).then_some(step.first as u8),
        },
        4 => Step::Clean { folios: range },
        kind => panic!("case_world_build() gave a step of kind {kind}"),
    }
}
