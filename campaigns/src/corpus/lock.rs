//! One process at a time changes the corpora.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use pagediff_terminal::error::{Stop, error, file_error};

/// Takes the lock of the corpora in a directory: the right to change them, until the file is
/// dropped or the process ends. `purpose` is what it is held for, such as
/// `pagediff corpus minimize`.
///
/// # Errors
///
/// Another process holds it, which the error names.
pub(crate) fn take(corpus: &Path, purpose: &str) -> Result<File, Stop> {
    // It is never removed, and names who held it last.
    let path = corpus.join(".lock");
    let mut options = File::options();
    let file = options.read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = file.map_err(|why| file_error(&path, "written", &why))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(held(file, corpus)),
        Err(TryLockError::Error(why)) => return Err(file_error(&path, "locked", &why)),
    }
    let holder = format!("{purpose}, process {}", std::process::id());
    let named = file.set_len(0).and_then(|()| file.rewind());
    // A full disk is no reason not to go on: what follows may make room.
    if let Err(why) = named.and_then(|()| file.write_all(holder.as_bytes())) {
        eprintln!("note: {} does not name its holder: {why}", path.display());
    }
    Ok(file)
}

fn held(mut file: File, corpus: &Path) -> Stop {
    let mut holder = String::new();
    if file.read_to_string(&mut holder).is_err() || holder.is_empty() {
        holder = "another process".to_owned();
    }
    error(
        format!("{} is being changed already, by {holder}", corpus.display()),
        "wait until that has ended, or end it",
    )
}

#[cfg(test)]
mod tests {
    use pagediff_terminal::error::Stop;

    use super::take;

    #[test]
    fn the_second_is_told_who_was_first() {
        let directory = tempfile::tempdir().expect("a directory");
        let first = take(directory.path(), "a test").expect("nobody holds it");
        let Err(Stop::Error(second)) = take(directory.path(), "another") else {
            panic!("it is held")
        };
        let holder = format!("by a test, process {}", std::process::id());
        assert!(second.to_string().contains(&holder), "{second}");
        drop(first);
        take(directory.path(), "another").expect("nobody holds it any more");
    }
}
