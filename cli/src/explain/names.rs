//! Names of compound pages, and neighbours that are told of together.

use std::ops::Range;

use put_user_page_case::text::page_name;
use put_user_page_case::world::World;

/// Equal neighbours that are too many for a line each.
const MANY: usize = 4;

/// Splits the compound pages into ranges: neighbours that are the `same` stay together if
/// they are many.
pub(super) fn groups(folios: usize, same: impl Fn(usize, usize) -> bool) -> Vec<Range<usize>> {
    let numbers: Vec<usize> = (0..folios).collect();
    let runs = numbers.chunk_by(|&one, &next| same(one, next));
    runs.flat_map(|run| {
        let all = run[0]..run[0] + run.len();
        if run.len() >= MANY { vec![all] } else { all.map(|one| one..one + 1).collect() }
    })
    .collect()
}

/// How the case's text names all pages of some compound pages that are neighbours.
pub(super) fn name_of(world: &World, folios: &Range<usize>) -> String {
    let layout = &world.layout;
    let (first, last) = (layout.places[folios.start], layout.places[folios.end - 1]);
    let end = last.page + last.pages;
    let (Some(start_in), Some(end_in)) =
        (layout.group_of_page(first.page), layout.group_of_page(end - 1))
    else {
        return page_name(layout, first.page);
    };
    let whole = |page| {
        let name = page_name(layout, page);
        name.split('[').next().unwrap_or_default().to_owned()
    };
    let (line, index, pages) = start_in;
    match (end_in.0 == line, index, end - first.page) {
        (false, ..) => format!("{}…{}", whole(first.page), whole(end - 1)),
        (true, 0, all) if all == pages => whole(first.page),
        (true, _, 1) => page_name(layout, first.page),
        (true, index, some) => format!("{}[{index}..{}]", whole(first.page), index + some),
    }
}

/// The name of the compound page at a frame, or else the frame.
pub(super) fn name_at(world: &World, frame: usize) -> String {
    match world.layout.folio_at_frame(frame) {
        Some(folio) if world.layout.places[folio].frame == frame => {
            name_of(world, &(folio..folio + 1))
        }
        Some(_) => format!("frame {frame}, a tail page"),
        None => format!("frame {frame}, where there is no page"),
    }
}

/// `entry 3`, `entries 3..8` or `no entry`.
pub(super) fn entries(entries: &Range<usize>) -> String {
    match entries.len() {
        0 => "no entry".to_owned(),
        1 => format!("entry {}", entries.start),
        _ => format!("entries {}", range(entries)),
    }
}

/// `3` or `3..8`.
pub(super) fn range(range: &Range<usize>) -> String {
    match range.len() {
        1 => range.start.to_string(),
        _ => format!("{}..{}", range.start, range.end),
    }
}
