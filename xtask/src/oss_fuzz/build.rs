//! Runs build.sh as OSS-Fuzz does: in its environment, with the compilers that are here.

use std::fs::File;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pagediff_terminal::error::{Stop, error, file_error};

/// What is built for; OSS-Fuzz's `$SANITIZER`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sanitizer {
    /// For fuzzing.
    Address,
    /// For coverage reports.
    Coverage,
}

impl Sanitizer {
    pub(super) fn name(self) -> &'static str {
        match self {
            Sanitizer::Address => "address",
            Sanitizer::Coverage => "coverage",
        }
    }

    /// The flags that OSS-Fuzz has for the C compiler: for fuzzing those that all compilers know,
    /// and for coverage those too that only its clang does, for build.sh is not to use them.
    fn c_flags(self) -> String {
        let all = "-O1 -fno-omit-frame-pointer -g1 -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION";
        match self {
            Sanitizer::Address => {
                format!("{all} -fsanitize=address -fsanitize-address-use-after-scope")
            }
            Sanitizer::Coverage => format!(
                "{all} -fprofile-instr-generate -fcoverage-mapping -pthread -Wl,--no-as-needed \
                 -Wl,-ldl -Wl,-lm -Wno-unused-command-line-argument"
            ),
        }
    }

    /// The flags that OSS-Fuzz has for rustc, but for those that name its C++ library.
    fn rust_flags(self) -> String {
        let all = "--cfg fuzzing -Cdebuginfo=1 -Cforce-frame-pointers";
        match self {
            Sanitizer::Address => format!("{all} -Zsanitizer=address"),
            Sanitizer::Coverage => format!("{all} -Cinstrument-coverage"),
        }
    }
}

/// How many lines of a failed build are shown.
const LAST_LINES: usize = 20;

/// Where a build is kept.
fn folder(root: &Path, sanitizer: Sanitizer) -> PathBuf {
    root.join("target/oss-fuzz").join(sanitizer.name())
}

/// The `$OUT` of a build.
pub(super) fn out(root: &Path, sanitizer: Sanitizer) -> PathBuf {
    folder(root, sanitizer).join("out")
}

/// Builds all targets, in folders of target/oss-fuzz that are kept for the next time. Returns
/// `$OUT`, or, if build.sh fails, what it printed last.
pub(super) fn build(root: &Path, sanitizer: Sanitizer) -> Result<Result<PathBuf, String>, Stop> {
    let (folder, out) = (folder(root, sanitizer), out(root, sanitizer));
    prepare(root, &folder).map_err(|why| file_error(&folder, "written", &why))?;
    let log_path = folder.join("build.log");
    let log = File::create(&log_path).and_then(|log| Ok((log.try_clone()?, log)));
    let (stdout, stderr) = log.map_err(|why| file_error(&log_path, "written", &why))?;

    let mut command = Command::new("bash");
    command.args(["-eux", "build.sh"]).current_dir(root.join("scripts/oss-fuzz"));
    command.env("SRC", folder.join("src")).env("OUT", &out).env("WORK", folder.join("work"));
    command.env("SANITIZER", sanitizer.name()).env("FUZZING_ENGINE", "libfuzzer");
    command.env("ARCHITECTURE", "x86_64").env("FUZZING_LANGUAGE", "rust");
    command.env("CFLAGS", sanitizer.c_flags()).env("CXXFLAGS", sanitizer.c_flags());
    command.env("RUSTFLAGS", sanitizer.rust_flags()).env("CARGO_TARGET_DIR", folder.join("cargo"));
    if sanitizer == Sanitizer::Coverage {
        let path = std::env::var("PATH").unwrap_or_default();
        let cargo = root.join("scripts/oss-fuzz/coverage");
        command.env("PATH", format!("{}:{path}", cargo.display()));
        // Build scripts count too, and would leave what they counted beside the sources.
        command.env("LLVM_PROFILE_FILE", "/dev/null");
    }
    command.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
    let status = command.status().map_err(|why| {
        error(format!("bash does not start: {why}"), "install it: build.sh is run with it")
    })?;
    if status.success() {
        return Ok(Ok(out));
    }
    let log = std::fs::read(&log_path).map_err(|why| file_error(&log_path, "read", &why))?;
    let log = String::from_utf8_lossy(&log);
    let lines: Vec<&str> = log.lines().collect();
    let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n");
    Ok(Err(format!("it fails; all of its output is in {}\n{last}", log_path.display())))
}

/// Makes `$SRC`, in which the repository lies, `$WORK`, and an empty `$OUT`.
fn prepare(root: &Path, folder: &Path) -> std::io::Result<()> {
    for name in ["out", "out-moved"] {
        if folder.join(name).exists() {
            std::fs::remove_dir_all(folder.join(name))?;
        }
    }
    for name in ["src", "work", "out"] {
        std::fs::create_dir_all(folder.join(name))?;
    }
    let source = folder.join("src/put_user_page");
    if source.is_symlink() {
        std::fs::remove_file(&source)?;
    }
    symlink(root, source)
}
