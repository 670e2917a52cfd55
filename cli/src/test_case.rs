//! `pagediff test-case`: a case as a test to paste, in Rust and in C.

mod c;
mod rust;
mod story;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use pagediff_terminal::error::{Stop, does_not_hold};
use pagediff_terminal::inputs::{self, TargetArgument};
use put_user_page_targets::backend::Class;

use self::story::Story;

/// Prints a case as a test that passes if what the reference does is done: in Rust, on this
/// repository's pages, and in C, as a KUnit test on a kernel's
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: TargetArgument,
    /// Print the Rust alone
    #[arg(long, conflicts_with = "c")]
    rust: bool,
    /// Print the C alone
    #[arg(long)]
    c: bool,
    /// The case: `*.case` is text, all else is bytes; `-` is standard input, for bytes
    file: PathBuf,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let input = inputs::read_one(&arguments.file, arguments.target.name, "test-case")?;
    let story = Story::of(&arguments.file, &input.case);
    let is_below_zero = story.trial.world().folios.iter().any(|folio| folio.refs < 0);
    let for_c = story.trial.class() == Class::Valid && !is_below_zero;
    if arguments.c && !for_c {
        let what = if is_below_zero { "has a count below zero" } else { "over-releases" };
        return Err(does_not_hold(
            format!("{} {what}, which is undefined in C", arguments.file.display()),
            "`--rust` prints it in Rust, where it is an error; `pagediff explain` shows where",
        ));
    }
    if !arguments.c {
        out.write_all(rust::test(&story).as_bytes())?;
    }
    if !arguments.rust && for_c {
        let between = if arguments.c { "" } else { "\n" };
        write!(out, "{between}{}", c::test(&story))?;
    }
    Ok(ExitCode::SUCCESS)
}
