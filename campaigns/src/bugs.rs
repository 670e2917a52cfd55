//! `pagediff bugs`: whether each bug of the bank is found, by what, and how soon.

mod hunt;
mod page;
mod plot;
mod record;
mod replay;

use std::collections::VecDeque;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::builder::{PossibleValuesParser, StringValueParser, TypedValueParser};
use pagediff_terminal::error::{DIVERGENCE, Stop, file_error};
use pagediff_terminal::output::{count, headline, write_json};
use pagediff_terminal::repository::find_root;
use pagediff_terminal::table::{self, Align};
use put_user_page_bugs::{BUGS, Bug, Scale, bug};
use put_user_page_fuzz_common::ablation::Ablation;

use self::hunt::Hunt;
pub(crate) use self::plot::survival;
pub(crate) use self::record::{BankRecord, Hunter, Summary};
use self::record::{BugRecord, HuntRecord};
use self::replay::Replays;
use crate::engines::Sanitizer;
use crate::fuzz::{Engines, engines};

/// Looks for the bugs of the bank: by the committed corpus, and by engines from nothing; exit 1 if
/// one is not found by all of the design
#[derive(clap::Args)]
pub struct Arguments {
    /// Bugs; by default all
    #[arg(value_name = "NAME", value_parser = names())]
    names: Vec<&'static Bug>,
    /// An engine that is to find them, too, from an empty corpus; `all` for all
    #[arg(long, value_name = "ENGINE", value_parser = engines())]
    engine: Option<Engines>,
    /// How long it may take for one
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// How often each is looked for, with another seed each time; medians count
    #[arg(long, default_value_t = 5)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1000))]
    seeds: u32,
    /// What checks the memory accesses
    #[arg(long, value_enum, default_value = "address")]
    sanitizer: Sanitizer,
    /// Let libFuzzer find them without a part of the design, to see what that brings; `all` for
    /// one after the other
    #[arg(long, value_name = "PART", value_parser = ablations())]
    ablation: Option<Ablations>,
    /// Write docs/bugs.md and docs/bugs.svg, with what the engines' last runs came to
    #[arg(long)]
    docs: bool,
    /// Prints JSON
    #[arg(long, conflicts_with = "docs")]
    json: bool,
}

/// Takes the name of a bug as an argument. There are too many to tell in an error.
fn names() -> impl TypedValueParser<Value = &'static Bug> {
    StringValueParser::new()
        .try_map(|name| bug(&name).ok_or("there is no such bug; `pagediff bugs` lists them"))
}

/// Some parts of the design.
type Ablations = &'static [Ablation];

/// Takes the name of a part of the design that can be done without, or of all.
fn ablations() -> impl TypedValueParser<Value = Ablations> {
    let names = Ablation::ALL.map(Ablation::name).into_iter().chain(["all"]);
    PossibleValuesParser::new(names).map(|name| {
        let number = Ablation::ALL.iter().position(|ablation| ablation.name() == name);
        number.map_or(&Ablation::ALL[..], |number| &Ablation::ALL[number..=number])
    })
}

/// Runs `pagediff bugs`, and returns its exit code.
///
/// # Errors
///
/// It cannot do what it was asked, or the output is closed.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let root = find_root()?;
    let bugs = if arguments.names.is_empty() { &*BUGS } else { &arguments.names };
    let is_told = !arguments.names.is_empty();
    let with_smallest = is_told || arguments.docs || arguments.json;
    let whole = arguments.engine.unwrap_or_default().iter().copied().map(Hunter::whole);
    let without = arguments.ablation.unwrap_or_default().iter().copied().map(Hunter::without);
    let hunters: Vec<Hunter> = whole.chain(without).collect();
    if arguments.docs {
        page::check(&root, bugs, &hunters)?;
    }
    let Replays { found, seconds } = replay::replay(&root, bugs, with_smallest)?;
    let records = bugs.iter().zip(found);
    let mut records: Vec<BugRecord> =
        records.map(|(bug, replayed)| BugRecord::new(bug, replayed)).collect();
    for hunter in hunters {
        let hunt = Hunt::new(&root, hunter, arguments.sanitizer, arguments.seconds)?;
        look(&root, &hunt, arguments.seeds, None, &mut records)?;
    }
    if arguments.docs {
        page::write(&root, &records, seconds)?;
    }
    if arguments.json {
        write_json(out, &records)?;
    } else {
        if is_told {
            tell(out, bugs, &records)?;
        }
        write(out, &records)?;
        let found = records.iter().filter(|record| record.replayed.is_some()).count();
        let of = count(records.len(), "bug");
        writeln!(out, "\nthe committed corpus finds {found} of {of}, in {seconds:.2} s")?;
    }
    // That less is found without a part of the design is what it is left out for.
    let all_found = records.iter().all(|record| {
        let mut whole = record.hunts.iter().filter(|hunt| hunt.ablation.is_none());
        record.replayed.is_some() && whole.all(HuntRecord::always_found)
    });
    Ok(ExitCode::from(if all_found { 0 } else { DIVERGENCE }))
}

/// Lets a hunter look for the bugs, and keeps what came of it; where it is late, for the first of
/// them, and keeps nothing. How many it did not look for.
fn look(
    root: &Path,
    hunt: &Hunt,
    seeds: u32,
    until: Option<Instant>,
    records: &mut [BugRecord],
) -> Result<usize, Stop> {
    let small = |record: &&mut BugRecord| story(record).scale == Scale::Small;
    let mut left: VecDeque<&mut BugRecord> = records.iter_mut().filter(small).collect();
    while until.is_none_or(|until| Instant::now() < until)
        && let Some(record) = left.pop_front()
    {
        eprintln!("{}: {}", hunt.hunter().name(), record.name);
        let hunted = hunt.run(story(record), seeds)?;
        record.hunts.push(hunted);
    }
    let left = left.len();
    if left == 0 {
        keep(&hunt.hunter().place(root), records)?;
    }
    Ok(left)
}

/// The bug that a record is of.
fn story(record: &BugRecord) -> &'static Bug {
    bug(&record.name).expect("records are of the bank")
}

/// Lets a hunter look for all bugs, for the nightly job; if it is not done by then, how many are
/// left, and nothing is kept.
///
/// # Errors
///
/// It is not installed, or does not run.
pub(crate) fn look_for_all(
    root: &Path,
    hunter: Hunter,
    (seeds, seconds): (u32, u64),
    until: Instant,
) -> Result<usize, Stop> {
    let hunt = Hunt::new(root, hunter, Sanitizer::Address, seconds)?;
    let mut records: Vec<BugRecord> = BUGS.iter().map(|bug| BugRecord::new(bug, None)).collect();
    look(root, &hunt, seeds, Some(until), &mut records)
}

/// What the committed corpus finds, and what else did when it last looked.
///
/// # Errors
///
/// A case, or what was kept, cannot be read.
pub(crate) fn bank(root: &Path) -> Result<BankRecord, Stop> {
    let Replays { found, seconds } = replay::replay(root, &BUGS, false)?;
    let not_found = BUGS.iter().zip(&found).filter(|(_, replayed)| replayed.is_none());
    let not_found = not_found.map(|(bug, _)| bug.name.to_owned()).collect();
    let finders = record::last_runs(root, &Hunter::all())?;
    let finders = finders.iter().map(Summary::of).collect();
    Ok(BankRecord { bugs: BUGS.len(), not_found, seconds, finders })
}

/// Keeps what an engine's run over all came to, for the documentation and the report.
fn keep(path: &Path, records: &[BugRecord]) -> Result<(), Stop> {
    if records.len() < BUGS.len() {
        return Ok(());
    }
    let text = serde_json::to_string_pretty(records).expect("records have string keys");
    std::fs::create_dir_all(path.parent().unwrap_or(path))
        .and_then(|()| std::fs::write(path, text))
        .map_err(|why| file_error(path, "written", &why))
}

/// Each bug as a story: what it was, the smallest case that shows it, and what is told of that.
fn tell(out: &mut dyn Write, bugs: &[&Bug], records: &[BugRecord]) -> std::io::Result<()> {
    for (bug, record) in bugs.iter().zip(records) {
        writeln!(out, "{}\n{}\n{}", headline(bug.name), bug.story, bug.source)?;
        let smallest = record.replayed.as_ref().and_then(|replayed| replayed.smallest.as_ref());
        if let Some(smallest) = smallest {
            writeln!(out, "\n{}", smallest.report)?;
        }
    }
    Ok(())
}

fn write(out: &mut dyn Write, records: &[BugRecord]) -> std::io::Result<()> {
    let finders = finders_of(records);
    let mut header: Vec<String> = ["bug", "found by", "case", "ms"].map(str::to_owned).into();
    let mut aligns = vec![Align::Left, Align::Left, Align::Right, Align::Right];
    for finder in &finders {
        header.extend([format!("{finder} executions"), "s".to_owned(), "found".to_owned()]);
        aligns.extend([Align::Right; 3]);
    }
    let mut rows = vec![header];
    for BugRecord { name, replayed, hunts } in records {
        let mut row = vec![name.clone()];
        row.extend(match replayed {
            Some(found) => [
                found.file.clone(),
                found.cases.to_string(),
                format!("{:.1}", 1000.0 * found.seconds),
            ],
            None => ["not found", "", ""].map(str::to_owned),
        });
        row.extend(hunts.iter().flat_map(hunt_cells));
        rows.push(row);
    }
    table::write(out, &rows, &aligns)?;
    for finder in finders {
        let hunts = records.iter().flat_map(|record| &record.hunts);
        let summary = Summary::of(hunts.filter(|hunt| hunt.finder() == finder));
        writeln!(
            out,
            "\n{finder}: {} of {} found each time; median {}, longest {:.1} s",
            summary.always_found,
            summary.bugs,
            summary.median(),
            summary.longest,
        )?;
    }
    Ok(())
}

/// What looked for bugs, in order.
fn finders_of(records: &[BugRecord]) -> Vec<&str> {
    let mut finders: Vec<&str> = Vec::new();
    for hunt in records.iter().flat_map(|record| &record.hunts) {
        if !finders.contains(&hunt.finder()) {
            finders.push(hunt.finder());
        }
    }
    finders
}

/// An engine's cells in the table.
fn hunt_cells(hunt: &HuntRecord) -> [String; 3] {
    let cell = |number: Option<f64>, digits| {
        number.map_or("–".to_owned(), |number| format!("{number:.digits$}"))
    };
    let found = hunt.runs.iter().filter(|run| run.found).count();
    [
        cell(hunt.median_executions(), 0),
        cell(hunt.median_seconds(), 2),
        format!("{found}/{}", hunt.runs.len()),
    ]
}
