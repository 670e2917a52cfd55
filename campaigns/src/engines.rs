//! The fuzzing engines: how each is built for the targets, and where its programs are.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pagediff_terminal::error::{Stop, error};
use put_user_page_bugs::backend::BUG_VARIABLE;
use put_user_page_bugs::bank;
use put_user_page_targets::registry::Target;

/// The triple that engines build for. It is always named, so that their flags do not reach
/// build scripts.
pub(crate) const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// The entry point of the bug bank, which is no target.
pub(crate) const BUGS: &str = "bugs";

/// A fuzzing engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// libFuzzer, through cargo-fuzz
    Libfuzzer,
    /// AFL++, through cargo-afl
    Afl,
    /// honggfuzz, through cargo-hfuzz
    Honggfuzz,
    /// bolero, with its libFuzzer
    Bolero,
}

/// What checks memory accesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Sanitizer {
    /// The address sanitizer
    Address,
    /// Nothing
    None,
}

impl Sanitizer {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Sanitizer::Address => "address",
            Sanitizer::None => "none",
        }
    }
}

impl Engine {
    pub(crate) const ALL: [Engine; 4] =
        [Engine::Libfuzzer, Engine::Afl, Engine::Honggfuzz, Engine::Bolero];

    /// The name that it has in commands and records.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Engine::Libfuzzer => "libfuzzer",
            Engine::Afl => "afl",
            Engine::Honggfuzz => "honggfuzz",
            Engine::Bolero => "bolero",
        }
    }

    /// Builds its program for a target, or for all.
    ///
    /// # Errors
    ///
    /// The engine is not installed, or the program does not build.
    pub(crate) fn build(
        self,
        root: &Path,
        target: Option<&Target>,
        sanitizer: Sanitizer,
    ) -> Result<(), Stop> {
        self.build_entry(root, (None, target.map(|target| target.name)), sanitizer)
    }

    /// Builds its program for the bug bank.
    ///
    /// # Errors
    ///
    /// As above.
    pub(crate) fn build_bugs(self, root: &Path, sanitizer: Sanitizer) -> Result<(), Stop> {
        self.build_entry(root, (Some("fuzz/bugs"), Some(BUGS)), sanitizer)
    }

    /// Builds an entry point, or all; libFuzzer's are in a fuzz folder.
    fn build_entry(
        self,
        root: &Path,
        (folder, name): (Option<&str>, Option<&str>),
        sanitizer: Sanitizer,
    ) -> Result<(), Stop> {
        self.check_installed()?;
        let mut command = Command::new("cargo");
        match self {
            Engine::Libfuzzer => {
                command.current_dir(root).args(["fuzz", "build"]);
                command.args(folder.map(|folder| ["--fuzz-dir", folder]).into_iter().flatten());
                command.args(["--sanitizer", sanitizer.name()]).args(name);
            }
            Engine::Afl | Engine::Honggfuzz => {
                // AFL++'s triple is in the folder's own settings.
                command.current_dir(root.join("fuzz").join(self.name()));
                command.args([self.subcommand(), "build"]);
                command.args((self == Engine::Afl).then_some("--release"));
                // The entry points, which plain builds leave out.
                command.args(["--features", "engine"]);
                command.args(name.map(|name| ["--bin", name]).into_iter().flatten());
                command.env("RUSTFLAGS", with_sanitizer(sanitizer));
            }
            Engine::Bolero => {
                // There is no command that only builds. Its program has all targets in it.
                command = bolero(root, name.unwrap_or("decode"), sanitizer);
                let corpus = root.join("target/fuzz/bolero/build");
                command.args(["--runs", "1", "--corpus-dir"]).arg(&corpus);
                command.arg("--crashes-dir").arg(&corpus);
                if name == Some(BUGS) {
                    // Its test runs nothing unless one is named, and libFuzzer refuses that.
                    command.env(BUG_VARIABLE, bank::BUGS[0].name);
                }
            }
        }
        self.set_folder(&mut command, root, sanitizer);
        run_build(command, self.name())
    }

    /// Makes a command of cargo's build where this engine's programs with this sanitizer are.
    pub(crate) fn set_folder(self, command: &mut Command, root: &Path, sanitizer: Sanitizer) {
        if self != Engine::Bolero {
            command.env("CARGO_TARGET_DIR", self.folder(root, sanitizer));
        }
    }

    /// Where it is built: where its own commands build what they build by default, and else
    /// in a folder of its own, so that one sanitizer's programs do not replace the other's.
    /// bolero sees to that itself.
    pub(crate) fn folder(self, root: &Path, sanitizer: Sanitizer) -> PathBuf {
        match (self, sanitizer) {
            (Engine::Libfuzzer, Sanitizer::Address) => root.join("target"),
            (Engine::Afl, Sanitizer::None) => root.join("target/afl"),
            (Engine::Honggfuzz, Sanitizer::None) => root.join("fuzz/honggfuzz/hfuzz_target"),
            _ => root.join(format!("target/{}-{}", self.name(), sanitizer.name())),
        }
    }

    /// The program that [`build`](Self::build) leaves for a target. That of bolero is a test
    /// with a name of cargo's choice, which only [`bolero`] runs.
    pub(crate) fn program(self, root: &Path, target: &Target, sanitizer: Sanitizer) -> PathBuf {
        self.program_named(root, target.name, sanitizer)
    }

    /// The program that [`build_bugs`](Self::build_bugs) leaves.
    pub(crate) fn program_of_bugs(self, root: &Path, sanitizer: Sanitizer) -> PathBuf {
        self.program_named(root, BUGS, sanitizer)
    }

    fn program_named(self, root: &Path, name: &str, sanitizer: Sanitizer) -> PathBuf {
        self.folder(root, sanitizer).join(TRIPLE).join("release").join(name)
    }

    /// The subcommand of cargo that it is used through.
    const fn subcommand(self) -> &'static str {
        match self {
            Engine::Libfuzzer => "fuzz",
            Engine::Honggfuzz => "hfuzz",
            Engine::Afl | Engine::Bolero => self.name(),
        }
    }

    fn check_installed(self) -> Result<(), Stop> {
        // cargo-hfuzz has no --version, but its help says how it was called.
        let flag = if self == Engine::Honggfuzz { "version" } else { "--version" };
        let output = Command::new("cargo").args([self.subcommand(), flag]).output();
        match output {
            Ok(output) if output.status.success() => Ok(()),
            Ok(_) => Err(error(
                format!("cargo-{} is not installed", self.subcommand()),
                format!("run `scripts/setup {}`, which sets it up", self.name()),
            )),
            Err(why) => Err(error(
                format!("cargo does not run: {why}"),
                "install Rust, from https://rustup.rs, and see that cargo is on the PATH",
            )),
        }
    }
}

/// `cargo afl fuzz`, as it is run without somebody to look at it; to be given more arguments.
pub(crate) fn afl_fuzz() -> Command {
    let mut command = Command::new("cargo");
    // No CmpLog: the format has no magic numbers, and cargo-afl asks for it always.
    command.args(["afl", "fuzz", "-c", "-"]);
    let on = ["AFL_NO_AFFINITY", "AFL_SKIP_CPUFREQ", "AFL_NO_UI", "AFL_IGNORE_SEED_PROBLEMS"];
    command.envs(on.map(|variable| (variable, "1")));
    // Core dumps that go to a program only cost time: nothing here hangs by them.
    command.env("AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES", "1");
    command
}

/// honggfuzz itself, which is built beside the targets.
pub(crate) fn honggfuzz_driver(root: &Path, sanitizer: Sanitizer) -> PathBuf {
    Engine::Honggfuzz.folder(root, sanitizer).join("honggfuzz")
}

/// `cargo bolero test` for a target, to be given more arguments.
pub(crate) fn bolero(root: &Path, target: &str, sanitizer: Sanitizer) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(root.join("fuzz/bolero")).args(["bolero", "test", target]);
    let sanitizer = if sanitizer == Sanitizer::None { "NONE" } else { sanitizer.name() };
    command.args(["--sanitizer", sanitizer, "--target", TRIPLE]);
    command
}

/// The flags that cargo-afl and cargo-hfuzz add to their own.
fn with_sanitizer(sanitizer: Sanitizer) -> OsString {
    let mut flags = std::env::var_os("RUSTFLAGS").unwrap_or_default();
    if sanitizer == Sanitizer::Address {
        flags.push(" -Zsanitizer=address");
    }
    flags
}

/// Builds what is about to run. Compilers tell much: it is shown as it comes on a
/// terminal, and else only if it fails.
fn run_build(mut command: Command, engine: &str) -> Result<(), Stop> {
    command.stdin(Stdio::null());
    if !std::io::stderr().is_terminal() {
        eprintln!("building the fuzz targets for {engine}");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
    }
    let output = command.spawn().and_then(std::process::Child::wait_with_output);
    let output =
        output.map_err(|why| error(format!("cargo does not run: {why}"), "run it again"))?;
    if output.status.success() {
        return Ok(());
    }
    anstream::eprint!("{}", String::from_utf8_lossy(&output.stderr));
    let message = format!("the fuzz targets do not build for {engine}");
    Err(error(message, "mend what the compiler says above"))
}
