//! Building the library of `src/` for the module: one object file, of which is checked what the
//! kernel would find out at the worst of times.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;
use crate::kernel::{Kernel, version};
use crate::make::{GUEST, Stamp, cargo_rustc, files_of};
use crate::object::{check, symbols};
use crate::place::{Place, make_folder};
use crate::tool;

const PACKAGE: &str = "put_user_page_kernel_fast";

/// What the functions are called that the module calls.
const FUNCTIONS: &str = "pagediff_fast_";

/// Code for a kernel: in its half of memory, where interrupts overwrite what lies below the stack,
/// and nobody saves vector registers. A kernel that finds its way up the stack by frame pointers warns of
/// who has none.
const FLAGS: [&str; 7] = [
    "relocation-model=static",
    "code-model=kernel",
    "no-redzone=y",
    "no-vectorize-loops",
    "no-vectorize-slp",
    "force-unwind-tables=no",
    "force-frame-pointers=yes",
];

/// A layout of `struct page` that the library is built for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Layout {
    V6_1,
    V6_12,
}

impl Layout {
    /// The likely one of a kernel of this release. The module sees whether it is.
    fn likely(release: &str) -> Layout {
        if version(release) < (6, 2) { Layout::V6_1 } else { Layout::V6_12 }
    }

    fn name(self) -> &'static str {
        match self {
            Layout::V6_1 => "linux-6.1",
            Layout::V6_12 => "linux-6.12",
        }
    }

    /// What the compiler is told.
    fn flags(self) -> Vec<String> {
        let layout = match self {
            Layout::V6_1 => None,
            Layout::V6_12 => Some(format!("--cfg=struct_page=\"{}\"", self.name())),
        };
        let flags = FLAGS.map(|flag| format!("-C{flag}")).into_iter();
        flags.chain(["--cfg=fake_heads".to_owned()]).chain(layout).collect()
    }
}

/// The object for a kernel, under the name by which kbuild takes it as it is.
pub(crate) fn build(place: &Place, kernel: &Kernel) -> Result<PathBuf, Error> {
    let layout = Layout::likely(&kernel.release);
    let flags = layout.flags().join("\x1f");
    let sources = sources(place)?;
    let target = place.kernel().join("fast");
    let folder = target.join(layout.name());
    make_folder(&folder)?;
    let stamp = Stamp::over(folder.join("stamp"), flags.as_bytes(), &sources, &[])?;
    let object = folder.join("fast.o_shipped");
    if stamp.holds() && object.is_file() {
        return Ok(object);
    }
    eprintln!("building the library for pages of {}", layout.name());
    let mut command = cargo_rustc(place, PACKAGE, &target);
    command.args(["--profile", "kernel", "--crate-type", "staticlib"]);
    command.env("CARGO_ENCODED_RUSTFLAGS", flags);
    tool::run(&mut command, "mend what is said above")?;
    link(&target.join(GUEST).join("kernel").join(format!("lib{PACKAGE}.a")), &object)?;
    check(&object)?;
    stamp.set()?;
    Ok(object)
}

/// What the object is made of.
pub(crate) fn sources(place: &Place) -> Result<Vec<PathBuf>, Error> {
    let package = place.repository.join("reference/kernel/fast");
    let library = place.repository.join("src");
    let mut sources = vec![place.repository.join("Cargo.toml"), package.join("Cargo.toml")];
    for folder in [package.join("src"), library.join("page"), library] {
        sources.extend(files_of(&folder)?);
    }
    Ok(sources)
}

/// Links what the functions need, and nothing else.
fn link(archive: &Path, object: &Path) -> Result<(), Error> {
    let symbols = symbols(archive, &["--defined-only", "--extern-only"])?;
    let mut ld = Command::new("ld");
    ld.args(["-r", "--strip-debug", "--gc-sections"]);
    for function in symbols.lines().filter(|symbol| symbol.starts_with(FUNCTIONS)) {
        ld.args(["-u", function]);
    }
    ld.arg("-o").arg(object).arg(archive);
    tool::run(&mut ld, tool::BINUTILS).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_has_its_likely_layout() {
        for (release, layout) in [
            ("6.1.0-56-cloud-amd64", Layout::V6_1),
            ("5.10.1", Layout::V6_1),
            ("6.12.117+deb12-cloud-amd64", Layout::V6_12),
            ("7.0.0", Layout::V6_12),
        ] {
            assert_eq!(Layout::likely(release), layout, "{release}");
        }
    }
}
