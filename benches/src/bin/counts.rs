//! Counts what the library does, by Valgrind's Callgrind: instructions, which are held against
//! `counts.txt`, and locked operations, which are held against what the runs of an array need.
//! `counts` checks, `counts --record` writes `counts.txt`.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, ExitCode};

use put_user_page_benches::contender::Contender;
use put_user_page_benches::function::Function;
use put_user_page_benches::pages::{Array, Pages};
use put_user_page_benches::workload::{self, Workload};

/// So many more instructions than recorded are no regression, in percent.
const TOLERATED: u64 = 2;

/// What `counts` calls itself with, under Valgrind.
const UNDER_VALGRIND: &str = "--under-valgrind";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What Callgrind counts in one call.
#[derive(Clone, Copy)]
struct Counts {
    instructions: u64,
    locked_operations: u64,
}

fn main() -> Result<ExitCode> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("counts.txt");
    match std::env::args().nth(1).as_deref() {
        None => check(&fs::read_to_string(&file).unwrap_or_default()),
        Some("--record") => {
            let lines = count()?.into_iter().map(|(call, (counts, _))| line(&call, counts));
            fs::write(&file, lines.collect::<String>())?;
            Ok(ExitCode::SUCCESS)
        }
        Some(UNDER_VALGRIND) => {
            let number = std::env::args().nth(2).ok_or("the number of a call is missing")?;
            let (workload, function) =
                calls().nth(number.parse()?).ok_or("there is no such call")?;
            counted_call(function, &Pages::of(&workload).arrays[0]);
            Ok(ExitCode::SUCCESS)
        }
        Some(other) => {
            Err(format!("counts does not know `{other}`: give it --record or nothing").into())
        }
    }
}

/// Each workload that is counted, with each function.
fn calls() -> impl Iterator<Item = (Workload, Function)> {
    let with_each = |workload: Workload| Function::ALL.map(|function| (workload.clone(), function));
    workload::counted().into_iter().flat_map(with_each)
}

/// The call that Callgrind is told to count, by a part of its name.
#[inline(never)]
fn counted_call(function: Function, array: &Array) {
    Contender::Ours.release(function, black_box(array));
}

fn check(recorded: &str) -> Result<ExitCode> {
    let recorded: BTreeMap<&str, u64> = recorded.lines().filter_map(read_line).collect();
    let counted = count()?;
    let mut failures = String::new();
    for (call, (counts, needed)) in &counted {
        print!("{}", line(call, *counts));
        if counts.locked_operations > *needed {
            let more = counts.locked_operations;
            writeln!(failures, "{call}: {more} locked operations where {needed} do")?;
        }
        match recorded.get(call.as_str()) {
            None => writeln!(failures, "{call}: nothing is recorded for it")?,
            Some(&before) if counts.instructions * 100 > before * (100 + TOLERATED) => {
                let now = counts.instructions;
                writeln!(failures, "{call}: {now} instructions, {before} recorded")?;
            }
            Some(_) => {}
        }
    }
    if failures.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprint!("\nerror: the library does more than it did\n{failures}");
    eprintln!(
        "if it has to: cargo run --release -p put_user_page_benches --bin counts -- --record"
    );
    Ok(ExitCode::FAILURE)
}

/// Of each call what was counted, and how many locked operations it needs.
fn count() -> Result<BTreeMap<String, (Counts, u64)>> {
    let folder = tempfile::tempdir()?;
    let dump = folder.path().join("dump");
    let count = |(number, (workload, function)): (usize, (Workload, Function))| {
        let call = format!("{}, {}", function.name(), workload.name);
        let valgrind = Command::new("valgrind")
            .args(["--tool=callgrind", "--collect-bus=yes", "--quiet"])
            .arg("--toggle-collect=*counted_call*")
            .arg(format!("--callgrind-out-file={}", dump.display()))
            .arg(std::env::current_exe()?)
            .args([UNDER_VALGRIND, &number.to_string()])
            .output()
            .map_err(|why| format!("valgrind does not start ({why}): scripts/setup bench"))?;
        if !valgrind.status.success() {
            return Err(String::from_utf8_lossy(&valgrind.stderr).into());
        }
        let counts = read_dump(&fs::read_to_string(&dump)?)?;
        Ok((call, (counts, locked_operations(&workload, function))))
    };
    calls().enumerate().map(count).collect()
}

/// How many locked operations a call on clean pages needs.
fn locked_operations(workload: &Workload, function: Function) -> u64 {
    let pages = Pages::of(workload);
    let array = &pages.arrays[0];
    let subtractions =
        if function == Function::One { workload.arrays[0].len() } else { array.runs() };
    let marks = workload.folios.len() * function.locked_operations_to_mark();
    (subtractions + marks) as u64
}

/// What a dump of Callgrind has in total.
fn read_dump(dump: &str) -> Result<Counts> {
    let after = |name: &str| {
        let line = dump.lines().find_map(|line| line.strip_prefix(name));
        line.ok_or_else(|| format!("a dump of Callgrind has no line with `{name}`"))
    };
    let numbers = after("summary: ")?.split_whitespace();
    let events: BTreeMap<&str, &str> = after("events: ")?.split_whitespace().zip(numbers).collect();
    let event = |name| events.get(name).ok_or_else(|| format!("Callgrind did not count {name}"));
    Ok(Counts { instructions: event("Ir")?.parse()?, locked_operations: event("Ge")?.parse()? })
}

fn line(call: &str, counts: Counts) -> String {
    format!("{call}: {} instructions, {} locked\n", counts.instructions, counts.locked_operations)
}

fn read_line(line: &str) -> Option<(&str, u64)> {
    let (call, counts) = line.split_once(": ")?;
    Some((call, counts.split_once(' ')?.0.parse().ok()?))
}
