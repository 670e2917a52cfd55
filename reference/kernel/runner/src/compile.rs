//! Building a kernel that guests can run, in minutes the first time and then in seconds.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use crate::Error;
use crate::fault::Fault;
use crate::kernel::OwnKernel;
use crate::place::{self, Place, make_folder};
use crate::tool;

/// How a kernel is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Config {
    /// What guests need, and no more.
    Small,
    /// With what watches a kernel.
    Debug,
}

/// A kernel that was built.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The kernel.
    pub kernel: OwnKernel,
    /// The options that this source does not have, or not so.
    pub refused: Vec<String>,
}

impl Config {
    /// Its name, which is that of its build directory.
    pub const fn name(self) -> &'static str {
        match self {
            Config::Small => "small",
            Config::Debug => "debug",
        }
    }

    /// What make is asked for: an image that starts.
    const fn image(self) -> &'static str {
        match self {
            Config::Small => "vmlinux",
            // A kernel with KASAN does not start otherwise.
            Config::Debug => "bzImage",
        }
    }

    /// What its kernels need on their command line.
    pub const fn append(self) -> &'static str {
        match self {
            Config::Small => "",
            // Without it the kernel does not note whose pages are.
            Config::Debug => "page_owner=on",
        }
    }

    /// The options that it sets, over none: the files of them in the repository, whole.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub fn options(self) -> Result<String, Error> {
        options(&Place::find()?, self)
    }
}

fn options(place: &Place, config: Config) -> Result<String, Error> {
    let names: &[&str] = match config {
        Config::Small => &["small"],
        Config::Debug => &["small", "debug"],
    };
    let folder = place.repository.join("reference/kernel/config");
    let read = |name: &&str| {
        let path = folder.join(name);
        fs::read_to_string(&path).map_err(|why| Error::file(&path, "read", &why))
    };
    names.iter().map(read).collect()
}

/// What building needs beside make and a compiler.
const NEEDED: [&str; 7] = ["make", "gcc", "flex", "bison", "bc", "perl", "patch"];

const PACKAGES: &str = "building a kernel needs, on Debian, `apt-get install make gcc flex bison bc \
                        perl patch libelf-dev`";

/// Builds a kernel of a tree, in the folder of this configuration in `home`.
pub(crate) fn compile(
    place: &Place,
    tree: &Path,
    home: &Path,
    config: Config,
) -> Result<Compiled, Fault> {
    check_tools()?;
    let build = home.join(config.name());
    make_folder(&build)?;
    let options = options(place, config)?;
    let wanted = build.join("wanted");
    place::write(&wanted, options.as_bytes())?;
    let mut configure = make(tree, &build);
    configure.arg(format!("KCONFIG_ALLCONFIG={}", wanted.display())).arg("allnoconfig");
    run(&mut configure, &build)?;
    let taken = build.join(".config");
    let taken = fs::read_to_string(&taken).map_err(|why| Error::file(&taken, "read", &why))?;
    let first = if build.join("vmlinux").is_file() { "" } else { ", which takes minutes" };
    eprintln!("building the {} kernel{first}", config.name());
    let mut compile = make(tree, &build);
    compile.arg(format!("-j{}", thread::available_parallelism().map_or(1, usize::from)));
    run(compile.args([config.image(), "modules"]), &build)?;
    let kernel = OwnKernel { image: build.join("vmlinux"), kdir: build };
    Ok(Compiled { kernel, refused: refused(&options, &taken) })
}

fn check_tools() -> Result<(), Error> {
    match NEEDED.into_iter().find(|program| tool::installed(program, &[]).is_none()) {
        None => Ok(()),
        Some(program) => Err(Error::new(format!("there is no {program} to be run"), PACKAGES)),
    }
}

fn make(tree: &Path, build: &Path) -> Command {
    let mut command = Command::new("make");
    // A jobserver of somebody else's would be waited for.
    command.env_remove("MAKEFLAGS").env_remove("MFLAGS");
    // The same text makes the same kernel, whoever builds it, and when.
    command.env("KBUILD_BUILD_TIMESTAMP", "1970-01-01").env("KBUILD_BUILD_VERSION", "1");
    command.env("KBUILD_BUILD_USER", "pagediff").env("KBUILD_BUILD_HOST", "pagediff");
    command.arg("--silent").arg("-C").arg(tree);
    command.arg(format!("O={}", build.display())).arg("ARCH=x86_64");
    command
}

fn run(make: &mut Command, build: &Path) -> Result<(), Fault> {
    let help = format!("mend what is said above; {PACKAGES}");
    let blamed = |why| if is_full(build) { Fault::Other(why) } else { Fault::Kernel(why) };
    tool::run(make, &help).map(drop).map_err(blamed)
}

/// Whether nothing can be written there, so that no source is to blame.
fn is_full(folder: &Path) -> bool {
    /// What the largest file of a kernel's build may need.
    const ROOM: u64 = 64 << 20;
    rustix::fs::statvfs(folder).is_ok_and(|disk| disk.f_bavail * disk.f_frsize < ROOM)
}

/// The options that are not as they are wanted.
fn refused(wanted: &str, taken: &str) -> Vec<String> {
    let taken: Vec<&str> = taken.lines().collect();
    let is_taken = |line: &&str| match line.strip_suffix("=n") {
        // An option that is off, or is not there, is not set.
        Some(option) => !taken.iter().any(|line| line.starts_with(&format!("{option}="))),
        None => taken.contains(line),
    };
    let wanted = wanted.lines().filter(|line| line.starts_with("CONFIG_"));
    wanted.filter(|line| !is_taken(line)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_a_source_does_not_have_are_told() {
        let wanted = "# Some.\nCONFIG_A=y\nCONFIG_B=y\nCONFIG_C=n\nCONFIG_D=n\n";
        let taken = "CONFIG_A=y\n# CONFIG_B is not set\n# CONFIG_C is not set\nCONFIG_D=y\n";
        assert_eq!(refused(wanted, taken), ["CONFIG_B=y", "CONFIG_D=n"]);
    }
}
