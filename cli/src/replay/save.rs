//! Where replay keeps cases that are in no file, or that killed a kernel.

use std::path::{Path, PathBuf};

use pagediff_terminal::error::{Stop, file_error};
use pagediff_terminal::inputs::LOGS;
use pagediff_terminal::repository::repository;
use put_user_page_case::Case;
use put_user_page_targets::findings::Signature;
use put_user_page_targets::registry::{Check, TARGETS};
use sha1_smol::Sha1;

/// Saves a case in fuzz/artifacts of the repository, or here outside of one, where the
/// target `kernel` or `program` has its own, and returns where. A kernel's log, if there is
/// one, goes into the folder [`LOGS`] there.
pub(super) fn artifact(case: &Case, log: &str) -> Result<PathBuf, Stop> {
    let check = if log.is_empty() { Check::Program } else { Check::Kernel };
    let target = TARGETS.iter().find(|target| target.check == check);
    let name = target.expect("there are targets for programs and for kernels").name;
    let root = repository().unwrap_or_else(|| PathBuf::from("."));
    let folder = root.join("fuzz/artifacts").join(name);
    let bytes = case.encode();
    let name = format!("crash-{}", Sha1::from(&bytes).digest());
    if !log.is_empty() {
        write(&folder.join(LOGS), &format!("{name}.log"), log.as_bytes())?;
    }
    write(&folder, &name, &bytes)
}

/// Writes the smallest case of a finding as text into `findings/` of cargo's target folder, and
/// returns where. The next run with the same finding replaces it.
pub(super) fn smallest(case: &Case, signature: &Signature) -> Result<PathBuf, Stop> {
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let folder = Path::new(&target).join("findings");
    write(&folder, &format!("{signature}.case"), case.to_text().as_bytes())
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, Stop> {
    std::fs::create_dir_all(folder).map_err(|why| file_error(folder, "made", &why))?;
    let path = folder.join(name);
    std::fs::write(&path, bytes).map_err(|why| file_error(&path, "written", &why))?;
    Ok(path)
}
