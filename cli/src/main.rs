//! `pagediff`: holds implementations of put_user_page*() against each other, and shows
//! where they differ.

mod assembly;
mod backends;
mod candidate;
mod exhaust;
mod explain;
mod help;
mod kernel;
mod list;
mod minimize;
mod replay;
mod save;
mod test_case;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use pagediff_campaigns::{bugs, corpus, engine_bench, fuzz, nightly, report_page, stability};
use pagediff_terminal::error::{Stop, run_to_end};

use crate::kernel::attempt;

/// Holds implementations of put_user_page*() against each other, and shows where they
/// differ.
///
/// Exit codes: 0 no divergence, 1 a divergence or what else a command looks for, as its help says,
/// 2 the command cannot run. `minimize` needs a divergence: 1 is that there is none.
#[derive(Parser)]
#[command(name = "pagediff", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    List(list::Arguments),
    Replay(replay::Arguments),
    Exhaust(exhaust::Arguments),
    Explain(explain::Arguments),
    Minimize(minimize::Arguments),
    TestCase(test_case::Arguments),
    Assemble(assembly::AssembleArguments),
    Disassemble(assembly::DisassembleArguments),
    Corpus(corpus::Arguments),
    Bugs(bugs::Arguments),
    Stability(stability::Arguments),
    Fuzz(fuzz::Arguments),
    Nightly(nightly::Arguments),
    EngineBench(engine_bench::Arguments),
    Report(report_page::Arguments),
    #[command(subcommand)]
    Candidate(candidate::Command),
    #[command(subcommand)]
    Kernel(kernel::Command),
    #[command(hide = true)]
    CandidateWorker(candidate::WorkerArguments),
}

impl Command {
    fn run(&self, out: &mut dyn Write) -> Result<ExitCode, Stop> {
        match self {
            Command::List(arguments) => list::run(arguments, out),
            Command::Replay(arguments) => replay::run(arguments, out),
            Command::Exhaust(arguments) => exhaust::run(arguments, out),
            Command::Explain(arguments) => explain::run(arguments, out),
            Command::Minimize(arguments) => minimize::run(arguments, out),
            Command::TestCase(arguments) => test_case::run(arguments, out),
            Command::Assemble(arguments) => assembly::assemble(arguments),
            Command::Disassemble(arguments) => assembly::disassemble(arguments),
            Command::Corpus(arguments) => corpus::run(arguments, out),
            Command::Bugs(arguments) => bugs::run(arguments, out),
            Command::Stability(arguments) => stability::run(arguments, out),
            Command::Fuzz(arguments) => fuzz::run(arguments, out),
            Command::Nightly(arguments) => nightly::run(arguments, out),
            Command::EngineBench(arguments) => engine_bench::run(arguments, out),
            Command::Report(arguments) => report_page::run(arguments, out),
            Command::Candidate(command) => candidate::run(command, out),
            Command::Kernel(command) => kernel::run(command, out),
            Command::CandidateWorker(arguments) => candidate::run_worker(arguments),
        }
    }
}

fn main() -> ExitCode {
    let parsed = help::with_examples(Arguments::command())
        .try_get_matches()
        .and_then(|matches| Arguments::from_arg_matches(&matches));
    match parsed {
        Ok(arguments) => run_to_end(|out| arguments.command.run(out)),
        // A bisection would take the usual code for a bad commit.
        Err(error) if error.use_stderr() && attempt::is_meant(std::env::args_os().skip(1)) => {
            // Whoever does not read it sees the code.
            let _ = error.print();
            ExitCode::from(attempt::BROKEN)
        }
        Err(error) => error.exit(),
    }
}
