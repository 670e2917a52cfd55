//! honggfuzz: how it is run, and the files that it leaves, read.

use std::path::PathBuf;
use std::process::Command;

use put_user_page_targets::registry::Target;

use super::figures::Figures;
use super::places::{Places, files};
use crate::engines::{Engine, Sanitizer};
use crate::error::{Stop, file_error};

const STATS: &str = "stats";
const CRASHES: &str = "crashes";

/// Where it is given what other engines find in the meantime. It removes what it has read.
pub(super) fn given(places: &Places) -> PathBuf {
    places.own(Engine::Honggfuzz).join("given")
}

/// honggfuzz for so many seconds. Not `cargo hfuzz run`: it takes arguments in a variable
/// only, where a path cannot hold a space.
pub(super) fn command(
    places: &Places,
    target: &Target,
    sanitizer: Sanitizer,
    seconds: u64,
) -> Result<Command, Stop> {
    places.make_own(Engine::Honggfuzz, CRASHES)?;
    let (own, given) = (places.own(Engine::Honggfuzz), given(places));
    std::fs::create_dir(&given).map_err(|why| file_error(&given, "made", &why))?;
    let mut command =
        Command::new(Engine::Honggfuzz.folder(&places.root, sanitizer).join("honggfuzz"));
    command.arg("--workspace").arg(&own).arg("--crashdir").arg(own.join(CRASHES));
    command.arg("--statsfile").arg(own.join(STATS)).arg("--input").arg(&places.corpus);
    command.arg("--dynamic_input").arg(given);
    command.args(["--persistent", "--threads", "1", "--verbose", "--timeout", "30"]);
    command.args(["--run_time", &seconds.to_string()]);
    command.arg("--").arg(Engine::Honggfuzz.program(&places.root, target, sanitizer));
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
    match numbers?[..] {
        [_, _, executions, per_second, _, _, _, coverage, _, corpus] => {
            Some(Figures { executions, per_second, coverage, corpus })
        }
        _ => None,
    }
}

/// The inputs that crashed or hung.
pub(super) fn crashes(places: &Places) -> Result<Vec<PathBuf>, Stop> {
    files(&places.own(Engine::Honggfuzz).join(CRASHES))
}

#[cfg(test)]
mod tests {
    use super::{Figures, parse};

    #[test]
    fn the_numbers_are_read_from_the_last_line() {
        let line = "1795612334, 1795612334, 13035, 2172, 0, 0, 0, 1767, 57, 628";
        let expected = Figures { executions: 13035, per_second: 2172, coverage: 1767, corpus: 628 };
        assert_eq!(parse(line), Some(expected));
        assert_eq!(parse("# unix_time, last_cov_update"), None);
    }
}
