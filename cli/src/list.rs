//! `pagediff list`: the targets and the backends.

use std::io::Write;
use std::process::ExitCode;

use pagediff_terminal::error::Stop;
use pagediff_terminal::output::write_json;
use pagediff_terminal::table;
use put_user_page_case::Function;
use put_user_page_targets::registry::TARGETS;
use serde::Serialize;

use crate::backends::BACKENDS;

/// Lists the targets and the backends
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct List {
    targets: Vec<TargetItem>,
    backends: Vec<BackendItem>,
}

#[derive(Serialize)]
struct TargetItem {
    name: &'static str,
    compares: &'static str,
    property: &'static str,
    functions: &'static [Function],
}

#[derive(Serialize)]
struct BackendItem {
    name: &'static str,
    what: &'static str,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    if arguments.json {
        let targets = TARGETS.iter().map(|target| TargetItem {
            name: target.name,
            compares: target.compares,
            property: target.property,
            functions: target.check.functions(),
        });
        let backends = BACKENDS.iter().map(|&(name, what)| BackendItem { name, what });
        write_json(out, &List { targets: targets.collect(), backends: backends.collect() })?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut rows = vec![["target", "compares", "property"].map(str::to_owned).to_vec()];
    rows.extend(TARGETS.iter().map(|target| {
        vec![target.name.to_owned(), target.compares.to_owned(), target.property.to_owned()]
    }));
    table::write(out, &rows, &[])?;
    writeln!(out)?;
    let mut rows = vec![["backend", "what it is"].map(str::to_owned).to_vec()];
    rows.extend(BACKENDS.iter().map(|&(name, what)| vec![name.to_owned(), what.to_owned()]));
    table::write(out, &rows, &[])?;
    Ok(ExitCode::SUCCESS)
}
