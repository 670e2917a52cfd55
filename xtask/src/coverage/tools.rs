//! LLVM's tools, at the version that rustc has: older ones refuse its profiles.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use pagediff_terminal::error::{Stop, error};
use pagediff_terminal::output::last_lines;

/// What is needed beside cargo.
pub(super) struct Tools {
    /// Where programs run that rustc builds here.
    pub(super) host: String,
    /// `llvm-profdata`.
    pub(super) profdata: PathBuf,
    /// `llvm-cov`.
    pub(super) cov: PathBuf,
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

/// What a command prints, if it succeeds.
pub(super) fn output(command: &mut Command) -> Result<Vec<u8>, Stop> {
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
