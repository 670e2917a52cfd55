//! Replaying again whenever a candidate's file changes.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, SystemTime};

use pagediff_terminal::error::{Stop, error, tell};
use pagediff_terminal::output::headline;

/// How often files are looked at.
const OFTEN: Duration = Duration::from_millis(100);

/// Replays, and again after each change of a file. Ends with what keeps it from watching; a
/// candidate that does not compile is told of, and waited for.
pub(super) fn run(
    files: &[PathBuf],
    out: &mut dyn Write,
    replay: &mut dyn FnMut(&mut dyn Write) -> Result<(), Stop>,
) -> Result<ExitCode, Stop> {
    if files.is_empty() {
        return Err(error(
            "there is no file to watch",
            "name a candidate with `--backend FILE.c`, or leave out `--watch`",
        ));
    }
    let mut times = times(files);
    let never_was = times.contains(&None);
    loop {
        match replay(out) {
            Ok(()) => {}
            Err(Stop::OutputClosed) => return Err(Stop::OutputClosed),
            // A name that was never right is not waited for.
            Err(stop) if never_was => return Err(stop),
            Err(stop) => {
                tell(&stop);
                eprintln!("waiting for a change of {}", names(files));
            }
        }
        out.flush()?;
        let changed = wait(files, &mut times);
        writeln!(out, "\n{}\n", headline(&format!("{} has changed", changed.display())))?;
    }
}

/// Waits until one of the files changes.
fn wait<'a>(files: &'a [PathBuf], times: &mut Vec<Option<SystemTime>>) -> &'a Path {
    loop {
        thread::sleep(OFTEN);
        let now = self::times(files);
        // One that is away is on its way back: editors replace files.
        let changed = now.iter().zip(&*times).position(|(now, then)| now.is_some() && now != then);
        if let Some(number) = changed {
            *times = now;
            return &files[number];
        }
    }
}

fn names(files: &[PathBuf]) -> String {
    files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn times(files: &[PathBuf]) -> Vec<Option<SystemTime>> {
    let time = |file: &PathBuf| std::fs::metadata(file).and_then(|it| it.modified()).ok();
    files.iter().map(time).collect()
}
