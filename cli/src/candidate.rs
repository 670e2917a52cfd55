//! Candidates: how they are named, compiled, and run, each in a process of its own; and what makes
//! them.

pub(crate) mod from_kernel;
pub(crate) mod functions;
pub(crate) mod kernel_sources;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};
use std::time::Duration;

use pagediff_terminal::error::{Stop, error, file_error};
use put_user_page_targets::backends::{
    CandidateOptions, CandidateProcess, Compiler, is_source, serve,
};
use put_user_page_targets::profiles::Profile;

use crate::backends::profile_named;

/// Makes a candidate of a kernel's own functions
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    FromKernel(from_kernel::Arguments),
}

pub(crate) fn run(command: &Command, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let Command::FromKernel(arguments) = command;
    from_kernel::run(arguments, out)
}

/// Whether a backend is named by its file.
pub(crate) fn is_named(name: &str) -> bool {
    name.contains('/') || name.ends_with(".so") || is_source(Path::new(name))
}

/// Starts the process of a candidate, which is compiled first if it is a C file.
pub(crate) fn open(
    name: &str,
    compiler: &Compiler,
    time_limit: Duration,
    profile: &'static Profile,
) -> Result<CandidateProcess, Stop> {
    let mut path = PathBuf::from(name);
    let metadata = std::fs::metadata(&path).map_err(|why| file_error(&path, "opened", &why))?;
    if metadata.is_dir() {
        return Err(error(
            format!("{name} is a directory, not a shared object"),
            "name a C file, or build one with `cc -O2 -fPIC -shared -I targets/c FILE.c -o FILE.so`",
        ));
    }
    let mut sanitizer = None;
    if is_source(&path) {
        path = compiler.compile(&path)?;
        sanitizer = compiler.address_sanitizer()?;
    }
    let program = std::env::current_exe().map_err(|why| {
        error(format!("pagediff does not find itself to run {name} in: {why}"), "run it again")
    })?;
    let keeps_printed = compiler.cflags.iter().any(|flag| flag.starts_with("-fsanitize="));
    let options = CandidateOptions { time_limit, keeps_printed, profile };
    let command = move || worker_command(&program, &path, profile, sanitizer.as_deref());
    Ok(CandidateProcess::start(name, options, command)?)
}

fn worker_command(
    program: &Path,
    candidate: &Path,
    profile: &Profile,
    sanitizer: Option<&Path>,
) -> process::Command {
    let mut command = process::Command::new(program);
    command.arg("candidate-worker").arg(candidate).arg(profile.name);
    // What the harness itself never gives back is no leak of the candidate's. What the user
    // asks for comes last, and so counts.
    let options = |name: &str, ours: &str| {
        let theirs = std::env::var(name).unwrap_or_default();
        format!("{ours}:{theirs}")
    };
    command.env("UBSAN_OPTIONS", options("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1"));
    if let Some(runtime) = sanitizer {
        command.env("ASAN_OPTIONS", options("ASAN_OPTIONS", "detect_leaks=0"));
        command.env("LD_PRELOAD", runtime);
    }
    command
}

/// Runs a candidate for another pagediff, which is at the other end of standard input
#[derive(clap::Args)]
pub(crate) struct WorkerArguments {
    path: PathBuf,
    #[arg(value_parser = profile_named)]
    profile: &'static Profile,
}

/// The child process that a candidate runs in.
pub(crate) fn run_worker(arguments: &WorkerArguments) -> Result<ExitCode, Stop> {
    // A candidate that hangs does not see that the other end has gone.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    serve(&arguments.path, arguments.profile).map_err(|why| {
        let message = format!("the pagediff that started this process has gone: {why}");
        error(message, "this command is pagediff's own; use `pagediff replay --backend FILE.so`")
    })?;
    Ok(ExitCode::SUCCESS)
}
