//! Which files are a kernel's source, and not what was built in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;
use crate::tool;

/// The help where git fails.
pub(super) const GIT: &str = "mend what is said above: the folder has a `.git`, and git is asked \
                              which files are of the source";

/// What a build leaves in a source, by the ends of names; the first dot of hidden ones counts.
const BUILT: [&str; 10] =
    ["o", "a", "ko", "cmd", "mod", "order", "symvers", "d", "builtin", "modinfo"];

/// Folders, and files, that make a source one that was configured where it lies.
const CONFIGURED: [&str; 4] =
    [".config", "include/config", "include/generated", "arch/x86/include/generated"];

/// Whether git knows the files.
pub(super) fn is_checkout(folder: &Path) -> bool {
    folder.join(".git").exists()
}

/// The files of a source, from its folder on, in order: those that git does not ignore, or all but
/// what builds leave.
pub(super) fn of_source(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = if is_checkout(folder) { of_git(folder)? } else { all(folder)? };
    files.sort_unstable();
    // In a conflict git names a file for each side.
    files.dedup();
    Ok(files)
}

fn of_git(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut list = Command::new("git");
    list.arg("-C").arg(folder).args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    let names = tool::run(&mut list, GIT)?;
    let files = names.split_terminator('\0').map(PathBuf::from);
    // What was removed is still in the index.
    Ok(files.filter(|file| fs::symlink_metadata(folder.join(file)).is_ok()).collect())
}

fn all(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = below(folder)?;
    files.retain(|file| {
        let is_built = file.extension().is_some_and(|end| BUILT.iter().any(|built| end == *built));
        !is_built && !CONFIGURED.iter().any(|configured| file.starts_with(configured))
    });
    Ok(files)
}

/// All files below a folder, from it on; symbolic links are files.
pub(super) fn below(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let (mut files, mut folders) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(under) = folders.pop() {
        let full = folder.join(&under);
        let entries = fs::read_dir(&full).map_err(|why| Error::file(&full, "read", &why))?;
        for entry in entries {
            let kind = entry.and_then(|entry| Ok((entry.file_type()?, entry.file_name())));
            let (kind, name) = kind.map_err(|why| Error::file(&full, "read", &why))?;
            let path = under.join(name);
            if kind.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    Ok(files)
}

/// What tells files from others: the SHA-1 of their names and contents, in hexadecimal digits.
pub(super) fn digest(folder: &Path, files: &[PathBuf]) -> Result<String, Error> {
    let mut hash = sha1_smol::Sha1::new();
    for file in files {
        let path = folder.join(file);
        let metadata =
            fs::symlink_metadata(&path).map_err(|why| Error::file(&path, "read", &why))?;
        let bytes = if metadata.is_symlink() {
            fs::read_link(&path).map(|to| to.into_os_string().into_encoded_bytes())
        } else {
            fs::read(&path)
        };
        let bytes = bytes.map_err(|why| Error::file(&path, "read", &why))?;
        hash.update(file.as_os_str().as_encoded_bytes());
        hash.update(b"\0");
        hash.update(&(bytes.len() as u64).to_le_bytes());
        hash.update(&bytes);
    }
    Ok(hash.digest().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_build_left_is_not_of_the_source() {
        let folder = tempfile::tempdir().unwrap();
        let files = [
            "mm/gup.c",
            "mm/gup.o",
            "mm/.gup.o.cmd",
            ".config",
            "include/generated/utsrelease.h",
            "include/linux/mm.h",
            "mm/Makefile",
            ".gitignore",
        ];
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        let found = of_source(folder.path()).unwrap();
        let expected = [".gitignore", "include/linux/mm.h", "mm/Makefile", "mm/gup.c"];
        assert_eq!(found, expected.map(PathBuf::from));
        let before = digest(folder.path(), &found).unwrap();
        fs::write(folder.path().join("mm/gup.o"), "other").unwrap();
        assert_eq!(digest(folder.path(), &found).unwrap(), before);
        fs::write(folder.path().join("mm/gup.c"), "other").unwrap();
        assert_ne!(digest(folder.path(), &found).unwrap(), before);
    }
}
