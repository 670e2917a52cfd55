//! The module's answer as an outcome: `struct pagediff_answer` of
//! `reference/kernel/module/uapi.h` and the arrays behind it.

use crate::backend::Skip;
use crate::outcome::{
    Accounting, Counter, Event, EventKind, FolioState, Imbalance, Outcome, StrayWrite,
};
use crate::world::World;

/// What is wrong with an answer.
type Malformed = &'static str;

/// Reads an answer; `Some` is why the module did not run the case.
pub(super) fn read(
    bytes: &[u8],
    world: &World,
    outcome: &mut Outcome,
) -> Result<Option<Skip>, Malformed> {
    outcome.clear();
    let mut rest = Reader(bytes);
    let status = rest.u32()?;
    let [orders, folios, events, acquired, strays, imbalances, _] = rest.numbers()?;
    match status {
        0 => {}
        1 => return Ok(Some(Skip::NoMemory)),
        2 => return Ok(Some(Skip::MixedOrders)),
        3 => return Ok(Some(Skip::NoUserPages)),
        4 => return Ok(Some(Skip::NeedsLock)),
        5 => return Ok(Some(Skip::OverRelease)),
        _ => return Err("an unknown status"),
    }
    outcome.orders.extend_from_slice(rest.take(orders as usize)?);
    for _ in 0..folios {
        outcome.folios.push(folio(&mut rest)?);
    }
    for _ in 0..events {
        outcome.events.push(event(&mut rest)?);
    }
    for _ in 0..acquired {
        outcome.acquired.push(rest.u32()? as usize);
    }
    for _ in 0..strays {
        outcome.stray_writes.push(stray_write(&mut rest)?);
    }
    for _ in 0..imbalances {
        outcome.imbalances.push(imbalance(&mut rest)?);
    }
    outcome.errors.resize(world.calls().count(), None);
    if rest.0.is_empty() { Ok(None) } else { Err("bytes behind its end") }
}

fn folio(rest: &mut Reader<'_>) -> Result<FolioState, Malformed> {
    let [state, dirty, locked, _] = rest.array()?;
    let refcount = rest.i32()?;
    let dirty_count = i64::from(rest.i32()?);
    let dirty_tags = i64::from(rest.i32()?);
    let (dirty, locked) = (dirty != 0, locked != 0);
    Ok(match state {
        0 => FolioState::Free,
        1 => {
            let accounting = Accounting { dirty_count, dirty_tags };
            FolioState::Live { refcount, dirty, locked, accounting }
        }
        2 => FolioState::Freed { dirty },
        _ => return Err("an unknown state of a page"),
    })
}

fn event(rest: &mut Reader<'_>) -> Result<Event, Malformed> {
    let [low, high, kind, _] = rest.array()?;
    let kind = match kind {
        0 => EventKind::Wait,
        1 => EventKind::Lock,
        2 => EventKind::Unlock,
        3 => EventKind::Dirty,
        4 => EventKind::Free,
        _ => return Err("an unknown event"),
    };
    let frame = usize::from(u16::from_le_bytes([low, high]));
    Ok(Event { frame, kind, refcount: rest.i32()?, call: rest.u32()? as usize })
}

fn stray_write(rest: &mut Reader<'_>) -> Result<StrayWrite, Malformed> {
    let (frame, word) = (rest.u32()? as usize, rest.u32()? as usize);
    Ok(StrayWrite { frame, word, expected: rest.u64()?, found: rest.u64()? })
}

fn imbalance(rest: &mut Reader<'_>) -> Result<Imbalance, Malformed> {
    let counter = match rest.u32()? {
        0 => Counter::Pincount,
        1 => Counter::PinRemainder,
        2 => Counter::ReleasedPins,
        3 => Counter::FileDirty,
        4 => Counter::TimesFreed,
        5 => Counter::AcquiredPins,
        6 => Counter::Lacking,
        _ => return Err("an unknown counter"),
    };
    let folio = Some(rest.u32()?).filter(|&folio| folio != u32::MAX).map(|folio| folio as usize);
    let (expected, found) = (rest.u64()?.cast_signed(), rest.u64()?.cast_signed());
    Ok(Imbalance { counter, folio, expected, found })
}

/// The bytes that are left.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or("it is cut short")?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.0.split_first_chunk().ok_or("it is cut short")?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u32(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn i32(&mut self) -> Result<i32, Malformed> {
        Ok(i32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, Malformed> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn numbers<const N: usize>(&mut self) -> Result<[u32; N], Malformed> {
        let mut numbers = [0; N];
        for number in &mut numbers {
            *number = self.u32()?;
        }
        Ok(numbers)
    }
}
