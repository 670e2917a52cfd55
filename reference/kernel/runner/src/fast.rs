//! Building the library of `src/` for the module: one object file, of which is checked what the
//! kernel would find out at the worst of times.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;
use crate::make::{GUEST, Stamp, cargo_rustc, files_of};
use crate::object::check;
use crate::place::{Place, make_folder};
use crate::tool;

const PACKAGE: &str = "put_user_page_kernel_fast";

/// What the functions are called that the module calls.
const FUNCTIONS: &str = "pagediff_fast_";

/// Code for a kernel: in its half of memory, where interrupts overwrite what lies below the stack,
/// and nobody saves vector registers.
const FLAGS: [&str; 6] = [
    "relocation-model=static",
    "code-model=kernel",
    "no-redzone=y",
    "no-vectorize-loops",
    "no-vectorize-slp",
    "force-unwind-tables=no",
];

/// The object, under the name by which kbuild takes it as it is.
pub(crate) fn build(place: &Place) -> Result<PathBuf, Error> {
    let package = place.repository.join("reference/kernel/fast");
    let library = place.repository.join("src");
    let mut sources = vec![place.repository.join("Cargo.toml"), package.join("Cargo.toml")];
    for folder in [package.join("src"), library.join("page"), library] {
        sources.extend(files_of(&folder)?);
    }
    let target = place.kernel().join("fast");
    make_folder(&target)?;
    let stamp = Stamp::new(place.kernel().join("fast.stamp"), &sources, &[])?;
    let object = target.join("fast.o_shipped");
    if stamp.holds() && object.is_file() {
        return Ok(object);
    }
    eprintln!("building the library for the module");
    let mut command = cargo_rustc(place, PACKAGE, &target);
    command.args(["--profile", "kernel", "--crate-type", "staticlib"]);
    let flags = FLAGS.map(|flag| format!("-C{flag}")).join("\x1f");
    command.env("CARGO_ENCODED_RUSTFLAGS", flags);
    tool::run(&mut command, "mend what is said above")?;
    link(&target.join(GUEST).join("kernel").join(format!("lib{PACKAGE}.a")), &object)?;
    check(&object)?;
    stamp.set()?;
    Ok(object)
}

/// Links what the functions need, and nothing else.
fn link(archive: &Path, object: &Path) -> Result<(), Error> {
    let mut nm = Command::new("nm");
    nm.args(["--defined-only", "--extern-only", "--format=just-symbols", "--quiet"]).arg(archive);
    let symbols = tool::run(&mut nm, tool::BINUTILS)?;
    let mut ld = Command::new("ld");
    ld.args(["-r", "--strip-debug", "--gc-sections"]);
    for function in symbols.lines().filter(|symbol| symbol.starts_with(FUNCTIONS)) {
        ld.args(["-u", function]);
    }
    ld.arg("-o").arg(object).arg(archive);
    tool::run(&mut ld, tool::BINUTILS).map(drop)
}
