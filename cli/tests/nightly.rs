//! Two nightly jobs at once, with a cargo that only plays one: it builds for as long
//! as its directory is there.

mod common;

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Directory, Ran};

#[test]
fn the_second_nightly_says_so_and_stops() {
    let directory = Directory::new();
    directory.write("fuzz/fuzz_targets/program.rs", "");
    directory.write("corpus/program/x", "");
    let cargo = "#!/bin/sh\n[ \"$2\" = --version ] && exit 0\ntouch building\n\
                 while [ -e building ]; do sleep 0.05; done\nexit 1\n";
    let path = directory.write("bin/cargo", cargo);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut first = nightly(&directory);
    let mut first = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !directory.path().join("building").exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
    let second = Ran::from(nightly(&directory).output().unwrap()).code(2);
    second.err(&["is being changed already, by scripts/nightly, process", "wait until that"]);
    first.kill().unwrap();
    first.wait().unwrap();
}

fn nightly(directory: &Directory) -> Command {
    let mut command = directory.command(&["nightly", "--minutes", "1"]);
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", directory.path().join("bin").display()));
    command
}
