//! Fetching packages of Debian's and unpacking them in the target directory. Nothing is
//! installed, and nothing needs to be root.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;
use crate::apt::{Apt, NO_APT};
use crate::kernel::Release;
use crate::place::{self, Place, entries_of, make_folder, remove_folder};
use crate::tool;

/// Where Debian has the libraries of this architecture.
pub(crate) const TRIPLET: &str = "x86_64-linux-gnu";

/// The bundle with QEMU and the libraries that are missing on this machine.
pub(crate) const QEMU: &str = "qemu";
/// The bundle with one of Debian's kernels for virtual machines and what modules for it need.
pub(crate) const fn bundle_of_linux(release: Release) -> &'static str {
    match release {
        Release::V6_1 => "linux",
        Release::V6_12 => "linux-6.12",
    }
}

/// The package that depends on the newest image of a kernel.
const fn image_of_linux(release: Release) -> &'static str {
    match release {
        Release::V6_1 => "linux-image-cloud-amd64",
        Release::V6_12 => "linux-image-6.12-cloud-amd64",
    }
}

/// The bundle with mke2fs and the libraries that are missing on this machine.
pub(crate) const E2FSPROGS: &str = "e2fsprogs";

/// Fetches QEMU, if it is not there.
pub(crate) fn fetch_qemu(place: &Place) -> Result<(), Error> {
    fetch(place, QEMU, |apt| apt.missing_for("qemu-system-x86"), |_, _| Ok(()))
}

/// Fetches mke2fs, if it is not there.
pub(crate) fn fetch_e2fsprogs(place: &Place) -> Result<(), Error> {
    fetch(place, E2FSPROGS, |apt| apt.missing_for("e2fsprogs"), |_, _| Ok(()))
}

/// Fetches a kernel, if it is not there.
pub(crate) fn fetch_linux(place: &Place, release: Release) -> Result<(), Error> {
    let packages = |apt: &Apt| packages_of_linux(apt, image_of_linux(release));
    fetch(place, bundle_of_linux(release), packages, move_headers)
}

/// Fetches mm/gup.c of the source package that a kernel is of, if it is not there, and says where it
/// is.
pub(crate) fn fetch_gup(place: &Place, release: Release, version: &str) -> Result<PathBuf, Error> {
    let package = format!("linux-source-{}", release.name());
    let bundle = format!("{package}-{version}");
    let packages = |_: &Apt| Ok(vec![format!("{package}={version}")]);
    fetch(place, &bundle, packages, |partial, _| {
        unpack_source(partial, &package, Some("mm/gup.c"))
    })?;
    Ok(place.debian(&bundle).join("mm/gup.c"))
}

/// Fetches the source package that a kernel is of, if it is not there, and says where it lies
/// unpacked. What is built of it takes copies: the files are nobody's to write to.
pub(crate) fn fetch_tree(place: &Place, release: Release, version: &str) -> Result<PathBuf, Error> {
    let package = format!("linux-source-{}", release.name());
    let bundle = format!("linux-tree-{}-{version}", release.name());
    let packages = |_: &Apt| Ok(vec![format!("{package}={version}")]);
    fetch(place, &bundle, packages, |partial, _| unpack_source(partial, &package, None))?;
    Ok(place.debian(&bundle))
}

/// Unpacks the archive in a source package, or one file of it, in the place of the package.
fn unpack_source(partial: &Path, package: &str, file: Option<&str>) -> Result<(), Error> {
    let sources = partial.join("usr/src").join(format!("{package}.tar.xz"));
    let mut unpack = Command::new("tar");
    unpack.arg("-xf").arg(&sources).arg("-C").arg(partial).arg("--strip-components=1");
    unpack.args(file.map(|file| format!("{package}/{file}")));
    tool::run(&mut unpack, "install tar and xz")?;
    remove_folder(&partial.join("usr/share"))?;
    fs::remove_file(&sources).map_err(|why| Error::file(&sources, "removed", &why))
}

/// Fetches a bundle, if it is not there: it gets its name when it is complete.
fn fetch(
    place: &Place,
    bundle: &str,
    packages: impl Fn(&Apt) -> Result<Vec<String>, Error>,
    finish: impl FnOnce(&Path, &Path) -> Result<(), Error>,
) -> Result<(), Error> {
    let complete = place.debian(bundle);
    if complete.is_dir() {
        return Ok(());
    }
    let downloads = place.debian(&format!("{bundle}.download"));
    let download = |apt: &Apt| {
        let packages = packages(apt)?;
        eprintln!("fetching {} packages for {bundle}: {}", packages.len(), packages.join(" "));
        // What another run has left there may be of another version.
        remove_folder(&downloads)?;
        make_folder(&downloads)?;
        apt.download(&packages, &downloads)
    };
    let apt = Apt::of_this_machine()?;
    if let Err(why) = download(&apt) {
        eprintln!("{}\nthe lists of this machine may be missing or old", why.message);
        download(&apt.with_own_lists(place)?)?;
    }

    let partial = place.debian(&format!("{bundle}.partial"));
    remove_folder(&partial)?;
    make_folder(&partial)?;
    for path in entries_of(&downloads)? {
        if path.extension().is_some_and(|extension| extension == "deb") {
            let mut unpack = Command::new("dpkg-deb");
            tool::run(unpack.arg("-x").args([&path, &partial]), NO_APT)?;
        }
    }
    finish(&partial, &complete)?;
    fs::rename(&partial, &complete).map_err(|why| Error::file(&complete, "written", &why))?;
    remove_folder(&downloads)
}

/// Where unpacked packages have their libraries.
pub(crate) fn libraries(root: &Path) -> OsString {
    let folders = ["usr/lib", "lib"].map(|folder| root.join(folder).join(TRIPLET));
    // Fails only for a path with a colon in it, which would not work otherwise either.
    std::env::join_paths(&folders).unwrap_or_default()
}

/// The kernel for virtual machines, its headers, and what these need.
fn packages_of_linux(apt: &Apt, image: &str) -> Result<Vec<String>, Error> {
    let of_linux = |package: &str| -> Result<Vec<String>, Error> {
        // Compilers are named apart, and the host's do: linux-compiler-gcc-12-x86 only depends
        // on one.
        // An image without a signature is an alternative to the one with it.
        let is_wanted = |name: &String| {
            name.starts_with("linux-") && !name.contains("-base") && !name.ends_with("-unsigned")
        };
        Ok(apt.depends(package)?.into_iter().filter(is_wanted).collect())
    };
    let image = of_linux(image)?
        .into_iter()
        .next()
        .ok_or_else(|| Error::new(format!("apt knows no kernel {image}"), NO_APT))?;
    let headers = image.replacen("linux-image-", "linux-headers-", 1);
    let mut packages = of_linux(&headers)?;
    packages.extend([image, headers]);
    Ok(packages)
}

/// Makes the headers' absolute paths those of where they will be.
fn move_headers(partial: &Path, complete: &Path) -> Result<(), Error> {
    for folder in entries_of(&partial.join("usr/src"))? {
        let makefile = folder.join("Makefile");
        // The common headers have the kernel's own Makefile, which is long, and at home anywhere.
        let Ok(text) = fs::read_to_string(&makefile) else { continue };
        if text.starts_with("include /usr/src/") {
            let home = format!("include {}/usr/src/", complete.display());
            place::write(&makefile, text.replace("include /usr/src/", &home).as_bytes())?;
        }
    }
    Ok(())
}
