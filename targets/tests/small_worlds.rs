//! The small cases that are made are all there are: held against every case of a tiny bound,
//! made by brute force and without leaving any out.

use std::collections::HashMap;

use put_user_page_case::small::{Bound, Released, Runs, every, runs};
use put_user_page_case::world::{Step, World};
use put_user_page_case::{
    Backing, Case, Direction, EntriesRecord, FolioRecord, Function, Kind, Record, Source,
};
use put_user_page_targets::backends::naive;
use put_user_page_targets::outcome::{FolioState, Outcome};
use put_user_page_targets::trial::Trial;

/// All that a call can see of a case: compound pages that entries name (order, file, dirty,
/// locked, references, pins), and for each call its function and entries: which compound page,
/// which page of it.
type Seen = (Vec<(usize, bool, bool, bool, i32, usize)>, Vec<(Function, Vec<(usize, usize)>)>);

/// The compound pages that entries name, in order.
fn named(world: &World) -> Vec<usize> {
    let mut named: Vec<usize> = world.entries.iter().map(|entry| entry.folio.into()).collect();
    named.sort_unstable();
    named.dedup();
    named
}

fn seen(world: &World) -> Seen {
    let named = named(world);
    let pages = named.iter().map(|&number| {
        let (place, folio) = (world.layout.places[number], world.folios[number]);
        let of_it =
            |entry: &&_| usize::from((*entry as &put_user_page_case::world::Entry).folio) == number;
        let held_by = |backing| {
            let entries = world.entries.iter().filter(of_it);
            entries.filter(|entry| entry.backing == backing).count()
        };
        (
            place.pages,
            folio.kind == Kind::File,
            folio.dirty,
            folio.locked,
            folio.refs + held_by(Backing::Got) as i32,
            held_by(Backing::Pinned),
        )
    });
    let pages = pages.collect();
    let calls = world.steps.iter().filter_map(|step| match step {
        Step::Call { function, array, entries, .. } => {
            let entries = world.call_entries(*array, entries.clone()).iter();
            let entries = entries.map(|entry| {
                let number = usize::from(entry.folio);
                let rank = named.binary_search(&number).unwrap();
                (rank, usize::from(entry.frame) - world.layout.places[number].frame)
            });
            Some((*function, entries.collect()))
        }
        _ => None,
    });
    (pages, calls.collect())
}

/// All rows of digits below these radices.
fn rows(radices: &[usize]) -> impl Iterator<Item = Vec<usize>> {
    let count: usize = radices.iter().product();
    (0..count).map(|mut number| {
        let digit = |radix: &usize| {
            let digit = number % radix;
            number /= radix;
            digit
        };
        radices.iter().map(digit).collect()
    })
}

/// All rows of up to so many of these numbers.
fn rows_up_to(longest: usize, numbers: usize) -> impl Iterator<Item = Vec<usize>> {
    (0..=longest).flat_map(move |length| rows(&vec![numbers; length]).collect::<Vec<_>>())
}

/// Tells every case up to the bound, nothing left out.
fn brute_force(bound: Bound, tell: &mut dyn FnMut(Case)) {
    let (calls, pages) = (usize::from(bound.calls), usize::from(bound.pages));
    let fits = |orders: &Vec<usize>| orders.iter().map(|order| 1 << order).sum::<usize>() <= pages;
    let entries = usize::from(bound.entries);
    for orders in rows_up_to(pages, usize::from(bound.order) + 1).filter(fits) {
        let all_pages: usize = orders.iter().map(|order| 1 << order).sum();
        let arrays: Vec<Vec<usize>> = rows_up_to(entries, all_pages).collect();
        for chosen in rows(&vec![arrays.len(); calls]) {
            let chosen: Vec<&Vec<usize>> = chosen.iter().map(|number| &arrays[*number]).collect();
            let entries: usize = chosen.iter().map(|array| array.len()).sum();
            // Of each compound page: kind, dirty, locked, references; of each entry: how it is
            // backed; of each call: the function.
            let backings = backings(bound.released).len();
            let of_page = [2, 2, 2, usize::from(bound.spare) + 1];
            let mut radices = of_page.repeat(orders.len());
            radices.extend(vec![backings; entries]);
            radices.extend(vec![bound.released.functions().len(); calls]);
            for digits in rows(&radices) {
                tell(case(&orders, &chosen, &digits, bound.released));
            }
        }
    }
}

/// All that an entry can take before something is released.
fn backings(released: Released) -> &'static [Backing] {
    match released {
        Released::References => &[Backing::Unbacked, Backing::Got],
        Released::Pins => &[Backing::Unbacked, Backing::Got, Backing::Pinned],
    }
}

fn case(orders: &[usize], arrays: &[&Vec<usize>], digits: &[usize], released: Released) -> Case {
    let mut digits = digits.iter().copied();
    let mut next = || digits.next().unwrap();
    let mut records = Vec::new();
    for &order in orders {
        records.push(Record::Folio(FolioRecord {
            order: order as u8,
            kind: if next() == 0 { Kind::Anon } else { Kind::File },
            dirty: next() == 1,
            locked: next() == 1,
            refs: next() as i32,
            repeat: 1,
            from: Source::Kernel,
        }));
    }
    for array in arrays {
        if array.is_empty() {
            records.push(entries(0, 0, Backing::Got, false));
        }
        for (index, &page) in array.iter().enumerate() {
            let backing = backings(released)[next()];
            records.push(entries(page as u16, 1, backing, index > 0));
        }
    }
    for number in 0..arrays.len() {
        let earlier = (arrays.len() - 1 - number) as u16;
        let function = released.functions()[next()];
        records.push(Record::Call { function, earlier, first: 0, length: 0 });
    }
    Case { records }
}

fn entries(first: u16, length: u16, backing: Backing, also: bool) -> Record {
    let record = EntriesRecord { first, length, direction: Direction::Up, backing, also };
    Record::Entries(record.normalised())
}

/// What the reference leaves behind of the compound pages that entries name, by their places
/// among these.
fn left_behind(
    world: &World,
    outcome: &Outcome,
) -> (Vec<FolioState>, Vec<String>, Vec<Option<usize>>) {
    let named = named(world);
    let states = named.iter().map(|number| outcome.folios[*number]).collect();
    let events = outcome.events.iter().map(|event| {
        let number = world.layout.folio_at_frame(event.frame).unwrap();
        let rank = named.binary_search(&number).unwrap();
        format!("{rank} {:?} {} {}", event.kind, event.refcount, event.call)
    });
    (states, events.collect(), outcome.errors.clone())
}

/// Whether a call is on fewer entries than its array has, as one of a range is whose pages do not
/// lie side by side: it is a shorter array's call, too.
fn ends_early(world: &World) -> bool {
    let on = |step: &Step| match step {
        Step::Call { entries, .. } => entries.len(),
        _ => 0,
    };
    world.steps.iter().map(on).sum::<usize>() < world.entries.len()
}

/// Whether calls have a compound page in common: those that have not are two single calls.
fn overlap(seen: &Seen) -> bool {
    let [(_, first), (_, second)] = &seen.1[..] else { return true };
    first.iter().any(|(page, _)| second.iter().any(|(other, _)| page == other))
}

#[track_caller]
fn is_all_there_is(bound: Bound) {
    let (shapes, mut reference) = (every(bound), naive());
    let mut made = HashMap::new();
    for number in 0..shapes.cases() {
        let trial = Trial::of(&shapes.case(number), &mut reference);
        let left = left_behind(trial.world(), trial.expected());
        let before = made.insert(seen(trial.world()), (left, false));
        let is_new = before.is_none() || ends_early(trial.world());
        assert!(is_new, "made twice:\n{}", trial.case().to_text());
    }
    let mut all = 0;
    brute_force(bound, &mut |case| {
        let trial = Trial::of(&case, &mut reference);
        let seen = seen(trial.world());
        if !overlap(&seen) {
            return;
        }
        all += 1;
        let made = made.get_mut(&seen);
        let (left, is_met) = made.unwrap_or_else(|| panic!("not made:\n{}", case.to_text()));
        *is_met = true;
        let found = left_behind(trial.world(), trial.expected());
        assert_eq!(*left, found, "not as the case made in its place:\n{}", case.to_text());
    });
    assert!(made.values().all(|(_, is_met)| *is_met), "a case is made that is none of the bound's");
    eprintln!("{bound:?}: {all} cases are {}", made.len());
    assert!(all > 3 * made.len());
}

#[test]
fn small_cases_with_one_call_are_all_there_are() {
    let released = Released::References;
    is_all_there_is(Bound { calls: 1, pages: 2, order: 1, entries: 2, spare: 2, released });
    is_all_there_is(Bound { calls: 1, pages: 3, order: 1, entries: 1, spare: 1, released });
}

#[test]
fn small_cases_with_two_calls_are_all_there_are() {
    let released = Released::References;
    is_all_there_is(Bound { calls: 2, pages: 1, order: 0, entries: 2, spare: 1, released });
    is_all_there_is(Bound { calls: 2, pages: 2, order: 1, entries: 1, spare: 1, released });
}

#[test]
fn small_cases_of_pins_are_all_there_are() {
    let released = Released::Pins;
    is_all_there_is(Bound { calls: 1, pages: 2, order: 1, entries: 2, spare: 1, released });
    is_all_there_is(Bound { calls: 2, pages: 2, order: 1, entries: 1, spare: 1, released });
}

/// Ten million cases, so that it has a core to itself.
#[test]
fn small_cases_of_pins_on_many_pages_are_all_there_are() {
    let released = Released::Pins;
    is_all_there_is(Bound { calls: 1, pages: 4, order: 2, entries: 1, spare: 1, released });
}

#[test]
fn smaller_cases_come_first() {
    let shapes = every(Bound {
        calls: 1,
        pages: 4,
        order: 2,
        entries: 3,
        spare: 3,
        released: Released::References,
    });
    let sizes: Vec<_> = shapes.iter().map(|shape| (shape.entries(), shape.pages())).collect();
    assert!(sizes.is_sorted());
    assert_eq!(sizes.last(), Some(&(3, 4)));
    // One call on nothing comes first of all, with each function.
    assert_eq!(World::of(&shapes.case(3)).calls().count(), 1);
    assert_eq!(World::of(&shapes.case(4)).entries.len(), 1);
}

#[test]
fn worlds_are_counted_once() {
    // Runs of two pages side by side have worlds in common with each other and with the rest.
    let shapes = every(Bound {
        calls: 1,
        pages: 2,
        order: 1,
        entries: 2,
        spare: 1,
        released: Released::References,
    })
    .and(runs(&Runs { entries: 2..=5, orders: vec![0, 1], released: Released::References }));
    let mut worlds: Vec<_> =
        (0..shapes.cases()).map(|number| seen(&World::of(&shapes.case(number))).0).collect();
    worlds.sort();
    worlds.dedup();
    assert_eq!(shapes.worlds(), worlds.len() as u64);
}
