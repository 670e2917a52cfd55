//! Building a candidate for the guest: a kernel module of its own, compiled against the kernel's
//! headers, which gives its functions to the module that answers jobs.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::Error;
use crate::kernel::Kernel;
use crate::make::{self, Built, MAKE, Stamp, files_of};
use crate::object::symbols;
use crate::place::{self, Place, make_folder, write_if_other};
use crate::tool;

/// What stands before each name that a candidate defines when its object is renamed: the kernel has
/// functions of the same names, and the module calls them.
const PREFIX: &str = "candidate_";

/// The user's file, for kbuild, ...
const SOURCE: &str = "candidate.c";
/// ... its object under the other names, ...
const RENAMED: &str = "renamed.o";
/// ... and what is loaded.
const MODULE: &str = "pagediff_candidate.ko";

/// A candidate that can be loaded into a guest.
#[derive(Debug, Default)]
pub(crate) struct Candidate {
    /// The kernel module.
    pub(crate) module: Vec<u8>,
    /// The names of what its file defines, and is not static.
    pub(crate) functions: BTreeSet<String>,
}

/// Builds the module of a C file, unless it is made of these contents. What `built` has stays as it
/// is.
pub(crate) fn build(
    place: &Place,
    kernel: &Kernel,
    built: &Built,
    source: &Path,
) -> Result<Candidate, Error> {
    let _lock = place.lock()?;
    let text = place::read(source)?;
    let absolute = std::path::absolute(source).unwrap_or_else(|_| source.to_owned());
    let folder = built.folder.join("candidates").join(name(&absolute));
    make_folder(&folder)?;
    let stock = built.folder.join(make::MODULE);

    let mut ours = files_of(&place.repository.join("reference/kernel/candidate"))?;
    ours.push(place.module.join("release.h"));
    let beside = absolute.parent().unwrap_or(Path::new("/"));
    let mut theirs = files_of(beside)?;
    theirs.retain(|file| file.extension().is_some_and(|extension| extension == "h"));
    theirs.push(absolute.clone());
    let contents = [&ours[..], &theirs, &[stock.join("pagediff.ko")]].concat();
    let stamp = Stamp::new(folder.join("stamp"), &contents, &[])?;
    if !stamp.holds() || !folder.join(MODULE).is_file() {
        for file in ours {
            let copy = folder.join(file.file_name().unwrap_or_default());
            write_if_other(&copy, &place::read(&file)?)?;
        }
        // The compiler speaks of the file that the user has, and of its lines.
        let line = format!("#line 1 {:?}\n", source.display().to_string());
        write_if_other(&folder.join(SOURCE), &[line.as_bytes(), &text].concat())?;
        let mut make = make::make(kernel, &folder);
        make.arg(format!("KBUILD_EXTRA_SYMBOLS={}", stock.join("Module.symvers").display()));
        make.arg(format!("BESIDE={}", beside.display()));
        run(&mut make, source, kernel)?;
        check(&folder.join(RENAMED), &stock.join("pagediff.ko"))?;
        stamp.set()?;
    }
    let defined = defined(&folder.join(RENAMED))?;
    let functions = defined.iter().filter_map(|name| name.strip_prefix(PREFIX)).map(str::to_owned);
    Ok(Candidate { module: place::read(&folder.join(MODULE))?, functions: functions.collect() })
}

/// A folder's name that is alone this file's, and that make takes.
fn name(source: &Path) -> String {
    let stem = source.file_stem().unwrap_or_default().to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let plain: String = stem.chars().filter(|c| is_plain(*c)).collect();
    format!("{plain}-{}", place::short_hash(source))
}

/// Compiles, and shows what the compiler has to say of it.
fn run(make: &mut Command, source: &Path, kernel: &Kernel) -> Result<(), Error> {
    let output = tool::output(make.arg("--silent"), MAKE)?;
    let said = String::from_utf8_lossy(&output.stderr);
    let of_make = |line: &&str| line.starts_with("make");
    let said: Vec<&str> = said.lines().filter(|line| !of_make(line)).collect();
    let said = said.join("\n");
    if output.status.success() {
        if !said.is_empty() {
            eprintln!("{said}");
        }
        return Ok(());
    }
    Err(Error::new(
        format!("{} does not compile in Linux {}:\n{said}", source.display(), kernel.release),
        "mend what the compiler says above. It was compiled against the kernel's own headers, with \
         reference/kernel/candidate/put_user_page.h in the place of targets/c/put_user_page.h; what \
         is for one of them alone goes under `#ifdef __KERNEL__`, or its `#else`",
    ))
}

/// Sees that nobody calls the candidate by mistake: what is told of the kernel's own functions would
/// be told of it.
fn check(candidate: &Path, module: &Path) -> Result<(), Error> {
    let Some(name) = taken_from(candidate, module)? else { return Ok(()) };
    Err(Error::new(
        format!("{} would call {name}() of the candidate", module.display()),
        format!("give the candidate's function another name: none begins with {PREFIX}"),
    ))
}

/// The first name that one object defines and another asks for.
fn taken_from(object: &Path, other: &Path) -> Result<Option<String>, Error> {
    let asked = shared(other, "--undefined-only")?;
    Ok(defined(object)?.into_iter().find(|name| asked.contains(name)))
}

fn defined(object: &Path) -> Result<BTreeSet<String>, Error> {
    shared(object, "--defined-only")
}

/// The names that an object shares with others.
fn shared(object: &Path, which: &str) -> Result<BTreeSet<String>, Error> {
    Ok(symbols(object, &["--extern-only", which])?.lines().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::kernel::{Release, Which};
    use crate::setup;

    /// The object of a file in C.
    fn compile(folder: &Path, name: &str, text: &str) -> std::path::PathBuf {
        let (source, object) = (folder.join(name), folder.join(name).with_extension("o"));
        fs::write(&source, text).unwrap();
        let mut gcc = Command::new("gcc");
        tool::run(gcc.arg("-c").arg(source).arg("-o").arg(&object), "").unwrap();
        object
    }

    #[test]
    fn what_one_object_would_take_from_another_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let calls = "void unpin(void); void others(void); void f(void) { unpin(); others(); }";
        let calls = compile(folder.path(), "calls.c", calls);
        let has = "static void others(void) {} void unpin(void) { others(); } int shared;";
        let has = compile(folder.path(), "has.c", has);
        assert_eq!(taken_from(&has, &calls).unwrap().as_deref(), Some("unpin"));
        assert_eq!(taken_from(&calls, &has).unwrap(), None);
        assert!(check(&has, &calls).unwrap_err().to_string().contains("call unpin() of the cand"));
    }

    /// Its functions, a helper that is called as one of the kernel's, and one that is static.
    const CODE: &str = "#include \"put_user_page.h\"
        void kernel_init(void);
        void kernel_init(void) {}
        static void mine(struct page *page) { put_page(page); kernel_init(); }
        void put_user_page(struct page *page) { mine(page); }
        void unpin_user_page(struct page *page) { unpin_user_pages(&page, 1); }
        void unpin_user_page_range_dirty_lock(struct page *page, unsigned long n, bool dirty)
        { (void)page; (void)n; (void)dirty; }
        EXPORT_SYMBOL(unpin_user_page);
        ";

    #[test]
    fn the_module_would_call_a_candidate_that_is_not_renamed() {
        let place = Place::find().unwrap();
        for release in Release::ALL {
            let Ok((kernel, _)) = setup::find(&place, &Which::Debian(release)) else {
                eprintln!("skipped: Linux {} is not set up", release.name());
                continue;
            };
            let built = make::build(&place, &kernel).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let source = folder.path().join("mine.c");
            fs::write(&source, CODE).unwrap();
            let candidate = build(&place, &kernel, &built, &source).unwrap();
            let functions: Vec<&str> = candidate.functions.iter().map(String::as_str).collect();
            let those = ["put_user_page", "unpin_user_page", "unpin_user_page_range_dirty_lock"];
            for function in those {
                assert!(functions.contains(&function), "{functions:?}");
            }
            assert!(!functions.contains(&"mine"), "{functions:?}");

            let module = built.folder.join(make::MODULE).join("pagediff.ko");
            let objects = built.folder.join("candidates").join(name(&source));
            assert_eq!(taken_from(&objects.join(RENAMED), &module).unwrap(), None);
            let taken = taken_from(&objects.join("candidate.o"), &module).unwrap();
            assert_eq!(taken.as_deref(), Some("unpin_user_page"));
            // What it does not define itself is the kernel's.
            let asked = shared(&objects.join(RENAMED), "--undefined-only").unwrap();
            assert!(asked.contains("unpin_user_pages"), "{asked:?}");
            fs::remove_dir_all(objects).unwrap();
        }
    }
}
