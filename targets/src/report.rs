//! Reports: a divergence told so that a person understands it at a glance. The last step:
//! nothing reads the words again.

mod table;
mod words;

use std::collections::BTreeMap;
use std::fmt;

use put_user_page_case::text::page_name;
use put_user_page_case::world::{Step, World};
use put_user_page_case::{Function, Kind};
use serde::Serialize;

use crate::divergence::{Call, Divergence};
use crate::findings::{LayoutKind, LayoutKinds};
use crate::oracle::{self, Field, Subject};

/// A divergence, cut down to the first call that shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The first thing that differs, in a line.
    pub summary: String,
    /// The backend that differs from the reference.
    pub backend: String,
    /// The first call after which they differ; `None` if it takes no call.
    pub call: Option<CallReport>,
    /// What differs, by what it is about.
    pub subjects: Vec<SubjectReport>,
    /// What the backend cannot observe, so that it was not compared.
    pub not_compared: Vec<&'static str>,
    /// The case as text.
    pub case: String,
    /// What a kernel that did not survive the case logged; else empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub log: String,
    /// The command that reproduces it, where it is known.
    pub reproduce: Option<String>,
}

/// The call that a report is about.
#[derive(Clone, Debug, Serialize)]
pub struct CallReport {
    /// Its number in the case, from 0.
    pub number: usize,
    /// What is called.
    pub function: Function,
    /// How many entries.
    pub entries: usize,
    /// The errno whose negative it got for that; the case has it, too.
    #[serde(skip)]
    pub errno: Option<u8>,
    /// The array's number.
    pub array: Option<usize>,
}

/// What differs in one page, call or step.
#[derive(Clone, Debug, Serialize)]
pub struct SubjectReport {
    /// What it is about, for people.
    pub subject: String,
    /// The entries of the call that name the page.
    pub named_by: Option<String>,
    /// How the page lies, and how the call names it.
    pub layout: LayoutKind,
    /// The fields that differ.
    pub fields: Vec<FieldReport>,
}

/// A field that differs.
#[derive(Clone, Debug, Serialize)]
pub struct FieldReport {
    /// Its name.
    pub field: String,
    /// Before the call, where it has a value then.
    pub before: Option<String>,
    /// What the reference has.
    pub reference: String,
    /// What the backend has.
    pub backend: String,
}

impl Report {
    /// The report of a divergence.
    pub fn of(divergence: &Divergence) -> Report {
        Report {
            summary: summary(divergence),
            backend: divergence.backend.clone(),
            call: divergence.call.map(|call| call_report(&divergence.world, call)),
            subjects: subjects(divergence),
            not_compared: divergence.not_compared.clone(),
            case: divergence.case.as_ref().map(|case| case.to_text()).unwrap_or_default(),
            log: divergence.log.clone(),
            reproduce: None,
        }
    }
}

fn summary(divergence: &Divergence) -> String {
    let function = divergence.function().map(|function| format!("{}()", function.name()));
    let function = function.unwrap_or_else(|| "no call".to_owned());
    let first = divergence.differences.iter().min_by_key(|difference| difference.subject);
    let Some(difference) = first else { return function };
    let FieldReport { field, reference, backend, .. } =
        words::field(difference, &divergence.before);
    match difference.field {
        Field::Process(_) | Field::ProcessOnce(_) | Field::Forms(_) => {
            format!("{function}: {backend}")
        }
        _ => {
            let subject = describe(&divergence.world, difference.subject, &difference.field);
            match difference.field {
                // Long lists, which the report shows.
                Field::Events(_) => format!("{function}: other {field}, of {subject}"),
                _ => format!("{function}: {field} {backend}, not {reference}, of {subject}"),
            }
        }
    }
}

fn call_report(world: &World, Call { number, step }: Call) -> CallReport {
    match &world.steps[step] {
        Step::Call { function, array, entries, errno } => CallReport {
            number,
            function: *function,
            entries: entries.len(),
            errno: *errno,
            array: *array,
        },
        other => unreachable!("{other:?} is no call"),
    }
}

fn subjects(divergence: &Divergence) -> Vec<SubjectReport> {
    let Divergence { call, differences, world, before, .. } = divergence;
    let step = call.map_or(world.steps.len(), |call| call.step);
    let mut differences: Vec<_> = differences.iter().collect();
    differences.sort_by_key(|difference| difference.subject);
    let (layouts, names) = (LayoutKinds::new(world, step), names(world, step));
    let by_subject = differences.chunk_by(|one, other| one.subject == other.subject);
    by_subject
        .map(|of_subject| {
            let subject = of_subject[0].subject;
            SubjectReport {
                subject: describe(world, subject, &of_subject[0].field),
                named_by: call.and_then(|_| named_by(&names, subject)),
                layout: layouts.of(subject),
                fields: of_subject.iter().map(|one| words::field(one, before)).collect(),
            }
        })
        .collect()
}

/// What a difference is about, for people.
fn describe(world: &World, subject: Subject, field: &Field) -> String {
    match subject {
        Subject::Backend => match field {
            Field::Forms(_) => "the case",
            Field::ProcessOnce(_) => "the backend, after some of the cases so far",
            _ => "the backend",
        }
        .to_owned(),
        Subject::Call(number) => match oracle::function_of_call(world, number) {
            Some(function) => format!("call {number}, {}", function.name()),
            None => format!("call {number}"),
        },
        Subject::Acquire(number) => format!("array after taking references, time {number}"),
        Subject::Folio(number) => describe_folio(world, number),
        Subject::Frame(frame) => match world.layout.page_at_frame(frame) {
            Some(page) => {
                let folio = describe_folio(world, world.layout.folio_of_page(page));
                let name = page_name(&world.layout, page);
                format!("page {name}, tail page of frame {frame}, of {folio}")
            }
            None => format!("frame {frame}, where there is no page"),
        },
    }
}

fn describe_folio(world: &World, number: usize) -> String {
    // Its number may be an answer's, which tells of more pages than there are.
    let (Some(place), Some(folio)) = (world.layout.places.get(number), world.folios.get(number))
    else {
        return format!("page number {number}, of {}", world.folios.len());
    };
    let name = page_name(&world.layout, place.page);
    let kind = match folio.kind {
        Kind::Anon => "anon",
        Kind::File => "file",
    };
    let end = place.frame + place.pages;
    match place.pages {
        1 => format!("page {name}, order 0, {kind}, frame {}", place.frame),
        pages => {
            format!("page {name}, order {}, {kind}, frames {}..{end}", pages.ilog2(), place.frame)
        }
    }
}

/// The entries of the call at a step that name each page.
fn names(world: &World, step: usize) -> BTreeMap<Subject, Vec<usize>> {
    let mut names: BTreeMap<Subject, Vec<usize>> = BTreeMap::new();
    let entries = world.entries_at(step).iter().enumerate();
    for (index, entry) in entries.filter(|(_, entry)| !entry.is_null()) {
        for subject in [Subject::Folio(entry.folio.into()), Subject::Frame(entry.frame.into())] {
            names.entry(subject).or_default().push(index);
        }
    }
    names
}

/// Which entries of the call name the page, as ranges; none where it is about no page.
fn named_by(names: &BTreeMap<Subject, Vec<usize>>, subject: Subject) -> Option<String> {
    match subject {
        Subject::Folio(_) | Subject::Frame(_) => {
            Some(show_ranges(names.get(&subject).map_or(&[], Vec::as_slice)))
        }
        _ => None,
    }
}

/// Numbers of entries in words, those that follow each other as a range.
fn show_ranges(entries: &[usize]) -> String {
    const SHOWN: usize = 8;
    let ranges: Vec<&[usize]> = entries.chunk_by(|one, other| one + 1 == *other).collect();
    let shown = ranges.iter().take(SHOWN).map(|range| match range {
        [entry] => entry.to_string(),
        range => format!("{}..{}", range[0], range[0] + range.len()),
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    match entries.len() {
        0 => "no entry".to_owned(),
        1 => format!("entry {shown}"),
        _ if ranges.len() > SHOWN => format!("entries {shown}, …"),
        _ => format!("entries {shown}"),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.render(&Paint::default()))
    }
}

/// What is written before and after parts of a report; nothing, unless on a terminal.
#[derive(Clone, Debug, Default)]
pub struct Paint {
    /// Before what the report is about.
    pub strong: String,
    /// Before a value of the reference.
    pub expected: String,
    /// Before a value of the backend that differs.
    pub differs: String,
    /// After each of them.
    pub end: String,
}

impl Report {
    /// The report for people, painted.
    pub fn render(&self, paint: &Paint) -> String {
        table::render(self, paint)
    }
}
