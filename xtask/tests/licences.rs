//! No package has a file in it whose licence is another than the package's.

#[path = "../../cli/tests/common/mod.rs"]
mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use common::repository;
use serde_json::Value;

/// Before a file's licence. In two parts, so that nobody takes what follows here for one.
const SAID: &str = concat!("SPDX-License", "-Identifier: ");

/// What cargo prints in the repository.
fn cargo(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO"));
    let output = command.current_dir(repository()).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The licence that a file says it has, if it says one in its first lines.
fn licence(path: &Path) -> Option<String> {
    let bytes = fs::read(path).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().take(3).find_map(|l| l.split_once(SAID));
    line.map(|(_, licence)| licence.trim_end_matches("*/").trim().to_owned())
}

/// Whether one may take it under MIT, as one may take every package.
fn may_be_taken_as_mit(licence: &str) -> bool {
    licence.split(" OR ").any(|alternative| alternative == "MIT")
}

#[test]
fn packages_have_only_files_of_their_licence() {
    let metadata = cargo(&["metadata", "--no-deps", "--offline", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let mut others = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        assert_eq!(package["license"], "MIT OR Apache-2.0", "{}", package["name"]);
        let (name, manifest) = (&package["name"], &package["manifest_path"]);
        let list = ["package", "--list", "--allow-dirty", "--offline", "--package"];
        let folder = Path::new(manifest.as_str().unwrap()).parent().unwrap();
        let list = cargo(&[&list[..], &[name.as_str().unwrap()]].concat());
        // Some of what is listed is made only as the package is.
        for path in list.lines().map(|line| folder.join(line)).filter(|path| path.is_file()) {
            if let Some(licence) = licence(&path).filter(|l| !may_be_taken_as_mit(l)) {
                others.insert(path, licence);
            }
        }
    }
    assert_eq!(others, BTreeMap::new());
}

#[test]
fn the_kernel_module_is_gpl_and_says_so_to_the_kernel() {
    let kernel = repository().join("reference/kernel");
    let module = kernel.join("module");
    let files = [&module, &kernel.join("candidate")].map(|folder| fs::read_dir(folder).unwrap());
    for file in files.into_iter().flatten() {
        let path = file.unwrap().path();
        let licence = licence(&path).unwrap_or_else(|| panic!("{path:?} says no licence"));
        assert!(licence.starts_with("GPL-2.0-only"), "{path:?}: {licence}");
        assert!(!may_be_taken_as_mit(&licence), "{path:?}: {licence}");
    }
    let main = fs::read_to_string(module.join("main.c")).unwrap();
    assert!(main.contains("MODULE_LICENSE(\"GPL\");"));
}
