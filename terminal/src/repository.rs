//! Where the repository is.

use std::path::{Path, PathBuf};

use crate::error::{Stop, error};

/// The repository: this directory or one above it.
pub fn repository() -> Option<PathBuf> {
    let here = std::env::current_dir().unwrap_or_default();
    let root = here.ancestors().find(|root| root.join("fuzz/fuzz_targets").is_dir());
    root.map(Path::to_owned)
}

/// The repository.
///
/// # Errors
///
/// This directory is in none.
pub fn find_root() -> Result<PathBuf, Stop> {
    repository().ok_or_else(|| {
        error("there is no directory fuzz/fuzz_targets here or above", "run this in the repository")
    })
}
