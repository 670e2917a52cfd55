//! What a program is run in, besides what it is asked to do.

use std::ffi::{OsStr, OsString};
use std::process::{Command, Stdio};

/// What a program is run in: by default as any program is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Surroundings {
    /// Whether all lies at the same addresses each time. By default the system draws some for
    /// each process.
    pub(crate) has_fixed_addresses: bool,
    /// What is added to its environment.
    pub(crate) environment: Vec<(&'static str, OsString)>,
}

impl Surroundings {
    /// Whether the system lets a process have fixed addresses.
    pub(crate) fn can_fix_addresses() -> bool {
        let mut command = fixed("true");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    /// The program in these surroundings, to be given arguments.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command =
            if self.has_fixed_addresses { fixed(program) } else { Command::new(program) };
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// Runs a program at fixed addresses.
fn fixed(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setarch");
    command.arg("--addr-no-randomize").arg(program);
    command
}
