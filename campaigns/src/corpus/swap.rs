//! A corpus replaced as a whole: whoever looks, and after whatever end of this process,
//! finds the old one or the new one.
//!
//! The new corpus is written beside the old one, to `.NAME.new`, and reaches the disk before
//! the two change places in one step. Where the file system has no such step, the old one is
//! moved to `.NAME.old` and the new one to its place; [`recover`] mends what a process leaves
//! that ends between the two.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use put_user_page_support::write_whole;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

/// The files of a corpus by their names.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// What stands beside a corpus while it is replaced: the new corpus, and after the exchange what
/// is left of the old one; and the old corpus, where the two cannot change places in one step.
fn beside(directory: &Path) -> [PathBuf; 2] {
    let name = directory.file_name().unwrap_or_default().display();
    ["new", "old"].map(|which| directory.with_file_name(format!(".{name}.{which}")))
}

/// Replaces the files of a directory, which is made if it is not there. `known` are those that
/// the new ones stand for; whatever else is in the directory stays in it, so that nothing is
/// lost that an engine writes meanwhile.
///
/// # Errors
///
/// The new files cannot be written, as on a full disk: the old ones are as they were.
pub(crate) fn replace(directory: &Path, known: &Files, files: &Files) -> io::Result<()> {
    replace_by(directory, known, files, exchange)
}

fn replace_by(
    directory: &Path,
    known: &Files,
    files: &Files,
    exchange: fn(&Path, &Path) -> io::Result<bool>,
) -> io::Result<()> {
    recover(directory)?;
    fs::create_dir_all(directory)?;
    let [new, old] = beside(directory);
    if let Err(error) = write_all(&new, files) {
        // What cannot be removed now, the next one removes.
        let _ = fs::remove_dir_all(&new);
        return Err(error);
    }
    let left = if exchange(&new, directory)? {
        new
    } else {
        fs::rename(directory, &old)?;
        sync_parent(directory)?;
        fs::rename(&new, directory)?;
        old
    };
    sync_parent(directory)?;
    keep_others(&left, directory, known)?;
    fs::remove_dir_all(&left)
}

/// Finishes or takes back what a process left that ended while it replaced the files of a
/// directory. Returns whether there was something.
pub(crate) fn recover(directory: &Path) -> io::Result<bool> {
    let [new, old] = beside(directory);
    let (is_new, is_old) = (new.try_exists()?, old.try_exists()?);
    if is_old && is_new {
        // The new one never came to its place. What is there was made since.
        if directory.try_exists()? {
            keep_others(directory, &old, &Files::new())?;
            fs::remove_dir_all(directory)?;
        }
        fs::rename(&old, directory)?;
        sync_parent(directory)?;
    } else if is_old {
        fs::remove_dir_all(&old)?;
    }
    if is_new {
        fs::remove_dir_all(&new)?;
    }
    Ok(is_new || is_old)
}

/// What [`recover`] would see to.
pub(crate) fn leftovers(directory: &Path) -> Vec<PathBuf> {
    beside(directory).into_iter().filter(|path| path.exists()).collect()
}

/// Adds a file to a corpus, whole or not at all. The directory is made if it is not there.
///
/// # Errors
///
/// It cannot be written, as on a full disk.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
    write_whole(path, bytes)
}

/// Waits until the names of all files of a corpus, if there is one, are on the disk.
pub(crate) fn sync(directory: &Path) -> io::Result<()> {
    match File::open(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        opened => opened?.sync_all(),
    }
}

fn write_all(directory: &Path, files: &Files) -> io::Result<()> {
    fs::create_dir(directory)?;
    for (name, bytes) in files {
        let mut file = File::create(directory.join(name))?;
        file.write_all(bytes)?;
        file.sync_all()?;
    }
    sync(directory)
}

/// Lets two directories change places; false where the file system cannot.
fn exchange(one: &Path, other: &Path) -> io::Result<bool> {
    match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Moves what is in one directory and not known to another, unless it is there.
fn keep_others(from: &Path, to: &Path, known: &Files) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let name = entry?.file_name();
        let is_known = name.to_str().is_some_and(|name| known.contains_key(name));
        let place = to.join(&name);
        if !is_known && !place.try_exists()? {
            fs::rename(from.join(&name), place)?;
        }
    }
    sync(to)
}

fn sync_parent(directory: &Path) -> io::Result<()> {
    let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty());
    sync(parent.unwrap_or(Path::new(".")))
}

#[cfg(test)]
mod tests;
