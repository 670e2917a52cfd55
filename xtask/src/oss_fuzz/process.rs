//! A target, run as OSS-Fuzz runs it.

use std::fs::File;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long any run may take. Seeds and a few inputs take seconds.
const LIMIT: Duration = Duration::from_secs(120);

/// What a run came to.
pub(super) struct Ran {
    /// `None` if it had to be ended.
    status: Option<ExitStatus>,
    /// What it printed, all of which libFuzzer prints as errors.
    pub(super) log: String,
}

impl Ran {
    pub(super) fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }

    /// How it ended, and the lines that say why.
    pub(super) fn why(&self) -> String {
        let end = match self.status {
            Some(status) => status.to_string(),
            None => format!("ended after {} s", LIMIT.as_secs()),
        };
        let lines: Vec<&str> = self.log.lines().filter(|line| !line.trim().is_empty()).collect();
        let tells = |line: &&&str| line.contains("ERROR") || line.contains("error");
        let line = lines.iter().find(tells).or(lines.last()).map_or("", |line| line.trim());
        format!("{end}: {line}")
    }
}

/// Runs a target in the directory that it is in, with nothing else of the environment than
/// $PATH and what is given.
pub(super) fn run(
    program: &Path,
    arguments: &[String],
    environment: &[(&str, &Path)],
    log: &Path,
) -> std::io::Result<Ran> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(program.parent().unwrap_or(Path::new("/"))).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.envs(environment.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(log)?);
    let mut child = command.spawn()?;
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if start.elapsed() > LIMIT {
            child.kill()?;
            child.wait()?;
            break None;
        }
        sleep(Duration::from_millis(10));
    };
    let log = String::from_utf8_lossy(&std::fs::read(log)?).into_owned();
    Ok(Ran { status, log })
}
