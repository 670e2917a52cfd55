//! `pagediff minimize`: the smallest case with the same divergence.

mod subject;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use pagediff_terminal::error::{Stop, error};
use pagediff_terminal::inputs::{self, TargetArgument};
use pagediff_terminal::output::{count, headline, paint, write_json};
use pagediff_terminal::table::{self, Align};
use put_user_page_case::Case;
use put_user_page_case::minimize::{Size, minimize};
use put_user_page_targets::findings::Signature;
use put_user_page_targets::report::Report;
use put_user_page_targets::trial::Verdict;
use serde::Serialize;

use self::subject::Diverging;
use crate::assembly::write_to;
use crate::backends::BackendArguments;

/// Finds the smallest case with the same divergence, and writes it to a file
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    backends: BackendArguments,
    #[command(flatten)]
    target: TargetArgument,
    /// Where to write it, `*.case` as text, all else as bytes, `-` for standard output; by
    /// default FILE.min, or for a FILE.case FILE.min.case
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print JSON, with the report of what is left
    #[arg(long)]
    json: bool,
    /// A case that diverges: `*.case` is text, all else is bytes; `-` is standard input, for
    /// bytes
    file: PathBuf,
}

/// What was found.
#[derive(Serialize)]
struct Minimized<'a> {
    file: String,
    output: String,
    target: Option<&'static str>,
    signature: &'a Signature,
    before: Size,
    after: Size,
    /// Cases that were run to find it.
    tried: u64,
    report: Report,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let output = output(arguments)?;
    let input = inputs::read_one(&arguments.file, arguments.target.name, "minimize")?;
    let backends = arguments.backends.of_target(input.target)?;
    let mut diverging = Diverging::find(&input, backends.open()?)?;
    let signature = Signature::of(&diverging.divergence);
    let (least, tried) = search(&mut diverging, &signature)?;
    let Verdict::Differs(divergence) = diverging.run(&least)? else {
        return Err(error(
            format!("what is left of {} diverged, and now does not", arguments.file.display()),
            "the backend does not do the same each time; run this again",
        ));
    };
    let mut report = Report::of(&divergence);
    let case = Case::decode(&least);
    let as_text = inputs::is_text(if is_stdout(&output) { &arguments.file } else { &output });
    write_to(&output, &if as_text { case.to_text().into_bytes() } else { least })?;
    if !is_stdout(&output) {
        report.reproduce = Some(backends.explain(&output, input.target));
    }
    let minimized = Minimized {
        file: arguments.file.display().to_string(),
        output: output.display().to_string(),
        target: input.target.map(|target| target.name),
        signature: &signature,
        before: Size::of(&Case::decode(&diverging.bytes)),
        after: Size::of(&case),
        tried,
        report,
    };
    if arguments.json {
        write_json(out, &minimized)?;
    } else if is_stdout(&output) {
        write(&mut anstream::stderr(), &minimized)?;
    } else {
        write(out, &minimized)?;
        writeln!(out, "  saved: {}", minimized.output)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Where to write it.
fn output(arguments: &Arguments) -> Result<PathBuf, Stop> {
    let output = match &arguments.output {
        Some(output) => output.clone(),
        None if is_stdout(&arguments.file) => arguments.file.clone(),
        None => beside(&arguments.file),
    };
    if arguments.json && is_stdout(&output) {
        let message = "the case and the JSON cannot both go to standard output";
        return Err(error(message, "name a file with `--output`"));
    }
    Ok(output)
}

fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

/// FILE.min, or FILE.min.case, so that text stays text.
fn beside(file: &Path) -> PathBuf {
    if inputs::is_text(file) {
        return file.with_extension("min.case");
    }
    let mut path = OsString::from(file);
    path.push(".min");
    path.into()
}

/// The smallest bytes with the signature, and how many were tried.
fn search(diverging: &mut Diverging, signature: &Signature) -> Result<(Vec<u8>, u64), Stop> {
    let progress = progress();
    let start = diverging.bytes.clone();
    let mut shows = |bytes: &[u8]| -> Result<bool, Stop> {
        progress.inc(1);
        let shows = matches!(diverging.run(bytes)?, Verdict::Differs(divergence)
            if Signature::of(&divergence) == *signature);
        if shows {
            let Size { calls, entries, pages, .. } = Size::of(&Case::decode(bytes));
            let (calls, pages) = (count(calls, "call"), count(pages, "page"));
            progress.set_message(format!("{calls}, {entries} entries, {pages}"));
        }
        Ok(shows)
    };
    let least = minimize(&start, &mut shows)?;
    progress.finish_and_clear();
    Ok((least, progress.position()))
}

/// A line on standard error, which shows if that is a terminal.
fn progress() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {elapsed}  {pos} cases tried, {wide_msg}");
    let progress = ProgressBar::new_spinner().with_style(style.expect("a template"));
    progress.enable_steady_tick(Duration::from_millis(200));
    progress
}

fn write(out: &mut dyn Write, minimized: &Minimized<'_>) -> std::io::Result<()> {
    let Minimized { signature, before, after, tried, report, .. } = minimized;
    writeln!(out, "{}", headline(&signature.to_string()))?;
    let head = ["", "calls", "entries", "pages", "records"].map(str::to_owned).to_vec();
    let row = |name: &str, size: &Size| {
        let numbers = [size.calls, size.entries, size.pages, size.records];
        let name = std::iter::once(name.to_owned());
        name.chain(numbers.iter().map(usize::to_string)).collect()
    };
    let rows = [head, row("before", before), row("after", after)];
    let aligns = [Align::Left, Align::Right, Align::Right, Align::Right, Align::Right];
    for line in table::lines(&rows, &aligns) {
        writeln!(out, "  {line}")?;
    }
    writeln!(out, "  {tried} cases tried\n")?;
    writeln!(out, "{}", report.render(&paint()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::beside;

    #[test]
    fn text_is_written_as_text_beside_it() {
        assert_eq!(beside(Path::new("x/crash-1")), Path::new("x/crash-1.min"));
        assert_eq!(beside(Path::new("x/1.case")), Path::new("x/1.min.case"));
    }
}
