//! What is being done, on a terminal, and how long it took.

use std::cell::RefCell;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// The steps of a command, one after another.
#[derive(Debug)]
pub(crate) struct Steps {
    bar: ProgressBar,
    /// What was begun, and when.
    begun: RefCell<Vec<(String, Instant)>>,
}

impl Steps {
    /// No step has begun yet.
    pub(crate) fn new() -> Steps {
        let style = ProgressStyle::with_template("{spinner} {elapsed:>4}  {wide_msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = ProgressBar::new_spinner().with_style(style);
        bar.enable_steady_tick(Duration::from_millis(200));
        Steps { bar, begun: RefCell::new(Vec::new()) }
    }

    /// A step begins, and the one before is over.
    pub(crate) fn begin(&self, what: String) {
        self.bar.set_message(what.clone());
        self.begun.borrow_mut().push((what, Instant::now()));
    }

    /// Takes the line away; all steps are over.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
        self.begun.borrow_mut().push((String::new(), Instant::now()));
    }

    /// Writes how long each step took, and all of them.
    pub(crate) fn write_timings(&self, out: &mut dyn Write) -> io::Result<()> {
        let begun = self.begun.borrow();
        let mut all = Duration::ZERO;
        for pair in begun.windows(2) {
            let took = pair[1].1 - pair[0].1;
            all += took;
            writeln!(out, "{:7.2} s  {}", took.as_secs_f64(), pair[0].0)?;
        }
        writeln!(out, "{:7.2} s  in all", all.as_secs_f64())
    }
}
