//! A copy of this repository with mistakes in the fast implementation, and empty corpora.

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

/// Asks the copy for a mistake.
pub(crate) const MISTAKE_VARIABLE: &str = "PUT_USER_PAGE_MISTAKE";

/// What is wrong in the copy, if it is asked for: files, and texts in them to replace.
const PATCHES: [(&str, &str, &str); 5] = [
    ("src/lib.rs", "#[cfg(test)]\nextern crate std;\n", "extern crate std;\n"),
    (
        "src/release.rs",
        "/// Releases one page that was pinned",
        "/// Whether the environment asks for this mistake.\n\
         fn is_asked(mistake: &str) -> bool {\n\
         \x20   static ASKED: std::sync::OnceLock<std::string::String> = std::sync::OnceLock::new();\n\
         \x20   ASKED.get_or_init(|| std::env::var(\"PUT_USER_PAGE_MISTAKE\").unwrap_or_default()) == mistake\n\
         }\n\
         \n\
         /// Releases one page that was pinned",
    ),
    (
        "src/release.rs",
        "    let mut start = 0;\n",
        "    let skipped = usize::from(is_asked(\"skip-the-last-entry\"));\n\
         \x20   let pages = &pages[..pages.len().saturating_sub(skipped)];\n\
         \x20   let mut start = 0;\n",
    ),
    (
        "src/release.rs",
        "    release(pages, hooks, Some(H::set_page_dirty_lock))\n",
        "    if is_asked(\"mark-without-lock\") {\n\
         \x20       return release(pages, hooks, Some(H::set_page_dirty));\n\
         \x20   }\n\
         \x20   release(pages, hooks, Some(H::set_page_dirty_lock))\n",
    ),
    (
        "src/release.rs",
        "        drop_references(head, run as i32, hooks)\n",
        "        let one_too_few = run >= 3 && is_asked(\"drop-one-too-few\") && head.refcount() >= run as i32;\n\
         \x20       drop_references(head, run as i32 - i32::from(one_too_few), hooks)\n",
    ),
];

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
        for variable in ["CARGO_TARGET_DIR", MISTAKE_VARIABLE] {
            command.env_remove(variable);
        }
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

    /// The names of the files in a directory of the copy, sorted; none if it is not there.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path(folder)) else { return Vec::new() };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
        names.sort();
        names
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

/// Copies a file of the repository, with its mistakes if it has some.
fn copy(file: &Path, to: &Path) {
    let from = repository().join(file);
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    if from.is_symlink() {
        if !to.is_symlink() {
            symlink(fs::read_link(&from).unwrap(), to).unwrap();
        }
        return;
    }
    let mut bytes = fs::read(&from).unwrap();
    for (_, text, with) in PATCHES.iter().filter(|(patched, ..)| Path::new(patched) == file) {
        let source = String::from_utf8(bytes).unwrap();
        assert_eq!(source.matches(text).count(), 1, "{} has `{text}` once", file.display());
        bytes = source.replace(text, with).into_bytes();
    }
    if fs::read(to).ok().as_ref() != Some(&bytes) {
        fs::write(to, bytes).unwrap();
        fs::set_permissions(to, fs::metadata(&from).unwrap().permissions()).unwrap();
    }
}
