//! The committed outcomes as somebody reads them who has docs/vectors.md and none of this code: a
//! reader in another language, with a model of its own, comes to the same.

use std::path::Path;
use std::process::Command;

use put_user_page_targets::registry::TARGETS;

#[test]
fn a_reader_that_shares_no_code_comes_to_the_same_outcomes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folders = TARGETS.iter().map(|target| format!("corpus/{}", target.name));
    let mut command = Command::new("python3");
    command.arg("targets/tests/vectors/reader.py").args(folders).current_dir(root);
    let ran = command.output().expect("python3 is there: install it with your system's packages");
    let output = String::from_utf8_lossy(&ran.stdout);
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{output}{errors}");
    for target in &TARGETS {
        let summary = format!("corpus/{}: ", target.name);
        let line = output.lines().find(|line| line.starts_with(&summary)).expect(target.name);
        assert!(!line.contains(" 0 cases") && line.ends_with(" 0 differ"), "{line}");
    }
}
