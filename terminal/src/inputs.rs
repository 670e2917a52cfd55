//! Files of cases: found, read, and seen as their target sees them.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use put_user_page_case::Case;
use put_user_page_targets::harness::Harness;
use put_user_page_targets::registry::{TARGETS, Target, target};
use walkdir::{DirEntry, WalkDir};

use crate::error::{Stop, error, file_error, text_error};

/// Where kernels' logs are, beside the cases that they are of. cargo-fuzz takes every file
/// there for an artifact, but looks into no folder.
pub const LOGS: &str = "logs";

/// One case to run.
pub struct Input {
    /// The file that it is in; none for a case that was drawn.
    pub path: Option<PathBuf>,
    /// The target that it is an input of, if it is known.
    pub target: Option<&'static Target>,
    /// What the target gets: the file, or the bytes that its text stands for.
    pub bytes: Vec<u8>,
    /// The case that the target makes of them.
    pub case: Case,
}

/// The target of the files on a command line.
#[derive(clap::Args)]
pub struct TargetArgument {
    /// The target that the files are inputs of; by default the T of their path, in
    /// corpus/T/, artifacts/T/ or clusterfuzz-testcase-minimized-T-1, and else a case runs as it is
    #[arg(long = "target", value_name = "T", value_parser = target_parser())]
    pub name: Option<&'static Target>,
}

/// Takes the name of a target as an argument.
pub fn target_parser() -> impl TypedValueParser<Value = &'static Target> {
    PossibleValuesParser::new(TARGETS.iter().map(|target| target.name))
        .map(|name| target(&name).expect("only names of targets are possible values"))
}

/// All files that the paths name: files themselves, and those in directories, sorted,
/// dotfiles, kernels' logs and outcomes left out.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Stop> {
    let mut files = Vec::new();
    for path in paths {
        let metadata = std::fs::metadata(path).map_err(|why| file_error(path, "read", &why))?;
        if !metadata.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        files.extend(files_in(path)?);
        if files.len() == before {
            return Err(error(
                format!("there is no case in the directory {}", path.display()),
                "name files, or a directory that holds some, such as corpus/; dotfiles are skipped",
            ));
        }
    }
    Ok(files)
}

/// The files in a directory, sorted; dotfiles, kernels' logs and outcomes are left out.
pub fn files_in(directory: &Path) -> Result<Vec<PathBuf>, Stop> {
    let is_left_out = |entry: &DirEntry| {
        let name = entry.file_name();
        entry.depth() > 0
            && (name.as_encoded_bytes().starts_with(b".")
                || name == LOGS
                || is_outcome(entry.path()))
    };
    let walk = WalkDir::new(directory).follow_links(true).sort_by_file_name().into_iter();
    let mut files = Vec::new();
    for entry in walk.filter_entry(|entry| !is_left_out(entry)) {
        let entry = entry.map_err(|why| {
            let message = format!("{} cannot be read: {why}", directory.display());
            error(message, "check its permissions, and the symbolic links in it")
        })?;
        if entry.file_type().is_file() {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

/// Reads a case for a target, by default the one that its path names.
pub fn read(path: &Path, target: Option<&'static Target>) -> Result<Input, Stop> {
    let target = target.or_else(|| target_of(path));
    let bytes = if is_text(path) { read_text(path)?.encode() } else { read_bytes(path)? };
    if !is_text(path) && reads_as_text(&bytes) {
        let path = path.display();
        eprintln!("note: {path} is taken for bytes, but reads as text: text is named `*.case`");
    }
    let case = match target {
        Some(target) => Harness::case(target, &bytes),
        None => Case::decode(&bytes),
    };
    Ok(Input { path: Some(path.to_owned()), target, bytes, case })
}

/// Reads the one case that a command takes.
pub fn read_one(
    path: &Path,
    target: Option<&'static Target>,
    command: &str,
) -> Result<Input, Stop> {
    if path.is_dir() {
        let message = format!("{} is a directory, and {command} takes one file", path.display());
        return Err(error(message, "name a file in it, or use `pagediff replay` on all of them"));
    }
    read(path, target)
}

/// Whether a file is a case as text, by its name.
pub fn is_text(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("case"))
}

/// Whether a file holds outcomes that are written down beside cases, by its name.
pub fn is_outcome(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "outcome" || extension == "outcomes")
}

/// Whether bytes are the text of a case that says something.
fn reads_as_text(bytes: &[u8]) -> bool {
    let case = std::str::from_utf8(bytes).ok().and_then(|text| Case::from_text(text).ok());
    case.is_some_and(|case| !case.records.is_empty())
}

/// The largest file that is read: many times what counts of a case. Some files never end.
const MAX_FILE: u64 = 16 << 20;

/// Reads a file, or standard input for `-`.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>, Stop> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().take(MAX_FILE + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes))
    };
    read.map_err(|why| file_error(path, "read", &why))?;
    if bytes.len() as u64 > MAX_FILE {
        let message = format!("{} is too large for a case: over 16 MiB", path.display());
        return Err(error(message, "name a file that a fuzzer or `pagediff assemble` wrote"));
    }
    Ok(bytes)
}

/// Reads a case as text.
pub fn read_text(path: &Path) -> Result<Case, Stop> {
    let text = String::from_utf8(read_bytes(path)?).map_err(|why| {
        let valid = why.utf8_error().valid_up_to();
        let line = why.as_bytes()[..valid].iter().filter(|&&byte| byte == b'\n').count() + 1;
        error(
            format!("{}, line {line}: this is not UTF-8 text", path.display()),
            "if it is a case as bytes, name it without `.case`; `pagediff disassemble` makes text of it",
        )
    })?;
    Case::from_text(&text).map_err(|why| text_error(path, text, why))
}

/// The target that a path names as in corpus/T/ or artifacts/T/, the last if there are
/// several, or by the name that ClusterFuzz gives to what makes the target fail.
pub fn target_of(path: &Path) -> Option<&'static Target> {
    target_of_folder(path).or_else(|| target_of_testcase(path.file_name()?.to_str()?))
}

fn target_of_testcase(name: &str) -> Option<&'static Target> {
    let name = name.strip_prefix("clusterfuzz-testcase-")?;
    let (name, _id) = name.strip_prefix("minimized-").unwrap_or(name).rsplit_once('-')?;
    target(name)
}

fn target_of_folder(path: &Path) -> Option<&'static Target> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut folders = absolute.ancestors().skip(1);
    folders.find_map(|folder| {
        let is_of_targets =
            matches!(folder.parent()?.file_name()?.to_str()?, "corpus" | "artifacts");
        is_of_targets.then(|| target(folder.file_name()?.to_str()?)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::target_of;

    #[test]
    fn the_target_is_taken_from_the_path() {
        let name = |path| target_of(Path::new(path)).map(|target| target.name);
        assert_eq!(name("corpus/program/1"), Some("program"));
        assert_eq!(name("/x/fuzz/artifacts/decode/crash-1"), Some("decode"));
        assert_eq!(name("corpus/program/corpus/decode/1"), Some("decode"));
        let testcase = "clusterfuzz-testcase-minimized-put_user_pages_dirty-5123456789012345";
        assert_eq!(name(testcase), Some("put_user_pages_dirty"));
        assert_eq!(name("Downloads/clusterfuzz-testcase-program-51"), Some("program"));
        assert_eq!(name("clusterfuzz-testcase-minimized-other-51"), None);
        assert_eq!(name("corpus/scenarios/1.case"), None);
        assert_eq!(name("corpus/program"), None);
        assert_eq!(name("program/1"), None);
    }
}
