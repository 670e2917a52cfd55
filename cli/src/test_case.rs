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
    let not_for_c = why_not_in_c(&story);
    let fits_slices = story.trial.world().fits_slices();
    if let Some(what) = not_for_c.filter(|_| arguments.c) {
        let help = if fits_slices {
            "`--rust` prints it in Rust, where it is defined; `pagediff explain` shows what it does"
        } else {
            "it is not defined in Rust either; `pagediff explain` shows what it does"
        };
        return Err(does_not_hold(format!("{} {what}", arguments.file.display()), help));
    }
    if !fits_slices && (arguments.rust || not_for_c.is_some()) {
        return Err(does_not_hold(
            format!(
                "{} has a NULL, or an errno for a length, which no slice has in Rust",
                arguments.file.display()
            ),
            "`--c` prints it in C, if it is defined there; `pagediff explain` shows what it does",
        ));
    }
    if !arguments.c && fits_slices {
        out.write_all(rust::test(&story).as_bytes())?;
    }
    if !arguments.rust && not_for_c.is_none() {
        let between = if arguments.c || !fits_slices { "" } else { "\n" };
        write!(out, "{between}{}", c::test(&story))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Why there is no test of it in C, if so.
fn why_not_in_c(story: &Story) -> Option<&'static str> {
    let folios = &story.trial.world().folios;
    if folios.iter().any(|folio| folio.refs < 0) {
        Some("has a count below zero, which is undefined in C")
    } else if folios.iter().any(|folio| folio.from.is_single()) {
        Some("has a zero page, which is not a test's to change in C")
    } else if story.trial.class() == Class::OverRelease {
        Some("over-releases, which is undefined in C")
    } else {
        None
    }
}
