//! Why a command ends early, and how that is told.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use miette::{LabeledSpan, MietteDiagnostic, MietteHandlerOpts, NamedSource, Report};
use put_user_page_case::TextError;

/// The exit code of a divergence, and of anything else that was asked for and does not hold.
pub const DIVERGENCE: u8 = 1;

/// The exit code of a command that cannot run.
const CANNOT_RUN: u8 = 2;

/// What a shell makes of a process that SIGPIPE ended.
const OUTPUT_CLOSED: u8 = 128 + 13;

/// What a shell makes of a process that Ctrl-C ended.
const INTERRUPTED: u8 = 128 + 2;

/// Why a command ends early.
#[derive(Debug)]
pub enum Stop {
    /// Whoever read the output has gone.
    OutputClosed,
    /// The user has had enough.
    Interrupted,
    /// What was asked for does not hold.
    DoesNotHold(Report),
    /// It cannot run.
    Error(Report),
}

/// An error: what is wrong with what, and what to do next.
pub fn error(message: impl Into<String>, help: impl Into<String>) -> Stop {
    Stop::Error(MietteDiagnostic::new(message).with_help(help).into())
}

/// What was asked for does not hold: what does instead, and what to do next.
pub fn does_not_hold(message: impl Into<String>, help: impl Into<String>) -> Stop {
    Stop::DoesNotHold(MietteDiagnostic::new(message).with_help(help).into())
}

/// A text that is no case, with the place in it.
pub fn text_error(path: &Path, mut text: String, error: TextError) -> Stop {
    let TextError { line, column, offset, length, message, expected } = error;
    let message = format!("{}, line {line}, column {column}: {message}", path.display());
    // Where something is missing at the very end, there is no character to point at.
    if offset >= text.len() {
        text.push(' ');
    }
    let label = LabeledSpan::new(Some(format!("expected {expected}")), offset, length);
    let diagnostic = MietteDiagnostic::new(message)
        .with_label(label)
        .with_help("docs/case-format.md describes the text form");
    let source = NamedSource::new(path.display().to_string(), text);
    Stop::Error(Report::new(diagnostic).with_source_code(source))
}

/// An error that the system gave for a file.
pub fn file_error(path: &Path, what: &str, why: &io::Error) -> Stop {
    let path = path.display();
    match why.kind() {
        io::ErrorKind::NotFound if what == "written" => error(
            format!("{path} cannot be written: there is no such directory"),
            "make the directory first, or name another",
        ),
        io::ErrorKind::NotFound => error(format!("there is no file {path}"), "check the path"),
        _ => error(format!("{path} cannot be {what}: {why}"), "check the path and its permissions"),
    }
}

impl From<io::Error> for Stop {
    /// Of standard output: what is read or written otherwise is named in its error.
    fn from(why: io::Error) -> Self {
        match why.kind() {
            io::ErrorKind::BrokenPipe => Stop::OutputClosed,
            _ => error(
                format!("the output cannot be written: {why}"),
                "see that there is room where it goes",
            ),
        }
    }
}

impl From<put_user_page_support::Error> for Stop {
    fn from(put_user_page_support::Error { message, help }: put_user_page_support::Error) -> Self {
        error(message, help)
    }
}

/// Runs a program's command on standard output, tells why it ended if it did early, and returns
/// the exit code.
pub fn run_to_end(command: impl FnOnce(&mut dyn Write) -> Result<ExitCode, Stop>) -> ExitCode {
    set_up();
    // Drops colours unless standard output is a terminal.
    let mut out = anstream::stdout();
    let done = command(&mut out).and_then(|code| {
        out.flush()?;
        Ok(code)
    });
    done.unwrap_or_else(end)
}

/// Sets how errors look: lines are left whole, so that commands in them can be copied.
fn set_up() {
    let handler = |_: &_| -> Box<dyn miette::ReportHandler> {
        Box::new(MietteHandlerOpts::new().wrap_lines(false).break_words(false).build())
    };
    // Fails only where a handler is set already.
    let _ = miette::set_hook(Box::new(handler));
}

/// Tells why the command ended, and returns its exit code.
fn end(stop: Stop) -> ExitCode {
    tell(&stop);
    ExitCode::from(match stop {
        Stop::OutputClosed => OUTPUT_CLOSED,
        Stop::Interrupted => INTERRUPTED,
        Stop::DoesNotHold(_) => DIVERGENCE,
        Stop::Error(_) => CANNOT_RUN,
    })
}

/// Writes an error to standard error.
pub fn tell(stop: &Stop) {
    if let Stop::DoesNotHold(report) | Stop::Error(report) = stop {
        anstream::eprint!("{report:?}");
    }
}
