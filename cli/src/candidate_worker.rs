//! `pagediff candidate-worker`: the child process that a candidate runs in.

use std::path::PathBuf;
use std::process::ExitCode;

use pagediff_terminal::error::{Stop, error};
use put_user_page_targets::backends;

/// Runs a candidate for another pagediff, which is at the other end of standard input
#[derive(clap::Args)]
pub(crate) struct Arguments {
    path: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Stop> {
    // A candidate that hangs does not see that the other end has gone.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    backends::serve(&arguments.path).map_err(|why| {
        let message = format!("the pagediff that started this process has gone: {why}");
        error(message, "this command is pagediff's own; use `pagediff replay --backend FILE.so`")
    })?;
    Ok(ExitCode::SUCCESS)
}
