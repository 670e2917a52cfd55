//! What a patch makes of a source's files.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use crate::Error;
use crate::place::{self, make_folder, remove_folder};
use crate::tool;

/// The files that a patch changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patched {
    /// In the order of their paths.
    pub files: Vec<PatchedFile>,
}

/// A file that a patch changes, before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchedFile {
    /// Its path in the source.
    pub path: PathBuf,
    /// What was in it; none for a new one.
    pub before: Option<Vec<u8>>,
    /// What is in it then; none for one that is removed.
    pub after: Option<Vec<u8>>,
    /// Who may do what with it, as the system has it.
    pub(super) mode: u32,
}

impl Patched {
    /// What becomes of a file, if the patch changes it.
    pub(super) fn file(&self, path: &Path) -> Option<&PatchedFile> {
        self.files.iter().find(|file| file.path == path)
    }
}

/// Applies a patch to copies of the files that it names, in a folder of their own in `home`.
pub(super) fn apply(source: &Path, home: &Path, patch: &Path) -> Result<Patched, Error> {
    let patch = patch.canonicalize().map_err(|why| Error::file(patch, "opened", &why))?;
    let text = place::read(&patch)?;
    let paths = paths_in(&String::from_utf8_lossy(&text));
    let scratch = home.join("patched");
    remove_folder(&scratch)?;
    make_folder(&scratch)?;
    for path in &paths {
        let (from, to) = (source.join(path), scratch.join(path));
        if from.is_file() {
            make_folder(to.parent().unwrap_or(&scratch))?;
            fs::copy(&from, &to).map_err(|why| Error::file(&to, "written", &why))?;
        }
    }
    let mut command = Command::new("patch");
    command.arg("--directory").arg(&scratch).arg("--input").arg(&patch);
    command.args(["--strip=1", "--batch", "--forward", "--no-backup-if-mismatch"]);
    // One whose surroundings are others is of another source, and may come to lie elsewhere.
    command.args(["--fuzz=0", "--reject-file=-"]);
    tool::run(
        &mut command,
        "the patch does not apply: see that it is one of this very source, made \
                             as `git diff` makes it, whose paths have a part before the first `/`; \
                             the program `patch` is of the package of that name",
    )?;
    let changed = paths.into_iter().map(|path| changed(source, &scratch, path));
    let files: Vec<_> = changed.collect::<Result<_, Error>>()?;
    remove_folder(&scratch)?;
    Ok(Patched { files: files.into_iter().filter(|file| file.before != file.after).collect() })
}

fn changed(source: &Path, scratch: &Path, path: PathBuf) -> Result<PatchedFile, Error> {
    let contents = |folder: &Path| -> Result<Option<Vec<u8>>, Error> {
        let path = folder.join(&path);
        if path.is_file() { place::read(&path).map(Some) } else { Ok(None) }
    };
    let (before, after) = (contents(source)?, contents(scratch)?);
    let metadata = fs::metadata(scratch.join(&path)).or_else(|_| fs::metadata(source.join(&path)));
    let mode = metadata.map_or(0o100_644, |metadata| metadata.permissions().mode());
    Ok(PatchedFile { path, before, after, mode })
}

/// The paths that a diff names, without their first parts. A line that a patch removes may look as
/// one that names a file: no more comes of it than that a file is looked at.
fn paths_in(diff: &str) -> BTreeSet<PathBuf> {
    let named = |line: &str| {
        let with_prefix = ["--- ", "+++ "].iter().find_map(|start| line.strip_prefix(start));
        let path = match with_prefix {
            // A date may follow behind a tab.
            Some(path) => path.split('\t').next()?.split_once('/')?.1,
            None => ["rename from ", "rename to "].iter().find_map(|it| line.strip_prefix(it))?,
        };
        let path = PathBuf::from(path.trim_end());
        let is_within = path.components().all(|part| matches!(part, Component::Normal(_)));
        (is_within && path.components().next().is_some()).then_some(path)
    };
    diff.lines().filter(|line| !line.ends_with("/dev/null")).filter_map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: &str = "\
From: somebody
--- a/mm/gup.c\t2026-01-01 00:00:00
+++ b/mm/gup.c
@@ -1,3 +1,3 @@
 one
-two
+2
 three
--- /dev/null
+++ b/mm/new.c
@@ -0,0 +1 @@
+new
--- a/mm/old.c
+++ /dev/null
@@ -1 +0,0 @@
-old
";

    fn source() -> tempfile::TempDir {
        let source = tempfile::tempdir().unwrap();
        fs::create_dir(source.path().join("mm")).unwrap();
        fs::write(source.path().join("mm/gup.c"), "one\ntwo\nthree\n").unwrap();
        fs::write(source.path().join("mm/old.c"), "old\n").unwrap();
        source
    }

    fn applied(source: &Path, patch: &str) -> Result<Patched, Error> {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("my.patch");
        fs::write(&file, patch).unwrap();
        apply(source, home.path(), &file)
    }

    #[test]
    fn files_are_changed_made_and_removed() {
        let source = source();
        let patched = applied(source.path(), PATCH).unwrap();
        let text = |bytes: &Option<Vec<u8>>| {
            bytes.as_ref().map(|bytes| String::from_utf8(bytes.clone()).unwrap())
        };
        let files = patched.files.iter();
        let files: Vec<_> = files
            .map(|file| (file.path.to_str().unwrap(), text(&file.before), text(&file.after)))
            .collect();
        let some = |text: &str| Some(text.to_owned());
        let expected = [
            ("mm/gup.c", some("one\ntwo\nthree\n"), some("one\n2\nthree\n")),
            ("mm/new.c", None, some("new\n")),
            ("mm/old.c", some("old\n"), None),
        ];
        assert_eq!(files, expected);
        assert_eq!(fs::read(source.path().join("mm/gup.c")).unwrap(), b"one\ntwo\nthree\n");
    }

    #[test]
    fn a_patch_of_another_source_does_not_apply() {
        let source = source();
        fs::write(source.path().join("mm/gup.c"), "quite\nanother\nfile\n").unwrap();
        applied(source.path(), PATCH).unwrap_err();
        applied(source.path(), "no patch\n").unwrap_err();
        fs::write(source.path().join("mm/gup.c"), "one\ntwo\nfour\n").unwrap();
        applied(source.path(), PATCH).unwrap_err();
    }

    #[test]
    fn nothing_outside_of_the_source_is_named() {
        assert_eq!(
            paths_in("--- a/../../etc/passwd\n+++ b//etc/passwd\n--- a/\n"),
            BTreeSet::new()
        );
    }
}
