//! What every libFuzzer entry point does: a few things before the engine starts, and a
//! panic where a target reports a divergence. The only place where one is a panic.

use std::cell::RefCell;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::panic::{self, panic_any};
use std::path::{Path, PathBuf};
use std::process::{Command, abort, exit};

use put_user_page_targets::backends::BUILT_IN_CANDIDATE;
use put_user_page_targets::case::Function;
use put_user_page_targets::generator;
use put_user_page_targets::harness::{CheckError, Harness, candidate_argument, candidate_path};
use put_user_page_targets::registry::{
    CANDIDATE_VARIABLE, Check, KDIR_VARIABLE, KERNEL_VARIABLE, Target, target,
};
use put_user_page_targets::report::Report;

thread_local! {
    /// The target that this process fuzzes.
    static HARNESS: RefCell<Option<(&'static Target, Harness)>> = const { RefCell::new(None) };
}

/// Set by `cargo fuzz fmt`: where to write what an input is.
const DEBUG_PATH_VARIABLE: &str = "RUST_LIBFUZZER_DEBUG_PATH";

/// Makes the process ready to fuzz a target; called once, before the engine reads its
/// arguments. Ends the process where it has done all that was asked, or cannot start.
pub fn start(name: &str) {
    let target = target(name).unwrap_or_else(|| fail(&format!("there is no target {name}"), ""));
    if let Some(path) = std::env::var_os(DEBUG_PATH_VARIABLE) {
        write_text(target, &PathBuf::from(path));
    }
    add_committed_corpus(target);
    let harness = Harness::new(target)
        .unwrap_or_else(|error| fail(&error.message, &format!("{}\n", error.help)));
    if target.check == Check::Candidate {
        introduce_candidate(&harness);
    }
    HARNESS.set(Some((target, harness)));
    print_reports_alone();
}

/// Says which candidate is run, and which functions it lacks.
fn introduce_candidate(harness: &Harness) {
    let Some(path) = candidate_path() else {
        eprintln!("{CANDIDATE_VARIABLE} names no shared object: running {BUILT_IN_CANDIDATE}");
        return;
    };
    let lacks =
        Function::ALL.into_iter().filter(|function| !harness.functions().contains(function));
    for function in lacks {
        let (path, name) = (path.display(), function.name());
        eprintln!("{path} has no {name}(): cases that call it are skipped");
    }
}

/// Prints the report of a divergence without a backtrace, which would be that of the engine.
/// Other panics keep theirs: they are bugs of the harness.
fn print_reports_alone() {
    let print_panic = panic::take_hook();
    panic::set_hook(Box::new(move |info| match info.payload().downcast_ref::<Box<Report>>() {
        Some(report) => {
            eprintln!("\ndivergence: {report}");
            // Before unwinding, as the engine's own hook does.
            abort();
        }
        None => print_panic(info),
    }));
}

/// Checks one input.
///
/// # Panics
///
/// The target's two sides diverge: the report is the panic's payload, and is printed.
pub fn check(bytes: &[u8]) {
    HARNESS.with_borrow_mut(|harness| {
        let (target, harness) = harness.as_mut().expect("start() is called first");
        match harness.check(bytes) {
            Ok(_) => {}
            Err(CheckError::Diverges(mut report)) => {
                add_command(&mut report, target, bytes);
                save_log(&report, bytes);
                panic_any(report);
            }
            Err(CheckError::Broken(error)) => {
                eprintln!("error: {}\n{}", error.message, error.help);
                // SAFETY: ends the process. The engine would take exit() for a find of its own.
                unsafe { libc::_exit(2) }
            }
        }
    });
}

/// Changes an input: every other time record by record, else as the engine would.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut rng = fastrand::Rng::with_seed(u64::from(seed));
    if rng.bool() {
        generator::mutate(data, size, max_size, &mut rng)
    } else {
        libfuzzer_sys::fuzzer_mutate(data, size, max_size)
    }
}

fn fail(message: &str, help: &str) -> ! {
    eprint!("error: {message}\n{help}");
    exit(2);
}

/// `cargo fuzz fmt`: writes the case that the input file holds as text, with the calls
/// that this target makes of it, and ends.
fn write_text(target: &Target, path: &Path) -> ! {
    let input = std::env::args_os().skip(1).find(|argument| !is_flag(argument));
    let written = input
        .ok_or_else(|| std::io::Error::other("no input file was named"))
        .and_then(std::fs::read)
        .and_then(|bytes| std::fs::write(path, Harness::case(target, &bytes).to_text()));
    match written {
        Ok(()) => exit(0),
        Err(error) => fail(&format!("the input cannot be written as text: {error}"), ""),
    }
}

/// Lets the engine start from the committed corpus too, where it was given fuzz/corpus/T:
/// the first folder that it is given gets what it finds, further ones are only read. The
/// engine has its arguments already, so that the process starts again with one more.
fn add_committed_corpus(target: &Target) {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let Some(committed) = arguments.iter().find_map(|argument| committed_for(argument, target))
    else {
        return;
    };
    if !committed.is_dir() || arguments.iter().any(|argument| Path::new(argument) == committed) {
        return;
    }
    let (program, rest) = arguments.split_first().expect("a process has a name");
    let error = Command::new(program).args(rest).arg(&committed).exec();
    fail(&format!("{} does not start again: {error}", Path::new(program).display()), "");
}

/// The committed corpus beside fuzz/corpus/T, if that is what the argument names.
fn committed_for(argument: &OsString, target: &Target) -> Option<PathBuf> {
    let folder = Path::new(argument);
    let root = folder.to_str()?.trim_end_matches('/').strip_suffix(target.name)?;
    let root = root.strip_suffix("fuzz/corpus/")?;
    Some(Path::new(root).join("corpus").join(target.name))
}

fn is_flag(argument: &OsString) -> bool {
    argument.to_string_lossy().starts_with('-')
}

/// The file that the engine is about to save the input in.
fn artifact(bytes: &[u8]) -> String {
    let prefix = std::env::args()
        .find_map(|argument| argument.strip_prefix("-artifact_prefix=").map(str::to_owned))
        .unwrap_or_default();
    let here = format!("{}/", std::env::current_dir().unwrap_or_default().display());
    let prefix = prefix.strip_prefix(&here).unwrap_or(&prefix);
    format!("{prefix}crash-{}", sha1_smol::Sha1::from(bytes).digest())
}

/// Saves what the kernel logged, if it did not survive, in a folder beside the input:
/// cargo-fuzz takes every file there for an artifact, but looks into no folder.
fn save_log(report: &Report, bytes: &[u8]) {
    if report.log.is_empty() {
        return;
    }
    let artifact = PathBuf::from(artifact(bytes));
    let folder = artifact.with_file_name("logs");
    let name = artifact.file_name().unwrap_or_default().display();
    let file = folder.join(format!("{name}.log"));
    let saved = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&file, &report.log));
    match saved {
        Ok(()) => eprintln!("the kernel's log is in {}", file.display()),
        Err(why) => {
            eprintln!("error: the kernel's log cannot be saved in {}: {why}", file.display());
        }
    }
}

/// Adds the command that shows the input again.
fn add_command(report: &mut Report, target: &Target, bytes: &[u8]) {
    let (name, file) = (target.name, quote(&artifact(bytes)));
    report.reproduce = Some(match (target.check, candidate_argument()) {
        (Check::Candidate, Some(candidate)) => {
            let backend = format!("--backend {}", quote(&candidate));
            format!("cargo run --release -- explain --target {name} {backend} {file}")
        }
        (Check::Candidate, None) => format!("cargo fuzz run {name} {file}"),
        (Check::Kernel, _) => {
            let backend = &report.backend;
            let kernel = own_kernel_arguments();
            format!(
                "cargo run --release -- explain --target {name} --backend {backend}{kernel} {file}"
            )
        }
        _ => format!("cargo run --release -- explain --target {name} {file}"),
    });
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
