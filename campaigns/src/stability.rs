//! `pagediff stability`: whether inputs do the same wherever they run.

mod compare;
mod observe;
mod settings;
mod show;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use pagediff_terminal::error::{DIVERGENCE, Stop};
use pagediff_terminal::inputs::{self, TargetArgument};
use pagediff_terminal::output::write_json;
use put_user_page_targets::registry::{TARGETS, Target, target};
use serde::Serialize;

use self::compare::Difference;
use self::settings::{Setting, settings};
use crate::corpus::Root;
use crate::corpus::measure::Programs;
use crate::corpus::steps::Steps;

/// Runs inputs under every engine in changed surroundings, and names those that do not do
/// the same
///
/// Fuzzers cannot work with what takes another way each time: finds are lost, and cannot be
/// shown again. Inputs run at other addresses, in memory with another content, and in another
/// order. What each engine covers must not change, nor whether an input diverges. It builds
/// the targets for each engine. Exits with 1 if anything differs.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    target: TargetArgument,
    #[command(flatten)]
    root: Root,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Files, and directories of files: `*.case` is text, dotfiles and kernels' logs are skipped,
    /// all else is bytes. Those of no target are for `program`
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
}

/// The inputs of one target.
struct Inputs {
    target: &'static Target,
    /// As the user named them.
    files: Vec<String>,
    bytes: Vec<Vec<u8>>,
}

/// What came of one target's inputs.
#[derive(Serialize)]
struct Item {
    target: &'static str,
    inputs: usize,
    /// How often any of them was run, by all engines in all settings.
    runs: usize,
    /// How many inputs differ in each setting.
    differing: Vec<Differing>,
    differences: Vec<Difference>,
}

/// How many inputs differ in a setting.
#[derive(Serialize)]
struct Differing {
    setting: &'static str,
    inputs: usize,
}

/// Runs `pagediff stability`, and returns its exit code.
///
/// # Errors
///
/// It cannot do what it was asked, or the output is closed.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let all = by_target(arguments)?;
    let root = &arguments.root.root;
    // Asked before anything is built in a place that is not the repository.
    arguments.root.corpus()?;
    let targets: Vec<&Target> = all.iter().map(|inputs| inputs.target).collect();
    Programs::build(root, &targets)?;
    let (settings, steps) = (settings(), Steps::new());
    let mut items = Vec::new();
    for inputs in &all {
        items.push(examine(inputs, &settings, &Programs::of(root, inputs.target), &steps)?);
    }
    steps.end();
    if arguments.json {
        write_json(out, &items)?;
    } else {
        show::write(out, &items)?;
    }
    let differs = items.iter().any(|item| !item.differences.is_empty());
    Ok(ExitCode::from(if differs { DIVERGENCE } else { 0 }))
}

/// The inputs of each target, in the order of the registry.
fn by_target(arguments: &Arguments) -> Result<Vec<Inputs>, Stop> {
    let empty = |target| Inputs { target, files: Vec::new(), bytes: Vec::new() };
    let mut all: Vec<Inputs> = TARGETS.iter().map(empty).collect();
    for path in inputs::files(&arguments.paths)? {
        let input = inputs::read(&path, arguments.target.name)?;
        let of = input.target.or_else(|| target("program")).map(|target| target.name);
        if let Some(inputs) = all.iter_mut().find(|inputs| Some(inputs.target.name) == of) {
            inputs.files.push(path.display().to_string());
            inputs.bytes.push(input.bytes);
        }
    }
    all.retain(|inputs| !inputs.files.is_empty());
    Ok(all)
}

/// Runs a target's inputs in these settings.
fn examine(
    inputs: &Inputs,
    settings: &[&Setting],
    programs: &Programs,
    steps: &Steps,
) -> Result<Item, Stop> {
    let bytes: Vec<&[u8]> = inputs.bytes.iter().map(|bytes| &bytes[..]).collect();
    let observe = |setting| observe::observe(inputs.target, &bytes, setting, programs, steps);
    let observations = settings.iter().copied().map(observe).collect::<Result<Vec<_>, Stop>>()?;
    let differences = compare::differences(&observations, inputs.target.name, &inputs.files);
    let differing =
        |name| Differing { setting: name, inputs: compare::inputs_that_differ(&differences, name) };
    Ok(Item {
        target: inputs.target.name,
        inputs: bytes.len(),
        runs: observations.iter().map(|one| one.seen.len() * bytes.len()).sum(),
        differing: settings.iter().map(|setting| differing(setting.name)).collect(),
        differences,
    })
}
