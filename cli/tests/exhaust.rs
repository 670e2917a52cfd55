//! `pagediff exhaust`: what it says at the end, and where it goes on.

mod common;

use common::{Directory, repository};
use put_user_page_targets::profiles::PROFILES;

const TINY: [&str; 6] = ["exhaust", "--pages", "1", "--entries", "1", "--references=1"];

#[test]
fn without_a_divergence_it_says_how_much_there_was() {
    let directory = Directory::new();
    // No page, or one page: 3 numbers of references, 8 states of which 4 need a reference.
    let ran = directory.run(&[&TINY[..], &["--backend", "fast"]].concat());
    ran.code(0).out(&["33 worlds, 4 arrays, 381 cases: 0 divergences"]);
    directory.run(&[&TINY[..], &["--count"]].concat()).code(0).out(&["4 arrays, 381 cases\n"]);
    let ran = directory.run(&[&TINY[..], &["--json"]].concat()).code(0);
    let told = ran.json();
    assert_eq!((&told["cases"], &told["done"]), (&381.into(), &381.into()));
    assert!(told["divergence"].is_null());
}

#[test]
fn the_first_divergence_is_reported_and_its_case_saved() {
    let directory = Directory::new();
    let mistake = repository().join("targets/c/candidates/per_run_mistake.c");
    let mistake = mistake.to_str().unwrap();
    let arguments = ["exhaust", "--pages=2", "--entries=2", "--backend", mistake];
    let ran = directory.run(&arguments).code(1);
    let ran = ran.out(&["differs from reference", "the case is saved in ", "1 divergence, after "]);
    let file = ran.out.lines().find_map(|line| line.strip_prefix("the case is saved in "));
    directory.run(&["replay", "--backend", mistake, file.unwrap()]).code(1);
}

#[test]
fn a_state_of_the_same_run_is_gone_on_from() {
    let directory = Directory::new();
    let with_state = [&TINY[..], &["--state", "state.json"]].concat();
    directory.run(&with_state).code(0);
    assert!(!directory.path().join("state.json").exists(), "all is done: the next begins anew");
    let other = r#"{"of":"another","build":"another","done":7,"by_other_builds":0}"#;
    directory.write("state.json", other);
    directory.run(&with_state).code(0).err(&["state.json is of another run"]);
    assert_eq!(directory.read("state.json.old"), other.as_bytes(), "it is kept");
    directory.write("state.json", "no state");
    directory.run(&with_state).code(2).err(&["does not say how far a run got"]);
}

#[test]
fn a_run_that_was_stopped_goes_on_and_says_what_other_builds_have_run() {
    let directory = Directory::new();
    let mistake = repository().join("targets/c/candidates/per_run_mistake.c");
    let backend = ["--backend", mistake.to_str().unwrap(), "--state", "state.json", "--json"];
    let bound = ["exhaust", "--pages=2", "--entries=2", "--references=1"];
    let run = |code| directory.run(&[&bound[..], &backend].concat()).code(code).json();
    let edit = |field: &str, to: serde_json::Value| {
        let file = directory.path().join("state.json");
        let mut state: serde_json::Value =
            serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        state[field] = to;
        directory.write("state.json", state.to_string());
    };
    let number = |told: serde_json::Value| told["divergence"]["number"].as_u64().unwrap();
    // A divergence stops it, and it leaves a state.
    let first = number(run(1));
    edit("done", first.into());
    assert_eq!(number(run(1)), first, "it is the first case from there on");
    edit("done", (first + 1).into());
    let next = number(run(1));
    assert!(next > first);
    edit("done", next.into());
    edit("build", "another".into());
    let told = run(1);
    assert_eq!((&told["done"], &told["by_other_builds"]), (&next.into(), &next.into()));
    let all = told["cases"].as_u64().unwrap();
    edit("done", all.into());
    assert_eq!(run(0)["by_other_builds"], next, "the rest is of this build");
}

#[test]
fn each_bug_of_the_bank_has_its_least_case() {
    let directory = Directory::new();
    let bugs = ["exhaust", "--bugs", "--pages=2", "--entries=2", "--order=1"];
    let told = directory.run(&[&bugs[..], &["--json"]].concat()).code(0).json();
    let least = |name: &str| {
        let mut bugs = told.as_array().unwrap().iter();
        let bug = bugs.find(|bug| bug["bug"] == name).unwrap_or_else(|| panic!("{name}"));
        let size = &bug["least"]["size"];
        (size["entries"].as_u64(), size["pages"].as_u64())
    };
    assert_eq!(least("never-marks"), (Some(1), Some(1)));
    assert_eq!(least("no-compound-head"), (Some(1), Some(2)));
    assert_eq!(least("mark-only-the-first"), (Some(2), Some(2)));
    assert_eq!(least("counter-of-8-bits"), (None, None));
    let told = directory.run(&bugs).code(0);
    told.out(&["never-marks", "bugs with 1 entry; ", " that no case of this bound shows\n"]);
    directory.run(&[&bugs[..], &["--backend=fast"]].concat()).code(2).err(&["cannot be used with"]);
}

#[test]
fn each_profile_has_its_own_reference() {
    let directory = Directory::new();
    // Of two pages, which may be one compound page: there profiles differ in what a pin is.
    let bound = ["exhaust", "--pages=2", "--entries=1", "--references=1"];
    for profile in &PROFILES {
        let ran = directory.run(&[&bound[..], &["--profile", profile.name]].concat()).code(0);
        ran.out(&["cases: 0 divergences"]);
    }
}

#[test]
fn a_bound_has_pages_and_entries() {
    let directory = Directory::new();
    directory.run(&["exhaust", "--night", "--calls=2"]).code(2).err(&["cannot be used with"]);
    directory.run(&["exhaust", "--pages", "2"]).code(2).err(&["--entries"]);
    directory.run(&["exhaust", "--night", "--pages=2", "--entries=2"]).code(2);
}
