//! A case told step by step, with all that the reference makes of it.

use std::ops::Range;
use std::path::Path;

use put_user_page_case::layout::{Layout, Place};
use put_user_page_case::text::page_name;
use put_user_page_case::world::{Entry, Step, World};
use put_user_page_case::{Backing, Case, Function};
use put_user_page_targets::backends::naive;
use put_user_page_targets::outcome::{Event, EventKind, Outcome};
use put_user_page_targets::trial::Trial;

/// A case, told.
pub(super) struct Story {
    /// The name of the test.
    pub(super) name: String,
    /// The case as text.
    pub(super) text: String,
    /// The case's world, and what the reference makes of it.
    pub(super) trial: Trial,
    /// For each compound page, the name of its variable.
    pub(super) folios: Vec<String>,
    /// For each array, the most entries that it has.
    pub(super) arrays: Vec<usize>,
    pub(super) steps: Vec<Told>,
}

/// A step, as the reference took it.
pub(super) enum Told {
    /// An array gets entries, from a number on; with the last no reference may be had.
    Fill { array: usize, first: usize, runs: Vec<Run> },
    /// References are taken for entries, or pins; for `got` of them they are to be had.
    Take { array: usize, entries: Range<usize>, pins: bool, got: usize },
    /// An array ends before the entry that no reference was to be had for.
    Cut { array: usize, length: usize },
    /// Every owner drops its reference.
    DropOwners,
    /// A call; `stopped` is the number in the slice of the entry that stopped it.
    Call { function: Function, array: Option<usize>, entries: Range<usize>, stopped: Option<usize> },
    /// A call that gets a negative errno for a length.
    CallWithErrno { function: Function, array: Option<usize>, errno: u8 },
    /// Compound pages are written back.
    Clean { folios: Range<usize> },
}

/// Entries side by side that name pages of one compound page, one step apart, or are NULL.
#[derive(Clone, Copy)]
pub(super) struct Run {
    /// The number of the compound page; none of NULLs.
    pub(super) folio: Option<usize>,
    /// The number of the first page in the compound page.
    pub(super) page: usize,
    pub(super) step: i64,
    pub(super) length: usize,
}

impl Story {
    /// Whether entries of an array are asked for: one without entries may be of no use.
    pub(super) fn reads(&self, array: usize) -> bool {
        self.steps.iter().any(|step| match step {
            Told::Take { array: read, .. } => *read == array,
            Told::Call { array: read, .. } | Told::CallWithErrno { array: read, .. } => {
                *read == Some(array)
            }
            _ => false,
        })
    }

    /// The story of a case in a file.
    pub(super) fn of(file: &Path, case: &Case) -> Story {
        let trial = Trial::of(case, &mut naive());
        let (layout, arrays) = (&trial.world().layout, trial.world().arrays.len());
        let mut steps = Steps { told: Vec::new(), longest: vec![0; arrays] };
        steps.tell(trial.world(), trial.expected());
        Story {
            name: test_name(file),
            text: case.to_text(),
            folios: layout.places.iter().map(|place| folio_name(layout, place)).collect(),
            arrays: steps.longest,
            steps: steps.told,
            trial,
        }
    }

    /// What happens to a compound page, in order.
    pub(super) fn events(&self, folio: usize) -> impl Iterator<Item = &Event> {
        let frame = self.trial.world().layout.places[folio].frame;
        self.trial.expected().events.iter().filter(move |event| event.frame == frame)
    }

    /// Whether pins are taken.
    pub(super) fn has_pins(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Told::Take { pins: true, .. }))
    }

    /// The runs of a slice of an array: where each starts in the array, and how long it is.
    pub(super) fn runs(&self, array: usize, entries: &Range<usize>) -> Vec<(usize, usize)> {
        let world = self.trial.world();
        let mut start = entries.start;
        let slice = &world.entries[world.array_range(array, entries.clone())];
        let run = |run: &[Entry]| {
            start += run.len();
            (start - run.len(), run.len())
        };
        slice.chunk_by(|one, other| one.folio == other.folio).map(run).collect()
    }

    /// Whether a call waits for the holder of the page's lock.
    pub(super) fn is_waited_for(&self, folio: usize) -> bool {
        self.events(folio).any(|event| event.kind == EventKind::Wait)
    }
}

/// Steps told so far, and for each array the most entries that it had.
struct Steps {
    told: Vec<Told>,
    longest: Vec<usize>,
}

impl Steps {
    fn tell(&mut self, world: &World, outcome: &Outcome) {
        let (mut acquired, mut errors) = (outcome.acquired.iter(), outcome.errors.iter());
        let mut lengths = vec![0; world.arrays.len()];
        for step in &world.steps {
            match step {
                Step::Fill { array, entries } => {
                    let length = *acquired.next().expect("a length for each step that takes");
                    // It was cut short before.
                    if lengths[*array] < entries.start {
                        continue;
                    }
                    let tried = entries.start..entries.end.min(length + 1);
                    self.longest[*array] = tried.end;
                    self.fill(world, *array, tried, length);
                    lengths[*array] = length;
                }
                Step::Acquire { array } => {
                    let length = *acquired.next().expect("a length for each step that takes");
                    let tried = 0..lengths[*array].min(length + 1);
                    self.take(world, *array, tried, length);
                    lengths[*array] = length;
                }
                Step::DropOwners => self.told.push(Told::DropOwners),
                Step::Call { function, array, errno: Some(errno), .. } => {
                    errors.next();
                    let (function, array, errno) = (*function, *array, *errno);
                    self.told.push(Told::CallWithErrno { function, array, errno });
                }
                Step::Call { function, array, entries, errno: None } => {
                    let length = array.map_or(0, |array| lengths[array]);
                    let entries = entries.start.min(length)..entries.end.min(length);
                    let stopped = *errors.next().expect("an end of each call");
                    let (function, array) = (*function, *array);
                    self.told.push(Told::Call { function, array, entries, stopped });
                }
                Step::Clean { folios } => self.told.push(Told::Clean { folios: folios.clone() }),
            }
        }
    }

    /// An array gets entries, and references are taken for them.
    fn fill(&mut self, world: &World, array: usize, mut tried: Range<usize>, length: usize) {
        // With those before, if they are part of the same.
        if let [.., Told::Fill { array: of, first, .. }, Told::Take { entries, .. }] =
            &self.told[..]
            && *of == array
            && *entries == (*first..tried.start)
        {
            tried.start = *first;
            self.told.truncate(self.told.len() - 2);
        }
        let runs = runs(world, array, tried.clone());
        self.told.push(Told::Fill { array, first: tried.start, runs });
        self.take(world, array, tried, length);
    }

    /// References are taken for those entries that are backed, up to a length of the array.
    fn take(&mut self, world: &World, array: usize, tried: Range<usize>, length: usize) {
        let mut start = tried.start;
        let backing = |entry: usize| world.entries[world.arrays[array].start + entry].backing;
        while start < tried.end {
            let is_same = |entry: &usize| backing(*entry) == backing(start);
            let end = (start..tried.end).take_while(is_same).last().map_or(start, |last| last + 1);
            if backing(start).is_backed() {
                let (pins, got) = (backing(start) == Backing::Pinned, end.min(length) - start);
                self.told.push(Told::Take { array, entries: start..end, pins, got });
            }
            start = end;
        }
        if length < tried.end {
            self.told.push(Told::Cut { array, length });
        }
    }
}

/// The name of the variable of a compound page: that of its line, with a number where the
/// line has several.
fn folio_name(layout: &Layout, place: &Place) -> String {
    let line = page_name(layout, place.page);
    let line = line.split('[').next().unwrap_or_default();
    match layout.group_of_page(place.page) {
        Some((_, page, pages)) if pages > place.pages => {
            format!("folio_{line}_{}", page / place.pages)
        }
        _ => format!("folio_{line}"),
    }
}

fn runs(world: &World, array: usize, entries: Range<usize>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for entry in &world.entries[world.array_range(array, entries)] {
        let page = usize::from(entry.frame) - world.layout.places[usize::from(entry.folio)].frame;
        let folio = (!entry.is_null()).then_some(usize::from(entry.folio));
        match runs.last_mut().filter(|run| run.folio == folio) {
            Some(run) if run.length == 1 && run.page.abs_diff(page) <= 1 => {
                (run.step, run.length) = (page as i64 - run.page as i64, 2);
            }
            Some(run) if run.page as i64 + run.step * run.length as i64 == page as i64 => {
                run.length += 1;
            }
            _ => runs.push(Run { folio, page, step: 0, length: 1 }),
        }
    }
    runs
}

/// The lines as text, indented but for empty ones.
pub(super) fn indented(lines: &[String], by: &str) -> String {
    let indent = |line: &String| if line.is_empty() { "" } else { by };
    lines.iter().map(|line| format!("{}{line}\n", indent(line))).collect()
}

/// The name of a test for a file's case.
fn test_name(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let stem = name.split('.').next().unwrap_or_default();
    let words = stem.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    std::iter::once("case").chain(words).collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::test_name;

    #[test]
    fn tests_have_names_in_any_language() {
        let name = |path| test_name(Path::new(path));
        assert_eq!(name("x/Crash-1f.min.case"), "case_crash_1f");
        assert_eq!(name("1"), "case_1");
        assert_eq!(name("-"), "case");
    }
}
