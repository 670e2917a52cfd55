//! `cargo xtask coverage`: the committed corpus, replayed and counted.

#[path = "../../cli/tests/common/mod.rs"]
mod common;

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use common::{Directory, Ran, repository};

#[test]
fn without_the_llvm_of_rustc_its_package_is_named() {
    let directory = Directory::new();
    directory.write("fuzz/fuzz_targets/program.rs", "");
    let about = "#!/bin/sh\necho 'host: a-b-c'\necho 'LLVM version: 7.1.2'\n";
    let rustc = directory.write("bin/rustc", about);
    std::fs::set_permissions(rustc, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = directory.command(&["coverage"]);
    command.env("PATH", directory.path().join("bin"));
    let ran: Ran = command.output().unwrap().into();
    ran.code(2).err(&["no llvm-profdata of LLVM 7", "apt-get install llvm-7"]);
}

#[test]
fn it_is_of_a_repository() {
    Directory::new().run(&["coverage"]).code(2).err(&["run this in the repository"]);
}

#[test]
fn only_our_own_code_is_covered() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.current_dir(repository()).args(["coverage", "--no-kernel"]).stdin(Stdio::null());
    let ran = Ran::from(command.output().unwrap()).code(0);
    let ran = ran.out(&["reference/src/", "not measured: the kernel backend"]);
    let lcov = std::fs::read_to_string(repository().join("target/coverage/lcov.info")).unwrap();
    let files: Vec<&str> = lcov.lines().filter_map(|line| line.strip_prefix("SF:")).collect();
    let is_own = |file: &&&str| {
        ["src/", "case/", "reference/", "targets/"].iter().any(|folder| file.starts_with(folder))
    };
    assert_eq!(files.iter().filter(is_own).count(), files.len(), "{files:?}");
    for file in ["src/release.rs", "reference/src/release.rs", "targets/src/harness.rs"] {
        assert!(files.contains(&file), "{file} is not in {files:?}");
        assert!(repository().join(file).is_file());
    }
    let index = repository().join("target/coverage/html/index.html");
    let index = std::fs::read_to_string(index).unwrap();
    assert!(index.contains("harness.rs") && !index.contains("miette"), "{}", ran.out);
}
