//! Running pagediff, or xtask, in a directory of its own.

#![allow(dead_code, reason = "each test file uses some of this")]
#![allow(unreachable_pub, reason = "test files share this")]

pub mod files;
pub mod json_paths;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The program of the package whose tests these are.
const PROGRAM: &str =
    match (option_env!("CARGO_BIN_EXE_pagediff"), option_env!("CARGO_BIN_EXE_xtask")) {
        (Some(program), _) | (None, Some(program)) => program,
        (None, None) => panic!("these are tests of no program"),
    };

/// What a run of it came to.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// The run, if it had this exit code.
    #[track_caller]
    pub fn code(self, code: i32) -> Ran {
        assert_eq!(self.code, code, "\n{}\n{}", self.out, self.err);
        self
    }

    /// The run, if it printed all of these, and nothing of a crash.
    #[track_caller]
    pub fn out(self, parts: &[&str]) -> Ran {
        assert_parts(&self.out, parts);
        self
    }

    /// The run, if it printed all of these as errors, and nothing of a crash.
    #[track_caller]
    pub fn err(self, parts: &[&str]) -> Ran {
        assert_parts(&self.err, parts);
        assert!(!self.err.contains("panicked") && !self.err.contains("backtrace"), "{}", self.err);
        self
    }

    /// What it printed, as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap()
    }
}

#[track_caller]
fn assert_parts(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "there is no `{part}` in:\n{text}");
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        Ran {
            code: output.status.code().expect("it is not ended by a signal"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A directory that is removed at the end.
pub struct Directory(tempfile::TempDir);

impl Directory {
    pub fn new() -> Directory {
        Directory(tempfile::tempdir().unwrap())
    }

    /// One inside of another.
    pub fn within(parent: &Path) -> Directory {
        Directory(tempfile::tempdir_in(parent).unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, and its directories.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path().join(name)).unwrap()
    }

    /// The program in this directory.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.current_dir(self.path()).args(arguments).stdin(Stdio::null());
        command.env_remove("PUT_USER_PAGE_CANDIDATE").env_remove("RUST_BACKTRACE");
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.command(arguments).output().unwrap().into()
    }

    /// Compiles a candidate of targets/c/candidates to NAME.so.
    pub fn compile(&self, name: &str) {
        let stem = name.rsplit('/').next().unwrap();
        compile(&repository().join(format!("targets/c/candidates/{name}.c")), &self.shared(stem));
    }

    /// Compiles C code to NAME.so.
    pub fn compile_code(&self, name: &str, code: &str) {
        let source = self.write(&format!("{name}.c"), code);
        compile(&source, &self.shared(name));
    }

    fn shared(&self, name: &str) -> PathBuf {
        self.path().join(format!("{name}.so"))
    }
}

/// The command started by env(1) with an option of its: nohup and many a CI runner have tests
/// inherit signals ignored, and tests set those that they need.
pub fn under_env(option: &str, command: &Command) -> Command {
    let mut with = Command::new("env");
    with.arg(option).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => with.env(name, value),
            None => with.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        with.current_dir(directory);
    }
    with.stdin(Stdio::null());
    with
}

fn compile(source: &Path, output: &Path) {
    let mut command = Command::new("cc");
    command.args(["-O2", "-fPIC", "-shared", "-I"]).arg(repository().join("targets/c"));
    assert!(command.arg(source).arg("-o").arg(output).status().unwrap().success());
}

/// The repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A case that every function and every backend has something to do on.
pub const CASE: &str = "\
# One page of many, and one by itself.
folio big order=9 kind=file refs=1
folio small dirty refs=1
entries big[0..512] small big[3]
put_user_pages_dirty_lock
acquire
put_user_pages
";

/// A case that over-releases.
pub const OVER_RELEASE: &str = "folio a\nentries a !a\nput_user_pages\n";

/// A file in C with a put_user_pages() that has these lines for each entry.
pub fn put_user_pages(body: &str) -> String {
    format!(
        "#include \"put_user_page.h\"\n\
         void put_user_pages(struct page **pages, unsigned long npages)\n{{\n\
         \tfor (unsigned long i = 0; i < npages; i++) {{\n{body}\n\t}}\n}}\n"
    )
}
