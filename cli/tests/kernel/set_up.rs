//! What a kernel needs and does not have: one clear message with the fix, and exit code 2.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};

use super::common::{CASE, Directory, Ran};
use super::module_copy::{ModuleCopy, Place, is_set_up, kernel_folder};
use super::processes::start;

const KERNELS: [&str; 4] = ["kernel", "kernel-release-pages", "kernel-unpin", "kernel-fast"];

/// A directory with a good case, and a target directory in which nothing is set up.
fn fresh() -> Directory {
    let directory = Directory::new();
    directory.write("1.case", CASE);
    directory
}

/// The same with some of what setup leaves in target/kernel.
fn with(names: &[&str]) -> Directory {
    is_set_up();
    let directory = fresh();
    directory.write("target/kernel/debian/.keep", "");
    for name in names {
        let link = directory.path().join("target/kernel").join(name);
        symlink(kernel_folder().join(name), link).unwrap();
    }
    directory
}

fn run(directory: &Directory, path: Option<&str>, arguments: &[&str]) -> Ran {
    let mut command = directory.command(arguments);
    command.env("CARGO_TARGET_DIR", directory.path().join("target"));
    if let Some(path) = path {
        command.env("PATH", path);
    }
    Ran::from(command.output().unwrap())
}

/// The lines of an error, without the frame around them.
fn lines(ran: &Ran) -> Vec<&str> {
    let lines = ran.err.lines().map(|line| line.trim_start_matches([' ', '×', '│']));
    lines.filter(|line| !line.is_empty()).collect()
}

#[test]
fn a_kernel_that_is_not_set_up_stops_nothing_else() {
    let directory = fresh();
    let expected =
        ["the kernel backend is not set up: no kernel", "help: run `scripts/kernel setup`"];
    for kernel in KERNELS {
        for command in ["replay", "explain"] {
            let arguments = [command, "--backend", "fast", "--backend", kernel, "1.case"];
            let ran = run(&directory, None, &arguments).code(2);
            assert_eq!(lines(&ran), expected);
        }
    }
    assert_eq!(lines(&run(&directory, None, &["kernel", "about"]).code(2)), expected);
    run(&directory, None, &["replay", "1.case"]).code(0).out(&["1 case, 0 divergences"]);
    run(&directory, None, &["explain", "1.case"]).code(0).out(&["fast did the same"]);
    run(&directory, None, &["list"]).code(0).out(&KERNELS);
    assert!(!directory.path().join("target").exists());
}

/// The folders of the PATH in which there is no QEMU.
fn path_without_qemu() -> String {
    let path = std::env::var("PATH").unwrap();
    let has_none = |folder: &&str| !Path::new(folder).join("qemu-system-x86_64").exists();
    path.split(':').filter(has_none).collect::<Vec<_>>().join(":")
}

#[test]
fn a_qemu_that_is_missing() {
    let directory = with(&["debian/linux"]);
    let path = path_without_qemu();
    let ran = run(&directory, Some(&path), &["replay", "--backend", "kernel", "1.case"]).code(2);
    let expected =
        ["the kernel backend is not set up: no QEMU", "help: run `scripts/kernel setup`"];
    assert_eq!(lines(&ran), expected);
}

#[test]
fn a_qemu_that_does_not_run() {
    let copy = ModuleCopy::lent();
    let place = with_case(&copy);
    let qemu = place.directory.write("bin/qemu-system-x86_64", "#!/bin/sh\nexit 3\n");
    let path = format!("{}:{}", qemu.parent().unwrap().display(), path_without_qemu());
    let replay = || {
        let mut command = place.command(&["replay", "--backend", "kernel", "1.case"]);
        let ran = Ran::from(command.env("PATH", &path).output().unwrap()).code(2);
        eprintln!("{}", ran.err);
        ran
    };
    // Where there is KVM it is asked for its version first.
    replay().err(&[
        "bin/qemu-system-x86_64",
        "Permission denied",
        "help: see that this QEMU works",
    ]);
    fs::set_permissions(&qemu, fs::Permissions::from_mode(0o755)).unwrap();
    replay().err(&["exit status: 3", "help: see that this QEMU works"]);
}

#[test]
fn many_at_once_where_nothing_is_built() {
    let directory = with(&["debian/qemu", "debian/linux"]);
    let start = || {
        let mut command = directory.command(&["replay", "--backend", "kernel", "1.case"]);
        command.env("CARGO_TARGET_DIR", directory.path().join("target"));
        start(command)
    };
    let children: Vec<Child> = (0..8).map(|_| start()).collect();
    // All are waited for before any is judged.
    let outputs: Vec<Output> =
        children.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    for output in outputs {
        Ran::from(output).code(0).out(&["1 case, 0 divergences"]);
    }
}

/// Debian's mirrors have version 2 of the kernel, and the machine's lists still name version 1,
/// or nothing. Lists of one's own are named by an option, once they are fetched.
const APT: &str = r#"
case "$*" in
    *Dir::State::Lists=*) version=2 ;;
    *) version=$STALE ;;
esac
case "$*" in
    *update*) : > "$UPDATED" ;;
    *download*) : > "image_$version.deb"
        [ "$version" = 2 ] && [ -e "$UPDATED" ] || { echo "E: 404  Not Found"; exit 100; } ;;
    *) [ "$version" ] || { echo "E: No packages found"; exit 100; }
        echo "  Depends: linux-image-$version" ;;
esac
"#;

/// Unpacks a kernel of no bytes.
const DPKG_DEB: &str = r#"
version=${2##*_}; version=${version%.deb}
mkdir -p "$3/boot" "$3/usr/src/linux-headers-$version/include/config"
: > "$3/boot/vmlinuz-$version"
: > "$3/usr/src/linux-headers-$version/include/config/auto.conf"
"#;

#[test]
fn lists_of_apt_that_are_old_or_missing() {
    for stale in ["1", ""] {
        let directory = with(&["debian/qemu", "agent", "agent.stamp"]);
        // What a run has left that failed.
        directory.write("target/kernel/debian/linux.download/image_1.deb", "");
        for (tool, script) in
            [("apt-get", APT), ("apt-cache", APT), ("dpkg-deb", DPKG_DEB), ("make", "")]
        {
            let path = directory.write(&format!("bin/{tool}"), format!("#!/bin/sh\n{script}"));
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let bin = directory.path().join("bin");
        let mut command = directory.command(&["kernel", "setup"]);
        command.env("CARGO_TARGET_DIR", directory.path().join("target"));
        command.env("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()));
        command.env("STALE", stale).env("UPDATED", directory.path().join("updated"));
        // All is fetched, and then no guest starts, for this make has built no module.
        let ran = Ran::from(command.output().unwrap()).code(2);
        ran.err(&["fetching apt's lists", "pagediff.ko"]);
        let boot = directory.path().join("target/kernel/debian/linux/boot");
        let images = fs::read_dir(boot).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(images.collect::<Vec<_>>(), ["vmlinuz-2"], "not what was left of version 1");
    }
}

fn with_case(copy: &ModuleCopy) -> Place {
    let place = copy.place();
    place.directory.write("1.case", CASE);
    place
}

/// The kernel that setup fetched, and its headers.
fn fetched() -> (PathBuf, PathBuf) {
    let linux = kernel_folder().join("debian/linux").canonicalize().unwrap();
    let images = fs::read_dir(linux.join("boot")).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let image = images.into_iter().find(|path| name(path).starts_with("vmlinuz-")).unwrap();
    let headers = name(&image).replace("vmlinuz-", "usr/src/linux-headers-");
    (image, linux.join(headers))
}

fn replay_with(place: &Place, image: &str, kdir: &Path) -> Ran {
    let kdir = kdir.to_str().unwrap();
    let kernel = ["--backend", "kernel", "--kernel", image, "--kdir", kdir];
    let ran = place.run(&[&["replay"], &kernel[..], &["1.case"]].concat()).code(2);
    eprintln!("{}", ran.err);
    ran
}

#[test]
fn an_image_that_is_no_kernel() {
    let copy = ModuleCopy::new();
    let place = with_case(&copy);
    let (image, kdir) = fetched();
    replay_with(&place, "nowhere", &kdir)
        .err(&["nowhere cannot be opened", "help: check the path"]);
    replay_with(&place, "1.case", place.directory.path())
        .err(&["is no build directory of a kernel", "help: build the kernel"]);
    place.directory.write("image", CASE);
    replay_with(&place, "image", &kdir).err(&[
        "QEMU does not start the guest (exit status: 1)",
        "help: see that this QEMU works, and that the image is a kernel for x86-64",
    ]);
    // The header of a kernel, and undefined instructions behind it.
    let mut bytes = fs::read(image).unwrap();
    let setup = (usize::from(bytes[0x1f1]) + 1) * 512;
    bytes[setup..].chunks_exact_mut(2).for_each(|two| two.copy_from_slice(&[0x0f, 0x0b]));
    place.directory.write("image", bytes);
    replay_with(&place, "image", &kdir).err(&[
        "QEMU does not start the guest (exit status: 0)",
        "it said nothing",
        "help: ",
    ]);
}

#[test]
fn kernels_of_two_versions_in_one_place() {
    let directory = with(&["debian/qemu"]);
    for version in [1, 2] {
        directory.write(&format!("target/kernel/debian/linux/boot/vmlinuz-{version}"), "");
    }
    let ran = run(&directory, None, &["kernel", "setup"]).code(2);
    ran.err(&["debian/linux holds 2 kernels, not one", "debian/linux, and set up again"]);
}

/// The kernel that setup fetched as one of the user's own, with its drivers, and headers that
/// are of another configuration: a symbol has another version there.
fn kernel_and_other_headers(place: &Place) -> (PathBuf, PathBuf) {
    let (image, kdir) = fetched();
    let root = place.directory.path();
    let headers = root.join("headers");
    for folder in [&headers, &root.join("boot"), &root.join("lib/modules")] {
        fs::create_dir_all(folder).unwrap();
    }
    for entry in fs::read_dir(&kdir).unwrap() {
        let name = entry.unwrap().file_name();
        symlink(kdir.join(&name).canonicalize().unwrap(), headers.join(&name)).unwrap();
    }
    let versions = fs::read_to_string(kdir.join("Module.symvers")).unwrap();
    let change = |line: &str| match line.split_once('\t') {
        Some((_, rest)) if rest.starts_with("module_layout\t") => format!("0x12345678\t{rest}\n"),
        _ => format!("{line}\n"),
    };
    fs::remove_file(headers.join("Module.symvers")).unwrap();
    let versions: String = versions.lines().map(change).collect();
    fs::write(headers.join("Module.symvers"), versions).unwrap();
    let release = fs::read_to_string(kdir.join("include/config/kernel.release")).unwrap();
    let drivers = image.parent().unwrap().parent().unwrap().join("lib/modules");
    let drivers = fs::read_dir(drivers).unwrap().next().unwrap().unwrap();
    for name in [drivers.file_name().to_str().unwrap(), release.trim_end()] {
        symlink(drivers.path(), root.join("lib/modules").join(name)).unwrap();
    }
    let own = root.join("boot/vmlinuz");
    fs::copy(image, &own).unwrap();
    (own, headers)
}

#[test]
fn a_module_of_another_kernel() {
    let copy = ModuleCopy::new();
    let place = with_case(&copy);
    let (image, kdir) = kernel_and_other_headers(&place);
    replay_with(&place, image.to_str().unwrap(), &kdir).err(&[
        "the guest cannot work: ",
        "disagrees about version of symbol module_layout",
        "help: if it is the module, see that it was built for this very kernel",
    ]);
}

/// A small disk; none where it may not be mounted.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn new(path: PathBuf) -> Option<SmallDisk> {
        fs::create_dir_all(&path).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"]).arg(&path);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then_some(SmallDisk(path))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        assert!(Command::new("umount").arg(&self.0).status().unwrap().success());
    }
}

#[test]
fn a_disk_that_is_full() {
    let copy = ModuleCopy::new();
    let place = with_case(&copy);
    let Some(_disk) = SmallDisk::new(place.kernel_folder().join("built")) else {
        eprintln!("skipped: no small disk may be mounted here");
        return;
    };
    let ran = place.run(&["replay", "--backend", "kernel", "1.case"]).code(2);
    eprintln!("{}", ran.err);
    ran.err(&["No space left on device", "help: "]);
}
