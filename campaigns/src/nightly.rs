//! `pagediff nightly`: what scripts/nightly calls: the nightly job from start to end.

mod findings;
mod plan;

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use pagediff_terminal::error::{DIVERGENCE, Stop};
use pagediff_terminal::output::{count, headline};
use pagediff_terminal::repository::find_root;
use put_user_page_fuzz_common::ablation::Ablation;
use put_user_page_kernel::{Release, Which};
use put_user_page_targets::registry::Target;
use put_user_page_targets_kernel::Api;

use self::plan::Part;
use crate::again::{again, ignored_tests, xtask};
use crate::bugs::{self, Hunter, Summary};
use crate::corpus::measure::Programs;
use crate::corpus::merge::{self, Merged};
use crate::corpus::steps::Steps;
use crate::corpus::{Root, lock, minimize, show};
use crate::engines::{Engine, Sanitizer};
use crate::fuzz::{self, Fuzzed};
use crate::record::{CostRecord, KeptRecord, LeftOut, Record};

/// Fuzzes every target with every engine, takes in what they found, and says what diverges
///
/// The corpora are merged and minimised, replayed on all backends, small cases run, and a record
/// and a report are left in target/nightly. It exits with 1 if anything diverged, crashed or was
/// lost, or a part failed.
#[derive(clap::Args)]
pub struct Arguments {
    /// For how long all engines fuzz all targets, and how long small cases may take after that;
    /// the rest may take three to five hours more: docs/nightly.md has a table
    #[arg(long, value_name = "N", default_value_t = 60)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1440))]
    minutes: u64,
}

/// Runs `pagediff nightly`, and returns its exit code.
///
/// # Errors
///
/// It cannot do what it was asked, or the output is closed.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let root = Root { root: find_root()? };
    let _lock = lock::take(&root.corpus()?, "scripts/nightly")?;
    let began = SystemTime::now().duration_since(UNIX_EPOCH);
    let record = Record {
        started: began.map_or(0, |since| since.as_secs()),
        cores: fuzz::cores(),
        left_out: left_out(put_user_page_kernel::is_set_up(&Which::default())),
        ..Record::default()
    };
    let targets = fuzz::targets(None);
    let minutes = arguments.minutes;
    Night { root, targets, minutes, began: Instant::now(), record, is_bad: false, out }.run()
}

/// A night, up to where it is.
struct Night<'a> {
    root: Root,
    targets: Vec<&'static Target>,
    /// Of fuzzing.
    minutes: u64,
    began: Instant,
    record: Record,
    /// Whether anything diverged, was lost, or went unnoticed.
    is_bad: bool,
    out: &'a mut dyn Write,
}

impl Night<'_> {
    fn run(mut self) -> Result<ExitCode, Stop> {
        let night = &mut self;
        night.part(Part::Building, Night::build)?;
        let fuzzed = night.part(Part::Fuzzing, Night::fuzz)?;
        night.part(Part::Corpora, Night::take_in)?;
        // What fails from here on leaves the rest of the night as it is.
        night.turn(Part::Replay, Night::replay)?;
        night.turn(Part::SmallCases, Night::small_cases)?;
        night.turn(Part::Kernels, Night::kernels)?;
        for engine in Engine::ALL {
            let part = Part::BankBy(engine);
            night.turn(part, |night| {
                night.look_for_bugs(&[Hunter::whole(engine)], (3, 120), part)
            })?;
        }
        night.turn(Part::Ablations, |night| {
            // Where something is missing there is much that is not found, which takes all of its
            // time.
            night.look_for_bugs(&Ablation::ALL.map(Hunter::without), (1, 20), Part::Ablations)
        })?;
        night.turn(Part::Bank, Night::bank)?;
        night.turn(Part::Report, Night::report)?;
        // After the report: a night that is stopped has one.
        night.turn(Part::Mutants, Night::mutants)?;
        night.turn(Part::KernelMutations, Night::kernel_mutations)?;
        night.write_page()?;
        night.end(&fuzzed)
    }

    /// Does a part, and notes what it took.
    fn part<T>(
        &mut self,
        part: Part,
        run: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        self.title(part.name())?;
        let began = Instant::now();
        let done = run(self);
        let failed = match &done {
            Err(Stop::Error(why) | Stop::DoesNotHold(why)) => Some(why.to_string()),
            _ => None,
        };
        self.record.costs.push(CostRecord {
            part: part.name().to_owned(),
            seconds: began.elapsed().as_secs_f64(),
            most_minutes: part.most_minutes(self.minutes),
            failed,
        });
        done
    }

    /// Does a part if this is its night; if it fails, says so, and that the night went badly.
    fn turn(
        &mut self,
        part: Part,
        run: impl FnOnce(&mut Self) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        if !part.is_of(self.record.started) {
            return Ok(());
        }
        match self.part(part, run) {
            Err(Stop::Error(why) | Stop::DoesNotHold(why)) => {
                self.is_bad = true;
                Ok(writeln!(self.out, "{} failed: {why:?}", part.name())?)
            }
            done => done,
        }
    }

    fn build(&mut self) -> Result<(), Stop> {
        for engine in Engine::ALL {
            engine.build(&self.root.root, None, Sanitizer::Address)?;
        }
        Programs::build(&self.root.root, &self.targets)
    }

    fn fuzz(&mut self) -> Result<Fuzzed, Stop> {
        let root = &self.root.root;
        let share = (&Engine::ALL[..], Sanitizer::Address, self.minutes * 60);
        let fuzzed = fuzz::fuzz(root, &self.targets, share)?;
        fuzz::write_table(self.out, &fuzzed)?;
        self.record.targets = fuzzed.records();
        self.record.findings = findings::records(root, &fuzzed)?;
        self.is_bad |= !self.record.findings.is_empty();
        Ok(fuzzed)
    }

    /// Merges and minimises the corpora, and notes what became of them. One that would have lost
    /// something is as it was.
    fn take_in(&mut self) -> Result<(), Stop> {
        let Night { root, targets, record, out, .. } = self;
        let steps = Steps::new();
        for (target, of_target) in targets.iter().zip(&mut record.targets) {
            steps.begin(format!("{}: merging", target.name));
            let Merged { inputs, new, .. } = merge::run_on(root, target, &[])?;
            eprintln!("{}: {}, {new} new", target.name, count(inputs, "input"));
            let programs = Programs::of(&root.root, target);
            of_target.corpus = Some(minimize::run_on(root, target, Some(&programs), &steps)?);
        }
        steps.end();
        let records = || {
            let of = record.targets.iter().zip(&*targets);
            of.filter_map(|(of_target, target)| Some((target.name, of_target.corpus.as_ref()?)))
        };
        show::records(*out, records())?;
        self.is_bad |= records().flat_map(|(_, corpus)| &corpus.kept).any(KeptRecord::is_lost);
        Ok(())
    }

    /// Replays the committed corpora on all backends that are here.
    fn replay(&mut self) -> Result<(), Stop> {
        self.again("fast", &["replay", "corpus"])?;
        if self.has_kernel() {
            let words = [&["replay"][..], &in_kernel(), &["corpus"]].concat();
            return self.again("kernel", &words);
        }
        writeln!(self.out, "kernel: left out, for it is not set up: run `scripts/kernel setup`")?;
        Ok(())
    }

    /// Runs every small case, as many of the night's as there is time for: the next night goes on
    /// from there.
    fn small_cases(&mut self) -> Result<(), Stop> {
        let minutes = self.minutes.to_string();
        let state = ["--state", "target/small-cases.json", "--minutes", &minutes];
        self.again("small cases", &[&["exhaust", "--night"], &state[..]].concat())
    }

    /// Replays the committed corpora and generated cases, and runs small ones, on each kernel that
    /// is set up.
    fn kernels(&mut self) -> Result<(), Stop> {
        let seed = self.record.started.to_string();
        let is_set_up =
            |release: &Release| put_user_page_kernel::is_set_up(&Which::Debian(*release));
        for release in Release::ALL.into_iter().filter(is_set_up) {
            let on_it = [&["--release", release.name()], &in_kernel()[..]].concat();
            let generated = ["replay", "--generated", "20000", "--seed", &seed];
            let state = format!("target/small-cases-{}.json", release.name());
            let small = ["exhaust", "--night", "--state", &state, "--minutes", "10"];
            for words in [&["replay", "corpus"][..], &generated, &small] {
                self.again(release.name(), &[words, &on_it].concat())?;
            }
        }
        Ok(())
    }

    /// Lets hunters look for the bugs of the bank, with so many seeds, for so many seconds each, as
    /// long as the part may take.
    fn look_for_bugs(
        &mut self,
        hunters: &[Hunter],
        limits: (u32, u64),
        part: Part,
    ) -> Result<(), Stop> {
        let until = Instant::now() + Duration::from_secs(60 * part.most_minutes(self.minutes));
        for &hunter in hunters {
            let left = bugs::look_for_all(&self.root.root, hunter, limits, until)?;
            if left > 0 {
                let (name, left) = (part.name(), count(left, "bug"));
                writeln!(self.out, "{name}: there was no time for {left}, and nothing is kept")?;
            }
        }
        Ok(())
    }

    fn bank(&mut self) -> Result<(), Stop> {
        let bank = bugs::bank(&self.root.root)?;
        for bug in &bank.not_found {
            writeln!(self.out, "the committed corpus does not find {bug}")?;
        }
        for finder in &bank.finders {
            let Summary { finder, always_found, bugs, longest, .. } = finder;
            writeln!(self.out, "{finder}: {always_found} of {bugs}, the longest {longest:.1} s")?;
        }
        self.is_bad |= !bank.not_found.is_empty();
        self.record.bank = Some(bank);
        Ok(())
    }

    /// Measures line coverage where the tools for it are, and makes the page.
    fn report(&mut self) -> Result<(), Stop> {
        match xtask(&self.root.root, &["coverage", "--no-kernel"]) {
            Ok(coverage) => write!(self.out, "{}", coverage.text)?,
            // Without LLVM's tools there is a report all the same, which says that this is missing.
            Err(Stop::Error(why)) => {
                eprintln!("note: line coverage is left out: {why}");
                self.record.left_out.push(LeftOut::LineCoverage);
            }
            Err(stop) => return Err(stop),
        }
        self.write_page()
    }

    /// Writes the record and the page of what was done so far.
    fn write_page(&mut self) -> Result<(), Stop> {
        self.record.seconds = self.began.elapsed().as_secs();
        self.record.write(&self.root.root)?;
        write!(self.out, "{}", again(&self.root.root, &["report"])?.text)?;
        Ok(())
    }

    /// Breaks a share of our own code.
    fn mutants(&mut self) -> Result<(), Stop> {
        let share = plan::share_of_mutants(self.record.started);
        let mutants = xtask(&self.root.root, &["mutants", "--shard", &share])?;
        write!(self.out, "{}", mutants.text)?;
        self.is_bad |= mutants.diverges;
        Ok(())
    }

    /// Breaks the kernel's module, where there is a kernel.
    fn kernel_mutations(&mut self) -> Result<(), Stop> {
        if self.has_kernel() {
            self.out.flush()?;
            self.is_bad |= !ignored_tests(&self.root.root, "kernel", "mutations")?;
        }
        Ok(())
    }

    /// Says what is to be looked at, and whether anything is.
    fn end(&mut self, fuzzed: &Fuzzed) -> Result<ExitCode, Stop> {
        self.title("result")?;
        let Night { record, out, .. } = self;
        for cost in record.costs.iter().filter(|cost| cost.failed.is_some()) {
            writeln!(out, "{} failed", cost.part)?;
        }
        for cost in record.costs.iter().filter(|cost| cost.is_over()) {
            let (part, minutes) = (&cost.part, cost.seconds / 60.0);
            writeln!(out, "{part} took {minutes:.0} minutes, and may take {}", cost.most_minutes)?;
        }
        for finding in &record.findings {
            writeln!(out, "{}: {}, in {}", finding.target, finding.signature, finding.file)?;
        }
        let findings = count(record.findings.len(), "distinct finding");
        writeln!(out, "{findings}, in {} min {} s", record.seconds / 60, record.seconds % 60)?;
        fuzzed.check_engines(*out)?;
        Ok(ExitCode::from(if self.is_bad { DIVERGENCE } else { 0 }))
    }

    /// Runs another command of this program, and says what it said.
    fn again(&mut self, what: &str, words: &[&str]) -> Result<(), Stop> {
        let again = again(&self.root.root, words)?;
        write!(self.out, "{what}: {}", again.text)?;
        self.is_bad |= again.diverges;
        Ok(())
    }

    fn has_kernel(&self) -> bool {
        !self.record.left_out.contains(&LeftOut::Kernel)
    }

    fn title(&mut self, text: &str) -> std::io::Result<()> {
        writeln!(self.out, "\n{}", headline(text))?;
        // What engines and children print comes after it.
        self.out.flush()
    }
}

/// The arguments that name all backends that run in a kernel.
fn in_kernel() -> Vec<&'static str> {
    Api::ALL.into_iter().flat_map(|api| ["--backend", api.name()]).collect()
}

/// What is left out before anything is done.
fn left_out(has_kernel: bool) -> Vec<LeftOut> {
    if has_kernel { Vec::new() } else { vec![LeftOut::Kernel] }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Instant;

    use pagediff_terminal::error::{Stop, error};

    use super::plan::Part;
    use super::{Night, left_out};
    use crate::corpus::Root;
    use crate::record::{LeftOut, Record};

    #[test]
    fn a_night_without_a_kernel_leaves_it_out() {
        assert_eq!(left_out(false), [LeftOut::Kernel]);
        assert_eq!(left_out(true), []);
    }

    #[test]
    fn a_part_that_fails_is_told_and_the_night_goes_on() {
        let mut out = Vec::new();
        let (root, targets) = (Root { root: PathBuf::new() }, Vec::new());
        let (began, record) = (Instant::now(), Record::default());
        let mut night =
            Night { root, targets, minutes: 1, began, record, is_bad: false, out: &mut out };
        assert!(night.turn(Part::Replay, |_| Ok(())).is_ok() && !night.is_bad);
        assert!(night.turn(Part::Bank, |_| Err(error("no corpus", "get one"))).is_ok());
        assert!(night.is_bad);
        let failed: Vec<_> = night.record.costs.iter().map(|cost| cost.failed.clone()).collect();
        assert_eq!(failed, [None, Some("no corpus".to_owned())]);
        let interrupted = night.turn(Part::Report, |_| Err(Stop::Interrupted));
        assert!(matches!(interrupted, Err(Stop::Interrupted)));
        assert!(String::from_utf8(out).unwrap().contains("bank failed: "));
    }

    #[test]
    fn the_tests_that_break_the_module_are_there_by_their_name() {
        let tests = include_str!("../../cli/tests/kernel/main.rs");
        assert!(tests.contains("\nmod mutations;"), "a night would run no test, and pass");
        assert!(include_str!("../../cli/tests/kernel/mutations.rs").contains("#[ignore"));
    }
}
