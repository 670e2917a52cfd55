//! How output looks: colours, JSON, and commands to copy.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use put_user_page_targets::report::Paint;
use serde::Serialize;

/// The colours of reports. Standard output drops them unless it is a terminal.
pub fn paint() -> Paint {
    let strong = Style::new().bold();
    let expected = AnsiColor::Green.on_default();
    let differs = AnsiColor::Red.on_default().bold();
    Paint {
        strong: strong.render().to_string(),
        expected: expected.render().to_string(),
        differs: differs.render().to_string(),
        end: strong.render_reset().to_string(),
    }
}

/// A headline.
pub fn headline(text: &str) -> String {
    let style = Style::new().bold();
    format!("{style}{text}{style:#}")
}

/// Writes a value as JSON, for programs.
pub fn write_json(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    writeln!(out, "{}", serde_json::to_string_pretty(value)?)
}

/// A command of this program to copy into a shell, as the user would write it.
pub fn command_line(arguments: &[String]) -> String {
    // cargo tells the programs that it runs of itself.
    let through_cargo = std::env::var_os("CARGO").is_some();
    let program = match std::env::args().next() {
        Some(program) if !through_cargo => quoted(&program),
        _ => "cargo run --release --".to_owned(),
    };
    let arguments = arguments.iter().map(|argument| quoted(argument));
    std::iter::once(program).chain(arguments).collect::<Vec<_>>().join(" ")
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), |quoted| quoted.into_owned())
}

/// `1 case`, `2 cases`.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// The last lines of a text, which may be long: where programs say what went wrong.
pub fn last_lines(text: &str) -> String {
    const LINES: usize = 10;
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}
