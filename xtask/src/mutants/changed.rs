//! Which lines changed since the last landing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pagediff_terminal::error::{Stop, error, file_error};

/// Where the diff goes, from the repository's root.
const DIFF: &str = "target/mutants/changed.diff";

/// How many commits are looked at where this is what landed last.
const COMMITS: &str = "10";

/// Writes the diff of the working tree against what it started from, and returns its path. It is
/// empty where nothing changed, or where no earlier commit is there, as in a shallow clone.
pub(super) fn write_diff(root: &Path) -> Result<PathBuf, Stop> {
    let diff = git(root, &["diff", "--no-ext-diff", "--no-color", &base(root)?])?;
    let path = root.join(DIFF);
    let folder = path.parent().unwrap_or(root);
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, &diff));
    written.map_err(|why| file_error(&path, "written", &why))?;
    Ok(path)
}

/// The commit to compare with: where this branch left origin/main; on that itself, as far back as
/// a landing goes, or the clone.
fn base(root: &Path) -> Result<String, Stop> {
    let head = git(root, &["rev-parse", "HEAD"])?;
    // There may be no such branch.
    if let Ok(base) = git(root, &["merge-base", "origin/main", "HEAD"])
        && base != head
    {
        return Ok(base.trim().to_owned());
    }
    let count = format!("--max-count={COMMITS}");
    let commits = git(root, &["rev-list", "--first-parent", &count, "HEAD"])?;
    Ok(commits.lines().last().unwrap_or("HEAD").to_owned())
}

fn git(root: &Path, arguments: &[&str]) -> Result<String, Stop> {
    let mut command = Command::new("git");
    command.current_dir(root).args(arguments).stdin(Stdio::null());
    let output = command
        .output()
        .map_err(|why| error(format!("git does not start: {why}"), "see that it is installed"))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(error(
            format!("`git {}` failed: {}", arguments.join(" "), why.trim()),
            "run this in a clone of the repository, which git trusts",
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
