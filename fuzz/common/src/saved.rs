//! The file that an engine saves a diverging input in: the command that shows it again,
//! and the kernel's log beside it.

use std::path::Path;

use put_user_page_targets::harness::candidate_argument;
use put_user_page_targets::registry::{Check, KDIR_VARIABLE, KERNEL_VARIABLE, Target};
use put_user_page_targets::report::Report;

/// Saves what the kernel logged, if it did not survive, in a folder beside the input:
/// cargo-fuzz takes every file there for an artifact, but looks into no folder.
pub(crate) fn save_log(report: &Report, file: &Path) {
    if report.log.is_empty() {
        return;
    }
    let folder = file.with_file_name("logs");
    let name = file.file_name().unwrap_or_default().display();
    let log = folder.join(format!("{name}.log"));
    let saved = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&log, &report.log));
    match saved {
        Ok(()) => eprintln!("the kernel's log is in {}", log.display()),
        Err(why) => {
            eprintln!("error: the kernel's log cannot be saved in {}: {why}", log.display());
        }
    }
}

/// The command that shows the input again.
pub(crate) fn command(report: &Report, target: &Target, file: &Path) -> String {
    let (name, file) = (target.name, quote(&file.display().to_string()));
    let backend = match (target.check, candidate_argument()) {
        (Check::Candidate, None) | (Check::Answers, _) => {
            return format!("cargo fuzz run {name} {file}");
        }
        (Check::Candidate, Some(candidate)) => format!(" --backend {}", quote(&candidate)),
        (Check::Kernel, _) => format!(" --backend {}{}", report.backend, own_kernel_arguments()),
        _ => String::new(),
    };
    format!("cargo run --release -- explain --target {name}{backend} {file}")
}

/// The arguments that name the kernel which the environment names, if it does.
fn own_kernel_arguments() -> String {
    let named = [("--kernel", KERNEL_VARIABLE), ("--kdir", KDIR_VARIABLE)];
    let arguments = named.into_iter().filter_map(|(argument, variable)| {
        let path = std::env::var(variable).ok().filter(|path| !path.is_empty())?;
        Some(format!(" {argument} {}", quote(&path)))
    });
    arguments.collect()
}

/// A word for a shell.
fn quote(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned)
}
