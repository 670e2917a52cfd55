//! What a backend did, step by step, and what it left behind.

use pagediff_terminal::table;
use put_user_page_case::world::{Step, World};
use put_user_page_case::{Backing, Kind};
use put_user_page_targets::backend::{Ran, lacks_in_words};
use put_user_page_targets::outcome::{Event, FolioState, Outcome, StrayWrite};

use super::examine::OfBackend;
use super::names::{self, groups, name_at, name_of};

/// Lines of events, and of stray writes, that are shown.
const SHOWN: usize = 40;

/// Whether the backend agrees with the reference, in a line.
pub(super) fn headline(backend: &OfBackend) -> String {
    let OfBackend { name, ran, differences, .. } = backend;
    match ran {
        Ran::Skipped(skip) => format!("{name} skipped it: {skip}"),
        Ran::Survived => format!("{name} survived it"),
        Ran::Failed(failure) => format!("{name} {failure}"),
        Ran::Outcome(_) if name == "reference" => name.clone(),
        Ran::Outcome(_) if differences.is_empty() => format!("{name} did the same"),
        Ran::Outcome(_) => format!("{name} did something else"),
    }
}

/// All that there is to tell; nothing for a backend that did the same as the reference.
pub(super) fn lines(world: &World, backend: &OfBackend) -> Vec<String> {
    let mut lines = Vec::new();
    if !backend.lacks.is_empty() {
        lines.push(format!("it has no {}", lacks_in_words(&backend.lacks)));
    }
    if !backend.not_compared.is_empty() {
        lines
            .push(format!("not compared, for it cannot tell: {}", backend.not_compared.join(", ")));
    }
    let Ran::Outcome(outcome) = &backend.ran else { return lines };
    let world = backend.as_made.as_ref().unwrap_or(world);
    if backend.as_made.is_some() {
        let orders: Vec<String> = outcome.orders.iter().map(u8::to_string).collect();
        lines.push(format!(
            "orders that the kernel chose for pages of user mappings: {}",
            orders.join(", ")
        ));
    }
    if backend.name == "reference" || !backend.differences.is_empty() {
        lines.extend(steps(world, outcome));
        lines.extend(after_heading("at the end", end_states(world, outcome)));
        lines.extend(after_heading(
            "events, with the refcount at that moment",
            events(world, outcome),
        ));
        lines.extend(after_heading("stray writes", stray_writes(world, &outcome.stray_writes)));
    }
    lines
}

fn after_heading(heading: &str, lines: Vec<String>) -> Vec<String> {
    if lines.is_empty() {
        return lines;
    }
    let lines = lines.into_iter().map(|line| format!("  {line}"));
    [String::new(), heading.to_owned()].into_iter().chain(lines).collect()
}

/// Each step of the program and what came of it.
fn steps(world: &World, outcome: &Outcome) -> Vec<String> {
    let mut acquired = outcome.acquired.iter().copied();
    let mut errors = outcome.errors.iter();
    let mut lengths = vec![0; world.arrays.len()];
    let mut call = 0;
    let rows = world.steps.iter().map(|step| match step {
        Step::Fill { array, entries } => {
            lengths[*array] = acquired.next().unwrap_or(lengths[*array]);
            let first = world.entries[world.arrays[*array].clone()].get(entries.start);
            let takes = match first.map(|entry| entry.backing) {
                Some(Backing::Got) => "takes references for",
                Some(Backing::Pinned) => "takes pins for",
                Some(Backing::Unbacked) | None => "takes nothing for",
                Some(Backing::Null) => "has NULL for",
            };
            let what = format!("{takes} {}", names::entries(entries));
            vec![format!("array {array}"), what, length(lengths[*array], entries.end)]
        }
        Step::Acquire { array } => {
            let before = lengths[*array];
            lengths[*array] = acquired.next().unwrap_or(before);
            let what = "takes references once more".to_owned();
            vec![format!("array {array}"), what, length(lengths[*array], before)]
        }
        Step::DropOwners => vec!["owners".to_owned(), "drop their references".to_owned()],
        Step::Call { function, array, entries, errno } => {
            let length = array.map_or(0, |array| lengths[array]);
            let entries = entries.start.min(length)..entries.end.min(length);
            let on = match (errno, array) {
                (Some(errno), _) => format!("-{errno} entries"),
                (None, Some(array)) => format!("{} of array {array}", names::entries(&entries)),
                (None, None) => "no entry".to_owned(),
            };
            let error = match errors.next() {
                Some(Some(entry)) => {
                    // A candidate may answer with any number.
                    format!("stopped at entry {}", entries.start.saturating_add(*entry))
                }
                _ => "went to the end".to_owned(),
            };
            call += 1;
            vec![format!("call {}", call - 1), format!("{} on {on}", function.name()), error]
        }
        Step::Clean { folios } => {
            vec!["clean".to_owned(), format!("{} is written back", name_of(world, folios))]
        }
    });
    table::lines(&rows.collect::<Vec<_>>(), &[])
}

fn length(length: usize, wanted: usize) -> String {
    if length == wanted { "got them all".to_owned() } else { format!("ends before entry {length}") }
}

/// Each compound page at the end.
fn end_states(world: &World, outcome: &Outcome) -> Vec<String> {
    let states = &outcome.folios;
    let together = groups(states.len().min(world.folios.len()), |one, next| {
        states[one] == states[next] && world.folios[one].kind == world.folios[next].kind
    });
    let rows = together.iter().map(|group| {
        let kind = world.folios[group.start].kind;
        vec![name_of(world, group), end_state(kind, states[group.start])]
    });
    table::lines(&rows.collect::<Vec<_>>(), &[])
}

fn end_state(kind: Kind, state: FolioState) -> String {
    match state {
        FolioState::Free => "free from the start".to_owned(),
        FolioState::Freed { dirty, pincount } => {
            let mut text = format!("freed, {} when it was", if dirty { "dirty" } else { "clean" });
            if pincount != 0 {
                text.push_str(&format!(", with pincount {pincount}"));
            }
            text
        }
        FolioState::Live { refcount, pincount, pinned, dirty, locked, accounting } => {
            let mut text =
                format!("live, refcount {refcount}, {}", if dirty { "dirty" } else { "clean" });
            if pincount != 0 {
                text.push_str(&format!(", pincount {pincount}"));
            }
            if pinned {
                text.push_str(", maybe pinned");
            }
            if locked {
                text.push_str(", locked");
            }
            if kind == Kind::File {
                let (count, tags) = (accounting.dirty_count, accounting.dirty_tags);
                text.push_str(&format!(", in its file counted dirty {count}, tagged {tags}"));
            }
            text
        }
    }
}

/// The events in order, those of one call and page together.
fn events(world: &World, outcome: &Outcome) -> Vec<String> {
    let of_page =
        outcome.events.chunk_by(|one, next| (one.call, one.frame) == (next.call, next.frame));
    let rows: Vec<Vec<String>> = of_page
        .map(|events| {
            let words = events.iter().map(Event::describe);
            let name = name_at(world, events[0].frame);
            vec![format!("call {}", events[0].call), name, words.collect::<Vec<_>>().join(", ")]
        })
        .collect();
    shortened(table::lines(&rows, &[]))
}

fn stray_writes(world: &World, writes: &[StrayWrite]) -> Vec<String> {
    let line = |write: &StrayWrite| {
        let StrayWrite { frame, word, expected, found } = write;
        format!("{}, word {word}: {expected:#x} became {found:#x}", name_at(world, *frame))
    };
    shortened(writes.iter().map(line).collect())
}

fn shortened(mut lines: Vec<String>) -> Vec<String> {
    if let Some(more) = lines.len().checked_sub(SHOWN).filter(|&more| more > 0) {
        lines.truncate(SHOWN);
        lines.push(format!("… and {more} more; `--json` has them all"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use put_user_page_case::Case;
    use put_user_page_case::world::World;
    use put_user_page_targets::outcome::Outcome;

    #[test]
    fn an_entry_that_no_array_has_is_told() {
        let text = "folio a\nentries a a\nput_user_pages slice=1..2";
        let world = World::of(&Case::from_text(text).unwrap());
        let errors = vec![Some(usize::MAX)];
        let outcome = Outcome { errors, acquired: vec![2], ..Outcome::default() };
        let steps = super::steps(&world, &outcome);
        let last = format!("stopped at entry {}", usize::MAX);
        assert!(steps.last().is_some_and(|step| step.ends_with(&last)), "{steps:?}");
    }
}
