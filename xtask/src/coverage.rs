//! `cargo xtask coverage`: which lines of our own code the committed corpus runs.

mod measure;

use put_user_page_kernel::Which;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pagediff_campaigns::lcov::{self, FileLines};
use pagediff_terminal::error::{Stop, error, file_error};
use pagediff_terminal::repository::find_root;
use pagediff_terminal::table::{self, Align};

use self::measure::{Measured, Tools};

/// Measures which lines of src/, case/, reference/ and targets/ the committed corpus runs, and
/// writes them to target/coverage, as lcov.info and as html/index.html
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Leave out the kernel backend, even if it is set up
    #[arg(long)]
    no_kernel: bool,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let root = find_root()?;
    let tools = Tools::find()?;
    let with_kernel = !arguments.no_kernel && put_user_page_kernel::is_set_up(&Which::default());
    let measured = Measured::measure(&root, &tools, with_kernel)?;
    let text = own(&measured.lcov()?, &root, with_kernel);
    let files = lcov::parse(&text).map_err(|line| {
        error(
            format!("llvm-cov wrote what is not lcov's format, in line {line}"),
            "see that it is the one of LLVM that rustc has",
        )
    })?;
    measured.write_html(&root, files.iter().map(|file| file.path.as_str()))?;
    let path = root.join(lcov::PATH);
    std::fs::write(&path, text).map_err(|why| file_error(&path, "written", &why))?;
    write_table(out, &files)?;
    if !with_kernel {
        writeln!(out, "\nnot measured: the kernel backend, which runs only where it is set up")?;
    }
    writeln!(out, "\nwrote {}\nwrote {}", lcov::PATH, measure::HTML)?;
    Ok(ExitCode::SUCCESS)
}

/// What a text in lcov's format says of our own code, by paths from the repository's root:
/// of no dependencies, tests, build scripts or generated code. The kernel backend counts
/// only if it was run.
fn own(text: &str, root: &Path, with_kernel: bool) -> String {
    let mut own = String::new();
    for record in text.split_inclusive("end_of_record\n") {
        let Some((before, rest)) = record.split_once("SF:") else { continue };
        let Some((file, after)) = rest.split_once('\n') else { continue };
        let Ok(path) = Path::new(file).strip_prefix(root) else { continue };
        if is_own(path) && (with_kernel || !is_of_kernel(path)) {
            own.push_str(&format!("{before}SF:{}\n{after}", path.display()));
        }
    }
    own
}

fn is_own(path: &Path) -> bool {
    let has = |name: &str| path.components().any(|component| component.as_os_str() == name);
    let ours =
        ["src", "case", "reference", "targets"].iter().any(|folder| path.starts_with(folder));
    ours && has("src") && !has("tests")
}

fn is_of_kernel(path: &Path) -> bool {
    path.starts_with("reference/kernel") || path.starts_with("targets/kernel")
}

/// The files by the package that they are in.
fn write_table(out: &mut dyn Write, files: &[FileLines]) -> std::io::Result<()> {
    let mut packages: BTreeMap<PathBuf, Vec<FileLines>> = BTreeMap::new();
    for file in files {
        let source = Path::new(&file.path).ancestors().find(|folder| folder.ends_with("src"));
        let package = source.unwrap_or(Path::new("")).to_owned();
        packages.entry(package).or_default().push(file.clone());
    }
    let row = |name: String, files: &[FileLines]| {
        let (covered, total) = lcov::sum(files);
        let percent = format!("{:.1} %", lcov::percent(covered, total));
        vec![name, files.len().to_string(), total.to_string(), covered.to_string(), percent]
    };
    let mut rows = vec![["", "files", "lines", "covered", "percent"].map(str::to_owned).to_vec()];
    rows.extend(packages.iter().map(|(name, files)| row(format!("{}/", name.display()), files)));
    rows.push(row("all".to_owned(), files));
    let aligns = [Align::Left, Align::Right, Align::Right, Align::Right, Align::Right];
    table::write(out, &rows, &aligns)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use pagediff_campaigns::lcov::parse;

    use super::own;

    /// The files that are left of these.
    fn left(files: &[&str], with_kernel: bool) -> Vec<String> {
        let record = |file: &&str| format!("SF:{file}\nFN:1,f\nDA:1,1\nend_of_record\n");
        let text: String = files.iter().map(record).collect();
        let own = own(&text, Path::new("/home/r"), with_kernel);
        parse(&own).expect("lcov").into_iter().map(|file| file.path).collect()
    }

    #[test]
    fn only_our_own_code_is_left() {
        let files = [
            "/home/r/src/lib.rs",
            "/home/r/case/src/world.rs",
            "/home/r/targets/tests/corpus.rs",
            "/home/r/targets/build.rs",
            "/home/r/target/coverage/build/out/src/generated.rs",
            "/home/r/cli/src/main.rs",
            "/home/r/fuzz/common/src/lib.rs",
            "/home/other/src/lib.rs",
            "/home/me/.cargo/registry/src/index/serde-1.0.0/src/lib.rs",
            "/rustc/0/library/core/src/num.rs",
        ];
        assert_eq!(left(&files, true), ["case/src/world.rs", "src/lib.rs"]);
    }

    #[test]
    fn the_kernel_counts_if_it_was_run() {
        let files = [
            "/home/r/reference/kernel/runner/src/lib.rs",
            "/home/r/reference/src/lib.rs",
            "/home/r/targets/kernel/src/backend.rs",
            "/home/r/targets/kernel/src/layout.rs",
        ];
        assert_eq!(left(&files, true).len(), 4);
        assert_eq!(left(&files, false), ["reference/src/lib.rs"]);
    }
}
