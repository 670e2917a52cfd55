//! Files that are there whole or not at all.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Where what is made goes: cargo's target folder, as whoever runs the program has it.
pub fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from)
}

/// Writes a file whole: whoever looks, and after whatever end of this process or of the machine,
/// finds the old one or the new one.
///
/// # Errors
///
/// It cannot be written, as on a full disk: the old one is as it was.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let file = unfinished(path.parent().unwrap_or(Path::new("")), bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// As [`write_whole`], where the unfinished file is in another folder of the same file system:
/// not where somebody takes every file for a complete one. It does not wait for the disk, for
/// many are written: the end of the machine may leave the new one empty.
///
/// # Errors
///
/// It cannot be written, as on a full disk: the old one is as it was.
pub fn write_whole_from(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    unfinished(folder, bytes)?.persist(path)?;
    Ok(())
}

/// A file in a folder, under a name that nobody else has, which goes unless it is persisted.
fn unfinished(folder: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".unfinished-");
    // As of any new file: the user's mask takes off what others may not do.
    #[cfg(unix)]
    let permissions: std::fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    #[cfg(unix)]
    builder.permissions(permissions);
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_stays_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        for bytes in [&b"old, and longer"[..], b"new"] {
            write_whole(&path, bytes).unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
            assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
        }
    }

    #[test]
    fn a_file_that_cannot_be_replaced_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("folder");
        fs::create_dir(&path).unwrap();
        write_whole(&path, b"file").unwrap_err();
        assert!(path.is_dir());
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_has_the_permissions_of_any_other() {
        let directory = tempfile::tempdir().unwrap();
        let [whole, other] = ["whole", "other"].map(|name| directory.path().join(name));
        write_whole(&whole, b"").unwrap();
        fs::write(&other, b"").unwrap();
        let permissions = |path| fs::metadata(path).unwrap().permissions();
        assert_eq!(permissions(&whole), permissions(&other));
    }
}
