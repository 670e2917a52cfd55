//! What holds of every workflow: what can be said without GitHub.

#[path = "../../cli/tests/common/mod.rs"]
mod common;

use std::fs;

use common::repository;
use saphyr::{LoadableYamlNode, Yaml};

/// The workflows: names, texts, and as YAML.
fn workflows() -> Vec<(String, String)> {
    let folder = fs::read_dir(repository().join(".github/workflows")).unwrap();
    let workflows = folder.map(|file| {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(path).unwrap())
    });
    workflows.collect()
}

fn yaml(text: &str) -> Yaml<'_> {
    Yaml::load_from_str(text).unwrap().remove(0)
}

#[test]
fn actions_are_pinned_by_commit_with_their_version_beside() {
    let mut actions = 0;
    for (name, text) in workflows() {
        for line in text.lines().filter(|line| line.contains("uses:")) {
            let (action, version) = line.split_once(" # v").expect(line);
            let commit = action.split_once('@').map_or("", |(_, commit)| commit);
            let is_hash = commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit());
            assert!(is_hash, "{name}: {line}");
            assert!(version.starts_with(|c: char| c.is_ascii_digit()), "{name}: {line}");
            actions += 1;
        }
    }
    assert!(actions > 0);
}

#[test]
fn workflows_run_once_at_a_time_and_jobs_end_and_ask_for_what_they_need() {
    for (name, text) in workflows() {
        let workflow = yaml(&text);
        let permissions = workflow.as_mapping_get("permissions").and_then(Yaml::as_mapping);
        assert!(permissions.is_some_and(|all| all.is_empty()), "{name}: permissions for every job");
        assert!(workflow.as_mapping_get("concurrency").is_some(), "{name}: no concurrency");
        for (job, of_job) in workflow.as_mapping_get("jobs").and_then(Yaml::as_mapping).unwrap() {
            for key in ["timeout-minutes", "permissions"] {
                assert!(of_job.as_mapping_get(key).is_some(), "{name}: {job:?} has no {key}");
            }
        }
    }
}

#[test]
fn the_nightly_has_a_kernel_before_it_starts_and_replays_what_it_proposes() {
    let (_, text) = workflows().into_iter().find(|(name, _)| name == "nightly.yml").unwrap();
    let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("there is no `{part}`"));
    assert!(place("scripts/kernel setup") < place("scripts/nightly "));
    assert!(place("needs: fuzz") < place("scripts/propose-corpora"));
}
