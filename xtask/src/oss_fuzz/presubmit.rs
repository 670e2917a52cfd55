//! What OSS-Fuzz's presubmit checks refuse in the files that a project submits, and what its
//! guide for Rust projects asks of them.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use saphyr::{LoadableYamlNode, Yaml};

use super::Failure;

/// What a project.yaml may say.
const KEYS: [&str; 22] = [
    "architectures",
    "auto_ccs",
    "base_os_version",
    "blackbox",
    "builds_per_day",
    "coverage_extra_args",
    "disable_remediation",
    "disable_remediation_pre_review",
    "disabled",
    "file_github_issue",
    "fuzzing_engines",
    "help_url",
    "homepage",
    "indexer",
    "language",
    "main_repo",
    "primary_contact",
    "run_tests",
    "sanitizers",
    "selective_unpack",
    "vendor_ccs",
    "view_restrictions",
];

/// What a Rust project's lists may hold: OSS-Fuzz builds it with nothing else.
const LISTS: [(&str, &[&str]); 3] = [
    ("sanitizers", &["address"]),
    ("fuzzing_engines", &["libfuzzer"]),
    ("architectures", &["x86_64"]),
];

/// The image that Rust projects are built in.
const IMAGE: &str = "FROM gcr.io/oss-fuzz-base/base-builder-rust";

/// Each file with code must name it, in whatever words.
const LICENCE: &str = "http://www.apache.org/licenses/LICENSE-2.0";

/// Checks the files to submit, and those for ClusterFuzzLite, in a repository.
pub(super) fn check(root: &Path) -> Vec<Failure> {
    let mut files = Files { root, failures: Vec::new() };
    files.check_project("scripts/oss-fuzz/project.yaml", &["main_repo", "primary_contact"]);
    files.check_dockerfile("scripts/oss-fuzz/Dockerfile");
    files.check_build("scripts/oss-fuzz/build.sh");
    files.check_no_corpus("scripts/oss-fuzz");
    files.check_project(".clusterfuzzlite/project.yaml", &[]);
    files.check_dockerfile(".clusterfuzzlite/Dockerfile");
    files.check_build(".clusterfuzzlite/build.sh");
    files.failures
}

struct Files<'a> {
    root: &'a Path,
    failures: Vec<Failure>,
}

impl Files<'_> {
    fn fail(&mut self, file: &str, what: impl Into<String>) {
        self.failures.push(Failure { about: file.to_owned(), what: what.into() });
    }

    /// The file's text; a failure if it cannot be read.
    fn read(&mut self, file: &str) -> Option<String> {
        let text = std::fs::read_to_string(self.root.join(file));
        text.map_err(|why| self.fail(file, why.to_string())).ok()
    }

    fn check_project(&mut self, file: &str, required: &[&str]) {
        let Some(text) = self.read(file) else { return };
        let documents = match Yaml::load_from_str(&text) {
            Ok(documents) => documents,
            Err(why) => return self.fail(file, format!("it is no YAML: {why}")),
        };
        let Some(project) = documents.first().and_then(Yaml::as_mapping) else {
            return self.fail(file, "it is no mapping");
        };
        for key in project.keys().map(|key| key.as_str().unwrap_or_default()) {
            if !KEYS.contains(&key) {
                self.fail(file, format!("`{key}` is none of OSS-Fuzz's keys"));
            }
        }
        let get = |key| documents[0].as_mapping_get(key);
        for &key in required.iter().filter(|key| get(key).is_none()) {
            self.fail(file, format!("`{key}` is missing"));
        }
        if get("language").and_then(Yaml::as_str) != Some("rust") {
            self.fail(file, "`language` is not rust");
        }
        for (key, allowed) in LISTS {
            let Some(list) = get(key) else { continue };
            let values = list.as_sequence().map(Vec::as_slice).unwrap_or_default();
            let is_allowed =
                |value: &Yaml<'_>| value.as_str().is_some_and(|v| allowed.contains(&v));
            if values.is_empty() || !values.iter().all(is_allowed) {
                self.fail(file, format!("`{key}` is not a list of {}", allowed.join(", ")));
            }
        }
        let more = get("auto_ccs").and_then(Yaml::as_sequence).into_iter().flatten();
        for contact in get("primary_contact").into_iter().chain(more) {
            let address = contact.as_str().unwrap_or_default();
            if !(address.contains('@') && address.contains('.')) {
                self.fail(file, format!("`{address}` is no address for mail"));
            }
        }
    }

    fn check_dockerfile(&mut self, file: &str) {
        let Some(text) = self.read(file) else { return };
        self.check_licence(file, &text);
        let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        if !lines.next().is_some_and(|line| line.starts_with(IMAGE)) {
            self.fail(file, format!("it does not start with `{IMAGE}`"));
        }
        if ["RUN apt install", "RUN apt-get install"].iter().any(|run| text.contains(run)) {
            self.fail(file, "it installs packages without `apt-get update` in the same RUN");
        }
    }

    fn check_build(&mut self, file: &str) {
        let Some(text) = self.read(file) else { return };
        self.check_licence(file, &text);
        if !text.starts_with("#!") {
            self.fail(file, "it has no `#!` line");
        }
        let code = text.lines().filter_map(|line| line.split('#').next());
        if code.into_iter().any(|line| line.contains("-lFuzzingEngine")) {
            self.fail(
                file,
                "`-lFuzzingEngine` is what OSS-Fuzz refuses: $LIB_FUZZING_ENGINE is it",
            );
        }
        let mode = std::fs::metadata(self.root.join(file)).map(|file| file.permissions().mode());
        if mode.is_ok_and(|mode| mode & 0o111 == 0) {
            self.fail(file, "it is not executable");
        }
    }

    fn check_licence(&mut self, file: &str, text: &str) {
        if !text.contains(LICENCE) {
            self.fail(file, format!("it does not name {LICENCE}"));
        }
    }

    /// Corpora are not to be submitted: build.sh packs them.
    fn check_no_corpus(&mut self, directory: &str) {
        let entries = std::fs::read_dir(self.root.join(directory));
        let names = entries.and_then(|entries| {
            entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, std::io::Error>>()
        });
        let names = names.unwrap_or_else(|why| {
            self.fail(directory, why.to_string());
            Vec::new()
        });
        for path in names {
            if path.extension().is_some_and(|extension| extension == "zip") {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                self.fail(directory, format!("{name} is a corpus, which build.sh is to pack"));
            }
        }
    }
}
