//! A drawing of the world: a line for each compound page, and for each gap.

use std::ops::Range;

use pagediff_terminal::table;
use put_user_page_case::world::{Folio, World};
use put_user_page_case::{Backing, Kind};

use super::names::{groups, name_of, range};

/// Columns that the drawing fits in, its indentation counted.
const WIDTH: usize = 98;

/// Arrays whose entries are shown for a line.
const ARRAYS_SHOWN: usize = 8;

/// The drawing.
pub(super) fn world(world: &World) -> Vec<String> {
    let places = &world.layout.places;
    let together = groups(places.len(), |one, next| {
        let adjacent = places[one].frame + places[one].pages == places[next].frame;
        adjacent
            && places[one].pages == places[next].pages
            && world.folios[one] == world.folios[next]
    });
    let mut rows = Vec::new();
    let mut entries = Vec::new();
    let named = entries_of(world, &together);
    let mut next_frame = 0;
    for (group, named) in together.iter().zip(named) {
        let frame = places[group.start].frame;
        if next_frame < frame {
            rows.push(vec![format!("frame {}", range(&(next_frame..frame))), "gap".to_owned()]);
            entries.push(Vec::new());
        }
        rows.push(row(world, group));
        entries.push(named);
        next_frame = places[group.end - 1].frame + places[group.start].pages;
    }
    if rows.is_empty() {
        return vec!["no page".to_owned()];
    }
    let drawn = table::lines(&rows, &[]);
    let width = drawn.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for (line, entries) in drawn.into_iter().zip(entries) {
        push_with_entries(&mut lines, line, width, entries);
    }
    lines.extend(nulls(world));
    let legend =
        "H head page, t tail page, p page of order 0; !3: no reference is taken for entry 3";
    lines.extend([String::new(), legend.to_owned()]);
    lines
}

/// One compound page, or many that are equal.
fn row(world: &World, group: &Range<usize>) -> Vec<String> {
    let (first, last) = (world.layout.places[group.start], world.layout.places[group.end - 1]);
    let Folio { kind, dirty, locked, refs, from } = world.folios[group.start];
    let order = first.pages.ilog2();
    let mut properties = vec![match kind {
        Kind::Anon => "anon".to_owned(),
        Kind::File => "file".to_owned(),
    }];
    properties.extend(dirty.then(|| "dirty".to_owned()));
    properties.extend(locked.then(|| "locked".to_owned()));
    properties.extend((refs != 0).then(|| match i32::MAX.saturating_sub(refs) {
        0 => "refs max".to_owned(),
        below @ 1..=65_535 => format!("refs max-{below}"),
        _ => format!("refs {refs}"),
    }));
    properties.extend(from.is_mapping().then(|| format!("from {}", from.name())));
    let pages = pages(first.pages);
    vec![
        format!("frame {}", range(&(first.frame..last.frame + last.pages))),
        name_of(world, group),
        if group.len() > 1 {
            format!("{} of order {order}", group.len())
        } else {
            format!("order {order}")
        },
        properties.join(" "),
        if group.len() > 1 { format!("{} × {pages}", group.len()) } else { pages },
    ]
}

/// The head and the tails.
fn pages(pages: usize) -> String {
    match pages - 1 {
        0 => "[p]".to_owned(),
        tails @ 1..=3 => format!("[H|{}]", vec!["t"; tails].join(" ")),
        tails => format!("[H|t t t …{tails} tails]"),
    }
}

/// For each group of compound pages, which entries name it: a text for each array.
fn entries_of(world: &World, together: &[Range<usize>]) -> Vec<Vec<String>> {
    let mut group_of = vec![0; world.folios.len()];
    for (number, group) in together.iter().enumerate() {
        group_of[group.clone()].fill(number);
    }
    let mut texts = vec![Vec::new(); together.len()];
    for (number, array) in world.arrays.iter().enumerate() {
        let mut ranges: Vec<Vec<(Range<usize>, Backing)>> = vec![Vec::new(); together.len()];
        let entries = world.entries[array.clone()].iter().enumerate();
        for (index, entry) in entries.filter(|(_, entry)| !entry.is_null()) {
            let ranges = &mut ranges[group_of[usize::from(entry.folio)]];
            match ranges.last_mut() {
                Some((last, backing)) if last.end == index && *backing == entry.backing => {
                    last.end += 1
                }
                _ => ranges.push((index..index + 1, entry.backing)),
            }
        }
        for (texts, ranges) in texts.iter_mut().zip(ranges).filter(|(_, ranges)| !ranges.is_empty())
        {
            texts.push(match world.arrays.len() {
                1 => show(&ranges),
                _ => format!("array {number}, {}", show(&ranges)),
            });
        }
    }
    texts
}

/// For each array that has some, a line of the entries that are NULL.
fn nulls(world: &World) -> Vec<String> {
    let mut lines = Vec::new();
    for (number, array) in world.arrays.iter().enumerate() {
        let entries = &world.entries[array.clone()];
        let mut start = 0;
        let runs = entries.chunk_by(|one, other| one.is_null() == other.is_null()).map(|run| {
            start += run.len();
            (run[0].is_null(), start - run.len()..start)
        });
        let nulls: Vec<_> = runs
            .filter(|(is_null, _)| *is_null)
            .map(|(_, entries)| (entries, Backing::Null))
            .collect();
        if !nulls.is_empty() {
            let array =
                if world.arrays.len() > 1 { format!("array {number}, ") } else { String::new() };
            lines.push(cut(format!("NULL  {array}{}", show(&nulls))));
        }
    }
    lines
}

fn show(ranges: &[(Range<usize>, Backing)]) -> String {
    let parts: Vec<String> = ranges
        .iter()
        .map(|(entries, backing)| match backing {
            Backing::Unbacked => format!("!{}", range(entries)),
            Backing::Got | Backing::Null => range(entries),
            Backing::Pinned => format!("{} pinned", range(entries)),
        })
        .collect();
    let noun = if ranges.len() == 1 && ranges[0].0.len() == 1 { "entry" } else { "entries" };
    format!("{noun} {}", parts.join(", "))
}

/// Adds the line with its entries behind it, or below it where they do not fit.
fn push_with_entries(lines: &mut Vec<String>, line: String, width: usize, entries: Vec<String>) {
    if let [only] = entries.as_slice() {
        let all = format!("{line:<width$}  {only}");
        if all.chars().count() <= WIDTH {
            lines.push(all);
            return;
        }
    }
    lines.push(line);
    lines.extend(entries.iter().take(ARRAYS_SHOWN).map(|text| cut(format!("    {text}"))));
    if let Some(more) = entries.len().checked_sub(ARRAYS_SHOWN).filter(|&more| more > 0) {
        lines.push(format!("    … and {more} more arrays"));
    }
}

fn cut(line: String) -> String {
    if line.chars().count() <= WIDTH {
        return line;
    }
    let kept: String = line.chars().take(WIDTH - 2).collect();
    // Whole numbers only.
    let kept = kept.rsplit_once(", ").map_or(kept.as_str(), |(whole, _)| whole);
    format!("{kept}, …")
}

#[cfg(test)]
mod tests {
    use put_user_page_case::Case;
    use put_user_page_case::world::World;

    fn drawn(text: &str) -> Vec<String> {
        let mut lines = super::world(&World::of(&Case::from_text(text).unwrap()));
        lines.truncate(lines.len() - 2);
        lines
    }

    #[test]
    fn a_line_shows_a_compound_page_and_its_entries() {
        let text = "folio a order=9 kind=file dirty\nfolio b order=1 refs=max\n\
                    entries a[0..512] b a[3] !b[1]*2";
        assert_eq!(
            drawn(text),
            [
                "frame 0..512    a  order 9  file dirty       [H|t t t …511 tails]  \
                 entries 0..512, 513",
                "frame 512..514  b  order 1  anon refs max-2  [H|t]                 \
                 entries 512, !514..516",
            ]
        );
    }

    #[test]
    fn pages_from_a_mapping_say_so() {
        assert_eq!(
            drawn("folio a from=memfd"),
            ["frame 0  a  order 0  anon refs 1 from memfd  [p]"]
        );
    }

    #[test]
    fn gaps_are_drawn_and_equal_neighbours_are_together() {
        let text = "folio a\ngap 3\nfolio b repeat=20\nentries b[0..20]";
        assert_eq!(
            drawn(text),
            [
                "frame 0      a    order 0        anon  [p]",
                "frame 1..4   gap",
                "frame 4..24  b    20 of order 0  anon  20 × [p]  entries 0..20",
            ]
        );
    }

    #[test]
    fn the_drawing_keeps_to_100_columns() {
        let arrays =
            "entries a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b\n".repeat(20);
        let text = format!("folio a order=10 kind=file dirty locked refs=max\nfolio b\n{arrays}");
        assert!(drawn(&text).iter().all(|line| line.chars().count() <= 98));
    }
}
