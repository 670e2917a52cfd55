//! honggfuzz: how it is run, and the files that it leaves, read.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use pagediff_terminal::error::Stop;
use put_user_page_fuzz_common::dictionary::{TIMEOUT, max_input};

use super::figures::Figures;
use super::places::{Places, add};
use crate::corpus::files;
use crate::engines::{Engine, Sanitizer, honggfuzz_driver};

const STATS: &str = "stats";
const CRASHES: &str = "crashes";

/// Where it is given what other engines find in the meantime. It removes what it has read.
const GIVEN: &str = "given";

/// Where it keeps what it goes on from. It removes what it was given and has no use for, by
/// the name that it would give it: in the working corpus that might be a find of its own.
const KEPT: &str = "kept";

/// honggfuzz for so many seconds. Not `cargo hfuzz run`: it takes arguments in a variable
/// only, where a path cannot hold a space.
pub(super) fn command(
    places: &Places,
    sanitizer: Sanitizer,
    seconds: u64,
) -> Result<Command, Stop> {
    let own = places.make_own(Engine::Honggfuzz, &[CRASHES, GIVEN, KEPT])?;
    let mut command = Command::new(honggfuzz_driver(&places.root, sanitizer));
    command.arg("--workspace").arg(&own).arg("--crashdir").arg(own.join(CRASHES));
    command.arg("--statsfile").arg(own.join(STATS)).arg("--input").arg(&places.corpus);
    command.arg("--output").arg(own.join(KEPT)).arg("--dynamic_input").arg(own.join(GIVEN));
    command.args(["--persistent", "--threads", "1", "--verbose"]);
    command.arg("--dict").arg(places.dictionary()).args(["--timeout", &TIMEOUT.to_string()]);
    command.args(["--run_time", &seconds.to_string()]);
    command.args(["--max_file_size", &max_input(places.target).to_string()]);
    command.arg("--").arg(Engine::Honggfuzz.program(&places.root, places.target, sanitizer));
    command.env("ASAN_OPTIONS", "detect_odr_violation=0");
    Ok(command)
}

/// The numbers of the statistics file's last line, once there is one.
pub(super) fn figures(places: &Places) -> Option<Figures> {
    let stats = places.own(Engine::Honggfuzz).join(STATS);
    parse(std::fs::read_to_string(stats).ok()?.lines().next_back()?)
}

/// Time, time of the last find, executions, those in a second, crashes, distinct ones,
/// timeouts, edges, blocks, inputs.
fn parse(line: &str) -> Option<Figures> {
    let numbers: Option<Vec<u64>> = line.split(',').map(|word| word.trim().parse().ok()).collect();
    let [_, _, executions, per_second, _, _, _, coverage, _, corpus] = numbers?[..] else {
        return None;
    };
    Some(Figures { executions, per_second, coverage, corpus })
}

/// Gives it what is new in the working corpus, and adds what it has found itself there.
/// `shared` are the names of what it has, or has had.
pub(super) fn share(places: &Places, shared: &mut HashSet<OsString>) -> Result<(), Stop> {
    let own = places.own(Engine::Honggfuzz);
    places.copy_new(&own.join(GIVEN), shared)?;
    for file in files(&own.join(KEPT))? {
        if shared.insert(file.file_name().unwrap_or_default().to_owned()) {
            shared.extend(add(&places.corpus, &file)?);
        }
    }
    Ok(())
}

/// The inputs that crashed or hung.
pub(super) fn crashes(places: &Places) -> Result<Vec<PathBuf>, Stop> {
    files(&places.own(Engine::Honggfuzz).join(CRASHES))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use put_user_page_targets::registry::TARGETS;

    use super::{Engine, Figures, GIVEN, HashSet, KEPT, Places, files, parse, share};

    #[test]
    fn finds_go_both_ways_once() {
        let root = tempfile::tempdir().unwrap();
        let places = Places::of(root.path(), &TARGETS[0]);
        let own = places.own(Engine::Honggfuzz);
        let (given, kept) = (own.join(GIVEN), own.join(KEPT));
        for folder in [&places.corpus, &given, &kept] {
            fs::create_dir_all(folder).unwrap();
        }
        fs::write(places.corpus.join("start"), "start").unwrap();
        let mut shared = HashSet::from(["start".into()]);
        fs::write(places.corpus.join("other"), "other").unwrap();
        fs::write(kept.join("1.cov"), "found").unwrap();
        share(&places, &mut shared).unwrap();
        assert_eq!(files(&given).unwrap().len(), 1);
        assert_eq!(files(&places.corpus).unwrap().len(), 3);
        // honggfuzz has read it.
        fs::remove_dir_all(&given).unwrap();
        fs::create_dir(&given).unwrap();
        share(&places, &mut shared).unwrap();
        assert!(files(&given).unwrap().is_empty());
        assert_eq!(files(&places.corpus).unwrap().len(), 3);
    }

    #[test]
    fn the_numbers_are_read_from_the_last_line() {
        let line = "1795612334, 1795612334, 13035, 2172, 0, 0, 0, 1767, 57, 628";
        let expected = Figures { executions: 13035, per_second: 2172, coverage: 1767, corpus: 628 };
        assert_eq!(parse(line), Some(expected));
        assert_eq!(parse("# unix_time, last_cov_update"), None);
    }
}
