//! Where a target's engines read and write.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use pagediff_terminal::error::{Stop, file_error};
use put_user_page_support::write_whole_from;
use put_user_page_targets::registry::Target;

use super::Engine;
use crate::corpus::candidates::name_of;
use crate::corpus::{files, signature_of};

/// The places of one target.
#[derive(Clone, Debug)]
pub(super) struct Places {
    pub(super) root: PathBuf,
    /// The working corpus, which all engines share: fuzz/corpus/T.
    pub(super) corpus: PathBuf,
    /// What diverged or crashed: fuzz/artifacts/T.
    pub(super) artifacts: PathBuf,
    pub(super) target: &'static Target,
}

impl Places {
    pub(super) fn of(root: &Path, target: &'static Target) -> Places {
        Places {
            root: root.to_owned(),
            corpus: root.join("fuzz/corpus").join(target.name),
            artifacts: root.join("fuzz/artifacts").join(target.name),
            target,
        }
    }

    /// The target's dictionary, in a form that all engines read.
    pub(super) fn dictionary(&self) -> PathBuf {
        self.root.join("fuzz/dictionaries").join(format!("{}.dict", self.target.name))
    }

    /// What an engine keeps for itself.
    pub(super) fn own(&self, engine: Engine) -> PathBuf {
        self.root.join("target/fuzz").join(engine.name()).join(self.target.name)
    }

    /// Empties the directory of an engine's own, and makes these folders in it.
    pub(super) fn make_own(&self, engine: Engine, folders: &[&str]) -> Result<PathBuf, Stop> {
        let own = self.own(engine);
        if own.exists() {
            std::fs::remove_dir_all(&own).map_err(|why| file_error(&own, "removed", &why))?;
        }
        for folder in folders.iter().map(|folder| own.join(folder)) {
            std::fs::create_dir_all(&folder).map_err(|why| file_error(&folder, "made", &why))?;
        }
        Ok(own)
    }

    /// Adds the committed corpus to the working one, for the engines that read one only.
    pub(super) fn seed(&self) -> Result<(), Stop> {
        let committed = self.root.join("corpus").join(self.target.name);
        for folder in [&self.corpus, &self.artifacts] {
            std::fs::create_dir_all(folder).map_err(|why| file_error(folder, "made", &why))?;
        }
        for file in files(&committed)? {
            add(&self.corpus, &file)?;
        }
        Ok(())
    }

    /// Copies what is in the working corpus now and not in `copied` to a directory.
    pub(super) fn copy_new(
        &self,
        directory: &Path,
        copied: &mut HashSet<OsString>,
    ) -> Result<(), Stop> {
        for file in files(&self.corpus)? {
            if copied.insert(file.file_name().unwrap_or_default().to_owned()) {
                add(directory, &file)?;
            }
        }
        Ok(())
    }

    /// The findings whose last divergence came after a moment, in order.
    pub(super) fn findings_since(&self, moment: SystemTime) -> Result<Vec<PathBuf>, Stop> {
        let mut found = Vec::new();
        for file in files(&self.artifacts)? {
            let modified = file.metadata().and_then(|metadata| metadata.modified());
            let modified = modified.map_err(|why| file_error(&file, "read", &why))?;
            if signature_of(&file).is_some() && modified >= moment {
                found.push(file);
            }
        }
        Ok(found)
    }

    /// Copies an input that crashed to the artifacts, and returns where it is.
    pub(super) fn keep_crash(&self, file: &Path) -> Result<PathBuf, Stop> {
        let bytes = std::fs::read(file).map_err(|why| file_error(file, "read", &why))?;
        let path = self.artifacts.join(format!("crash-{}", name_of(&bytes)));
        std::fs::write(&path, bytes).map_err(|why| file_error(&path, "written", &why))?;
        Ok(path)
    }
}

/// Adds a file to a corpus, under the name that libFuzzer would give it, at once: engines
/// read while others write. Returns its name there; none if the file has gone.
pub(super) fn add(corpus: &Path, file: &Path) -> Result<Option<OsString>, Stop> {
    let bytes = match std::fs::read(file) {
        // Engines remove what they have found something smaller for.
        Err(why) if why.kind() == ErrorKind::NotFound => return Ok(None),
        read => read.map_err(|why| file_error(file, "read", &why))?,
    };
    let name = name_of(&bytes);
    let path = corpus.join(&name);
    if path.exists() {
        return Ok(Some(name.into()));
    }
    // Not in the corpus: AFL++ takes every file there, and ends if one is gone again.
    let beside = corpus.parent().unwrap_or(Path::new(""));
    write_whole_from(beside, &path, &bytes).map_err(|why| file_error(&path, "written", &why))?;
    Ok(Some(name.into()))
}
