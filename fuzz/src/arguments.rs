//! What a process that is to make cases is told beside what the user has said. The engine has its
//! arguments already, so that the process starts again with more.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use put_user_page_fuzz_common::dictionary::max_input;
use put_user_page_fuzz_common::{MOST_WORK, MOST_WORK_VARIABLE, fail};
use put_user_page_targets::registry::Target;

/// Flags of a process that makes no cases, but looks at those that it is given.
const LOOKS_ONLY: [&str; 5] =
    ["-merge=", "-set_cover_merge=", "-minimize_crash=", "-cleanse_crash=", "-runs=0"];

/// Lets the engine start from the committed corpus too, where it was given fuzz/corpus/T: the
/// first folder that it is given gets what it finds, further ones are only read. Keeps cases
/// small, unless the user has said how long inputs may be, or how much work.
pub(crate) fn complete(target: &Target) {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if !makes_cases(&arguments) {
        return;
    }
    let mut more: Vec<OsString> = Vec::new();
    more.extend(missing_corpus(&arguments, target).map(PathBuf::into_os_string));
    if !arguments.iter().any(|argument| is_flag(argument, "-max_len=")) {
        more.push(format!("-max_len={}", max_input(target)).into());
    }
    let limits_work = std::env::var_os(MOST_WORK_VARIABLE).is_none();
    if more.is_empty() && !limits_work {
        return;
    }
    let (program, rest) = arguments.split_first().expect("a process has a name");
    let mut again = Command::new(program);
    again.args(rest).args(more);
    if limits_work {
        again.env(MOST_WORK_VARIABLE, MOST_WORK.to_string());
    }
    let error = again.exec();
    fail(&format!("{} does not start again: {error}", Path::new(program).display()), "");
}

fn is_flag(argument: &OsStr, flag: &str) -> bool {
    argument.as_encoded_bytes().starts_with(flag.as_bytes())
}

/// Whether the engine is to make cases: it is given folders or nothing.
fn makes_cases(arguments: &[OsString]) -> bool {
    arguments.iter().skip(1).all(|argument| {
        if is_flag(argument, "-") {
            !LOOKS_ONLY.iter().any(|flag| is_flag(argument, flag))
        } else {
            Path::new(argument).is_dir()
        }
    })
}

/// The committed corpus, if the working one is named and the committed one is not.
fn missing_corpus(arguments: &[OsString], target: &Target) -> Option<PathBuf> {
    let committed = arguments.iter().find_map(|argument| committed_for(argument, target))?;
    let is_named = arguments.iter().any(|argument| Path::new(argument) == committed);
    (committed.is_dir() && !is_named).then_some(committed)
}

/// The committed corpus beside fuzz/corpus/T, if that is what the argument names.
fn committed_for(argument: &OsString, target: &Target) -> Option<PathBuf> {
    let folder = Path::new(argument);
    let root = folder.to_str()?.trim_end_matches('/').strip_suffix(target.name)?;
    let root = root.strip_suffix("fuzz/corpus/")?;
    Some(Path::new(root).join("corpus").join(target.name))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::makes_cases;

    #[test]
    fn only_who_is_given_folders_or_nothing_makes_cases() {
        let here = env!("CARGO_MANIFEST_DIR");
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        for (arguments, makes) in [
            (&["program"][..], true),
            (&["program", "-runs=7", here], true),
            (&["program", "-runs=7", file], false),
            (&["program", "-runs=0", here], false),
            (&["program", "-merge=1", here, here], false),
            (&["program", "-minimize_crash=1", file], false),
        ] {
            let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            assert_eq!(makes_cases(&arguments), makes, "{arguments:?}");
        }
    }
}
