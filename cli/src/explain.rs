//! `pagediff explain`: one case, drawn and told step by step.

mod draw;
mod examine;
mod json;
mod names;
mod tell;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use pagediff_terminal::error::{DIVERGENCE, Stop};
use pagediff_terminal::inputs::{self, TargetArgument};
use pagediff_terminal::output::{headline, paint, write_json};
use put_user_page_targets::backend::Class;

use self::examine::Examined;
use crate::backends::BackendArguments;

/// Shows a case: its text, its world, what each backend does with it
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    backends: BackendArguments,
    #[command(flatten)]
    target: TargetArgument,
    /// Print JSON, in the form that docs/explain-json.md describes
    #[arg(long)]
    json: bool,
    /// The case: `*.case` is text, all else is bytes; `-` is standard input, for bytes
    file: PathBuf,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let input = inputs::read_one(&arguments.file, arguments.target.name, "explain")?;
    let backends = arguments.backends.open()?;
    let reproduce = arguments.backends.explain(&arguments.file, input.target);
    let examined = Examined::new(input, backends, &reproduce)?;
    if arguments.json {
        write_json(out, &json::Explanation::of(&examined))?;
    } else {
        write(out, &examined)?;
    }
    let diverges = examined.reports().next().is_some();
    Ok(ExitCode::from(if diverges { DIVERGENCE } else { 0 }))
}

fn write(out: &mut dyn Write, examined: &Examined) -> std::io::Result<()> {
    let Examined { input, trial, .. } = examined;
    let world = trial.world();
    let target = input.target.map_or_else(String::new, |t| format!(", as {} sees it", t.name));
    writeln!(out, "{}", headline(&format!("The case{target}")))?;
    write_lines(out, input.case.to_text().lines())?;

    writeln!(out, "{}", headline("The world"))?;
    write_lines(out, draw::world(world))?;

    let class = match trial.class() {
        Class::Valid => "valid: every entry has a reference to drop",
        Class::OverRelease => {
            "over-release: it drops what it does not have, or looks at what is not there; no kernel runs it"
        }
    };
    writeln!(out, "{} {class}", headline("Class"))?;
    writeln!(out)?;
    writeln!(out, "{}", headline("Named states reached"))?;
    let states = trial.states().iter().map(|state| format!("{}: {}", state.name, state.what));
    let states: Vec<String> = states.collect();
    write_lines(out, if states.is_empty() { vec!["none".to_owned()] } else { states })?;

    for backend in &examined.backends {
        writeln!(out, "{}", headline(&tell::headline(backend)))?;
        write_lines(out, tell::lines(world, backend))?;
    }
    for report in examined.reports() {
        writeln!(out, "{}", report.render(&paint()))?;
    }
    Ok(())
}

/// The lines, indented, and an empty one.
fn write_lines<T: std::fmt::Display>(
    out: &mut dyn Write,
    lines: impl IntoIterator<Item = T>,
) -> std::io::Result<()> {
    for line in lines {
        writeln!(out, "{}", format!("  {line}").trim_end())?;
    }
    writeln!(out)
}
