//! `cargo xtask`: what only this project's own development needs.

mod api;
mod cargo;
mod coverage;
mod dictionaries;
mod mutants;
mod oss_fuzz;
mod owner;
mod package;
mod prove;
mod readme;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use pagediff_terminal::error::{Stop, run_to_end};

/// Does what only this project's own development needs.
///
/// Exit codes: 0 all is well, 1 something is not, 2 the command cannot run.
#[derive(Parser)]
#[command(name = "xtask", bin_name = "cargo xtask", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Api(api::Arguments),
    Coverage(coverage::Arguments),
    Dictionaries(dictionaries::Arguments),
    Mutants(mutants::Arguments),
    Owner(owner::Arguments),
    /// Packages the library, unpacks it where nothing of the repository is, and runs its tests there
    Package,
    Prove(prove::Arguments),
    Readme(readme::Arguments),
    #[command(subcommand)]
    OssFuzz(oss_fuzz::Command),
}

impl Command {
    fn run(&self, out: &mut dyn Write) -> Result<ExitCode, Stop> {
        match self {
            Command::Api(arguments) => api::run(arguments, out),
            Command::Coverage(arguments) => coverage::run(arguments, out),
            Command::Dictionaries(arguments) => dictionaries::run(arguments, out),
            Command::Mutants(arguments) => mutants::run(arguments, out),
            Command::Owner(arguments) => owner::run(arguments, out),
            Command::Package => package::run(out),
            Command::Prove(arguments) => prove::run(arguments, out),
            Command::Readme(arguments) => readme::run(arguments, out),
            Command::OssFuzz(command) => oss_fuzz::run(command, out),
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    run_to_end(|out| arguments.command.run(out))
}
