//! `pagediff nightly`: what scripts/nightly calls: the nightly job from start to end.

mod findings;

use put_user_page_kernel::Which;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use pagediff_terminal::error::{DIVERGENCE, Stop};
use pagediff_terminal::output::{count, headline};
use pagediff_terminal::repository::find_root;
use put_user_page_targets::registry::Target;
use put_user_page_targets_kernel::Api;

use crate::again::{again, ignored_tests, xtask};
use crate::corpus::measure::Programs;
use crate::corpus::merge::{self, Merged};
use crate::corpus::steps::Steps;
use crate::corpus::{Root, lock, minimize, show};
use crate::engines::{Engine, Sanitizer};
use crate::fuzz::{self, Fuzzed};
use crate::record::{KeptRecord, LeftOut, Record};

/// Fuzzes every target with every engine, takes in what they found, and says what diverges
///
/// The corpora are merged and minimised, replayed on all backends, small cases run, and a record
/// and a report are left in target/nightly. It exits with 1 if anything diverged, crashed or was lost.
#[derive(clap::Args)]
pub struct Arguments {
    /// For how long all engines fuzz all targets, and how long small cases may take after that;
    /// the rest takes some minutes more
    #[arg(long, value_name = "N", default_value_t = 60)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1440))]
    minutes: u64,
}

/// Runs `pagediff nightly`, and returns its exit code.
///
/// # Errors
///
/// It cannot do what it was asked, or the output is closed.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let started = Instant::now();
    let seconds_since_1970 =
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let root = Root { root: find_root()? };
    let _lock = lock::take(&root.corpus()?, "scripts/nightly")?;
    let targets = fuzz::targets(None);
    for engine in Engine::ALL {
        engine.build(&root.root, None, Sanitizer::Address)?;
    }
    Programs::build(&root.root, &targets)?;

    title(out, &format!("fuzzing, {} minutes", arguments.minutes))?;
    let share = (&Engine::ALL[..], Sanitizer::Address, arguments.minutes * 60);
    let fuzzed = fuzz::fuzz(&root.root, &targets, share)?;
    fuzz::write_table(out, &fuzzed)?;

    let mut record = Record {
        started: seconds_since_1970,
        cores: fuzz::cores(),
        targets: fuzzed.records(),
        findings: findings::records(&root.root, &fuzzed)?,
        left_out: left_out(put_user_page_kernel::is_set_up(&Which::default())),
        ..Record::default()
    };
    title(out, "corpora")?;
    let lost = take_in(&root, &targets, &mut record, out)?;
    title(out, "replay")?;
    let mut diverges = replay(&root.root, &record.left_out, out)?;
    title(out, "small cases")?;
    diverges |= small_cases(&root.root, arguments.minutes, out)?;
    title(out, "report")?;
    record.seconds = started.elapsed().as_secs();
    write_report(&root.root, &mut record, out)?;
    title(out, "mutants")?;
    let unnoticed = mutants(&root.root, &record, out)?;
    end(out, &record, &fuzzed, lost || diverges || unnoticed)
}

/// Breaks a share of our own code, and the kernel's module where there is a kernel. Whether
/// nothing noticed a break.
fn mutants(root: &Path, record: &Record, out: &mut dyn Write) -> Result<bool, Stop> {
    let mutants = xtask(root, &["mutants", "--shard", &share_of_day(record.started)])?;
    write!(out, "{}", mutants.text)?;
    if record.left_out.contains(&LeftOut::Kernel) {
        return Ok(mutants.diverges);
    }
    out.flush()?;
    Ok(!ignored_tests(root, "kernel", "mutations")? || mutants.diverges)
}

/// The share of the ways to break our own code that is this day's, as `cargo xtask mutants` takes
/// it: each has its turn once in so many nights.
fn share_of_day(seconds_since_1970: u64) -> String {
    const NIGHTS: u64 = 14;
    const SECONDS: u64 = 24 * 60 * 60;
    format!("{}/{NIGHTS}", seconds_since_1970 / SECONDS % NIGHTS)
}

/// What is left out before anything is done.
fn left_out(has_kernel: bool) -> Vec<LeftOut> {
    if has_kernel { Vec::new() } else { vec![LeftOut::Kernel] }
}

/// Merges and minimises the corpora, and notes what became of them. Whether one would have
/// lost something, which then is as it was.
fn take_in(
    root: &Root,
    targets: &[&'static Target],
    record: &mut Record,
    out: &mut dyn Write,
) -> Result<bool, Stop> {
    let steps = Steps::new();
    for (target, of_target) in targets.iter().zip(&mut record.targets) {
        steps.begin(format!("{}: merging", target.name));
        let Merged { inputs, new, .. } = merge::run_on(root, target, &[])?;
        eprintln!("{}: {}, {new} new", target.name, count(inputs, "input"));
        let programs = Programs::of(&root.root, target);
        of_target.corpus = Some(minimize::run_on(root, target, Some(&programs), &steps)?);
    }
    steps.end();
    let records = || {
        let of = record.targets.iter().zip(targets);
        of.filter_map(|(of_target, target)| Some((target.name, of_target.corpus.as_ref()?)))
    };
    show::records(out, records())?;
    Ok(records().flat_map(|(_, corpus)| &corpus.kept).any(KeptRecord::is_lost))
}

/// Replays the committed corpora on all backends that are here; whether anything diverges.
fn replay(root: &Path, left_out: &[LeftOut], out: &mut dyn Write) -> Result<bool, Stop> {
    let in_process = again(root, &["replay", "corpus"])?;
    write!(out, "fast: {}", in_process.text)?;
    let mut diverges = in_process.diverges;
    if !left_out.contains(&LeftOut::Kernel) {
        let backends = Api::ALL.into_iter().flat_map(|api| ["--backend", api.name()]);
        let words: Vec<&str> = ["replay"].into_iter().chain(backends).chain(["corpus"]).collect();
        let in_kernel = again(root, &words)?;
        write!(out, "kernel: {}", in_kernel.text)?;
        diverges |= in_kernel.diverges;
    } else {
        writeln!(out, "kernel: left out, for it is not set up: run `scripts/kernel setup`")?;
    }
    Ok(diverges)
}

/// Runs every small case, as many of the night's as there is time for: the next night goes on
/// from there, if it is of the same build. Whether any diverges.
fn small_cases(root: &Path, minutes: u64, out: &mut dyn Write) -> Result<bool, Stop> {
    let minutes = minutes.to_string();
    let words = ["exhaust", "--night", "--state", "target/small-cases.json", "--minutes", &minutes];
    let small = again(root, &words)?;
    write!(out, "{}", small.text)?;
    Ok(small.diverges)
}

/// Writes the record, measures line coverage where the tools for it are, and makes the page.
fn write_report(root: &Path, record: &mut Record, out: &mut dyn Write) -> Result<(), Stop> {
    record.write(root)?;
    match xtask(root, &["coverage", "--no-kernel"]) {
        Ok(coverage) => write!(out, "{}", coverage.text)?,
        // Without LLVM's tools there is a report all the same, which says that this is missing.
        Err(Stop::Error(why)) => {
            eprintln!("note: line coverage is left out: {why}");
            record.left_out.push(LeftOut::LineCoverage);
            record.write(root)?;
        }
        Err(stop) => return Err(stop),
    }
    write!(out, "{}", again(root, &["report"])?.text)?;
    Ok(())
}

/// Says what is to be looked at, and whether anything is.
fn end(
    out: &mut dyn Write,
    record: &Record,
    fuzzed: &Fuzzed,
    is_bad: bool,
) -> Result<ExitCode, Stop> {
    title(out, "result")?;
    for finding in &record.findings {
        writeln!(out, "{}: {}, in {}", finding.target, finding.signature, finding.file)?;
    }
    let findings = count(record.findings.len(), "distinct finding");
    writeln!(out, "{findings}, in {} min {} s", record.seconds / 60, record.seconds % 60)?;
    fuzzed.check_engines(out)?;
    let is_bad = is_bad || !record.findings.is_empty();
    Ok(ExitCode::from(if is_bad { DIVERGENCE } else { 0 }))
}

fn title(out: &mut dyn Write, text: &str) -> std::io::Result<()> {
    writeln!(out, "\n{}", headline(text))?;
    // What engines and children print comes after it.
    out.flush()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{left_out, share_of_day};
    use crate::record::LeftOut;

    #[test]
    fn every_share_has_its_night() {
        let nights = (0..28).map(|day| share_of_day(day * 86_400 + 5_000));
        let shares: BTreeSet<String> = nights.collect();
        assert_eq!(shares.len(), 14);
        assert_eq!(share_of_day(15 * 86_400), "1/14");
    }

    #[test]
    fn a_night_without_a_kernel_leaves_it_out() {
        assert_eq!(left_out(false), [LeftOut::Kernel]);
        assert_eq!(left_out(true), []);
    }
}
