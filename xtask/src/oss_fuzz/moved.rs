//! `$OUT`, moved elsewhere and not to be written to, as OSS-Fuzz moves it before it checks:
//! there, targets find nothing by the path that they were built at.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use pagediff_terminal::error::{Stop, error, file_error};

use super::Failure;

const READ_ONLY: u32 = 0o555;

/// A directory that is elsewhere for a while.
pub(super) struct Moved {
    from: PathBuf,
    to: PathBuf,
    permissions: Permissions,
    /// What is in it: root may write to what is read-only.
    files: BTreeMap<PathBuf, (u64, Option<SystemTime>)>,
    is_back: bool,
}

impl Moved {
    /// Moves a directory to one beside it.
    pub(super) fn new(directory: &Path) -> Result<Moved, Stop> {
        let from =
            std::fs::canonicalize(directory).map_err(|why| file_error(directory, "read", &why))?;
        let mut name = from.file_name().unwrap_or_default().to_owned();
        name.push("-moved");
        let to = from.with_file_name(name);
        if to.exists() {
            let message = format!("{} is in the way", to.display());
            return Err(error(message, "a check was interrupted: see what is in it, and move it"));
        }
        let permissions =
            std::fs::metadata(&from).map_err(|why| file_error(&from, "read", &why))?.permissions();
        let files = files(&from)?;
        std::fs::rename(&from, &to).map_err(|why| file_error(&from, "moved", &why))?;
        let moved = Moved { from, to, permissions, files, is_back: false };
        moved.permit(Permissions::from_mode(READ_ONLY))?;
        Ok(moved)
    }

    /// Where it is now.
    pub(super) fn path(&self) -> &Path {
        &self.to
    }

    /// Moves it back, and tells what has been written in it.
    pub(super) fn put_back(mut self) -> Result<Vec<Failure>, Stop> {
        let now = files(&self.to)?;
        self.permit(self.permissions.clone())?;
        self.rename_back()?;
        self.is_back = true;
        let changed = now.iter().filter(|(name, file)| self.files.get(*name) != Some(file));
        let failure = |(name, _): (&PathBuf, _)| Failure {
            about: "$OUT".to_owned(),
            what: format!("a target has written {}: it is read-only there", name.display()),
        };
        Ok(changed.map(failure).collect())
    }

    fn rename_back(&self) -> Result<(), Stop> {
        std::fs::rename(&self.to, &self.from)
            .map_err(|why| file_error(&self.to, "moved back", &why))
    }

    fn permit(&self, permissions: Permissions) -> Result<(), Stop> {
        std::fs::set_permissions(&self.to, permissions)
            .map_err(|why| file_error(&self.to, "given other permissions", &why))
    }
}

impl Drop for Moved {
    fn drop(&mut self) {
        if self.is_back {
            return;
        }
        let back = self.permit(self.permissions.clone()).and_then(|()| self.rename_back());
        if back.is_err() {
            eprintln!("error: {} could not be moved back", self.to.display());
        }
    }
}

/// The files directly in a directory, with their sizes and when they were written.
fn files(directory: &Path) -> Result<BTreeMap<PathBuf, (u64, Option<SystemTime>)>, Stop> {
    let read = || -> std::io::Result<_> {
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            files.insert(entry.file_name().into(), (metadata.len(), metadata.modified().ok()));
        }
        Ok(files)
    };
    read().map_err(|why| file_error(directory, "read", &why))
}
