//! A copy of this repository with empty corpora.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard};

use walkdir::WalkDir;

use crate::TARGET;
use crate::common::files::files;
use crate::common::repository;

/// What builds leave, which is kept from run to run.
const BUILDS: [&str; 2] = ["target", "hfuzz_target"];

/// The copy, for one test at a time: its corpora and findings are of one run.
pub(crate) struct Copy {
    root: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

impl Copy {
    /// Makes the copy what the repository is, with empty corpora. Files that are the same
    /// stay as they are, so that they are not built again.
    pub(crate) fn new() -> Copy {
        static ALONE: Mutex<()> = Mutex::new(());
        // A test that failed leaves nothing that the next one needs.
        let alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("engines");
        fs::create_dir_all(&root).unwrap();
        let files = files();
        for file in &files {
            copy(file, &root.join(file));
        }
        let copy = Copy { root, _alone: alone };
        copy.remove_all_but(&files);
        copy
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// `pagediff fuzz` with an engine on the target, in the copy.
    pub(crate) fn fuzz(&self, engine: &str, seconds: u64) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_pagediff"));
        command.args(["fuzz", "--engine", engine, "--sanitizer", "none", TARGET]);
        command.arg(seconds.to_string());
        command
    }

    /// A command in the copy, free of what cargo and CI set for this test.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).stdin(Stdio::null());
        command.env_remove("CARGO_TARGET_DIR");
        command
    }

    /// Empties the working corpus, but for one input of one byte, and forgets what was found.
    pub(crate) fn start_from_nothing(&self) {
        for folder in ["fuzz/corpus", "fuzz/artifacts"] {
            let _ = fs::remove_dir_all(self.path(folder));
        }
        fs::create_dir_all(self.path("fuzz/corpus").join(TARGET)).unwrap();
        fs::write(self.path("fuzz/corpus").join(TARGET).join("one-byte"), [0]).unwrap();
    }

    fn remove_all_but(&self, files: &BTreeSet<PathBuf>) {
        let entries = WalkDir::new(&self.root).into_iter();
        let sources = entries.filter_entry(|entry| {
            !BUILDS.contains(&entry.file_name().to_str().unwrap_or_default())
        });
        for entry in sources.map(Result::unwrap).filter(|entry| !entry.file_type().is_dir()) {
            if !files.contains(entry.path().strip_prefix(&self.root).unwrap()) {
                fs::remove_file(entry.path()).unwrap();
            }
        }
    }
}

/// Copies a file of the repository, unless it is the same already.
fn copy(file: &Path, to: &Path) {
    let from = repository().join(file);
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    if from.is_symlink() {
        if !to.is_symlink() {
            symlink(fs::read_link(&from).unwrap(), to).unwrap();
        }
        return;
    }
    let bytes = fs::read(&from).unwrap();
    if fs::read(to).ok().as_ref() != Some(&bytes) {
        fs::write(to, bytes).unwrap();
        fs::set_permissions(to, fs::metadata(&from).unwrap().permissions()).unwrap();
    }
}
