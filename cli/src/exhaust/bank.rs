//! `pagediff exhaust --bugs`: how small a case shows each bug of the bank.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use pagediff_terminal::error::Stop;
use pagediff_terminal::output::{count, write_json};
use pagediff_terminal::table::{self, Align};
use put_user_page_bugs::backend::backend;
use put_user_page_bugs::{BUGS, Bug};
use put_user_page_case::minimize::Size;
use put_user_page_case::small::Shapes;
use put_user_page_targets::exhaust::Exhaust;
use serde::Serialize;

use super::workers::{BATCH, on_threads};

/// What a bound shows of a bug.
#[derive(Serialize)]
struct Shown {
    bug: &'static str,
    /// The first case that shows it; none within the bound may.
    least: Option<Least>,
}

/// The first case that shows a bug: none of the bound has fewer entries, nor as many and fewer
/// pages.
#[derive(Serialize)]
struct Least {
    size: Size,
    number: u64,
    case: String,
}

/// Looks for each bug among the cases, smallest first, and tells what it took.
pub(super) fn run(
    shapes: &Shapes,
    threads: usize,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), Stop> {
    let shown = look(shapes, threads)?;
    if json {
        write_json(out, &shown)?;
    } else {
        write(out, &shown)?;
    }
    Ok(())
}

/// What the bound shows of each bug, in the bank's order: each thread takes the next one.
fn look(shapes: &Shapes, threads: usize) -> Result<Vec<Shown>, Stop> {
    let bar = progress_bar();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut all = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(bug) = BUGS.get(number) else { return Ok(all) };
            all.push((number, Shown { bug: bug.name, least: least(shapes, bug)? }));
            bar.inc(1);
        }
    };
    let mut shown: Vec<_> = on_threads(threads, work)?.into_iter().flatten().collect();
    bar.finish_and_clear();
    shown.sort_by_key(|(number, _)| *number);
    Ok(shown.into_iter().map(|(_, shown)| shown).collect())
}

fn least(shapes: &Shapes, bug: &'static Bug) -> Result<Option<Least>, Stop> {
    let mut exhaust = Exhaust::new(vec![Box::new(backend(Some(bug)))], BATCH);
    Ok(exhaust.run(shapes, 0..shapes.cases())?.map(|first| {
        let case = shapes.case(first.number);
        Least { size: Size::of(&case), number: first.number, case: case.to_text() }
    }))
}

/// For people: a line for each bug, and how many there are of each size.
fn write(out: &mut dyn Write, shown: &[Shown]) -> io::Result<()> {
    let mut rows =
        vec![["bug", "entries", "pages", "calls", "cases before"].map(str::to_owned).to_vec()];
    rows.extend(shown.iter().map(|Shown { bug, least }| {
        let numbers = least.as_ref().map(|Least { size, number, .. }| {
            [size.entries as u64, size.pages as u64, size.calls as u64, *number]
        });
        let cells =
            numbers.map_or([const { String::new() }; 4], |numbers| numbers.map(|n| n.to_string()));
        std::iter::once((*bug).to_owned()).chain(cells).collect()
    }));
    table::write(
        out,
        &rows,
        &[Align::Left, Align::Right, Align::Right, Align::Right, Align::Right],
    )?;
    writeln!(out)?;
    let mut by_entries: BTreeMap<usize, usize> = BTreeMap::new();
    for Least { size, .. } in shown.iter().filter_map(|shown| shown.least.as_ref()) {
        *by_entries.entry(size.entries).or_default() += 1;
    }
    let mut counted: Vec<_> = by_entries
        .iter()
        .map(|(&entries, &bugs)| {
            let entries =
                if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") };
            format!("{} with {entries}", count(bugs, "bug"))
        })
        .collect();
    let without = shown.iter().filter(|shown| shown.least.is_none()).count();
    counted.push(format!("{} that no case of this bound shows", count(without, "bug")));
    writeln!(out, "{}", counted.join("; "))
}

/// A bar on standard error, which shows if that is a terminal.
fn progress_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} bugs").expect("a template");
    ProgressBar::new(BUGS.len() as u64).with_style(style)
}
