//! What came of an attempt, in words for the cover letter of a patch.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;

use pagediff_terminal::output::{count, quoted};
use put_user_page_kernel::{Commit, Origin, Patched, Source};
use serde::Serialize;

use super::touched::{Touched, touched};
use super::verdict::{Finding, Seconds, Verdict, Way};
use super::{Arguments, CORPUS};

/// What no attempt shows.
const NOT_TRIED: [&str; 4] = [
    "more than one processor",
    "other architectures than x86-64",
    "splits, migration and reclaim of a page while it is released",
    "other functions than those that release pages",
];

/// How many findings are told in full, those with the most cases first: one mistake has many.
const IN_FULL: usize = 3;

/// All that is told of an attempt.
#[derive(Serialize)]
pub(super) struct Letter {
    source: String,
    patch: Option<String>,
    touched: Vec<Touched>,
    configuration: String,
    /// Options that the source does not have.
    refused_options: Vec<String>,
    command: String,
    /// How many cases are drawn, and from what.
    drawn: u64,
    seed: u64,
    /// What the source without the patch does, where there is a patch.
    before: Option<Verdict>,
    after: Verdict,
    /// The findings of the kernel with the patch that the one without has not, by their signatures.
    new: Vec<String>,
    not_tried: Vec<String>,
}

impl Letter {
    pub(super) fn new(
        arguments: &Arguments,
        source: &Source,
        patched: Option<&Patched>,
        before: Option<Verdict>,
        after: Verdict,
        refused_options: Vec<String>,
    ) -> Letter {
        let known = before.as_ref().map(signatures).unwrap_or_default();
        let new = after.findings.iter().map(|finding| &finding.signature);
        let new = new.filter(|signature| !known.contains(signature.as_str())).cloned().collect();
        let config = arguments.config();
        let append = match config.append() {
            "" => String::new(),
            append => format!(" and `{append}`"),
        };
        let not_tried = NOT_TRIED.map(str::to_owned).into_iter();
        Letter {
            source: in_words(&source.origin),
            patch: arguments.patch.as_ref().map(|path| path.display().to_string()),
            touched: patched.map(touched).unwrap_or_default(),
            configuration: format!(
                "{}, x86-64, one processor, {} MiB{append}, in QEMU with {}",
                config.name(),
                arguments.memory(),
                after.accelerator
            ),
            refused_options,
            command: command(arguments),
            drawn: arguments.generated,
            seed: arguments.seed,
            not_tried: not_tried.chain(after.left_out.clone()).collect(),
            before,
            after,
            new,
        }
    }

    /// Whether nothing is found that was not there before.
    pub(super) fn is_clean(&self) -> bool {
        self.new.is_empty()
    }

    /// For people.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let after = &self.after;
        writeln!(out, "Tried on real pages of the kernel, case by case, with pagediff\n")?;
        writeln!(out, "source:        {}", self.source)?;
        if let Some(patch) = &self.patch {
            writeln!(out, "patch:         {patch}")?;
        }
        for touched in &self.touched {
            writeln!(out, "touches:       {}", touched.line())?;
        }
        writeln!(out, "kernel:        {}, {}", after.release, self.configuration)?;
        if !self.refused_options.is_empty() {
            writeln!(out, "not so in it:  {}", self.refused_options.join(" "))?;
        }
        writeln!(out, "command:       {}", self.command)?;
        let ways: Vec<&str> = after.ways.iter().map(|way| way.name.as_str()).collect();
        let (cases, ways) = (count(after.cases, "case"), ways.join(", "));
        let drawn = format!("{} of them drawn from seed {}", self.drawn, self.seed);
        writeln!(out, "cases:         {cases}, {drawn}, each with {ways}")?;
        for way in after.ways.iter().filter(|way| !way.skipped.is_empty()) {
            writeln!(out, "               {}", way.skips())?;
        }
        self.write_times(out)?;
        writeln!(out, "not tried:     {}\n", self.not_tried.join("; "))?;
        self.write_findings(out)
    }

    fn write_times(&self, out: &mut dyn Write) -> io::Result<()> {
        let verdicts = [("before", self.before.as_ref()), ("after", Some(&self.after))];
        for (when, verdict) in verdicts {
            let Some(Verdict { seconds: Seconds { build, start, cases }, .. }) = verdict else {
                continue;
            };
            writeln!(
                out,
                "time {when:<9} {build:.0} s to build, {start:.0} s to start, {cases:.0} s for cases"
            )?;
        }
        Ok(())
    }

    /// What is new in full, and what is not in a line each.
    fn write_findings(&self, out: &mut dyn Write) -> io::Result<()> {
        let after = signatures(&self.after);
        let (new, old): (Vec<_>, Vec<_>) =
            self.after.findings.iter().partition(|finding| self.new.contains(&finding.signature));
        let before = self.before.iter().flat_map(|verdict| &verdict.findings);
        let gone: Vec<_> =
            before.filter(|finding| !after.contains(finding.signature.as_str())).collect();
        let than =
            if self.before.is_some() { " that the kernel without the patch has not" } else { "" };
        match new.len() {
            0 => writeln!(out, "verdict: no finding{than}")?,
            number => writeln!(out, "verdict: {}{than}", count(number, "finding"))?,
        }
        let in_full = new.len().min(IN_FULL);
        for (number, finding) in (1..).zip(&new[..in_full]) {
            let Finding { signature, cases, summary, report, .. } = finding;
            writeln!(out, "\n{number}. {summary}")?;
            writeln!(out, "   {}: {signature}\n", count(*cases, "case"))?;
            writeln!(out, "{report}")?;
        }
        write_short(out, "also", &new[in_full..])?;
        write_short(out, "as before", &old)?;
        write_short(out, "not any more", &gone)
    }
}

fn write_short(out: &mut dyn Write, title: &str, findings: &[&Finding]) -> io::Result<()> {
    for Finding { signature, cases, summary, file, .. } in findings {
        let smallest = file.as_ref().map_or(String::new(), |file| format!(": {file}"));
        writeln!(out, "{title}: {summary} ({}, {signature}{smallest})", count(*cases, "case"))?;
    }
    Ok(())
}

impl Way {
    /// What it skipped, in a line.
    fn skips(&self) -> String {
        let all: usize = self.skipped.values().sum();
        let reasons = self.skipped.iter().map(|(reason, cases)| format!("{cases}, for {reason}"));
        format!("{} skipped {all}: {}", self.name, reasons.collect::<Vec<_>>().join("; "))
    }
}

fn signatures(verdict: &Verdict) -> BTreeSet<&str> {
    verdict.findings.iter().map(|finding| finding.signature.as_str()).collect()
}

/// What was tried.
fn in_words(origin: &Origin) -> String {
    match origin {
        Origin::Debian { release, version } => {
            format!("Debian's linux-source-{} {version}", release.name())
        }
        Origin::Folder { path, commit: None } => path.display().to_string(),
        Origin::Folder { path, commit: Some(Commit { id, subject, is_changed }) } => {
            let changed = if *is_changed { ", and changes that are not committed" } else { "" };
            format!("{} at {} (\"{subject}\"){changed}", path.display(), &id[..id.len().min(12)])
        }
    }
}

/// The command that does the same again.
fn command(arguments: &Arguments) -> String {
    let mut words = ["scripts/kernel", "try"].map(str::to_owned).to_vec();
    words.extend(arguments.patch.iter().map(|path| path.display().to_string()));
    match &arguments.source {
        Some(source) => words.extend(["--source".to_owned(), source.display().to_string()]),
        None => words.extend(["--release", arguments.release.name()].map(str::to_owned)),
    }
    if arguments.debug {
        words.push("--debug".to_owned());
    }
    let numbers = [("--generated", arguments.generated), ("--seed", arguments.seed)];
    words.extend(numbers.iter().flat_map(|(name, it)| [(*name).to_owned(), it.to_string()]));
    if arguments.cases != [PathBuf::from(CORPUS)] {
        let paths = arguments.cases.iter().map(|path| path.display().to_string());
        words.extend(paths.flat_map(|path| ["--cases".to_owned(), path]));
    }
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}
