//! What engines tell of themselves, in numbers.

/// What one run has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) executions: u64,
    pub(crate) per_second: u64,
    /// Edges covered, as the engine counts them.
    pub(crate) coverage: u64,
    /// Inputs in its corpus.
    pub(crate) corpus: u64,
}

impl Figures {
    /// Takes in what libFuzzer or AFL++ calls by a name; returns whether it is one of these.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> bool {
        let field = match name.trim() {
            "number_of_executed_units" | "execs_done" => &mut self.executions,
            "exec/s:" | "average_exec_per_sec" | "execs_per_sec" => &mut self.per_second,
            "cov:" | "edges_found" => &mut self.coverage,
            "corp:" | "corpus_count" => &mut self.corpus,
            _ => return false,
        };
        // Whole numbers: of `637.27`, and of `521/13441b`.
        let whole = value.trim().split(['.', '/']).next().unwrap_or_default();
        *field = whole.parse().unwrap_or(*field);
        true
    }
}
