//! `cargo xtask readme`: whether the README's commands do what they did when it was written.

use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use pagediff_terminal::error::{Stop, does_not_hold, error, file_error};
use pagediff_terminal::repository::find_root;

/// Runs every command of the README's `sh` blocks, in order, until one fails
///
/// Left out is scripts/test, which runs this.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Leave out what needs the kernel backend
    #[arg(long)]
    no_kernel: bool,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let root = find_root()?;
    let path = root.join("README.md");
    let text = std::fs::read_to_string(&path).map_err(|why| file_error(&path, "read", &why))?;
    let commands: Vec<&str> = commands(&text, !arguments.no_kernel).collect();
    if commands.is_empty() {
        return Err(does_not_hold(
            "README.md has no command to run".to_owned(),
            "write what a reader is to run into blocks that start with ```sh",
        ));
    }
    for command in commands {
        writeln!(out, "\n$ {command}")?;
        out.flush()?;
        run_one(&root, command)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The lines of a text's `sh` blocks, each a command, without those that are not run.
fn commands(text: &str, with_kernel: bool) -> impl Iterator<Item = &str> {
    let mut is_inside = false;
    let lines = text.lines().filter(move |line| {
        if line.starts_with("```") {
            is_inside = *line == "```sh";
            return false;
        }
        is_inside && !line.is_empty() && !line.starts_with('#')
    });
    lines
        .filter(|line| line.split(' ').next() != Some("scripts/test"))
        .filter(move |line| with_kernel || !line.contains("kernel"))
}

fn run_one(root: &Path, command: &str) -> Result<(), Stop> {
    let mut bash = Command::new("bash");
    bash.current_dir(root).args(["-euo", "pipefail", "-c", command]).stdin(Stdio::null());
    let status = bash
        .status()
        .map_err(|why| error(format!("bash does not start: {why}"), "see that it is installed"))?;
    if status.success() {
        return Ok(());
    }
    Err(does_not_hold(
        format!("a command of README.md failed, {status}: {command}"),
        "mend it, or what README.md says",
    ))
}

#[cfg(test)]
mod tests {
    use super::commands;

    const TEXT: &str = "\
run `this`
```sh
# Not this.
scripts/test

scripts/fuzz program 10
scripts/kernel setup
```
```console
$ scripts/nightly
```
```sh
cat <x
```
";

    #[test]
    fn every_line_of_an_sh_block_is_a_command() {
        let all = ["scripts/fuzz program 10", "scripts/kernel setup", "cat <x"];
        assert_eq!(commands(TEXT, true).collect::<Vec<_>>(), all);
    }

    #[test]
    fn what_names_the_kernel_can_be_left_out() {
        let all = ["scripts/fuzz program 10", "cat <x"];
        assert_eq!(commands(TEXT, false).collect::<Vec<_>>(), all);
    }
}
