//! Live progress: a line for each running target on a terminal; else a line when it
//! starts and one when it ends.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use put_user_page_targets::registry::TARGETS;

use super::Pair;
use super::figures::Figures;

/// The lines of all that run.
pub(super) struct Progress {
    seconds: u64,
    lines: MultiProgress,
}

/// The line of one engine on one target.
pub(super) struct Line {
    name: String,
    /// Hidden where there is no terminal.
    bar: ProgressBar,
}

impl Progress {
    /// For runs of so many seconds each.
    pub(super) fn new(seconds: u64) -> Self {
        Progress { seconds, lines: MultiProgress::new() }
    }

    pub(super) fn start(&self, Pair { engine, target }: Pair) -> Line {
        let name = format!("{} {}", target.name, engine.name());
        if self.lines.is_hidden() {
            eprintln!("{name}: starts, for {} s", self.seconds);
        }
        let longest =
            TARGETS.iter().map(|target| target.name.len()).max().unwrap_or(0) + " honggfuzz".len();
        let style = ProgressStyle::with_template("{spinner} {prefix}  {elapsed:>4}  {wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = self.lines.add(ProgressBar::new_spinner().with_style(style));
        bar.set_prefix(format!("{name:<longest$}"));
        bar.set_message("starts");
        bar.enable_steady_tick(Duration::from_millis(200));
        Line { name, bar }
    }

    /// Takes the lines away, for the table that follows.
    pub(super) fn clear(&self) {
        // Fails only if the terminal has gone.
        let _ = self.lines.clear();
    }
}

impl Line {
    pub(super) fn show(&self, figures: &Figures) {
        self.bar.set_message(describe(figures));
    }

    pub(super) fn finish(&self, figures: &Figures) {
        self.bar.finish_with_message(format!("done: {}", describe(figures)));
        if self.bar.is_hidden() {
            eprintln!("{}: ends, {}", self.name, describe(figures));
        }
    }
}

fn describe(figures: &Figures) -> String {
    let Figures { executions, per_second, coverage, corpus } = figures;
    format!("{executions} executions, {per_second}/s, cov {coverage}, corpus {corpus}")
}
