//! `pagediff test-case`: what it prints compiles, passes where the functions are right, and
//! fails where they are not.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::{CASE, Directory, OVER_RELEASE, repository};
use walkdir::WalkDir;

/// Arrays that no call is made on; what a compiler warns of must not be printed.
const NO_CALL: &str = "folio a\nentries\nentries a\n";

/// The committed scenarios and [`NO_CALL`], and what `test-case` prints of each in one language;
/// none where it over-releases, in C, or where Rust has no way to say it.
fn printed(language: &str) -> Vec<(String, Option<String>)> {
    let directory = Directory::new();
    let known: &[&str] = match language {
        "--c" => &["undefined in C", "a zero page"],
        _ => &["which no slice has in Rust"],
    };
    let mut scenarios: Vec<PathBuf> = fs::read_dir(repository().join("corpus/scenarios"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "case"))
        .collect();
    scenarios.sort();
    scenarios.push(directory.write("no-call.case", NO_CALL));
    let print = |path: PathBuf| {
        let ran = directory.run(&["test-case", language, path.to_str().unwrap()]);
        let name = path.file_stem().unwrap().to_str().unwrap().replace('-', "_");
        match ran.code {
            0 => (name, Some(ran.out)),
            _ => {
                assert!(known.iter().any(|why| ran.err.contains(why)), "{}", ran.err);
                (name, None)
            }
        }
    };
    scenarios.into_iter().map(print).collect()
}

/// Compiles put_user_page, with a change of its source, and the tests with it, and runs them.
fn run_in_rust(directory: &Directory, code: &str, right: &str, wrong: &str) -> Output {
    for file in WalkDir::new(repository().join("src")).into_iter().map(Result::unwrap) {
        if file.file_type().is_file() {
            let name = file.path().strip_prefix(repository()).unwrap();
            let text = fs::read_to_string(file.path()).unwrap().replace(right, wrong);
            directory.write(name.to_str().unwrap(), text);
        }
    }
    directory.write("cases.rs", code);
    let rustc = |arguments: &[&str]| {
        let mut rustc = Command::new("rustc");
        rustc.current_dir(directory.path()).args(["--edition", "2024", "--cap-lints", "warn"]);
        assert!(rustc.args(arguments).status().unwrap().success());
    };
    rustc(&["--crate-type", "rlib", "--crate-name", "put_user_page", "src/lib.rs"]);
    let library = "put_user_page=libput_user_page.rlib";
    rustc(&["--test", "--extern", library, "--deny", "warnings", "cases.rs", "-o", "cases"]);
    Command::new(directory.path().join("cases")).output().unwrap()
}

/// What runs of tests printed last.
fn summary(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().filter(|line| line.starts_with("test result: ")).collect()
}

#[test]
fn the_rust_passes_and_fails_as_the_functions_are_right_and_wrong() {
    let directory = Directory::new();
    let tests = printed("--rust");
    let modules = tests
        .iter()
        .filter_map(|(name, code)| Some(format!("mod of_{name} {{\n{}}}\n", code.as_ref()?)));
    let modules: Vec<String> = modules.collect();
    assert_eq!(tests.len() - modules.len(), 5, "all but five scenarios are printed");
    let code = modules.concat();
    let right = run_in_rust(&directory, &code, "", "");
    let all = format!("ok. {} passed; 0 failed", modules.len());
    assert!(summary(&right).contains(&all), "{}", String::from_utf8_lossy(&right.stdout));

    let wrong = run_in_rust(&directory, &code, "mark(hooks, head);\n", "let _ = mark;\n");
    assert!(!wrong.status.success());
    let failed = String::from_utf8_lossy(&wrong.stdout).into_owned();
    assert!(failed.contains("case_every_page_of_a_row_is_marked ... FAILED"), "{failed}");
    assert!(failed.contains("case_array_that_repeats_itself ... ok"), "{failed}");
}

/// Compiles a test in C with a little kernel.
fn compile(directory: &Directory, name: &str, code: &str, flags: &[&str]) -> PathBuf {
    let kernel = repository().join("cli/tests/test_case/kernel.h");
    for header in ["linux/mm.h", "linux/pagemap.h", "linux/workqueue.h"] {
        directory.write(header, "");
    }
    directory.write("kunit/test.h", fs::read(kernel).unwrap());
    let source = directory.write(&format!("{name}.c"), code);
    let program = directory.path().join(name);
    let mut cc = Command::new("cc");
    cc.args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers"]);
    cc.args(flags).arg("-I").arg(directory.path()).arg(source).arg("-o").arg(&program);
    assert!(cc.status().unwrap().success(), "{name}:\n{code}");
    program
}

fn passes(program: &Path) -> bool {
    Command::new(program).status().unwrap().success()
}

#[test]
fn the_c_passes_where_the_functions_are_right() {
    let directory = Directory::new();
    let mut valid = 0;
    for (name, code) in printed("--c") {
        let Some(code) = code else { continue };
        let program = compile(&directory, &name, &code, &[]);
        assert!(passes(&program), "{name}:\n{code}");
        valid += 1;
    }
    assert!(valid > 50, "only {valid} scenarios are valid");
}

#[test]
fn the_c_fails_where_a_function_is_wrong() {
    let directory = Directory::new();
    directory.write("1.case", "folio a order=1\nentries a[1]\nput_user_pages_dirty\n");
    let code = directory.run(&["test-case", "--c", "1.case"]).code(0).out;
    assert!(passes(&compile(&directory, "right", &code, &[])));
    assert!(!passes(&compile(&directory, "wrong", &code, &["-DMISTAKE"])));
}

#[test]
fn both_are_printed_unless_one_is_asked_for() {
    let directory = Directory::new();
    directory.write("My case.case", CASE);
    let run = |arguments: &[&str]| directory.run(&[&["test-case"], arguments].concat()).code(0).out;
    let (rust, c) = (run(&["--rust", "My case.case"]), run(&["--c", "My case.case"]));
    assert_eq!(run(&["My case.case"]), format!("{rust}\n{c}"));
    assert!(rust.contains("fn case_my_case() {"), "{rust}");
    assert!(rust.contains("assert_eq!(folio_b.refcount(), 1);"), "{rust}");
    assert!(c.contains("static void case_my_case(struct kunit *test)"), "{c}");
    // As a target sees it, all calls are of its function.
    let one = run(&["--rust", "--target", "put_user_page", "My case.case"]);
    assert!(one.contains("put_user_page(page, &watch)"), "{one}");
}

#[test]
fn what_over_releases_has_no_test_in_c() {
    let directory = Directory::new();
    directory.write("1.case", OVER_RELEASE);
    let ran = directory.run(&["test-case", "1.case"]).code(0);
    let ran = ran.out(&["map_err(|error| error.entry), Err(1)"]);
    assert!(!ran.out.contains("kunit"), "{}", ran.out);
    let ran = directory.run(&["test-case", "--c", "1.case"]).code(1);
    ran.err(&["1.case over-releases, which is undefined in C", "--rust"]);
}

#[test]
fn mistakes_of_use_are_told() {
    let directory = Directory::new();
    directory.write("1.case", CASE);
    let run = |arguments: &[&str]| directory.run(&[&["test-case"], arguments].concat()).code(2);
    run(&["nowhere"]).err(&["there is no file nowhere"]);
    run(&["."]).err(&[". is a directory, and test-case takes one file"]);
    run(&["--rust", "--c", "1.case"]).err(&["cannot be used with"]);
}
