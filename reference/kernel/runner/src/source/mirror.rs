//! A tree that has what a source has. What is the same stays as it is, with its date.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use super::files;
use super::patch::Patched;
use crate::Error;
use crate::place::make_folder;

/// Makes a tree have these files of a folder, with those of a patch in their place, and nothing else.
/// What is written has the date of now, or make would take what was built of another text for good.
///
/// With `may_link` a tree that is new shares the files of the folder, which nobody writes to then.
pub(super) fn mirror(
    folder: &Path,
    files: &[PathBuf],
    patched: &Patched,
    tree: &Path,
    may_link: bool,
) -> Result<(), Error> {
    let links = may_link && !tree.exists();
    make_folder(tree)?;
    let mut wanted = BTreeSet::new();
    for file in files.iter().filter(|file| patched.file(file).is_none()) {
        wanted.insert(file.as_path());
        let (from, to) = (folder.join(file), tree.join(file));
        bring(&from, &to, links).map_err(|why| Error::file(&to, "written", &why))?;
    }
    for file in &patched.files {
        let Some(after) = &file.after else { continue };
        wanted.insert(&file.path);
        let to = tree.join(&file.path);
        write(&to, after, file.mode).map_err(|why| Error::file(&to, "written", &why))?;
    }
    for file in files::below(tree)?.iter().filter(|file| !wanted.contains(file.as_path())) {
        let path = tree.join(file);
        fs::remove_file(&path).map_err(|why| Error::file(&path, "removed", &why))?;
    }
    Ok(())
}

fn bring(from: &Path, to: &Path, links: bool) -> io::Result<()> {
    let metadata = fs::symlink_metadata(from)?;
    if metadata.is_symlink() {
        let target = fs::read_link(from)?;
        if fs::read_link(to).is_ok_and(|old| old == target) {
            return Ok(());
        }
        make_room(to)?;
        return symlink(target, to);
    }
    if links {
        make_room(to)?;
        // Elsewhere than on this disk it is copied.
        return fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop));
    }
    if fs::symlink_metadata(to).is_ok_and(|old| same_file(&old, &metadata)) {
        return Ok(());
    }
    write(to, &fs::read(from)?, metadata.mode())
}

fn same_file(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Writes a file, unless it is the same already. Never into one that is shared.
fn write(to: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let old = fs::symlink_metadata(to).ok().filter(fs::Metadata::is_file);
    let is_same = |old: fs::Metadata| old.len() == bytes.len() as u64 && old.mode() == mode;
    if old.is_some_and(is_same) && fs::read(to)? == bytes {
        return Ok(());
    }
    make_room(to)?;
    fs::write(to, bytes)?;
    fs::set_permissions(to, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

/// Removes what is in the way of a new file.
fn make_room(to: &Path) -> io::Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    match fs::symlink_metadata(to) {
        Ok(old) if old.is_dir() => fs::remove_dir_all(to),
        Ok(_) => fs::remove_file(to),
        Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::super::patch::PatchedFile;
    use super::*;

    const LONG_AGO: Duration = Duration::from_secs(1_000_000_000);

    /// A source of two files and a link, and a tree for it, all of whose files are old.
    struct Place {
        folder: tempfile::TempDir,
        files: Vec<PathBuf>,
    }

    impl Place {
        fn new(may_link: bool) -> Place {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir_all(folder.path().join("source/mm")).unwrap();
            let place =
                Place { folder, files: ["link", "mm/a.c", "mm/b.c"].map(PathBuf::from).to_vec() };
            fs::write(place.source("mm/a.c"), "a").unwrap();
            fs::write(place.source("mm/b.c"), "b").unwrap();
            symlink("mm/a.c", place.source("link")).unwrap();
            place.mirror(&Patched::default(), may_link);
            for file in ["mm/a.c", "mm/b.c"] {
                let file = fs::File::options().write(true).open(place.tree(file)).unwrap();
                file.set_modified(SystemTime::UNIX_EPOCH + LONG_AGO).unwrap();
            }
            place
        }

        fn source(&self, file: &str) -> PathBuf {
            self.folder.path().join("source").join(file)
        }

        fn tree(&self, file: &str) -> PathBuf {
            self.folder.path().join("tree").join(file)
        }

        fn mirror(&self, patched: &Patched, may_link: bool) {
            let tree = self.folder.path().join("tree");
            mirror(&self.folder.path().join("source"), &self.files, patched, &tree, may_link)
                .unwrap();
        }

        fn is_old(&self, file: &str) -> bool {
            let date = fs::metadata(self.tree(file)).unwrap().modified().unwrap();
            date == SystemTime::UNIX_EPOCH + LONG_AGO
        }
    }

    fn patched() -> Patched {
        let file = |path: &str, before: Option<&str>, after: Option<&str>| {
            let bytes = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
            let (before, after) = (bytes(before), bytes(after));
            PatchedFile { path: path.into(), before, after, mode: 0o100_644 }
        };
        Patched {
            files: vec![file("mm/a.c", Some("a"), Some("2")), file("mm/new.c", None, Some("n"))],
        }
    }

    #[test]
    fn what_is_the_same_keeps_its_date_and_what_is_not_has_a_new_one() {
        for may_link in [false, true] {
            let place = Place::new(may_link);
            place.mirror(&Patched::default(), may_link);
            assert!(place.is_old("mm/a.c") && place.is_old("mm/b.c"));
            place.mirror(&patched(), may_link);
            assert!(!place.is_old("mm/a.c") && place.is_old("mm/b.c"));
            assert_eq!(fs::read(place.tree("mm/a.c")).unwrap(), b"2");
            assert_eq!(fs::read(place.tree("mm/new.c")).unwrap(), b"n");
            assert_eq!(fs::read(place.tree("link")).unwrap(), b"2");
            // What the tree shares with the source is not written to.
            assert_eq!(fs::read(place.source("mm/a.c")).unwrap(), b"a");
            place.mirror(&Patched::default(), may_link);
            assert!(!place.is_old("mm/a.c") && !place.tree("mm/new.c").exists());
            assert_eq!(fs::read(place.tree("mm/a.c")).unwrap(), b"a");
        }
    }
}
