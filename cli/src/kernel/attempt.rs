//! `pagediff kernel try`: a patch in, a verdict out.

mod letter;
mod touched;
mod verdict;

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use pagediff_terminal::error::{DIVERGENCE, Stop, file_error, tell};
use pagediff_terminal::inputs;
use pagediff_terminal::output::write_json;
use put_user_page_kernel::{Compiled, Config, Error, Fault, Options, Patched, Release, Source};
use sha1_smol::Sha1;

use self::letter::Letter;
use self::verdict::{Kept, Verdict};
use super::{KernelArguments, release_named};

/// Builds a kernel with a patch, and says what differs from before, in words for a cover letter
///
/// The kernel is Debian's, or `--source TREE`, which stays as it is: all that is built lies in
/// target/kernel/try. The first build takes minutes, those after it what has changed.
///
/// Exit codes are for `git bisect run`: 0 nothing found; 1 a finding that the source without the
/// patch has not, or, where there is no patch, any; 125 the source does not build, or its kernel dies
/// before it is asked anything; 128 anything else, a wrong command line too.
#[derive(Clone, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// A patch, as `git diff` or `git format-patch` makes it
    #[arg(value_name = "FILE.patch", required_unless_present = "source")]
    patch: Option<PathBuf>,
    /// A kernel's source of your own
    #[arg(long, value_name = "TREE", conflicts_with = "release")]
    source: Option<PathBuf>,
    /// The source of one of Debian's kernels: 6.1 or 6.12
    #[arg(long, value_name = "RELEASE", value_parser = release_named)]
    #[arg(default_value = Release::V6_1.name())]
    release: Release,
    /// Build the kernel with what watches it: KASAN, lockdep and more
    #[arg(long)]
    debug: bool,
    /// How many cases to draw, beside those in files
    #[arg(long, value_name = "N", default_value_t = 5000)]
    generated: u64,
    /// What they are drawn from: the same seed, the same cases
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Files of cases, and directories of files, instead of the repository's corpus/
    #[arg(long, value_name = "FILE|DIR")]
    cases: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The cases that are committed, from the repository on.
const CORPUS: &str = "corpus";

/// `git bisect run` passes over such a source.
const UNTRIED: u8 = 125;

/// `git bisect run` stops.
pub(crate) const BROKEN: u8 = 128;

/// In MiB: KASAN has an eighth of all memory for itself, and holds back what is freed.
const DEBUG_MEMORY: u32 = 512;

/// Why there is no verdict.
pub(super) enum Ended {
    /// The source cannot be tried.
    Untried(Error),
    /// Something else is wrong.
    Stopped(Stop),
}

impl From<Stop> for Ended {
    fn from(stop: Stop) -> Ended {
        Ended::Stopped(stop)
    }
}

impl From<Error> for Ended {
    fn from(why: Error) -> Ended {
        Ended::Stopped(why.into())
    }
}

impl From<io::Error> for Ended {
    fn from(why: io::Error) -> Ended {
        Ended::Stopped(why.into())
    }
}

impl From<Fault> for Ended {
    fn from(fault: Fault) -> Ended {
        match fault {
            Fault::Kernel(why) => Ended::Untried(why),
            Fault::Other(why) => why.into(),
        }
    }
}

/// Whether a command line is one of this command, whatever else is wrong with it.
pub(crate) fn is_meant(mut words: impl Iterator<Item = std::ffi::OsString>) -> bool {
    words.next().is_some_and(|word| word == "kernel")
        && words.next().is_some_and(|word| word == "try")
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> ExitCode {
    // What panics has told why.
    let tried = catch_unwind(AssertUnwindSafe(|| attempt(arguments, out)));
    let code = match tried {
        Ok(Ok(is_clean)) => {
            if is_clean {
                0
            } else {
                DIVERGENCE
            }
        }
        Ok(Err(Ended::Untried(why))) => {
            tell(&why.into());
            UNTRIED
        }
        Ok(Err(Ended::Stopped(stop))) => {
            tell(&stop);
            BROKEN
        }
        Err(_) => BROKEN,
    };
    ExitCode::from(code)
}

/// Tells what came of it; whether nothing was found.
fn attempt(arguments: &Arguments, out: &mut dyn Write) -> Result<bool, Ended> {
    let arguments = arguments.in_repository()?;
    let source = match &arguments.source {
        Some(folder) => Source::of_folder(folder)?,
        None => Source::of_debian(arguments.release)?,
    };
    let patched = arguments.patch.as_ref().map(|patch| source.with_patch(patch)).transpose()?;
    let before = patched.as_ref().map(|patched| base(&arguments, &source, patched)).transpose()?;
    let (after, refused) = try_one(&arguments, &source, patched.as_ref())?;
    let letter = Letter::new(&arguments, &source, patched.as_ref(), before, after, refused);
    if arguments.json {
        write_json(out, &letter)?
    } else {
        letter.write(out)?
    }
    out.flush()?;
    Ok(letter.is_clean())
}

/// The verdict on the source as it is, which is kept for as long as nothing changes that it is of.
fn base(arguments: &Arguments, source: &Source, patched: &Patched) -> Result<Verdict, Ended> {
    let kept = Kept::new(source.home(), &arguments.key(source)?);
    if let Some(verdict) = kept.load() {
        eprintln!("the verdict on the source without the patch is known from before");
        return Ok(verdict);
    }
    // A patch that does not compile is told before minutes go into the base, of which most of what
    // is built now is a part.
    let start = Instant::now();
    source.build(Some(patched), arguments.config())?;
    let build = start.elapsed().as_secs_f64();
    let (mut verdict, _) = try_one(arguments, source, None)?;
    verdict.seconds.build += build;
    kept.store(&verdict)?;
    Ok(verdict)
}

/// Builds a kernel, and runs all cases on it. Also returns the options that it does not have.
fn try_one(
    arguments: &Arguments,
    source: &Source,
    patched: Option<&Patched>,
) -> Result<(Verdict, Vec<String>), Ended> {
    let start = Instant::now();
    let compiled = source.build(patched, arguments.config())?;
    let build = start.elapsed().as_secs_f64();
    let verdict = verdict::run(arguments, &arguments.kernel(&compiled), build)?;
    Ok((verdict, compiled.refused))
}

impl Arguments {
    /// The same wherever it is read, for a process in the repository: all that it keeps is there.
    fn in_repository(&self) -> Result<Arguments, Ended> {
        let absolute =
            |path: &PathBuf| path.canonicalize().map_err(|why| file_error(path, "opened", &why));
        let mut arguments = self.clone();
        arguments.patch = self.patch.as_ref().map(absolute).transpose()?;
        arguments.source = self.source.as_ref().map(absolute).transpose()?;
        arguments.cases = self.cases.iter().map(absolute).collect::<Result<_, _>>()?;
        let repository = put_user_page_kernel::repository()?;
        if arguments.cases.is_empty() {
            arguments.cases.push(CORPUS.into());
        }
        std::env::set_current_dir(&repository)
            .map_err(|why| file_error(&repository, "opened", &why))?;
        Ok(arguments)
    }

    /// What a verdict depends on, as a name: the source, its configuration, the cases, and all that
    /// runs them and judges.
    fn key(&self, source: &Source) -> Result<String, Ended> {
        let config = self.config();
        let mut hash = Sha1::new();
        let drawn = format!("{} {}", self.generated, self.seed);
        let guest = put_user_page_kernel::guest_digest()?;
        for part in [source.identity()?, config.options()?, config.append().into(), drawn, guest] {
            hash.update(part.as_bytes());
            hash.update(b"\0");
        }
        let program = std::env::current_exe()?;
        for file in inputs::files(&self.cases)?.iter().chain([&program]) {
            let bytes = std::fs::read(file).map_err(|why| file_error(file, "read", &why))?;
            hash.update(&(bytes.len() as u64).to_le_bytes());
            hash.update(&bytes);
        }
        Ok(hash.digest().to_string())
    }

    fn config(&self) -> Config {
        if self.debug { Config::Debug } else { Config::Small }
    }

    /// How much memory a guest has, in MiB.
    fn memory(&self) -> u32 {
        if self.debug { DEBUG_MEMORY } else { Options::MEMORY }
    }

    /// The kernel that was built, as it is named on a command line.
    fn kernel(&self, compiled: &Compiled) -> KernelArguments {
        let kernel = compiled.kernel.clone();
        KernelArguments {
            kernel: Some(kernel.image),
            kdir: Some(kernel.kdir),
            release: Release::V6_1,
            append: self.config().append().to_owned(),
            memory: self.memory(),
        }
    }
}
