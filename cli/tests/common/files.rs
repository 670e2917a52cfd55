//! The files that are the project's.

use std::collections::BTreeSet;
use std::path::PathBuf;

use ignore::WalkBuilder;

use super::repository;

/// All files of the repository, by their paths in it, but for the corpora and what git is told
/// to ignore. It asks no git, which answers nobody but the owner of the folder.
pub fn files() -> BTreeSet<PathBuf> {
    let root = repository();
    let mut walk = WalkBuilder::new(root);
    walk.hidden(false).require_git(false).git_global(false).parents(false);
    let corpora = root.join("corpus");
    walk.filter_entry(move |entry| entry.file_name() != ".git" && entry.path() != corpora);
    let entries = walk.build().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().is_some_and(|kind| !kind.is_dir()));
    files.map(|entry| entry.path().strip_prefix(root).unwrap().to_owned()).collect()
}
