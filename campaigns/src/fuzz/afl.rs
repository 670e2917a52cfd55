//! AFL++: how it is run, and the files that it leaves, read.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use pagediff_terminal::error::Stop;
use put_user_page_fuzz_common::dictionary::{TIMEOUT, max_input};

use super::figures::Figures;
use super::places::{Places, add};
use crate::corpus::files;
use crate::engines::{Engine, Sanitizer, afl_fuzz};

/// What AFL++ calls the one instance that runs; only a main one reads other engines' finds.
const INSTANCE: &str = "main";

/// Where it is given what it starts from.
const SEEDS: &str = ".seeds";

/// `cargo afl fuzz`, until it is ended.
pub(super) fn command(places: &Places, sanitizer: Sanitizer) -> Result<Command, Stop> {
    // It reads its seeds twice, and ends if one is gone by then: other engines are at work.
    let seeds = places.make_own(Engine::Afl, &[SEEDS])?.join(SEEDS);
    places.copy_new(&seeds, &mut HashSet::new())?;
    let mut command = afl_fuzz();
    command.current_dir(places.root.join("fuzz/afl"));
    command.args(["-M", INSTANCE]).arg("-F").arg(&places.corpus).arg("-i").arg(seeds);
    command.arg("-o").arg(places.own(Engine::Afl)).arg("-x").arg(places.dictionary());
    command.args(["-t", &(TIMEOUT * 1000).to_string()]);
    command.args(["-G", &max_input(places.target).to_string()]);
    command.arg("--").arg(Engine::Afl.program(&places.root, places.target, sanitizer));
    // Minutes: the shortest that there is.
    command.env("AFL_SYNC_TIME", "1");
    Ok(command)
}

/// The numbers of `fuzzer_stats`, once there are some.
pub(super) fn figures(places: &Places) -> Option<Figures> {
    let stats = places.own(Engine::Afl).join(INSTANCE).join("fuzzer_stats");
    Some(parse(&std::fs::read_to_string(stats).ok()?))
}

/// `execs_done        : 5102`
fn parse(stats: &str) -> Figures {
    let mut figures = Figures::default();
    for (name, value) in stats.lines().filter_map(|line| line.split_once(':')) {
        figures.set(name, value);
    }
    figures
}

/// Adds what AFL++ has found itself, and not been given, to the working corpus.
pub(super) fn share(places: &Places, shared: &mut HashSet<OsString>) -> Result<(), Stop> {
    for file in files(&places.own(Engine::Afl).join(INSTANCE).join("queue"))? {
        let name = file.file_name().unwrap_or_default().to_owned();
        let text = name.to_string_lossy();
        if !text.contains(",orig:") && !text.contains(",sync:") && shared.insert(name.clone()) {
            add(&places.corpus, &file)?;
        }
    }
    Ok(())
}

/// The inputs that crashed or hung.
pub(super) fn crashes(places: &Places) -> Result<Vec<PathBuf>, Stop> {
    let instance = places.own(Engine::Afl).join(INSTANCE);
    let mut crashes = files(&instance.join("crashes"))?;
    crashes.extend(files(&instance.join("hangs"))?);
    crashes.retain(|path| !path.ends_with("README.txt"));
    Ok(crashes)
}

#[cfg(test)]
mod tests {
    use super::{Figures, parse};

    #[test]
    fn the_numbers_are_read_from_the_stats() {
        let stats = "start_time        : 1795611298\n\
                     execs_done        : 5102\n\
                     execs_per_sec     : 637.27\n\
                     corpus_count      : 195\n\
                     edges_found       : 1444\n\
                     afl_banner        : a:b\n";
        let expected = Figures { executions: 5102, per_second: 637, coverage: 1444, corpus: 195 };
        assert_eq!(parse(stats), expected);
    }
}
