//! Building what goes into the guest: the module, for one kernel, and the agent.

use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::UNIX_EPOCH;

use crate::Error;
use crate::disk;
use crate::fast;
use crate::kernel::Kernel;
use crate::place::{
    self, Place, entries_of, make_folder, remove_file, remove_folder, write_if_other,
};
use crate::tool;
use crate::vmlinux;

/// What a guest is made of.
#[derive(Debug)]
pub(crate) struct Built {
    /// Where there is room for what is made of all of it.
    pub(crate) folder: PathBuf,
    /// The kernel, in the form that boots fastest.
    pub(crate) image: PathBuf,
    pub(crate) agent: PathBuf,
    /// The modules, in the order of loading.
    pub(crate) modules: Vec<PathBuf>,
    /// The driver of disks of memory, where it is a module.
    pub(crate) disk_driver: Option<PathBuf>,
    /// What is on such a disk, if there is one.
    pub(crate) disk: Option<PathBuf>,
}

/// The folder of the module.
pub(crate) const MODULE: &str = "module";

/// What the module shares with the C code of targets/.
const SHARED: [&str; 4] = ["decode.c", "decode.h", "world.c", "world.h"];

/// The help where a module cannot be built.
pub(crate) const MAKE: &str = "mend what is said above; building a module needs make and gcc, on Debian `apt-get install \
     make gcc`, and a build directory that fits the kernel";

const AGENT: &str = "put_user_page_kernel_agent";
/// What guests are, for Rust.
pub(crate) const GUEST: &str = "x86_64-unknown-linux-gnu";

/// Builds what is missing or was made of something else.
pub(crate) fn build(place: &Place, kernel: &Kernel) -> Result<Built, Error> {
    let _lock = place.lock()?;
    let folder = place.kernel().join("built").join(key(place, kernel));
    make_folder(&folder)?;
    let fast = fast::build(place, kernel)?;
    let module = build_module(place, kernel, &fast, &folder.join(MODULE))?;
    let image = unpack_image(kernel, &folder)?;
    let agent = build_agent(place)?;
    let mut modules = kernel.drivers();
    modules.push(module);
    let disk = disk::make(place)?;
    let disk_driver = kernel.disk_driver();
    Ok(Built { folder, image, agent, modules, disk_driver, disk })
}

/// A folder's name that is alone this kernel's and this module's.
fn key(place: &Place, kernel: &Kernel) -> String {
    let mut hash = sha1_smol::Sha1::new();
    for path in [&kernel.image, &kernel.kdir, &place.module] {
        hash.update(path.as_os_str().as_encoded_bytes());
        hash.update(b"\0");
    }
    let hash = hash.digest().to_string();
    format!("{}-{}", kernel.release, &hash[..8])
}

/// Tells whether something is still made of what it was made of.
pub(crate) struct Stamp {
    path: PathBuf,
    hash: String,
}

impl Stamp {
    /// A stamp over the contents of some files, wherever they are, and the dates of others.
    pub(crate) fn new(
        path: PathBuf,
        contents: &[PathBuf],
        dates: &[PathBuf],
    ) -> Result<Stamp, Error> {
        Stamp::over(path, b"", contents, dates)
    }

    /// The same, and over some bytes.
    pub(crate) fn over(
        path: PathBuf,
        bytes: &[u8],
        contents: &[PathBuf],
        dates: &[PathBuf],
    ) -> Result<Stamp, Error> {
        let mut hash = sha1_smol::Sha1::from(bytes);
        for file in contents {
            let bytes = place::read(file)?;
            hash.update(file.file_name().unwrap_or_default().as_encoded_bytes());
            hash.update(&(bytes.len() as u64).to_le_bytes());
            hash.update(&bytes);
        }
        for file in dates {
            // What is not there is told from what is.
            let date = fs::metadata(file).and_then(|metadata| Ok((metadata.modified()?, metadata)));
            let date = date.ok().map(|(date, metadata)| {
                (date.duration_since(UNIX_EPOCH).unwrap_or_default(), metadata.len())
            });
            hash.update(format!("{}{date:?}", file.display()).as_bytes());
        }
        Ok(Stamp { path, hash: hash.digest().to_string() })
    }

    pub(crate) fn holds(&self) -> bool {
        fs::read(&self.path).is_ok_and(|old| old == self.hash.as_bytes())
    }

    /// To be called when all is made.
    pub(crate) fn set(&self) -> Result<(), Error> {
        place::write(&self.path, self.hash.as_bytes())
    }
}

fn build_module(
    place: &Place,
    kernel: &Kernel,
    fast: &Path,
    folder: &Path,
) -> Result<PathBuf, Error> {
    let mut sources = sources_of_module(place)?;
    let dates = ["Module.symvers", "include/generated/utsrelease.h", "include/config/auto.conf"];
    let dates = dates.map(|name| kernel.kdir.join(name));
    sources.push(fast.to_owned());
    let stamp = Stamp::new(folder.with_extension("stamp"), &sources, &dates)?;
    let of_headers = Stamp::new(folder.with_extension("headers"), &[], &dates)?;
    let image = [kernel.image.clone()];
    let of_image = Stamp::over(folder.with_extension("image"), stamp.hash.as_bytes(), &[], &image)?;
    let module = folder.join("pagediff.ko");
    let is_there = stamp.holds() && module.is_file();
    if is_there && of_image.holds() {
        return Ok(module);
    }
    eprintln!("building the module for {}", kernel.release);
    if !is_there {
        if !of_headers.holds() {
            // Those of a package can be older than what was built of the package before.
            remove_folder(folder)?;
        }
        // Of a build that fails there is no module, which another's stamp could be taken for.
        remove_file(&module)?;
        bring_sources(&sources, folder)?;
    }
    // Where the kernel alone is another, kbuild sees whether a header of it is.
    tool::run(&mut make(kernel, folder), MAKE)?;
    [of_headers, stamp, of_image].iter().try_for_each(Stamp::set)?;
    Ok(module)
}

/// Makes a folder have these sources, and no others. Those that are the same keep their dates, so
/// that make builds what is made of the rest.
fn bring_sources(sources: &[PathBuf], folder: &Path) -> Result<(), Error> {
    make_folder(folder)?;
    let names: Vec<_> =
        sources.iter().map(|source| source.file_name().unwrap_or_default()).collect();
    for file in files_of(folder)? {
        let name = file.file_name().unwrap_or_default();
        if is_source(&file) && !names.contains(&name) {
            remove_file(&file)?;
        }
    }
    for (source, name) in sources.iter().zip(names) {
        write_if_other(&folder.join(name), &place::read(source)?)?;
    }
    // modpost reads how each object was made; of this one kbuild does not write it.
    place::write(&folder.join(".fast.o.cmd"), b"savedcmd_fast.o := cp fast.o_shipped fast.o\n")
}

/// Whether a file in the module's folder can be a source, and is not what modpost writes.
fn is_source(file: &Path) -> bool {
    let name = file.to_string_lossy();
    (name.ends_with(".c") || name.ends_with(".h")) && !name.ends_with(".mod.c")
}

fn sources_of_module(place: &Place) -> Result<Vec<PathBuf>, Error> {
    let mut sources = files_of(&place.module)?;
    let shared = SHARED.map(|name| place.repository.join("case/c").join(name));
    sources.extend(shared.into_iter().filter(|path| path.is_file()));
    Ok(sources)
}

/// What tells what goes into the guest from what is made of other sources.
pub(crate) fn digest(place: &Place) -> Result<String, Error> {
    let sources = [sources_of_module(place)?, sources_of_agent(place)?, fast::sources(place)?];
    Ok(Stamp::new(PathBuf::new(), &sources.concat(), &[])?.hash)
}

/// The command that builds the modules in a folder for a kernel.
pub(crate) fn make(kernel: &Kernel, folder: &Path) -> Command {
    let mut command = Command::new("make");
    // A jobserver of somebody else's would be waited for.
    command.env_remove("MAKEFLAGS").env_remove("MFLAGS");
    command.arg(format!("-j{}", thread::available_parallelism().map_or(1, NonZero::get)));
    command.arg("-C").arg(&kernel.kdir);
    command.arg(format!("M={}", folder.display()));
    // Nobody reads the module's type information, and a tool to make it may be missing.
    command.arg("CONFIG_DEBUG_INFO_BTF_MODULES=");
    if let Some(compiler) = compiler(kernel) {
        command.arg(format!("CC={compiler}"));
    }
    command.arg("modules");
    command
}

/// The compiler to ask for where the one that the headers name is not installed.
fn compiler(kernel: &Kernel) -> Option<&'static str> {
    let names = fs::read_to_string(kernel.kdir.join(".kernelvariables")).ok()?;
    let named = names.lines().find_map(|line| {
        let (_, name) = line.split_once("$(CROSS_COMPILE)gcc-")?;
        Some(format!("gcc-{}", name.trim()))
    })?;
    tool::installed(&named, &[]).is_none().then_some("gcc")
}

fn unpack_image(kernel: &Kernel, folder: &Path) -> Result<PathBuf, Error> {
    if !kernel.starts_unpacked()? {
        return kernel.compressed_image();
    }
    let stamp = Stamp::new(folder.join("image.stamp"), &[], std::slice::from_ref(&kernel.image))?;
    let unpacked = folder.join("vmlinux");
    if !stamp.holds() {
        match vmlinux::extract(&place::read(&kernel.image)?) {
            Some(kernel) => place::write(&unpacked, &kernel)?,
            None => remove_file(&unpacked)?,
        }
        stamp.set()?;
    }
    Ok(if unpacked.is_file() { unpacked } else { kernel.image.clone() })
}

fn sources_of_agent(place: &Place) -> Result<Vec<PathBuf>, Error> {
    let mut sources = vec![place.repository.join("Cargo.lock")];
    for member in ["agent", "wire"] {
        let folder = place.repository.join("reference/kernel").join(member);
        sources.push(folder.join("Cargo.toml"));
        sources.extend(files_of(&folder.join("src"))?);
    }
    Ok(sources)
}

fn build_agent(place: &Place) -> Result<PathBuf, Error> {
    let sources = sources_of_agent(place)?;
    let target = place.kernel().join("agent");
    let stamp = Stamp::new(place.kernel().join("agent.stamp"), &sources, &[])?;
    let agent = target.join(GUEST).join("release").join(AGENT);
    if stamp.holds() && agent.is_file() {
        return Ok(agent);
    }
    eprintln!("building the guest's agent");
    let mut command = cargo_rustc(place, AGENT, &target);
    command.arg("--release");
    // It is alone in the guest: no library is there to be linked with.
    command.args(["--", "-C", "target-feature=+crt-static", "-C", "relocation-model=static"]);
    command.args(["-C", "strip=symbols"]);
    let help = "mend what is said above; linking it needs a static C library, on Debian \
                `apt-get install libc6-dev`";
    tool::run(&mut command, help)?;
    stamp.set()?;
    Ok(agent)
}

/// The beginning of `cargo rustc` of one of our packages for the guest.
pub(crate) fn cargo_rustc(place: &Place, package: &str, target: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(&place.repository);
    // Flags of a fuzzer's, say, are not for the guest.
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "RUSTC_WRAPPER"] {
        command.env_remove(name);
    }
    command.args(["rustc", "--quiet", "--locked", "--package", package]);
    command.args(["--target", GUEST, "--target-dir"]).arg(target);
    command
}

/// The files in a folder, in the order of their names.
pub(crate) fn files_of(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = entries_of(folder)?;
    files.retain(|path| path.is_file());
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn what_is_built_stays_and_sources_that_are_gone_do_not() {
        let directory = tempfile::tempdir().unwrap();
        let [sources, folder] = ["sources", "module"].map(|name| directory.path().join(name));
        fs::create_dir(&sources).unwrap();
        let bring = |texts: &[(&str, &str)]| {
            let write = |&(name, text): &(&str, &str)| {
                fs::write(sources.join(name), text).unwrap();
                sources.join(name)
            };
            bring_sources(&texts.iter().map(write).collect::<Vec<_>>(), &folder).unwrap();
        };
        bring(&[("Kbuild", "obj-m := a.o"), ("a.c", "int a;"), ("b.c", "int b;"), ("c.h", "")]);
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        for file in files_of(&folder).unwrap() {
            fs::File::options().write(true).open(file).unwrap().set_modified(long_ago).unwrap();
        }
        let built = ["a.o", ".a.o.cmd", "pagediff.mod.c", "pagediff.mod", "Module.symvers"];
        built.iter().for_each(|name| fs::write(folder.join(name), "").unwrap());
        bring(&[("Kbuild", "obj-m := a.o"), ("a.c", "int x;")]);
        assert!(built.iter().all(|name| folder.join(name).is_file()));
        assert!(!folder.join("b.c").exists() && !folder.join("c.h").exists());
        let date = |name| fs::metadata(folder.join(name)).unwrap().modified().unwrap();
        assert_eq!(date("Kbuild"), long_ago);
        assert_eq!(fs::read(folder.join("a.c")).unwrap(), b"int x;");
        assert_ne!(date("a.c"), long_ago);
    }
}
