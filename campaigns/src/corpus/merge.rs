//! `pagediff corpus merge`: what every engine found, in the working corpus that all share.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pagediff_terminal::error::{Stop, file_error};
use pagediff_terminal::inputs;
use pagediff_terminal::output::{count, write_json};
use put_user_page_targets::harness::Harness;
use put_user_page_targets::registry::Target;
use serde::Serialize;

use super::candidates::name_of;
use super::{Root, Targets, lock, read_files, signature_of, swap};

/// Takes what every engine found into the working corpora, canonical, each input once
///
/// It looks in fuzz/corpus, at the queues in target/fuzz/afl, in the workspaces of honggfuzz, at
/// the findings in fuzz/artifacts, and in the paths that are given.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    targets: Targets,
    /// More files, and directories of files, of inputs; each for all the targets
    #[arg(long = "from", value_name = "PATH")]
    from: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was merged of one target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Merged {
    /// The target.
    pub(crate) name: &'static str,
    /// Files that were read.
    pub(crate) inputs: usize,
    /// Those that neither corpus had.
    pub(crate) new: usize,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let root = &arguments.targets.root;
    let _lock = lock::take(&root.corpus()?, "pagediff corpus merge")?;
    let from = inputs::files(&arguments.from)?;
    let mut all = Vec::new();
    for target in arguments.targets.all() {
        all.push(run_on(root, target, &from)?);
    }
    if arguments.json {
        write_json(out, &all)?;
    } else {
        for Merged { name, inputs, new } in all {
            writeln!(out, "{name}: {}, {new} new in fuzz/corpus/{name}", count(inputs, "input"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Merges what was found for one target, and these files. The caller holds the lock.
///
/// # Errors
///
/// Something cannot be read or written. What was merged before stays merged.
pub(crate) fn run_on(
    root: &Root,
    target: &'static Target,
    from: &[PathBuf],
) -> Result<Merged, Stop> {
    let (committed, working) = (root.of_target(target)?, root.working(target));
    for directory in [&committed, &working] {
        super::mend(directory)?;
    }
    let mut there: BTreeSet<Vec<u8>> = read_files(&committed)?.into_values().collect();
    let before = read_files(&working)?;
    let (mut inputs, mut new) = (before.len(), 0);
    let mut raw = Vec::new();
    for (name, bytes) in before {
        let canonical = Harness::canonical(target, &bytes);
        if name == name_of(&canonical) && bytes == canonical {
            there.insert(canonical);
        } else {
            new += usize::from(keep(&working, &mut there, canonical)?);
            raw.push(working.join(name));
        }
    }
    for path in found(root, target)?.iter().chain(from) {
        let canonical = Harness::canonical(target, &inputs::read(path, Some(target))?.bytes);
        inputs += 1;
        new += usize::from(keep(&working, &mut there, canonical)?);
    }
    // Not before what stands for them is on the disk.
    swap::sync(&working).map_err(|why| file_error(&working, "written", &why))?;
    for path in raw {
        std::fs::remove_file(&path).map_err(|why| file_error(&path, "removed", &why))?;
    }
    Ok(Merged { name: target.name, inputs, new })
}

/// Writes an input unless one of the corpora has it. Returns whether it is new.
fn keep(working: &Path, there: &mut BTreeSet<Vec<u8>>, bytes: Vec<u8>) -> Result<bool, Stop> {
    if there.contains(&bytes) {
        return Ok(false);
    }
    let path = working.join(name_of(&bytes));
    swap::write(&path, &bytes).map_err(|why| file_error(&path, "written", &why))?;
    Ok(there.insert(bytes))
}

/// The files in which engines left what they found for a target.
fn found(root: &Root, target: &Target) -> Result<Vec<PathBuf>, Stop> {
    let afl = root.root.join("target/fuzz/afl").join(target.name);
    let mut folders = Vec::new();
    if afl.is_dir() {
        let unreadable = |why: std::io::Error| file_error(&afl, "read", &why);
        // A folder for each of its processes.
        for entry in std::fs::read_dir(&afl).map_err(unreadable)? {
            folders.push(entry.map_err(unreadable)?.path().join("queue"));
        }
    }
    // Where `cargo hfuzz run` leaves it; `pagediff fuzz` adds honggfuzz's finds to fuzz/corpus.
    folders.push(root.root.join("fuzz/honggfuzz/hfuzz_workspace").join(target.name).join("input"));
    folders.sort();
    let mut files = Vec::new();
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        files.extend(inputs::files_in(folder)?);
    }
    // What diverged once must not diverge again. What crashed may crash again, here.
    let artifacts = root.artifacts().join(target.name);
    if artifacts.is_dir() {
        let kept = inputs::files_in(&artifacts)?.into_iter();
        files.extend(kept.filter(|path| signature_of(path).is_some()));
    }
    Ok(files)
}
