//! Known differences still matter: each that is seen in this process skips a committed case.

use std::fs;
use std::path::Path;

use put_user_page_case::Case;
use put_user_page_targets::backend::Backend;
use put_user_page_targets::backends::{Candidate, fast_unhooked, naive};
use put_user_page_targets::known_differences::{KNOWN_DIFFERENCES, KnownDifference, Seen};
use put_user_page_targets::profiles::Profile;
use put_user_page_targets::trial::Trial;

#[test]
fn each_skips_a_committed_case() {
    let mut lacking = Candidate::built_in().into_backend("lacking", Profile::newest());
    lacking.functions.pop();
    let mut unhooked = fast_unhooked(Profile::newest());
    let backends: [&mut dyn Backend; 2] = [&mut lacking, &mut unhooked];
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/scenarios");
    let mut seen: Vec<&KnownDifference> = Vec::new();
    for file in fs::read_dir(scenarios).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "case") {
            continue;
        }
        let text = fs::read_to_string(path).unwrap();
        let trial = Trial::of(&Case::from_text(&text).unwrap(), &mut naive());
        let skips = backends.iter().map(|backend| backend.skips(trial.world(), trial.class()));
        seen.extend(skips.flatten().map(|skip| skip.known()));
    }
    for known in KNOWN_DIFFERENCES.iter().filter(|known| known.seen == Seen::InProcess) {
        assert!(seen.contains(known), "nothing is skipped any more for {known:?}");
    }
}
