//! The module's answer as an outcome: `struct pagediff_answer` of
//! `reference/kernel/module/uapi.h` and the arrays behind it.

use put_user_page_case::world::World;
use put_user_page_targets::backend::Skip;
use put_user_page_targets::outcome::{
    Accounting, Counter, Event, EventKind, FolioState, Imbalance, NodePins, Outcome, Pinned,
    StateKind, StrayWrite,
};
use zerocopy::little_endian::{I32, I64, U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// What is wrong with an answer.
type Malformed = &'static str;

/// `struct pagediff_answer`.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct Answer {
    status: U32,
    orders: U32,
    folios: U32,
    events: U32,
    acquired: U32,
    strays: U32,
    imbalances: U32,
    error: U32,
    pinned: U32,
    stops: U32,
    pins_acquired: I64,
    pins_released: I64,
}

/// `struct pagediff_folio`.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct RawFolio {
    state: u8,
    dirty: u8,
    locked: u8,
    pinned: u8,
    refcount: I32,
    pincount: I32,
    dirty_count: I32,
    dirty_tags: I32,
}

/// `struct pagediff_event`.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct RawEvent {
    frame: U16,
    kind: u8,
    _padding: u8,
    refcount: I32,
    call: U32,
}

/// `struct pagediff_stray`.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct RawStray {
    frame: U32,
    word: U32,
    expected: U64,
    found: U64,
}

/// `struct pagediff_imbalance`.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct RawImbalance {
    balance: U32,
    folio: U32,
    expected: I64,
    found: I64,
}

/// `struct pagediff_pinned`.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct RawPinned {
    call: U32,
    folio: U32,
}

/// `struct pagediff_stop`.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct RawStop {
    call: U32,
    entry: U32,
}

/// `enum pagediff_event_kind`.
const EVENTS: [EventKind; 5] =
    [EventKind::Wait, EventKind::Lock, EventKind::Unlock, EventKind::Dirty, EventKind::Free];

/// `enum pagediff_balance`.
const COUNTERS: [Counter; 5] = [
    Counter::FileDirty,
    Counter::TimesFreed,
    Counter::Lacking,
    Counter::LocksKept,
    Counter::LostEvents,
];

/// Reads an answer; `Some` is why the module did not run the case.
pub(crate) fn read(
    bytes: &[u8],
    world: &World,
    outcome: &mut Outcome,
) -> Result<Option<Skip>, Malformed> {
    outcome.clear();
    let (answer, mut rest) = Answer::ref_from_prefix(bytes).map_err(|_| CUT_SHORT)?;
    match answer.status.get() {
        0 => {}
        1 => return Ok(Some(Skip::NoMemory)),
        2 => return Ok(Some(Skip::MixedOrders)),
        3 => return Ok(Some(Skip::NoUserPages { errno: answer.error.get().cast_signed() })),
        4 => return Ok(Some(Skip::NeedsLock)),
        5 => return Ok(Some(Skip::OverRelease)),
        6 => return Err("it lacks a function that this kernel should have"),
        7 => return Ok(Some(Skip::NoRoom)),
        8 => return Ok(Some(Skip::DevicePage)),
        9 => return Ok(Some(Skip::HugeZero)),
        _ => return Err("an unknown status"),
    }
    outcome.orders.extend_from_slice(take(&mut rest, answer.orders)?);
    for raw in take(&mut rest, answer.folios)? {
        outcome.folios.push(folio(raw)?);
    }
    for raw in take(&mut rest, answer.events)? {
        outcome.events.push(event(raw)?);
    }
    let acquired = take::<U32>(&mut rest, answer.acquired)?;
    outcome.acquired.extend(acquired.iter().map(|length| length.get() as usize));
    outcome.stray_writes.extend(take(&mut rest, answer.strays)?.iter().map(stray_write));
    for raw in take(&mut rest, answer.imbalances)? {
        outcome.imbalances.push(imbalance(raw)?);
    }
    for raw in take(&mut rest, answer.pinned)? {
        let RawPinned { call, folio } = raw;
        let (call, folio) = (call.get() as usize, folio.get() as usize);
        outcome.pinned.push(Pinned { call, folio });
    }
    // In the order in which all have them.
    outcome.pinned.sort_unstable();
    outcome.node_pins =
        NodePins { acquired: answer.pins_acquired.get(), released: answer.pins_released.get() };
    outcome.errors.resize(world.calls().count(), None);
    for RawStop { call, entry } in take(&mut rest, answer.stops)? {
        let error = outcome.errors.get_mut(call.get() as usize);
        *error.ok_or("an error of no call")? = Some(entry.get() as usize);
    }
    if !rest.is_empty() {
        return Err("bytes behind its end");
    }
    outcome.beyond_bounds().map_or(Ok(None), Err)
}

const CUT_SHORT: Malformed = "it is cut short";

/// Takes an array of so many from the front.
fn take<'a, T: FromBytes + KnownLayout + Immutable + Unaligned>(
    rest: &mut &'a [u8],
    count: U32,
) -> Result<&'a [T], Malformed> {
    let taken = <[T]>::ref_from_prefix_with_elems(rest, count.get() as usize);
    let (taken, others) = taken.map_err(|_| CUT_SHORT)?;
    *rest = others;
    Ok(taken)
}

fn folio(raw: &RawFolio) -> Result<FolioState, Malformed> {
    let dirty = raw.dirty != 0;
    Ok(match raw.state {
        0 => FolioState::Free,
        1 => FolioState::Live {
            refcount: raw.refcount.get(),
            pincount: raw.pincount.get(),
            pinned: raw.pinned != 0,
            dirty,
            locked: raw.locked != 0,
            accounting: Accounting {
                dirty_count: raw.dirty_count.get().into(),
                dirty_tags: raw.dirty_tags.get().into(),
            },
        },
        2 => FolioState::Freed { dirty, pincount: raw.pincount.get() },
        _ => return Err("an unknown state of a page"),
    })
}

fn event(raw: &RawEvent) -> Result<Event, Malformed> {
    let kind = *EVENTS.get(usize::from(raw.kind)).ok_or("an unknown event")?;
    let (frame, call) = (usize::from(raw.frame.get()), raw.call.get() as usize);
    Ok(Event { frame, kind, refcount: raw.refcount.get(), call })
}

fn stray_write(raw: &RawStray) -> StrayWrite {
    let (frame, word) = (raw.frame.get() as usize, raw.word.get() as usize);
    StrayWrite { frame, word, expected: raw.expected.get(), found: raw.found.get() }
}

fn imbalance(raw: &RawImbalance) -> Result<Imbalance, Malformed> {
    let counter = COUNTERS.get(raw.balance.get() as usize).ok_or("an unknown counter")?;
    // The node's own counters are no folio's.
    let folio = (raw.folio != U32::MAX_VALUE).then_some(raw.folio.get() as usize);
    Ok(Imbalance { counter: *counter, folio, expected: raw.expected.get(), found: raw.found.get() })
}

/// The answer of a module that has this outcome, which [`read`] reads again: what entries
/// stopped calls is not in it.
pub(crate) fn write(outcome: &Outcome) -> Vec<u8> {
    let count = |length: usize| U32::new(length as u32);
    let answer = Answer {
        status: U32::new(0),
        orders: count(outcome.orders.len()),
        folios: count(outcome.folios.len()),
        events: count(outcome.events.len()),
        acquired: count(outcome.acquired.len()),
        strays: count(outcome.stray_writes.len()),
        imbalances: count(outcome.imbalances.len()),
        error: U32::new(0),
        pinned: count(outcome.pinned.len()),
        stops: U32::new(0),
        pins_acquired: outcome.node_pins.acquired.into(),
        pins_released: outcome.node_pins.released.into(),
    };
    let mut bytes = [answer.as_bytes(), &outcome.orders].concat();
    let folios = outcome.folios.iter().map(raw_folio);
    bytes.extend(folios.flat_map(|raw| raw.as_bytes().to_vec()));
    let events = outcome.events.iter().map(raw_event);
    bytes.extend(events.flat_map(|raw| raw.as_bytes().to_vec()));
    bytes.extend(outcome.acquired.iter().flat_map(|&length| (length as u32).to_le_bytes()));
    let strays = outcome.stray_writes.iter().map(raw_stray);
    bytes.extend(strays.flat_map(|raw| raw.as_bytes().to_vec()));
    let imbalances = outcome.imbalances.iter().map(raw_imbalance);
    bytes.extend(imbalances.flat_map(|raw| raw.as_bytes().to_vec()));
    let pinned = outcome.pinned.iter().map(|Pinned { call, folio }| RawPinned {
        call: (*call as u32).into(),
        folio: (*folio as u32).into(),
    });
    bytes.extend(pinned.flat_map(|raw| raw.as_bytes().to_vec()));
    bytes
}

fn raw_folio(folio: &FolioState) -> RawFolio {
    let state = match folio.kind() {
        StateKind::Free => 0,
        StateKind::Live => 1,
        StateKind::Freed => 2,
    };
    let Accounting { dirty_count, dirty_tags } = folio.accounting().unwrap_or_default();
    RawFolio {
        state,
        dirty: folio.dirty().unwrap_or_default().into(),
        locked: folio.locked().unwrap_or_default().into(),
        pinned: folio.pinned().unwrap_or_default().into(),
        refcount: folio.refcount().unwrap_or_default().into(),
        pincount: folio.pincount().unwrap_or_default().into(),
        dirty_count: (dirty_count as i32).into(),
        dirty_tags: (dirty_tags as i32).into(),
    }
}

fn raw_event(event: &Event) -> RawEvent {
    let kind = EVENTS.iter().position(|kind| *kind == event.kind).expect("all are there");
    RawEvent {
        frame: (event.frame as u16).into(),
        kind: kind as u8,
        _padding: 0,
        refcount: event.refcount.into(),
        call: (event.call as u32).into(),
    }
}

fn raw_stray(write: &StrayWrite) -> RawStray {
    RawStray {
        frame: (write.frame as u32).into(),
        word: (write.word as u32).into(),
        expected: write.expected.into(),
        found: write.found.into(),
    }
}

fn raw_imbalance(imbalance: &Imbalance) -> RawImbalance {
    let counter = COUNTERS.iter().position(|one| *one == imbalance.counter);
    RawImbalance {
        balance: (counter.expect("all are there") as u32).into(),
        folio: imbalance.folio.map_or(u32::MAX, |folio| folio as u32).into(),
        expected: imbalance.expected.into(),
        found: imbalance.found.into(),
    }
}

#[cfg(test)]
mod tests {
    use put_user_page_case::Case;

    use super::*;

    /// An answer of one of each, in which no number is zero that may be another.
    fn answer() -> Vec<u8> {
        let counts = [0, 2, 1, 1, 1, 1, 1, 0, 1, 0].map(u32::to_le_bytes).concat();
        let node_pins = [5u64, 4].map(u64::to_le_bytes).concat();
        let numbers = [7u32, 2, 1, 1].map(u32::to_le_bytes);
        let folio = [&[1, 1, 0, 1][..], numbers.as_flattened()];
        let event = [&[3, 1, 4, 0][..], &(-2i32).to_le_bytes(), &5u32.to_le_bytes()];
        let stray = [[9u64 | 2 << 32, 3, 4].map(u64::to_le_bytes).concat()];
        let imbalance = [[2 | u64::from(u32::MAX) << 32, u64::MAX, 1].map(u64::to_le_bytes)];
        let imbalance = imbalance.as_flattened().concat();
        let arrays = [folio.concat(), event.concat(), 8u32.to_le_bytes().to_vec(), stray.concat()];
        let pinned = [6u32, 7].map(u32::to_le_bytes).concat();
        [counts, node_pins, vec![0, 9], arrays.concat(), imbalance, pinned].concat()
    }

    fn outcome_of(bytes: &[u8]) -> Result<Outcome, Malformed> {
        let mut outcome = Outcome::default();
        let skip = read(bytes, &World::default(), &mut outcome)?;
        assert_eq!(skip, None);
        Ok(outcome)
    }

    #[test]
    fn an_answer_is_read_as_the_module_writes_it() {
        let outcome = outcome_of(&answer()).unwrap();
        assert_eq!(outcome.orders, [0, 9]);
        let accounting = Accounting { dirty_count: 1, dirty_tags: 1 };
        let (refcount, pincount) = (7, 2);
        let (pinned, dirty, locked) = (true, true, false);
        let live = FolioState::Live { refcount, pincount, pinned, dirty, locked, accounting };
        assert_eq!(outcome.folios, [live]);
        let freed = Event { frame: 259, kind: EventKind::Free, refcount: -2, call: 5 };
        assert_eq!(outcome.events, [freed]);
        assert_eq!(outcome.acquired, [8]);
        let stray = StrayWrite { frame: 9, word: 2, expected: 3, found: 4 };
        assert_eq!(outcome.stray_writes, [stray]);
        let (counter, folio) = (Counter::Lacking, None);
        assert_eq!(outcome.imbalances, [Imbalance { counter, folio, expected: -1, found: 1 }]);
        assert_eq!(outcome.pinned, [Pinned { call: 6, folio: 7 }]);
        assert_eq!(outcome.node_pins, NodePins { acquired: 5, released: 4 });
        assert_eq!(write(&outcome), answer());
    }

    #[test]
    fn why_there_are_no_user_pages_is_read() {
        let bytes = [3, 0, 0, 0, 0, 0, 0, 19, 0, 0, 0, 0, 0, 0].map(u32::to_le_bytes).concat();
        let skip = read(&bytes, &World::default(), &mut Outcome::default()).unwrap();
        assert_eq!(skip, Some(Skip::NoUserPages { errno: 19 }));
    }

    #[test]
    fn which_entries_stopped_calls_is_read() {
        let case = Case::from_text("folio a\nentries a\nput_user_pages\nput_user_pages\n");
        let world = World::of(&case.unwrap());
        let answer = |call: u32| {
            let numbers = [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, call, 7];
            numbers.map(u32::to_le_bytes).concat()
        };
        let mut outcome = Outcome::default();
        assert_eq!(read(&answer(1), &world, &mut outcome), Ok(None));
        assert_eq!(outcome.errors, [None, Some(7)]);
        assert_eq!(read(&answer(2), &world, &mut outcome), Err("an error of no call"));
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        let whole = answer();
        for length in 0..whole.len() {
            assert_eq!(outcome_of(&whole[..length]).unwrap_err(), CUT_SHORT, "{length} bytes");
        }
        let refused = |at: usize, byte| {
            let mut bytes = [&whole[..], &[0]].concat();
            bytes.truncate(whole.len().max(at + 1));
            bytes[at] = byte;
            outcome_of(&bytes).unwrap_err()
        };
        assert_eq!(refused(whole.len(), 0), "bytes behind its end");
        assert_eq!(refused(0, 10), "an unknown status");
        assert_eq!(refused(58, 3), "an unknown state of a page");
        assert_eq!(refused(80, 5), "an unknown event");
        assert_eq!(refused(whole.len() - 32, 9), "an unknown counter");
        for count in (4..28).step_by(4) {
            // More than there are bytes, whatever they are of.
            assert_eq!(refused(count + 3, 0xff), CUT_SHORT);
        }
    }
}
