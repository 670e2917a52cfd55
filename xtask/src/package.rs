//! `cargo xtask package`: whether what crates.io would get is whole.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use pagediff_terminal::error::{Stop, error, file_error};
use pagediff_terminal::repository::find_root;

use crate::cargo::{cargo, run as run_command};

/// What is published.
const PACKAGE: &str = "put_user_page";

pub(crate) fn run(out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let root = find_root()?;
    let elsewhere = tempfile::tempdir()
        .map_err(|why| error(format!("no directory can be made: {why}"), "see $TMPDIR"))?;
    let elsewhere = elsewhere.path();
    pack(&root, elsewhere)?;
    let unpacked = unpack(elsewhere)?;
    run_command(
        &mut cargo(&unpacked, &["test", "--offline", "--locked", "--target-dir", "target"]),
        "what the tests need has to be among what `include` names in Cargo.toml",
    )?;
    writeln!(out, "the tests of {PACKAGE} pass from its package")?;
    Ok(ExitCode::SUCCESS)
}

/// Packages it, with what is not committed yet. Its tests build it, so that nobody else has to.
fn pack(root: &Path, target: &Path) -> Result<(), Stop> {
    let arguments = ["package", "--package", PACKAGE, "--offline", "--allow-dirty", "--no-verify"];
    run_command(
        cargo(root, &arguments).arg("--target-dir").arg(target),
        "mend what cargo says above",
    )
}

/// Unpacks it beside of where cargo put it, and returns the folder.
fn unpack(target: &Path) -> Result<PathBuf, Stop> {
    let folder = target.join("package");
    let entries = std::fs::read_dir(&folder).map_err(|why| file_error(&folder, "read", &why))?;
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>();
    let paths = paths.map_err(|why| file_error(&folder, "read", &why))?;
    let package = paths.into_iter().find(|path| path.extension().is_some_and(|e| e == "crate"));
    let package = package.ok_or_else(|| {
        error(format!("cargo left no package in {}", folder.display()), "see what it says above")
    })?;
    let mut tar = Command::new("tar");
    tar.arg("-xzf").arg(&package).arg("-C").arg(target);
    run_command(&mut tar, "see that there is room where it unpacks")?;
    Ok(target.join(package.file_stem().unwrap_or_default()))
}
