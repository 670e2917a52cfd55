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

/// Moves a directory to one beside it while it is checked there. Returns what the check came
/// to, and what has been written in the directory meanwhile: root may write to what is
/// read-only.
pub(super) fn while_moved<T>(
    directory: &Path,
    check: impl FnOnce(&Path) -> Result<T, Stop>,
) -> Result<(T, Vec<Failure>), Stop> {
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
    let before = files(&from)?;
    std::fs::rename(&from, &to).map_err(|why| file_error(&from, "moved", &why))?;
    let checked = permit(&to, Permissions::from_mode(READ_ONLY))
        .and_then(|()| Ok((check(&to)?, files(&to)?)));
    let back = permit(&to, permissions).and_then(|()| {
        std::fs::rename(&to, &from).map_err(|why| file_error(&to, "moved back", &why))
    });
    if checked.is_err() && back.is_err() {
        eprintln!("error: {} could not be moved back", to.display());
    }
    let (checked, now) = checked?;
    back?;
    let changed = now.iter().filter(|(name, file)| before.get(*name) != Some(file));
    let failure = |(name, _): (&PathBuf, _)| Failure {
        about: "$OUT".to_owned(),
        what: format!("a target has written {}: it is read-only there", name.display()),
    };
    Ok((checked, changed.map(failure).collect()))
}

fn permit(directory: &Path, permissions: Permissions) -> Result<(), Stop> {
    std::fs::set_permissions(directory, permissions)
        .map_err(|why| file_error(directory, "given other permissions", &why))
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
