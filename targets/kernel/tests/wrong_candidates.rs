//! Every wrong candidate of targets/c/candidates/wrong is found on a kernel's own pages; how soon is
//! printed, as docs/kernel.md has it. It takes the kernel that is named in RELEASE, or 6.1.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use put_user_page_case::Case;
use put_user_page_kernel::{Options, Release, Which};
use put_user_page_targets::backend::Backend;
use put_user_page_targets::comparer::Comparer;
use put_user_page_targets::report::Report;
use put_user_page_targets::trial::Verdict;
use put_user_page_targets_kernel::{KernelGuest, KernelOptions};

fn release() -> Release {
    let name = std::env::var("RELEASE").unwrap_or_else(|_| "6.1".to_owned());
    Release::ALL.into_iter().find(|release| release.name() == name).expect("6.1 or 6.12")
}

/// The files in a folder of the repository, in the order of their names.
fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    let entries = fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// What the first case that a candidate differs on says of it, and how long it took: until the guest
/// was ready with the file compiled into it, and from then on.
fn first_finding(source: &Path, cases: &[Case]) -> Option<(Duration, Duration, String)> {
    let start = Instant::now();
    let guest = Options {
        kernel: Which::Debian(release()),
        candidate: Some(source.to_owned()),
        ..Options::default()
    };
    let guest = KernelGuest::start(KernelOptions { guest, ..KernelOptions::default() });
    let mut candidate = guest.unwrap_or_else(|error| panic!("{error}")).candidate(String::new());
    let (ready, start) = (start.elapsed(), Instant::now());
    for case in cases {
        let mut found = None;
        let mut comparer = Comparer::new(vec![&mut candidate as &mut dyn Backend]);
        let compared = comparer.compare(std::slice::from_ref(case), &mut |_, _, verdict| {
            if let Verdict::Differs(divergence) = verdict {
                found = Some(Report::of(&divergence).summary);
            }
        });
        compared.unwrap_or_else(|error| panic!("{error}"));
        if let Some(summary) = found {
            return Some((ready, start.elapsed(), summary));
        }
    }
    None
}

#[test]
fn each_is_found_in_the_guest() {
    assert!(
        put_user_page_kernel::is_set_up(&Which::Debian(release())),
        "`scripts/kernel setup` sets it up"
    );
    let bytes = files("corpus/kernel").into_iter().map(|file| fs::read(file).unwrap());
    let cases: Vec<Case> = bytes.map(|bytes| Case::decode(&bytes)).collect();
    println!("| candidate | ready after | found after | by |\n|---|---|---|---|");
    let mut missed = Vec::new();
    for source in files("targets/c/candidates/wrong") {
        let name = source.file_name().unwrap().display().to_string();
        match first_finding(&source, &cases) {
            Some((ready, found, summary)) => {
                let (ready, found) = (ready.as_secs_f64(), found.as_secs_f64());
                println!("| `{name}` | {ready:.1} s | {found:.2} s | {summary} |");
            }
            None => missed.push(name),
        }
    }
    assert_eq!(missed, [""; 0], "nothing is found of these");
}
