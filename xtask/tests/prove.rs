//! `cargo xtask prove`, where z3 is: what is claimed holds, and what does not is told.

use std::path::Path;
use std::process::{Command, Output};

fn prove(files: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask")).arg("prove").args(files).output().unwrap()
}

/// What the command says of a proof with this in it instead.
fn says_with(proof: &str, part: &str, with: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src/proofs").join(proof);
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(part), "{proof} has `{part}`");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(proof);
    std::fs::write(&file, text.replacen(part, with, 1)).unwrap();
    let output = prove(&[&file]);
    assert_eq!(output.status.code(), Some(1), "{with}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn all_claims_hold() {
    let output = prove(&[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        printed,
        "12 claims proved, and 7 counterexamples found where a premise is left out\n"
    );
}

#[test]
fn wrong_transcriptions_are_not_proved() {
    let wrong = [
        ("block.smt2", "(bvult union span)", "(bvule union span)"),
        ("block.smt2", "(bvor union (bvsub", "(bvand union (bvsub"),
        ("run.smt2", "(bvsub #x000000007fffffff short)))", "#x000000007fffffff))"),
        ("drop.smt2", "(bvsle refs run)", "(bvslt refs run)"),
    ];
    for (proof, part, with) in wrong {
        let said = says_with(proof, part, with);
        assert!(said.contains("z3 answers sat"), "{with}: {said}");
    }
}

#[test]
fn a_claim_without_its_premise_is_no_counterexample_if_it_holds() {
    let said = says_with("block.smt2", "sat: not so if", "unsat: not so if");
    assert!(said.contains("z3 answers sat"), "{said}");
}

#[test]
fn a_check_without_a_claim_is_told() {
    let said = says_with("drop.smt2", "(push)", "(push)\n(check-sat)");
    assert!(said.contains("z3"), "{said}");
}
