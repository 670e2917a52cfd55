//! What libFuzzer writes, read.

use std::path::PathBuf;

/// What one run has told so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Log {
    pub(super) executions: u64,
    pub(super) per_second: u64,
    /// Edges covered.
    pub(super) coverage: u64,
    /// Inputs in the corpus.
    pub(super) corpus: u64,
    /// Inputs that it saved because they made the target fail.
    pub(super) artifacts: Vec<PathBuf>,
    /// What the target printed as it failed.
    pub(super) report: Vec<String>,
    /// The last lines, for a run that fails without an artifact.
    pub(super) last_lines: Vec<String>,
    /// Whether lines are of the target's report.
    in_report: bool,
}

/// How many of the last lines are kept.
const LAST_LINES: usize = 20;

impl Log {
    /// Reads a line; returns whether it changed a number.
    pub(super) fn read(&mut self, line: &str) -> bool {
        if self.last_lines.len() == LAST_LINES {
            self.last_lines.remove(0);
        }
        self.last_lines.push(line.to_owned());
        self.read_report(line);
        if let Some(path) = line.split_once("Test unit written to ") {
            self.artifacts.push(PathBuf::from(path.1.trim()));
            return true;
        }
        if let Some(statistic) = line.strip_prefix("stat::") {
            return self.read_statistic(statistic);
        }
        line.starts_with('#') && self.read_status(line)
    }

    /// `#40000 NEW    cov: 1116 ft: 5574 corp: 521/13441b lim: 48 exec/s: 1897 rss: 112Mb`
    fn read_status(&mut self, line: &str) -> bool {
        let mut words = line[1..].split_ascii_whitespace();
        let Some(executions) = words.next().and_then(|word| word.parse().ok()) else {
            return false;
        };
        self.executions = executions;
        while let Some(word) = words.next() {
            let field = match word {
                "cov:" => &mut self.coverage,
                "corp:" => &mut self.corpus,
                "exec/s:" => &mut self.per_second,
                _ => continue,
            };
            let value = words.next().unwrap_or_default();
            let number = value.split('/').next().unwrap_or_default();
            *field = number.parse().unwrap_or(*field);
        }
        true
    }

    /// `stat::number_of_executed_units: 40000`, without the `stat::`.
    fn read_statistic(&mut self, statistic: &str) -> bool {
        let Some((name, value)) = statistic.split_once(':') else { return false };
        let field = match name {
            "number_of_executed_units" => &mut self.executions,
            "average_exec_per_sec" => &mut self.per_second,
            _ => return false,
        };
        *field = value.trim().parse().unwrap_or(*field);
        true
    }

    /// A report goes from the target's own line, or a panic's, to libFuzzer's.
    fn read_report(&mut self, line: &str) {
        let divergence = line.strip_prefix("divergence: ");
        if divergence.is_some() || (line.starts_with("thread '") && line.contains("panicked at")) {
            self.report.clear();
            self.in_report = true;
        } else if line.starts_with("==") || line.starts_with("note: run with `RUST_BACKTRACE") {
            self.in_report = false;
        }
        if self.in_report {
            self.report.push(divergence.unwrap_or(line).to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Log;

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
        let numbers = (log.executions, log.per_second, log.coverage, log.corpus);
        assert_eq!(numbers, (50000, 2000, 1120, 522));
    }

    #[test]
    fn final_statistics_overrule_the_status() {
        let log = read(
            "#8\tpulse  cov: 5 ft: 5 corp: 1/1b lim: 4 exec/s: 4 rss: 40Mb\n\
             stat::number_of_executed_units: 1234\n\
             stat::average_exec_per_sec:     617\n\
             stat::peak_rss_mb:              40\n",
        );
        assert_eq!((log.executions, log.per_second, log.coverage), (1234, 617, 5));
    }

    #[test]
    fn a_crash_has_an_artifact_and_a_report() {
        let log = read(
            "\n\
             divergence: put_user_pages(): fast differs from reference\n\
             \n\
             \x20 the case:\n\
             ==7== ERROR: libFuzzer: deadly signal\n\
             artifact_prefix='/x/fuzz/artifacts/program/'; Test unit written to /x/fuzz/artifacts/program/crash-1f\n\
             stat::number_of_executed_units: 3\n",
        );
        assert_eq!(log.artifacts, [Path::new("/x/fuzz/artifacts/program/crash-1f")]);
        let report = ["put_user_pages(): fast differs from reference", "", "  the case:"];
        assert_eq!(log.report, report);
        assert_eq!(log.executions, 3);
    }

    #[test]
    fn other_lines_change_nothing() {
        assert_eq!(read("#\n#x cov: 1\n# cov: 1\nstat::x\n").coverage, 0);
    }
}
