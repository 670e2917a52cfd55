//! What a user of `cargo fuzz run` sees: libFuzzer with the address sanitizer at work on the
//! committed corpus, with all that it finds and writes, and the same on an empty target.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pagediff_terminal::error::{Stop, error};
use pagediff_terminal::table::{self, Align};
use put_user_page_fuzz_common::{BENCH_VARIABLE, EMPTY, FINDINGS_VARIABLE};
use put_user_page_targets::registry::Target;
use serde::Serialize;

use super::median;
use crate::corpus::measure::temporary;
use crate::engines::{Engine, Sanitizer};
use crate::fuzz::libfuzzer::Log;

/// What is measured, and how often.
pub(super) struct Live<'a> {
    pub(super) root: &'a Path,
    pub(super) target: &'static Target,
    /// Another checkout of this repository, built, whose target is measured beside.
    pub(super) against: Option<&'a Path>,
    /// Of each run.
    pub(super) seconds: u64,
    /// Each has a seed of its own.
    pub(super) runs: u32,
}

/// Executions a second, a number for each seed.
#[derive(Serialize)]
pub(super) struct Rates {
    what: String,
    rates: Vec<f64>,
    median: f64,
    /// Of the empty target's, in percent: the median of those of one seed.
    percent_of_empty: f64,
}

/// What one seed measures, in turn.
struct Program {
    what: String,
    path: PathBuf,
    corpus: PathBuf,
    is_empty: bool,
}

impl Live<'_> {
    /// Measures everything, seed by seed.
    pub(super) fn measure(&self) -> Result<Vec<Rates>, Stop> {
        let programs = self.programs();
        let mut rates = vec![Vec::new(); programs.len()];
        for seed in 1..=self.runs {
            for (program, rates) in programs.iter().zip(&mut rates) {
                eprintln!("{}: seed {seed} of {}", program.what, self.runs);
                rates.push(self.rate(program, seed)?);
            }
        }
        let empty = rates[0].clone();
        let measured = programs.into_iter().zip(rates).map(|(program, rates)| {
            let shares = rates.iter().zip(&empty).map(|(rate, empty)| 100.0 * rate / empty);
            let percent_of_empty = median(shares.collect());
            Rates { what: program.what, median: median(rates.clone()), rates, percent_of_empty }
        });
        Ok(measured.collect())
    }

    /// The empty target first.
    fn programs(&self) -> Vec<Program> {
        let of = |what: String, root: &Path, is_empty| Program {
            what,
            path: Engine::Libfuzzer.program(root, self.target, Sanitizer::Address),
            corpus: root.join("corpus").join(self.target.name),
            is_empty,
        };
        let mut programs = vec![
            of("an empty target".to_owned(), self.root, true),
            of(self.target.name.to_owned(), self.root, false),
        ];
        programs
            .extend(self.against.map(|root| {
                of(format!("{} of {}", self.target.name, root.display()), root, false)
            }));
        programs
    }

    fn rate(&self, program: &Program, seed: u32) -> Result<f64, Stop> {
        let own = temporary()?;
        let mut command = Command::new(&program.path);
        command.arg(format!("-max_total_time={}", self.seconds)).arg(format!("-seed={seed}"));
        command.arg("-print_final_stats=1").arg(own.path()).arg(&program.corpus);
        command.current_dir(own.path()).env_remove(FINDINGS_VARIABLE).env_remove(BENCH_VARIABLE);
        command.envs(program.is_empty.then_some((BENCH_VARIABLE, EMPTY)));
        let output = command.stdin(Stdio::null()).output().map_err(|why| {
            let message = format!("{} does not run: {why}", program.path.display());
            error(message, "build it with `cargo fuzz build` in its checkout")
        })?;
        let mut log = Log::default();
        let text = String::from_utf8_lossy(&output.stderr);
        text.lines().for_each(|line| {
            log.read(line);
        });
        if !output.status.success() || log.figures.per_second == 0 {
            eprint!("{text}");
            let message = format!("{} ended before it was measured", program.what);
            return Err(error(message, "see what it says above"));
        }
        Ok(log.figures.executions as f64 / self.seconds as f64)
    }
}

/// Writes a table.
pub(super) fn write(out: &mut dyn Write, measured: &[Rates]) -> std::io::Result<()> {
    let columns = ["libFuzzer, address sanitizer, live", "executions/s", "least", "most", "share"];
    let mut rows = vec![columns.map(str::to_owned).to_vec()];
    rows.extend(measured.iter().map(|rates| {
        let least = rates.rates.iter().copied().fold(f64::INFINITY, f64::min);
        let most = rates.rates.iter().copied().fold(0.0, f64::max);
        let numbers = [rates.median, least, most].map(|rate| format!("{rate:.0}"));
        let share = format!("{:.1} %", rates.percent_of_empty);
        [rates.what.clone()].into_iter().chain(numbers).chain([share]).collect()
    }));
    table::write(out, &rows, &[Align::Left, Align::Right, Align::Right, Align::Right, Align::Right])
}
