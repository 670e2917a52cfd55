//! Builds that count what they run, and what they count on the committed corpus.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pagediff_terminal::error::{Stop, error, file_error};
use pagediff_terminal::output::last_lines;
use put_user_page_targets_kernel::Api;
use serde_json::Value;

/// Where all that is made for coverage goes.
const FOLDER: &str = "target/coverage";

/// The page that shows it.
pub(super) const HTML: &str = "target/coverage/html/index.html";

/// What is needed beside cargo: LLVM's tools, at the version that rustc has, for older ones
/// refuse its profiles.
pub(super) struct Tools {
    /// Where programs run that rustc builds here.
    host: String,
    /// `llvm-profdata`.
    profdata: PathBuf,
    /// `llvm-cov`.
    cov: PathBuf,
}

impl Tools {
    pub(super) fn find() -> Result<Tools, Stop> {
        let about = output(Command::new("rustc").arg("-vV"))?;
        let about = String::from_utf8_lossy(&about);
        let line = |name| about.lines().find_map(|line| line.strip_prefix(name));
        let (Some(host), Some(version)) = (line("host: "), line("LLVM version: ")) else {
            return Err(error(
                format!("rustc does not say what it is: {about}"),
                "install Rust, from https://rustup.rs",
            ));
        };
        let version = version.split('.').next().unwrap_or(version);
        Ok(Tools {
            host: host.to_owned(),
            profdata: find("llvm-profdata", version)?,
            cov: find("llvm-cov", version)?,
        })
    }
}

/// A tool as Debian names it, or in Debian's folder of that version.
fn find(name: &str, version: &str) -> Result<PathBuf, Stop> {
    let places = [format!("{name}-{version}"), format!("/usr/lib/llvm-{version}/bin/{name}")];
    let runs = |place: &String| {
        let mut command = Command::new(place);
        command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    places.into_iter().find(runs).map(PathBuf::from).ok_or_else(|| {
        error(
            format!("there is no {name} of LLVM {version}, and no other reads what rustc writes"),
            format!(
                "on Debian, `apt-get install llvm-{version}`, from https://apt.llvm.org where \
                 Debian has no such package"
            ),
        )
    })
}

/// A corpus that was replayed.
pub(super) struct Measured<'a> {
    tools: &'a Tools,
    /// The programs that ran.
    programs: Vec<PathBuf>,
    /// What all of them counted.
    profile: PathBuf,
}

impl<'a> Measured<'a> {
    /// Replays each target's corpus in its own harness, and all on every backend in this
    /// process; with the kernel, also on that, in all its backends.
    pub(super) fn measure(
        root: &Path,
        tools: &'a Tools,
        with_kernel: bool,
    ) -> Result<Measured<'a>, Stop> {
        let counts = root.join(FOLDER).join("profiles");
        if counts.exists() {
            std::fs::remove_dir_all(&counts).map_err(|why| file_error(&counts, "removed", &why))?;
        }
        let mut programs =
            vec![build(root, tools, &["put_user_page_targets", "--test", "corpus"])?];
        let mut replay = Command::new(&programs[0]);
        run(root, &counts, replay.arg("--quiet"))?;
        if with_kernel {
            programs.push(build(root, tools, &["pagediff", "--bin", "pagediff"])?);
            let mut replay = Command::new(&programs[1]);
            replay.arg("replay");
            replay.args(Api::ALL.iter().flat_map(|api| ["--backend", api.name()]));
            run(root, &counts, replay.arg("corpus"))?;
        }
        let profile = root.join(FOLDER).join("merged.profdata");
        output(
            Command::new(&tools.profdata)
                .args(["merge", "--sparse", "--output"])
                .args([&profile, &counts]),
        )?;
        Ok(Measured { tools, programs, profile })
    }

    /// What was counted, of all code that the programs have.
    pub(super) fn lcov(&self) -> Result<String, Stop> {
        let text = output(self.cov("export").arg("--format=lcov"))?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// Writes pages that show these files.
    pub(super) fn write_html<'f>(
        &self,
        root: &Path,
        files: impl Iterator<Item = &'f str>,
    ) -> Result<(), Stop> {
        let index = root.join(HTML);
        let folder = index.parent().unwrap_or(root);
        let mut command = self.cov("show");
        command.arg("--format=html").arg("--output-dir").arg(folder);
        output(command.arg("--sources").args(files.map(|file| root.join(file)))).map(drop)
    }

    fn cov(&self, verb: &str) -> Command {
        let mut command = Command::new(&self.tools.cov);
        command.arg(verb).arg("--instr-profile").arg(&self.profile);
        for program in &self.programs {
            command.arg("--object").arg(program);
        }
        command
    }
}

/// Builds a package's program, or test, to count what it runs. The host is named as target,
/// so that cargo builds no build script that way.
fn build(root: &Path, tools: &Tools, package: &[&str]) -> Result<PathBuf, Stop> {
    let mut command = Command::new("cargo");
    command.current_dir(root).args(["build", "--message-format", "json-render-diagnostics"]);
    command.args(["--target", &tools.host, "--target-dir"]).arg(root.join(FOLDER).join("build"));
    command.arg("--package").args(package);
    command.env("CARGO_ENCODED_RUSTFLAGS", "-Cinstrument-coverage");
    // cargo shows how far it is.
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|why| {
        error(format!("cargo does not run: {why}"), "install Rust, from https://rustup.rs")
    })?;
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let program = messages
        .filter(|message| message["target"]["name"] == package[2])
        .find_map(|message| message["executable"].as_str().map(PathBuf::from));
    program.filter(|_| output.status.success()).ok_or_else(|| {
        error(
            format!("cargo did not build {} for coverage", package.join(" ")),
            "mend what it says above",
        )
    })
}

/// Runs a program that counts. Each of its processes writes a file.
fn run(root: &Path, counts: &Path, command: &mut Command) -> Result<(), Stop> {
    command.current_dir(root).env("LLVM_PROFILE_FILE", counts.join("%p-%m.profraw"));
    output(command).map(drop)
}

/// What a command prints, if it succeeds.
fn output(command: &mut Command) -> Result<Vec<u8>, Stop> {
    let name = command.get_program().display().to_string();
    let output = command.stdin(Stdio::null()).output().map_err(|why| {
        error(format!("{name} does not run: {why}"), "see that it is installed, and on the PATH")
    })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    Err(error(
        format!("{name} failed, with {}:\n{}", output.status, last_lines(&said)),
        "run scripts/test, which tells more",
    ))
}
