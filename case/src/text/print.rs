//! A case as text.

use super::item::{NOTHING, NULL, group_name, name_and_index};
use crate::layout::Layout;
use put_user_page_record::{Backing, Direction, EntriesRecord, FolioRecord, Kind, Record, Source};

/// The text of a case's records, from which parsing gives the same back.
pub(crate) fn print(records: &[Record]) -> String {
    let layout = Layout::of(records);
    let mut lines: Vec<String> = Vec::new();
    let mut folio_lines = 0;
    // How the items of the last line are held, if it is one of items.
    let mut open: Option<Backing> = None;
    for record in records {
        match (record, lines.last_mut()) {
            (Record::Entries(entries), Some(line))
                if entries.also && open.is_some_and(|held| may_stand(entries.backing, held)) =>
            {
                line.push(' ');
                line.push_str(&entries_item(&layout, entries));
                continue;
            }
            (Record::Folio(folio), _) => {
                lines.push(folio_line(&group_name(folio_lines), folio));
                folio_lines += 1;
            }
            (record, _) => lines.push(line(&layout, record)),
        }
        open = match record {
            Record::Entries(entries) => Some(of_line(entries.backing)),
            _ => None,
        };
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// How the items of the line that a range starts are held, but for those with a mark.
fn of_line(backing: Backing) -> Backing {
    if backing == Backing::Pinned { Backing::Pinned } else { Backing::Got }
}

/// Whether a range may stand on a line of items held so.
fn may_stand(backing: Backing, held: Backing) -> bool {
    matches!(backing, Backing::Unbacked | Backing::Null) || backing == held
}

fn line(layout: &Layout, record: &Record) -> String {
    match *record {
        Record::Folio(_) => unreachable!("folio lines are named by their number"),
        Record::Gap { frames } => format!("gap {frames}"),
        Record::Entries(ref entries) => {
            let keyword = match (of_line(entries.backing), entries.also) {
                (Backing::Pinned, true) => "also-pins",
                (Backing::Pinned, false) => "pins",
                (_, true) => "also",
                (_, false) => "entries",
            };
            format!("{keyword} {}", entries_item(layout, entries))
        }
        Record::Again { start, length, backing } => {
            let keyword = if backing == Backing::Pinned { "again-pins" } else { "again" };
            format!("{keyword} {}{start}..{}", mark(backing), end(start, length))
        }
        Record::Call { function, earlier, first, length } => {
            let slice = match (first, length) {
                (0, 0) => String::new(),
                (first, 0) => format!(" slice={first}.."),
                (first, length) => format!(" slice={first}..{}", end(first, length)),
            };
            format!("{}{}{slice}", function.label(), earlier_array(earlier))
        }
        Record::CallWithErrno { function, earlier, errno } => {
            format!("{}{} errno={errno}", function.label(), earlier_array(earlier))
        }
        Record::Acquire { earlier } => format!("acquire{}", earlier_array(earlier)),
        Record::Clean { first, length } => {
            format!("clean {}", range(layout, first, length, Direction::Up))
        }
        Record::Long => "long".to_owned(),
    }
}

fn earlier_array(earlier: u16) -> String {
    if earlier > 0 { format!(" earlier={earlier}") } else { String::new() }
}

fn end(first: u16, length: u16) -> u32 {
    u32::from(first) + u32::from(length)
}

fn mark(backing: Backing) -> &'static str {
    if backing == Backing::Unbacked { "!" } else { "" }
}

fn folio_line(name: &str, folio: &FolioRecord) -> String {
    let mut words = vec!["folio".to_owned(), name.to_owned()];
    if folio.order > 0 {
        words.push(format!("order={}", folio.order));
    }
    match (folio.from, folio.kind) {
        (Source::Kernel, Kind::Anon) => {}
        (Source::Kernel, Kind::File) => words.push("kind=file".to_owned()),
        (from, _) => words.push(format!("from={}", from.name())),
    }
    if folio.dirty {
        words.push("dirty".to_owned());
    }
    if folio.locked {
        words.push("locked".to_owned());
    }
    match (folio.refs, i32::MAX.saturating_sub(folio.refs)) {
        (0, _) => {}
        (_, 0) => words.push("refs=max".to_owned()),
        (_, below @ 1..=128) => words.push(format!("refs=max-{below}")),
        (refs, _) => words.push(format!("refs={refs}")),
    }
    if folio.repeat > 1 {
        words.push(format!("repeat={}", folio.repeat));
    }
    words.join(" ")
}

fn entries_item(layout: &Layout, entries: &EntriesRecord) -> String {
    let pages = match entries.length {
        _ if entries.backing == Backing::Null => match entries.length {
            1 => NULL.to_owned(),
            length => format!("{NULL}*{length}"),
        },
        0 => NOTHING.to_owned(),
        length => range(layout, entries.first, length, entries.direction),
    };
    format!("{}{pages}", mark(entries.backing))
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
