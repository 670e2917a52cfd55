//! libFuzzer: how it is run, by cargo-fuzz and by bolero, and what it writes, read.

use std::path::PathBuf;
use std::process::Command;

use put_user_page_fuzz_common::dictionary::{TIMEOUT, max_input};

use super::figures::Figures;
use super::places::Places;
use crate::engines::{Engine, Sanitizer, bolero};

/// `cargo fuzz run` for so many seconds, which reads what other engines find as it goes.
pub(super) fn command(places: &Places, sanitizer: Sanitizer, seconds: u64) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(&places.root).args(["fuzz", "run"]);
    command.args(["--sanitizer", sanitizer.name(), places.target.name, "--"]);
    command.args(flags(places));
    command.arg(format!("-max_total_time={seconds}"));
    Engine::Libfuzzer.set_folder(&mut command, &places.root, sanitizer);
    command
}

/// `cargo bolero test` for so many seconds, on the same corpus.
pub(super) fn bolero_command(places: &Places, sanitizer: Sanitizer, seconds: u64) -> Command {
    let mut command = bolero(&places.root, places.target.name, sanitizer);
    command.arg("--corpus-dir").arg(&places.corpus).arg("--crashes-dir").arg(&places.artifacts);
    command.args(["-T", &format!("{seconds}s")]);
    command.args(flags(places).map(|flag| format!("--engine-args={flag}")));
    command
}

fn flags(places: &Places) -> [String; 7] {
    [
        "-print_final_stats=1".to_owned(),
        "-rss_limit_mb=4096".to_owned(),
        format!("-max_len={}", max_input(places.target)),
        // A case takes well under a second; what takes longer hangs.
        format!("-timeout={TIMEOUT}"),
        "-reload=1".to_owned(),
        // Files that another engine may be reading are not removed for smaller ones.
        "-reduce_inputs=0".to_owned(),
        format!("-dict={}", places.dictionary().display()),
    ]
}

/// What one run has told so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Log {
    pub(crate) figures: Figures,
    /// Inputs that it saved because they made the target fail.
    pub(super) artifacts: Vec<PathBuf>,
}

impl Log {
    /// Reads a line; returns whether it changed a number.
    pub(crate) fn read(&mut self, line: &str) -> bool {
        if let Some((_, path)) = line.split_once("Test unit written to ") {
            self.artifacts.push(PathBuf::from(path.trim()));
            return true;
        }
        // `stat::number_of_executed_units: 40000`
        if let Some((name, value)) = line.strip_prefix("stat::").and_then(|it| it.split_once(':')) {
            return self.figures.set(name, value);
        }
        line.strip_prefix('#').is_some_and(|status| self.read_status(status))
    }

    /// `40000 NEW    cov: 1116 ft: 5574 corp: 521/13441b lim: 48 exec/s: 1897 rss: 112Mb`
    fn read_status(&mut self, status: &str) -> bool {
        let words: Vec<&str> = status.split_ascii_whitespace().collect();
        let Some(executions) = words.first().and_then(|word| word.parse().ok()) else {
            return false;
        };
        self.figures.executions = executions;
        for pair in words.windows(2) {
            self.figures.set(pair[0], pair[1]);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Figures, Log};

    fn read(text: &str) -> Log {
        let mut log = Log::default();
        text.lines().for_each(|line| {
            log.read(line);
        });
        log
    }

    #[test]
    fn the_last_status_counts() {
        let log = read(
            "INFO: Running with entropic power schedule (0xFF, 100).\n\
             #2\tINITED cov: 10 ft: 11 corp: 1/1b exec/s: 0 rss: 40Mb\n\
             #40000\tNEW    cov: 1116 ft: 5574 corp: 521/13441b lim: 48 exec/s: 1897 rss: 112Mb L: 4/9 MS: 1 EraseBytes-\n\
             #50000\tDONE   cov: 1120 ft: 5580 corp: 522/13kb lim: 48 exec/s: 2000 rss: 112Mb\n",
        );
        let expected = Figures { executions: 50000, per_second: 2000, coverage: 1120, corpus: 522 };
        assert_eq!(log.figures, expected);
    }

    #[test]
    fn final_statistics_overrule_the_status() {
        let log = read(
            "#8\tpulse  cov: 5 ft: 5 corp: 1/1b lim: 4 exec/s: 4 rss: 40Mb\n\
             stat::number_of_executed_units: 1234\n\
             stat::average_exec_per_sec:     617\n\
             stat::peak_rss_mb:              40\n",
        );
        let expected = Figures { executions: 1234, per_second: 617, coverage: 5, corpus: 1 };
        assert_eq!(log.figures, expected);
    }

    #[test]
    fn a_crash_has_an_artifact() {
        let log = read(
            "==7== ERROR: libFuzzer: deadly signal\n\
             artifact_prefix='/x/fuzz/artifacts/program/'; Test unit written to /x/fuzz/artifacts/program/crash-1f\n\
             stat::number_of_executed_units: 3\n",
        );
        assert_eq!(log.artifacts, [Path::new("/x/fuzz/artifacts/program/crash-1f")]);
        assert_eq!(log.figures.executions, 3);
    }

    #[test]
    fn other_lines_change_nothing() {
        assert_eq!(read("#\n#x cov: 1\n# cov: 1\nstat::x\n").figures, Figures::default());
    }
}
