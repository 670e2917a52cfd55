//! `cargo xtask owner`: whom the repository belongs to, in every file that has to say it.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use pagediff_terminal::error::{Stop, error, file_error};
use pagediff_terminal::repository::find_root;

/// The files that name the owner.
const FILES: [&str; 7] = [
    ".github/ISSUE_TEMPLATE/config.yml",
    "Cargo.toml",
    "README.md",
    "SECURITY.md",
    "scripts/oss-fuzz/Dockerfile",
    "scripts/oss-fuzz/project.yaml",
    "src/README.md",
];

/// What stands for the repository on GitHub, and for the owner's address for mail.
const REPOSITORY: &str = "OWNER/put_user_page";
const MAIL: &str = "OWNER@example.org";

/// Writes whom the repository belongs to into every file that has to say it
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The user or the organisation on GitHub
    #[arg(value_parser = name)]
    name: String,
    /// An address for mail, which OSS-Fuzz and reporters of security bugs write to
    #[arg(value_parser = mail)]
    mail: String,
}

fn name(text: &str) -> Result<String, String> {
    let is_fine = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if text.is_empty() || !text.chars().all(is_fine) {
        return Err("a name on GitHub has letters, digits and hyphens".to_owned());
    }
    Ok(text.to_owned())
}

fn mail(text: &str) -> Result<String, String> {
    let is_fine = |c: char| c.is_ascii_alphanumeric() || "@.-_+".contains(c);
    match text.split_once('@') {
        Some((of, at)) if !of.is_empty() && at.contains('.') && text.chars().all(is_fine) => {
            Ok(text.to_owned())
        }
        _ => Err("an address is like maintainers@example.org".to_owned()),
    }
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let root = find_root()?;
    let repository = REPOSITORY.replace("OWNER", &arguments.name);
    let mut changed = 0;
    for file in FILES {
        let path = root.join(file);
        let text = std::fs::read_to_string(&path).map_err(|why| file_error(&path, "read", &why))?;
        let filled = text.replace(REPOSITORY, &repository).replace(MAIL, &arguments.mail);
        if filled != text {
            std::fs::write(&path, filled).map_err(|why| file_error(&path, "written", &why))?;
            writeln!(out, "{file}")?;
            changed += 1;
        }
    }
    if changed == 0 {
        return Err(error(
            "no file has a place for an owner left: they name one already",
            "to name another, replace that name in the files that `git grep` finds",
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether this file still has a placeholder.
pub(crate) fn is_missing(root: &Path, file: &str) -> bool {
    let text = std::fs::read_to_string(root.join(file));
    text.is_ok_and(|text| text.contains(REPOSITORY) || text.contains(MAIL))
}
