//! What `--help` adds to the commands' own words: groups, and an example for each.

use clap::Command;

/// A command by its words, and an example of it.
type Example = (&'static str, &'static str);

/// The groups in which commands are listed.
const GROUPS: [(&str, &[Example]); 3] = [
    (
        "One case, or a folder of cases",
        &[
            ("replay", "replay --backend mine.c corpus/"),
            ("explain", "explain corpus/scenarios/waits-for-the-page-lock.case"),
            ("minimize", "minimize --backend mine.c fuzz/artifacts/program/crash-1f"),
            ("test-case", "test-case --c corpus/scenarios/tails-only.case"),
            ("assemble", "assemble mine.case -o mine"),
            ("disassemble", "disassemble corpus/program/scenario-tails-only"),
            ("list", "list --json"),
        ],
    ),
    (
        "Campaigns",
        &[
            ("fuzz", "fuzz --engine all put_user_pages 60"),
            ("corpus", "corpus verify"),
            ("bugs", "bugs block-skips-an-entry --engine libfuzzer --seconds 30"),
            ("stability", "stability corpus/"),
            ("engine-bench", "engine-bench program"),
            ("exhaust", "exhaust --backend mine.c"),
            ("nightly", "nightly --minutes 20"),
            ("report", "report"),
        ],
    ),
    (
        "The Linux kernel",
        &[("kernel", "kernel setup"), ("candidate", "candidate from-kernel ~/linux -o mine.c")],
    ),
];

/// Examples of the commands of commands.
const NESTED: [(&str, &[Example]); 3] = [
    ("candidate", &[("from-kernel", "candidate from-kernel ~/linux --also gup_mine -o mine.c")]),
    (
        "corpus",
        &[
            ("scenarios", "corpus scenarios"),
            ("outcomes", "corpus outcomes"),
            ("merge", "corpus merge put_user_pages"),
            ("minimize", "corpus minimize put_user_pages"),
            ("stats", "corpus stats --json"),
            ("verify", "corpus verify"),
            ("states", "corpus states"),
        ],
    ),
    (
        "kernel",
        &[
            ("setup", "kernel setup"),
            ("about", "kernel about --kernel ~/linux/vmlinux --kdir ~/linux"),
            ("bench", "kernel bench --runs 3"),
            ("try", "kernel try my.patch --release 6.12"),
        ],
    ),
];

/// The program's commands with groups and examples.
pub(crate) fn with_examples(mut program: Command) -> Command {
    let mut groups = String::new();
    for (title, examples) in GROUPS {
        groups.push_str(&format!("{title}:\n"));
        for (name, example) in examples {
            program = program.mut_subcommand(name, |command| with_example(command, example));
            let about = program.find_subcommand(name).and_then(Command::get_about);
            let about = about.expect("every command says what it does");
            groups.push_str(&format!("  {name:<13} {about}\n"));
        }
        groups.push('\n');
    }
    for (name, examples) in NESTED {
        program = program.mut_subcommand(name, |mut command| {
            for (name, example) in examples {
                command = command.mut_subcommand(name, |command| with_example(command, example));
            }
            command
        });
    }
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{groups}{{options}}{{after-help}}"
    );
    program.help_template(template)
}

fn with_example(command: Command, example: &str) -> Command {
    command.after_help(format!("Example: pagediff {example}"))
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::Arguments;

    /// The commands that people see, but help itself.
    fn visible(command: &Command) -> Vec<String> {
        let commands = command.get_subcommands().filter(|command| !command.is_hide_set());
        let mut names: Vec<String> =
            commands.map(|command| command.get_name().to_owned()).collect();
        names.retain(|name| name != "help");
        names.sort();
        names
    }

    fn named(examples: &[Example]) -> Vec<String> {
        let mut names: Vec<String> = examples.iter().map(|(name, _)| (*name).to_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn every_command_is_in_a_group_and_has_an_example() {
        let program = Arguments::command();
        let groups: Vec<Example> =
            GROUPS.iter().flat_map(|(_, examples)| *examples).copied().collect();
        assert_eq!(visible(&program), named(&groups));
        for (name, examples) in NESTED {
            assert_eq!(visible(program.find_subcommand(name).unwrap()), named(examples), "{name}");
        }
    }

    #[test]
    fn examples_are_commands() {
        let groups = GROUPS.iter().chain(&NESTED).flat_map(|(_, examples)| *examples);
        for (_, example) in groups {
            let words = std::iter::once("pagediff").chain(example.split(' '));
            Arguments::try_parse_from(words).unwrap_or_else(|error| panic!("{example}: {error}"));
        }
    }
}
