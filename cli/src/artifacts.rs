//! Artifacts: cases that killed a kernel, kept with what it logged.

use std::path::{Path, PathBuf};

use put_user_page_targets::registry::{Check, TARGETS};
use put_user_page_targets::report::Report;
use sha1_smol::Sha1;

use crate::error::{Stop, file_error};
use crate::inputs::Input;

/// Saves a case that killed a kernel in fuzz/artifacts/kernel of the repository, or here
/// outside of one, and the kernel's log beside it. Returns where the case is; `None` for
/// other divergences, which leave no log.
pub(crate) fn save(input: &Input, report: &Report) -> Result<Option<PathBuf>, Stop> {
    if report.log.is_empty() {
        return Ok(None);
    }
    let kernel = TARGETS.iter().find(|target| target.check == Check::Kernel);
    let name = kernel.expect("there is a target for kernels").name;
    let here = std::env::current_dir().unwrap_or_default();
    let root = here.ancestors().find(|root| root.join("fuzz/fuzz_targets").is_dir());
    let folder = root.unwrap_or(Path::new(".")).join("fuzz/artifacts").join(name);
    std::fs::create_dir_all(&folder).map_err(|why| file_error(&folder, "made", &why))?;
    // As the target sees it, for its own would make other calls of it.
    let bytes = input.case.encode();
    let file = folder.join(format!("crash-{}", Sha1::from(&bytes).digest()));
    write(&file, &bytes)?;
    write(&file.with_added_extension(LOG), report.log.as_bytes())?;
    Ok(Some(file))
}

/// What a kernel's log is named, beside the case that it is of.
pub(crate) const LOG: &str = "log";

fn write(path: &Path, bytes: &[u8]) -> Result<(), Stop> {
    std::fs::write(path, bytes).map_err(|why| file_error(path, "written", &why))
}
