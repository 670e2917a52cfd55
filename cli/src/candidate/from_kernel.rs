//! `pagediff candidate from-kernel`: a kernel's unpin functions as a candidate.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pagediff_terminal::error::{Stop, error, file_error};
use put_user_page_targets::profiles::Profile;

use super::functions::{Function, cut};
use super::kernel_sources::{Difference, KNOWN, KernelSource};
use crate::assembly::write_to;
use crate::backends::profile_named;

/// What releases pins in mm/gup.c: the functions, and those that they call there.
const NAMES: [&str; 11] = [
    "sanity_check_pinned_pages",
    "gup_put_folio",
    "unpin_user_page",
    "unpin_folio",
    "gup_folio_range_next",
    "gup_folio_next",
    "unpin_user_pages_dirty_lock",
    "unpin_user_page_range_dirty_lock",
    "unpin_user_pages",
    "unpin_user_folio",
    "unpin_folios",
];

/// Cuts the unpin functions out of a kernel's mm/gup.c, to be compiled against put_user_page.h as
/// they are: a patch can be tried before a kernel is built. Says which differ from the source that
/// a profile was read from
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The kernel's source, or the file itself
    #[arg(value_name = "TREE")]
    tree: PathBuf,
    /// Where to write the candidate
    #[arg(short, long, value_name = "FILE.c")]
    output: PathBuf,
    /// One more function, as one that your patch adds; may be given several times
    #[arg(long, value_name = "NAME")]
    also: Vec<String>,
    /// Whose source it is held against; if not given, that with which it has most in common
    #[arg(long, value_name = "NAME", value_parser = profile_named)]
    profile: Option<&'static Profile>,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let known = match arguments.profile {
        Some(profile) => Some(KernelSource::of(profile).ok_or_else(|| no_source(profile))?),
        None => None,
    };
    let file = source_file(&arguments.tree);
    let source = std::fs::read_to_string(&file).map_err(|why| file_error(&file, "read", &why))?;
    let also = arguments.also.iter().map(String::as_str);
    let names: Vec<&str> = NAMES.into_iter().chain(also).collect();
    let functions = cut(&source, &names)?;
    check_for_missing(&file, &functions, &arguments.also)?;
    write_to(&arguments.output, candidate(&file, &functions).as_bytes())?;

    let (known, differences) = compare(known, &functions);
    let (output, count) = (arguments.output.display(), functions.len());
    writeln!(out, "{output} has {count} functions of {}", file.display())?;
    tell(known, &differences, out)?;
    let profile = known.profile.name;
    writeln!(out, "try it: pagediff replay --backend {output} --profile {profile} corpus/")?;
    Ok(ExitCode::SUCCESS)
}

fn compare(
    known: Option<&'static KernelSource>,
    functions: &[Function<'_>],
) -> (&'static KernelSource, Vec<Difference>) {
    let of_kernel: Vec<&Function<'_>> =
        functions.iter().filter(|function| NAMES.contains(&function.name)).collect();
    KernelSource::compare(known, &of_kernel)
}

/// How the functions of a kernel's mm/gup.c differ from those that a profile was read from.
///
/// # Errors
///
/// The file cannot be read, or the profile is rules alone.
pub(crate) fn differences(file: &Path, profile: &'static Profile) -> Result<Vec<Difference>, Stop> {
    let known = KernelSource::of(profile).ok_or_else(|| no_source(profile))?;
    let source = std::fs::read_to_string(file).map_err(|why| file_error(file, "read", &why))?;
    Ok(compare(Some(known), &cut(&source, &NAMES)?).1)
}

/// The file in a tree that has the functions.
fn source_file(tree: &Path) -> PathBuf {
    if tree.is_dir() { tree.join("mm/gup.c") } else { tree.to_owned() }
}

fn no_source(profile: &Profile) -> Stop {
    let names: Vec<&str> = KNOWN.iter().map(|known| known.profile.name).collect();
    error(
        format!("{} is rules alone: no source is known to be its own", profile.name),
        format!("name one of {}, or leave out `--profile`", names.join(", ")),
    )
}

/// Sees that there is something to try, and all that was asked for by name.
fn check_for_missing(file: &Path, functions: &[Function<'_>], also: &[String]) -> Result<(), Stop> {
    let is_there = |name: &str| functions.iter().any(|function| function.name == name);
    let missing: Vec<_> = also.iter().filter(|name| !is_there(name)).cloned().collect();
    if !missing.is_empty() {
        return Err(error(
            format!("{} defines no {}()", file.display(), missing.join("(), ")),
            "see how they are written; a macro is none",
        ));
    }
    if !NAMES.iter().any(|name| name.starts_with("unpin_") && is_there(name)) {
        let unpin: Vec<_> = NAMES.into_iter().filter(|name| name.starts_with("unpin_")).collect();
        return Err(error(
            format!("{} defines none of {}()", file.display(), unpin.join("(), ")),
            "name a kernel's source, which has them in mm/gup.c, or its mm/gup.c",
        ));
    }
    Ok(())
}

/// The functions as a file to compile.
fn candidate(file: &Path, functions: &[Function<'_>]) -> String {
    let mut text = format!(
        "/* Cut by `pagediff candidate from-kernel` from {}, whose terms it is under. */\n\
         #include \"put_user_page.h\"\n",
        file.display()
    );
    for function in functions {
        text.push('\n');
        text.push_str(&function.text);
    }
    text
}

/// Tells whether the source is the one that a profile was read from.
fn tell(known: &KernelSource, differences: &[Difference], out: &mut dyn Write) -> Result<(), Stop> {
    let Profile { name, source, .. } = known.profile;
    if differences.is_empty() {
        writeln!(out, "they are those that the profile {name} was read from: {source}")?;
        return Ok(());
    }
    writeln!(out, "they are not those that the profile {name} was read from, {source}:")?;
    for difference in differences {
        writeln!(out, "  {difference}")?;
    }
    Ok(())
}
