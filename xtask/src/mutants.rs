//! `cargo xtask mutants`: whether anything notices when our own code is broken.

mod areas;
mod changed;
mod results;
mod tool;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use pagediff_terminal::error::{Stop, does_not_hold, error};
use pagediff_terminal::output::headline;
use pagediff_terminal::repository::find_root;

use self::areas::{Area, FILE, Plan};
use self::results::{Fate, Results};
use self::tool::{Mutant, Selection};

/// Breaks the code with cargo-mutants, and sees that a test or the corpus notices
///
/// What survives is held against the list in xtask/mutants.toml.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The areas of xtask/mutants.toml to break, all if none is named
    #[arg(value_name = "AREA")]
    areas: Vec<String>,
    /// Break only the share K of N, from 0: every Nth place, from the Kth on
    #[arg(long, value_name = "K/N")]
    shard: Option<String>,
    /// Break only lines that differ from origin/main, or, where this is that, from ten commits ago
    #[arg(long)]
    changed: bool,
    /// Break no more than so many places of an area, evenly chosen
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    at_most: Option<u64>,
    /// Only list what would be broken
    #[arg(long)]
    list: bool,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let root = find_root()?;
    let plan = Plan::read(&root)?;
    let mut results = Results::default();
    let mut complaints = plan.gone(&root)?;
    for area in chosen(&plan, &arguments.areas)? {
        let mutants = select(&root, area, arguments)?;
        if arguments.list {
            mutants.iter().try_for_each(|mutant| writeln!(out, "{}", mutant.name))?;
            continue;
        }
        let fates = break_area(&root, area, mutants, out)?;
        complaints.extend(plan.complaints(area, &fates));
        results.add(area, fates);
    }
    if arguments.list {
        return Ok(ExitCode::SUCCESS);
    }
    results.write(out)?;
    complaints.iter().try_for_each(|complaint| writeln!(out, "\n{complaint}"))?;
    out.flush()?;
    if complaints.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    Err(does_not_hold(
        format!("{FILE} does not say what was found, {} times", complaints.len()),
        "see above: write a test or a scenario that notices, or list why nothing can",
    ))
}

/// The areas that were named.
fn chosen<'a>(plan: &'a Plan, names: &[String]) -> Result<Vec<&'a Area>, Stop> {
    if let Some(name) = names.iter().find(|name| plan.area.iter().all(|area| area.name != **name)) {
        let known: Vec<&str> = plan.area.iter().map(|area| &*area.name).collect();
        let message = format!("there is no area {name} in {FILE}");
        return Err(error(message, format!("name some of these: {}", known.join(", "))));
    }
    Ok(plan.area.iter().filter(|area| names.is_empty() || names.contains(&area.name)).collect())
}

/// What is to be broken in an area.
fn select(root: &Path, area: &Area, arguments: &Arguments) -> Result<Vec<Mutant>, Stop> {
    let diff = arguments.changed.then(|| changed::write_diff(root)).transpose()?;
    let selection =
        Selection { files: &area.files, shard: arguments.shard.as_deref(), diff: diff.as_deref() };
    let mutants = tool::list(root, &selection)?;
    Ok(match arguments.at_most {
        Some(most) => evenly(mutants, most as usize),
        None => mutants,
    })
}

/// At most so many of them, from all parts alike.
fn evenly<T>(all: Vec<T>, most: usize) -> Vec<T> {
    let step = all.len().div_ceil(most).max(1);
    all.into_iter().step_by(step).collect()
}

/// Runs the killers of an area, each on what those before it left.
fn break_area(
    root: &Path,
    area: &Area,
    mutants: Vec<Mutant>,
    out: &mut dyn Write,
) -> Result<Vec<(Mutant, Fate)>, Stop> {
    let mut fates = Vec::new();
    let mut left = mutants;
    for killer in &area.killers {
        if left.is_empty() {
            break;
        }
        let title = format!("{}: {} mutants against {}", area.name, left.len(), killer.name());
        writeln!(out, "\n{}", headline(&title))?;
        out.flush()?;
        let started = Instant::now();
        let ran = tool::run(root, *killer, &left)?;
        let each = started.elapsed().as_secs_f64() / left.len() as f64;
        writeln!(out, "{:.0} s, {each:.1} s each", started.elapsed().as_secs_f64())?;
        left = results::sort(left, &ran, *killer, &mut fates)?;
    }
    fates.extend(left.into_iter().map(|mutant| (mutant, Fate::Survived)));
    Ok(fates)
}

#[cfg(test)]
mod tests {
    use super::evenly;

    #[test]
    fn a_choice_is_of_all_parts() {
        assert_eq!(evenly((0..10).collect(), 4), [0, 3, 6, 9]);
        assert_eq!(evenly((0..3).collect(), 4), [0, 1, 2]);
        assert!(evenly(Vec::<u8>::new(), 4).is_empty());
    }
}
