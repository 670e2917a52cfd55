//! Tests in C, against the headers of a kernel.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::common::{Directory, repository};
use super::module_copy::{is_set_up, kernel_folder};

/// Between them they print all that there is to print.
const SCENARIOS: [&str; 5] = [
    "all-four-functions",
    "longest-run",
    "pinned-again-between-calls",
    "range-over-two-gaps",
    "waits-for-the-page-lock",
];

/// What the patch declares in linux/mm.h.
const PATCH: &str = "\
struct page;
void put_user_page(struct page *page);
void put_user_pages(struct page **pages, unsigned long npages);
void put_user_pages_dirty(struct page **pages, unsigned long npages);
void put_user_pages_dirty_lock(struct page **pages, unsigned long npages);
";

/// The build directory of the kernel that was set up: the headers that are no other's part.
fn kdir() -> PathBuf {
    let folders = fs::read_dir(kernel_folder().join("debian/linux/usr/src")).unwrap();
    let mut folders = folders.map(|folder| folder.unwrap().path());
    folders.find(|folder| folder.join("include/config/auto.conf").is_file()).unwrap()
}

#[test]
fn what_is_printed_compiles_for_the_kernel() {
    is_set_up();
    let directory = Directory::new();
    directory.write("patch.h", PATCH);
    let mut objects = Vec::new();
    let mut kbuild = "ccflags-y := -Werror -include $(src)/patch.h\n".to_owned();
    for name in SCENARIOS {
        let scenario = repository().join(format!("corpus/scenarios/{name}.case"));
        let ran = directory.run(&["test-case", "--c", scenario.to_str().unwrap()]).code(0);
        directory.write(&format!("{name}.c"), ran.out);
        kbuild.push_str(&format!("obj-m += {name}.o\n"));
        objects.push(format!("{name}.o"));
    }
    directory.write("Kbuild", kbuild);
    let mut make = Command::new("make");
    // A jobserver of somebody else's would be waited for.
    make.env_remove("MAKEFLAGS").env_remove("MFLAGS");
    make.arg("-C").arg(kdir()).arg(format!("M={}", directory.path().display()));
    let output = make.arg("CC=gcc").args(&objects).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    objects.iter().for_each(|object| assert!(directory.path().join(object).is_file()));
}
