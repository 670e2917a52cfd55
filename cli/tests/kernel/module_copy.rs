//! Copies of what a guest is built of, to change and to run pagediff in.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex, MutexGuard};

use super::common::{Directory, Ran, repository};

const MODULE: &str = "reference/kernel/module";

/// A directory that pagediff takes for the repository, with a module of its own. What setup
/// fetched, and the agent, are those of the repository.
pub(crate) struct ModuleCopy {
    root: PathBuf,
    kind: Kind,
}

enum Kind {
    /// For one test, after which it is removed.
    New { _directory: Directory },
    /// One of those that tests have one after the other, and that stay for the next run.
    Lent { number: usize },
}

/// The numbers of the copies that tests have.
static LENT: Mutex<BTreeSet<usize>> = Mutex::new(BTreeSet::new());

fn lent() -> MutexGuard<'static, BTreeSet<usize>> {
    // A test that failed leaves nothing that the next one needs.
    LENT.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl ModuleCopy {
    /// A copy for one test, in which nothing is built.
    pub(crate) fn new() -> ModuleCopy {
        let directory = Directory::new();
        let root = directory.path().to_owned();
        ModuleCopy { root, kind: Kind::New { _directory: directory } }.filled()
    }

    /// A copy that tests have had before, and which is again what the repository is. Only what the
    /// test changes is to be built: a whole module takes a quarter of a minute.
    pub(crate) fn lent() -> ModuleCopy {
        let mut lent = lent();
        let number = (0..).find(|number| !lent.contains(number)).expect("one is free");
        lent.insert(number);
        drop(lent);
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kernel-lent-{number}"));
        ModuleCopy { root, kind: Kind::Lent { number } }.filled()
    }

    fn filled(self) -> ModuleCopy {
        is_set_up();
        if self.module().exists() {
            fs::remove_dir_all(self.module()).unwrap();
        }
        fs::create_dir_all(self.module()).unwrap();
        for file in fs::read_dir(repository().join(MODULE)).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), self.module().join(file.file_name())).unwrap();
        }
        let sources =
            ["agent", "candidate", "fast", "wire"].map(|name| format!("reference/kernel/{name}"));
        let others = ["case/c", "src", "Cargo.toml", "Cargo.lock"].map(str::to_owned);
        for name in &[&sources[..], &others].concat() {
            self.link(name, &repository().join(name));
        }
        // The stamps are replaced, not written to, if these should have to be built.
        for name in ["debian", "agent", "agent.stamp", "disk", "disk.stamp", "fast"] {
            self.link(&format!("target/kernel/{name}"), &kernel_folder().join(name));
        }
        self
    }

    fn module(&self) -> PathBuf {
        self.root.join(MODULE)
    }

    fn link(&self, name: &str, original: &Path) {
        let link = self.root.join(name);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        // A stamp that an earlier run replaced by one of its own is of what was then.
        if link.is_file() {
            fs::remove_file(&link).unwrap();
        }
        match symlink(original, link) {
            Err(why) if why.kind() == ErrorKind::AlreadyExists => {}
            made => made.unwrap(),
        }
    }

    /// Changes a file of the module, in which `old` must be just once.
    #[track_caller]
    pub(crate) fn replace(&self, file: &str, old: &str, new: &str) {
        let path = self.module().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(old).count(), 1, "in {file}, not once:\n{old}");
        fs::write(&path, text.replacen(old, new, 1)).unwrap();
    }

    /// Makes a file of the module what it is in the repository.
    pub(crate) fn restore(&self, file: &str) {
        fs::copy(repository().join(MODULE).join(file), self.module().join(file)).unwrap();
    }

    /// A directory in it to run in.
    pub(crate) fn place(&self) -> Place {
        let target = self.root.join("target");
        let directory = Directory::within(&self.root);
        // Artifacts are kept where this is.
        directory.write("fuzz/fuzz_targets/.keep", "");
        Place { directory, target }
    }
}

impl Drop for ModuleCopy {
    fn drop(&mut self) {
        if let Kind::Lent { number } = self.kind {
            lent().remove(&number);
        }
    }
}

/// Where to run pagediff, and what it builds in.
pub(crate) struct Place {
    pub(crate) directory: Directory,
    target: PathBuf,
}

impl Place {
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.directory.command(arguments);
        command.env("CARGO_TARGET_DIR", &self.target);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.command(arguments).output().unwrap().into()
    }

    /// Where what setup fetches and builds is.
    pub(crate) fn kernel_folder(&self) -> PathBuf {
        self.target.join("kernel")
    }
}

/// A directory to run in that is outside of the repository, and builds in what the repository does.
pub(crate) fn outside() -> Place {
    is_set_up();
    let target = kernel_folder().parent().expect("it is in one").to_owned();
    Place { directory: Directory::new(), target }
}

/// Fails the test where the kernel backend is not set up.
#[track_caller]
pub(crate) fn is_set_up() {
    // The agent is brought up to date, once, for all copies.
    static IS_SET_UP: LazyLock<bool> = LazyLock::new(|| {
        let options = put_user_page_kernel::Options::default();
        put_user_page_kernel::is_set_up(&options.kernel)
            && put_user_page_kernel::setup(&options).is_ok()
    });
    assert!(*IS_SET_UP, "the kernel backend is not set up; `scripts/kernel setup` does that");
}

/// Where setup leaves what it fetches and builds for the repository.
pub(crate) fn kernel_folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    repository().join(target).join("kernel")
}

/// The committed corpus.
pub(crate) fn corpus() -> String {
    repository().join("corpus").to_str().unwrap().to_owned()
}
