//! Reports: a divergence that a person understands at a glance.

mod layout_kind;
mod table;

use std::fmt::{self, Write};

pub use layout_kind::LayoutKind;
use serde::Serialize;

use crate::backend::{Backend, Failure, Job};
use crate::case::text::page_name;
use crate::case::{Case, Function, Kind};
use crate::oracle::{self, Comparison, Difference, Subject};
use crate::outcome::Outcome;
use crate::told::{self, reference_outcome};
use crate::world::{Step, World};

/// A divergence, cut down to the first call that shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
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

impl SubjectReport {
    fn of_no_page(subject: String, fields: Vec<FieldReport>) -> SubjectReport {
        SubjectReport { subject, named_by: None, layout: LayoutKind::NoPage, fields }
    }
}

impl Report {
    /// A report of a failure that no case can be blamed for.
    pub fn of_unexplained(backend: &str, failure: Failure) -> Box<Report> {
        let fields = vec![FieldReport {
            field: "process".to_owned(),
            before: None,
            reference: "ends".to_owned(),
            backend: format!("{failure}; not again when the same cases ran one by one"),
        }];
        let subject = "the backend, after some of the cases so far".to_owned();
        Box::new(Report {
            backend: backend.to_owned(),
            call: None,
            subjects: vec![SubjectReport::of_no_page(subject, fields)],
            not_compared: Vec::new(),
            case: String::new(),
            log: failure.log,
            reproduce: None,
        })
    }

    /// A report of the `decode` target: two forms of a case disagree.
    pub fn of_forms(case: &Case, what: String) -> Box<Report> {
        let fields = vec![FieldReport {
            field: "form".to_owned(),
            before: None,
            reference: "all forms agree".to_owned(),
            backend: what,
        }];
        let subject = "the case".to_owned();
        Box::new(Report {
            backend: "decode".to_owned(),
            call: None,
            subjects: vec![SubjectReport::of_no_page(subject, fields)],
            not_compared: Vec::new(),
            case: case.to_text(),
            log: String::new(),
            reproduce: None,
        })
    }
}

/// What a comparison found.
#[derive(Debug)]
pub struct Found<'a> {
    /// What differs.
    pub differences: Vec<Difference>,
    /// The world that the differences are in: as the kernel made it, where one did.
    pub as_made: &'a World,
    /// What a kernel that did not survive logged; else empty.
    pub log: String,
}

/// The report of a divergence: finds the first call that shows it, by running the program
/// cut after each call in turn.
pub fn investigate(
    case: &Case,
    world: &World,
    reference: &mut dyn Backend,
    backend: &mut dyn Backend,
    Found { differences, as_made, log }: Found<'_>,
) -> Report {
    let bytes = case.encode();
    let mut cut = world.clone();
    let calls: Vec<usize> = world.calls().map(|(step, _)| step).collect();
    let first = calls.iter().enumerate().find_map(|(number, &step)| {
        if calls.len() == 1 && step + 1 == world.steps.len() {
            // Cutting after the only statement would run the same again.
            return Some((number, step, differences.clone()));
        }
        cut.steps = world.steps[..=step].to_vec();
        let differences = differences_of(case, &bytes, &cut, reference, backend);
        (!differences.is_empty()).then_some((number, step, differences))
    });
    let (number, step, differences) = match first {
        Some((number, step, differences)) => (Some(number), step, differences),
        None => (None, world.steps.len(), differences),
    };
    let mut cut = as_made.clone();
    cut.steps.truncate(step);
    let before = reference_outcome(&bytes, &cut, reference);
    let call = number.map(|number| call_report(as_made, number, step));
    let missing = reference.observes().and(backend.observes()).missing();
    Report {
        backend: backend.name().to_owned(),
        subjects: subjects(as_made, &before, step, differences),
        call,
        not_compared: missing,
        case: case.to_text(),
        log,
        reproduce: None,
    }
}

fn differences_of(
    case: &Case,
    bytes: &[u8],
    world: &World,
    reference: &mut dyn Backend,
    backend: &mut dyn Backend,
) -> Vec<Difference> {
    let expected = reference_outcome(bytes, world, reference);
    let class = oracle::classify(world, &expected);
    let observed = reference.observes().and(backend.observes());
    let mut comparison = Comparison::Same;
    if backend.skips(world, class).is_none() {
        let job = Job { bytes, world, class };
        let result = backend.run(&[job], &mut |_, ran| {
            let held = told::compare(case, world, &expected, ran, observed, reference);
            comparison = held.comparison;
        });
        if result.is_err() {
            // It worked for the whole case; what it did there is reported then.
            return Vec::new();
        }
    }
    match comparison {
        Comparison::Differs(differences) => differences,
        Comparison::Same | Comparison::Skipped(_) => Vec::new(),
    }
}

fn call_report(world: &World, number: usize, step: usize) -> CallReport {
    match &world.steps[step] {
        Step::Call { function, array, entries } => {
            CallReport { number, function: *function, entries: entries.len(), array: *array }
        }
        other => unreachable!("{other:?} is no call"),
    }
}

fn subjects(
    world: &World,
    before: &Outcome,
    step: usize,
    mut differences: Vec<Difference>,
) -> Vec<SubjectReport> {
    differences.sort_by_key(|difference| difference.subject);
    let by_subject = differences.chunk_by(|one, other| one.subject == other.subject);
    by_subject
        .map(|of_subject| {
            let subject = of_subject[0].subject;
            let fields = of_subject.iter().map(|difference| FieldReport {
                field: difference.field.clone(),
                before: value_before(before, difference),
                reference: difference.reference.clone(),
                backend: difference.backend.clone(),
            });
            SubjectReport {
                subject: describe(world, subject),
                named_by: named_by(world, step, subject),
                layout: LayoutKind::of(world, step, subject),
                fields: fields.collect(),
            }
        })
        .collect()
}

fn value_before(before: &Outcome, difference: &Difference) -> Option<String> {
    let Subject::Folio(number) = difference.subject else { return None };
    oracle::fields(before.folios.get(number)).get(difference.field.as_str()).cloned()
}

/// What a difference is about, for people.
fn describe(world: &World, subject: Subject) -> String {
    match subject {
        Subject::Backend => "the backend".to_owned(),
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
    let place = world.layout.places[number];
    let name = page_name(&world.layout, place.page);
    let kind = match world.folios[number].kind {
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

/// Which entries of the call at a step name the page, as ranges.
fn named_by(world: &World, step: usize, subject: Subject) -> Option<String> {
    let Some(Step::Call { array, entries, .. }) = world.steps.get(step) else { return None };
    let called = world.call_entries(*array, entries.clone());
    let names = |frame: usize, folio: usize| match subject {
        Subject::Folio(number) => folio == number,
        Subject::Frame(wanted) => frame == wanted,
        _ => false,
    };
    let mut ranges: Vec<std::ops::Range<usize>> = Vec::new();
    for (index, entry) in called.iter().enumerate() {
        if names(usize::from(entry.frame), usize::from(entry.folio)) {
            match ranges.last_mut() {
                Some(range) if range.end == index => range.end += 1,
                _ => ranges.push(index..index + 1),
            }
        }
    }
    match subject {
        Subject::Folio(_) | Subject::Frame(_) => Some(show_ranges(&ranges)),
        _ => None,
    }
}

fn show_ranges(ranges: &[std::ops::Range<usize>]) -> String {
    const SHOWN: usize = 8;
    if ranges.is_empty() {
        return "no entry".to_owned();
    }
    let mut text =
        if ranges.len() == 1 && ranges[0].len() == 1 { "entry " } else { "entries " }.to_owned();
    for (number, range) in ranges.iter().take(SHOWN).enumerate() {
        let separator = if number > 0 { ", " } else { "" };
        let written = match range.len() {
            1 => write!(text, "{separator}{}", range.start),
            _ => write!(text, "{separator}{}..{}", range.start, range.end),
        };
        written.expect("writing to a String succeeds");
    }
    if ranges.len() > SHOWN {
        text.push_str(", …");
    }
    text
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
