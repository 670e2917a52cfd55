//! Where commands keep cases that it made smaller or drew, and those that killed a kernel.

use std::path::{Path, PathBuf};

use pagediff_terminal::error::{Stop, file_error};
use pagediff_terminal::inputs::LOGS;
use pagediff_terminal::repository::repository;
use put_user_page_case::Case;
use put_user_page_support::target_folder;
use put_user_page_targets::findings::Signature;
use put_user_page_targets::registry::{Check, TARGETS};
use sha1_smol::Sha1;

/// Saves a case that killed a kernel in fuzz/artifacts of the repository, or here outside of one,
/// where the target `kernel` has its own, and returns where. The kernel's log goes into the folder
/// [`LOGS`] there.
pub(crate) fn artifact(case: &Case, log: &str) -> Result<PathBuf, Stop> {
    let target = TARGETS.iter().find(|target| target.check == Check::Kernel);
    let target = target.expect("there is a target for kernels").name;
    let root = repository().unwrap_or_else(|| PathBuf::from("."));
    let folder = root.join("fuzz/artifacts").join(target);
    let bytes = case.encode();
    let name = format!("crash-{}", Sha1::from(&bytes).digest());
    write(&folder.join(LOGS), &format!("{name}.log"), log.as_bytes())?;
    write(&folder, &name, &bytes)
}

/// Writes the smallest case of a finding as text into `findings/` of cargo's target folder, and
/// returns where. The next run with the same finding replaces it.
pub(crate) fn smallest(case: &Case, signature: &Signature) -> Result<PathBuf, Stop> {
    let folder = target_folder().join("findings");
    write(&folder, &format!("{signature}.case"), case.to_text().as_bytes())
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, Stop> {
    std::fs::create_dir_all(folder).map_err(|why| file_error(folder, "made", &why))?;
    let path = folder.join(name);
    std::fs::write(&path, bytes).map_err(|why| file_error(&path, "written", &why))?;
    Ok(path)
}
