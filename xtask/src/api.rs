//! `cargo xtask api`: what the library makes public, as a list that is committed.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use pagediff_terminal::error::{Stop, does_not_hold, error, file_error};
use pagediff_terminal::repository::find_root;

use crate::cargo::{cargo, run as run_command};

/// The list.
const LIST: &str = "docs/public-api.txt";

/// Writes what the library makes public to docs/public-api.txt
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Write nothing; exit 1 if the list is out of step with the library
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let root = find_root()?;
    let path = root.join(LIST);
    let now = list(&root)?;
    if !arguments.check {
        std::fs::write(&path, &now).map_err(|why| file_error(&path, "written", &why))?;
        writeln!(out, "wrote {LIST}: {} items", now.lines().count())?;
        return Ok(ExitCode::SUCCESS);
    }
    let before = std::fs::read_to_string(&path).map_err(|why| file_error(&path, "read", &why))?;
    if before == now {
        return Ok(ExitCode::SUCCESS);
    }
    for change in changes(&before, &now) {
        writeln!(out, "{change}")?;
    }
    out.flush()?;
    Err(does_not_hold(
        format!("what the library makes public is not what {LIST} lists"),
        "if it is meant to change, write that with `cargo xtask api`, and commit it",
    ))
}

/// What the library makes public, an item a line.
fn list(root: &Path) -> Result<String, Stop> {
    let target = root.join("target/api");
    let mut rustdoc = cargo(root, &["rustdoc", "--quiet", "--lib", "--package", "put_user_page"]);
    rustdoc.arg("--target-dir").arg(&target);
    rustdoc.args(["--", "-Zunstable-options", "--output-format=json"]);
    // Stable rustdoc writes it, too, if it is told to act as one that may.
    rustdoc.env("RUSTC_BOOTSTRAP", "1");
    run_command(&mut rustdoc, "mend what rustdoc says above")?;
    let json = target.join("doc/put_user_page.json");
    // What every type has, and what follows from its fields, is left out.
    let api = public_api::Builder::from_rustdoc_json(&json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .build();
    let api = api.map_err(|why| {
        error(
            format!("{} cannot be read: {why}", json.display()),
            "each version of rustdoc has its own format: use the Rust that CI has, or a version of \
             public-api in Cargo.toml that reads what yours writes",
        )
    })?;
    Ok(api.items().map(|item| format!("{item}\n")).collect())
}

/// The lines that one text has and the other has not.
fn changes(before: &str, now: &str) -> Vec<String> {
    let missing = |of: &str, from: &str, sign: char| -> Vec<String> {
        let lines = of.lines().filter(|line| !from.lines().any(|other| other == *line));
        lines.map(|line| format!("{sign}{line}")).collect()
    };
    [missing(before, now, '-'), missing(now, before, '+')].concat()
}
