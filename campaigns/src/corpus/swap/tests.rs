//! Processes that are killed, and disks that fill up, while a corpus is replaced.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use fastrand::Rng;

use super::{Files, beside, exchange, recover, replace, replace_by, write};
use crate::corpus::read_files;

/// Two corpora that have some names in common.
fn old_and_new() -> [Files; 2] {
    let files = |number: u8, sizes: std::ops::Range<usize>| {
        sizes.map(|size| (format!("{size}"), vec![number; size * 60])).collect()
    };
    [files(1, 0..30), files(2, 15..50)]
}

fn cannot_exchange(_: &Path, _: &Path) -> io::Result<bool> {
    Ok(false)
}

fn files(directory: &Path) -> Files {
    read_files(directory).expect("it can be read")
}

/// A directory for tests, with an old corpus in it.
fn with_old() -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::tempdir().expect("a directory");
    let directory = root.path().join("program");
    replace(&directory, &Files::new(), &old_and_new()[0]).expect("there is room");
    (root, directory)
}

#[track_caller]
fn is_alone(directory: &Path) {
    let parent = directory.parent().expect("it has one");
    let names: Vec<_> = fs::read_dir(parent).expect("readable").flatten().collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn a_corpus_is_replaced_as_a_whole() {
    let [old, new] = old_and_new();
    for way in [exchange, cannot_exchange] {
        let (_root, directory) = with_old();
        fs::write(directory.join("found-meanwhile"), "kept").expect("there is room");
        fs::write(directory.join(".keep"), "").expect("there is room");
        replace_by(&directory, &old, &new, way).expect("there is room");
        let mut expected = new.clone();
        expected.insert("found-meanwhile".to_owned(), b"kept".to_vec());
        assert_eq!(files(&directory), expected);
        assert!(directory.join(".keep").exists());
        is_alone(&directory);
    }
}

/// All that a process can leave that ends while it replaces a corpus.
#[test]
fn whatever_is_left_one_of_them_is_whole() {
    let [old, new] = old_and_new();
    let part: Files = new.clone().into_iter().take(3).collect();
    type Left<'a> = [Option<&'a Files>; 3];
    let left: [(Left<'_>, &Files); 9] = [
        // In its place, as the new one, as the old one; and what is found.
        ([Some(&old), None, None], &old),
        ([Some(&old), Some(&part), None], &old),
        ([Some(&old), Some(&new), None], &old),
        ([Some(&new), Some(&old), None], &new),
        ([Some(&new), Some(&part), None], &new),
        ([None, Some(&new), Some(&old)], &old),
        ([Some(&Files::new()), Some(&new), Some(&old)], &old),
        ([Some(&new), None, Some(&old)], &new),
        ([Some(&new), None, Some(&part)], &new),
    ];
    for (number, (left, found)) in left.into_iter().enumerate() {
        let root = tempfile::tempdir().expect("a directory");
        let directory = root.path().join("program");
        let [new, old] = beside(&directory);
        for (place, files) in [&directory, &new, &old].into_iter().zip(left) {
            if let Some(files) = files {
                super::write_all(place, files).expect("there is room");
            }
        }
        recover(&directory).expect("it can be mended");
        assert_eq!(files(&directory), *found, "{number}");
        is_alone(&directory);
    }
}

#[test]
fn what_was_written_into_a_missing_corpus_is_kept() {
    let [old, new] = old_and_new();
    let (_root, directory) = with_old();
    let [new_place, old_place] = beside(&directory);
    super::write_all(&new_place, &new).expect("there is room");
    fs::rename(&directory, &old_place).expect("it can be moved");
    // An engine makes its corpus if there is none.
    fs::create_dir(&directory).expect("there is room");
    write(&directory.join("found"), b"kept").expect("there is room");
    assert!(recover(&directory).expect("it can be mended"));
    let mut expected = old;
    expected.insert("found".to_owned(), b"kept".to_vec());
    assert_eq!(files(&directory), expected);
}

/// Names the directory in which [`replace_for_ever`] and [`fill_up`] work.
const DIRECTORY: &str = "PAGEDIFF_TEST_DIRECTORY";

/// The command that runs a test of this file in a process of its own.
fn test_of_its_own(name: &str) -> Vec<String> {
    let program = std::env::current_exe().expect("it runs").display().to_string();
    let name = format!("{}::{name}", module_path!().split_once("::").expect("a path").1);
    [&program, "--exact", &name, "--ignored", "--nocapture"].map(str::to_owned).to_vec()
}

fn replace_in_turns(way: fn(&Path, &Path) -> io::Result<bool>) {
    let Some(directory) = std::env::var_os(DIRECTORY).map(PathBuf::from) else { return };
    let [old, new] = old_and_new();
    println!("starts");
    loop {
        replace_by(&directory, &old, &new, way).expect("there is room");
        replace_by(&directory, &new, &old, way).expect("there is room");
    }
}

#[test]
#[ignore = "runs until it is killed, by the tests that follow"]
fn exchange_for_ever() {
    replace_in_turns(exchange);
}

#[test]
#[ignore = "runs until it is killed, by the tests that follow"]
fn move_for_ever() {
    replace_in_turns(cannot_exchange);
}

/// Kills a process that replaces a corpus, 60 times, at any moment.
fn kill(name: &str) {
    let [old, new] = old_and_new();
    let (_root, directory) = with_old();
    let mut rng = Rng::new();
    let command = test_of_its_own(name);
    for round in 0..60 {
        let mut child = Command::new(&command[0])
            .args(&command[1..])
            .env(DIRECTORY, &directory)
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        while lines.next().expect("it says so").expect("text") != "starts" {}
        std::thread::sleep(Duration::from_micros(rng.u64(..30_000)));
        child.kill().expect("it runs for ever");
        child.wait().expect("it was killed");
        recover(&directory).expect("it can be mended");
        let found = files(&directory);
        assert!(found == old || found == new, "round {round}: {:?}", found.keys());
        is_alone(&directory);
    }
}

#[test]
fn killed_at_any_moment_one_of_them_is_whole() {
    kill("exchange_for_ever");
}

#[test]
fn killed_at_any_moment_where_two_cannot_change_places_one_of_them_is_whole() {
    kill("move_for_ever");
}

/// Replaces a corpus with less and less room for it, down to none.
#[test]
#[ignore = "needs a small file system, which the test that follows makes"]
fn fill_up() {
    let Some(root) = std::env::var_os(DIRECTORY).map(PathBuf::from) else { return };
    let [old, new] = old_and_new();
    let directory = root.join("program");
    replace(&directory, &Files::new(), &old).expect("there is room at first");
    let (mut done, mut failed) = (0, 0);
    for number in 0.. {
        let (known, files_of_new) =
            if files(&directory) == old { (&old, &new) } else { (&new, &old) };
        match replace(&directory, known, files_of_new) {
            Ok(()) => {
                done += 1;
                assert_eq!(files(&directory), *files_of_new);
            }
            Err(error) => {
                failed += 1;
                assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{error}");
                assert_eq!(files(&directory), *known);
            }
        }
        assert!(super::leftovers(&directory).is_empty());
        if fs::write(root.join(format!("ballast-{number}")), [0; 4096]).is_err() {
            break;
        }
    }
    println!("done {}, failed {}", done > 0, failed > 0);
}

#[test]
fn on_a_full_disk_the_old_one_stays() {
    let mount = tempfile::tempdir().expect("a directory");
    let script = "mount -t tmpfs -o size=800k tmpfs \"$0\" && exec \"$@\"";
    let command = test_of_its_own("fill_up");
    let inside = |arguments: &[String]| {
        let mut unshare = Command::new("unshare");
        unshare.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]);
        unshare.arg(mount.path()).args(arguments).env(DIRECTORY, mount.path()).output()
    };
    let can_mount = inside(&["true".to_owned()]).is_ok_and(|output| output.status.success());
    if !can_mount {
        eprintln!("skipped: no file system can be mounted here, which needs user namespaces");
        return;
    }
    let output = inside(&command).expect("unshare starts");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("done true, failed true"), "{told}");
}
