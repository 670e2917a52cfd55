//! A case as text.

use std::fmt::Write;

use super::item::{NOTHING, group_name, name_and_index};
use crate::layout::Layout;
use crate::record::{Direction, EntriesRecord, FolioRecord, Kind, Record, Source};

/// The text of a case's records, from which parsing gives the same back.
pub(crate) fn print(records: &[Record]) -> String {
    let layout = Layout::of(records);
    let mut text = String::new();
    let mut folio_lines = 0;
    let mut open_entries = false;
    for record in records {
        let continues = open_entries && matches!(record, Record::Entries(entries) if entries.also);
        if !text.is_empty() && !continues {
            text.push('\n');
        }
        match record {
            Record::Entries(entries) if continues => {
                text.push(' ');
                text.push_str(&entries_item(&layout, entries));
            }
            Record::Folio(folio) => {
                text.push_str(&folio_line(&group_name(folio_lines), folio));
                folio_lines += 1;
            }
            record => text.push_str(&line(&layout, record)),
        }
        open_entries = matches!(record, Record::Entries(_));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn line(layout: &Layout, record: &Record) -> String {
    match record {
        Record::Folio(_) => unreachable!("folio lines are named by their number"),
        Record::Gap { frames } => format!("gap {frames}"),
        Record::Entries(entries) => {
            let keyword = if entries.also { "also" } else { "entries" };
            format!("{keyword} {}", entries_item(layout, entries))
        }
        Record::Again { start, length, backed } => {
            let end = u32::from(*start) + u32::from(*length);
            format!("again {}{start}..{end}", mark(*backed))
        }
        Record::Call { function, earlier, first, length } => {
            let mut line = function.name().to_owned();
            push_earlier(&mut line, *earlier);
            match (first, length) {
                (0, 0) => {}
                (first, 0) => push(&mut line, format_args!(" slice={first}..")),
                (first, length) => {
                    let end = u32::from(*first) + u32::from(*length);
                    push(&mut line, format_args!(" slice={first}..{end}"));
                }
            }
            line
        }
        Record::Acquire { earlier } => {
            let mut line = "acquire".to_owned();
            push_earlier(&mut line, *earlier);
            line
        }
        Record::Clean { first, length } => {
            format!("clean {}", range(layout, *first, *length, Direction::Up))
        }
    }
}

fn push(line: &mut String, arguments: std::fmt::Arguments<'_>) {
    line.write_fmt(arguments).expect("writing to a String succeeds");
}

fn push_earlier(line: &mut String, earlier: u16) {
    if earlier > 0 {
        push(line, format_args!(" earlier={earlier}"));
    }
}

fn mark(backed: bool) -> &'static str {
    if backed { "" } else { "!" }
}

fn folio_line(name: &str, folio: &FolioRecord) -> String {
    let mut line = format!("folio {name}");
    if folio.order > 0 {
        push(&mut line, format_args!(" order={}", folio.order));
    }
    match (folio.from, folio.kind) {
        (Source::Kernel, Kind::Anon) => {}
        (Source::Kernel, Kind::File) => line.push_str(" kind=file"),
        (from, _) => push(&mut line, format_args!(" from={}", from.name())),
    }
    if folio.dirty {
        line.push_str(" dirty");
    }
    if folio.locked {
        line.push_str(" locked");
    }
    match (folio.refs, i32::MAX - folio.refs) {
        (0, _) => {}
        (_, 0) => line.push_str(" refs=max"),
        (_, below @ 1..=128) => push(&mut line, format_args!(" refs=max-{below}")),
        (refs, _) => push(&mut line, format_args!(" refs={refs}")),
    }
    if folio.repeat > 1 {
        push(&mut line, format_args!(" repeat={}", folio.repeat));
    }
    line
}

fn entries_item(layout: &Layout, entries: &EntriesRecord) -> String {
    let pages = match entries.length {
        0 => NOTHING.to_owned(),
        length => range(layout, entries.first, length, entries.direction),
    };
    format!("{}{pages}", mark(entries.backed))
}

fn range(layout: &Layout, first: u16, length: u16, direction: Direction) -> String {
    let (name, start) = name_and_index(layout, first);
    let length = i64::from(length);
    match (direction, start, length) {
        (_, 0, 1) if name != super::item::WORLD => name,
        (_, _, 1) => format!("{name}[{start}]"),
        (Direction::Up, ..) => format!("{name}[{start}..{}]", start + length),
        (Direction::Down, ..) => format!("{name}[{start}..{}]", start - length),
        (Direction::Same, ..) => format!("{name}[{start}]*{length}"),
    }
}
