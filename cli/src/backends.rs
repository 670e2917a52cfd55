//! Backends by name.

use std::path::{Path, PathBuf};
use std::time::Duration;

use pagediff_terminal::error::{Stop, error};
use pagediff_terminal::output::command_line;
use put_user_page_kernel::{Options, Which};
use put_user_page_targets::backend::{Backend, BackendError};
use put_user_page_targets::backends::{
    Compiler, fast, fast_in_small_blocks, fast_unhooked, is_source,
};
use put_user_page_targets::harness::candidate_argument;
use put_user_page_targets::profiles::{PROFILES, Profile};
use put_user_page_targets::registry::{CANDIDATE_VARIABLE, Check, Target};
use put_user_page_targets_kernel::{Api, KernelGuest, KernelOptions};

use crate::candidate;
use crate::kernel::KernelArguments;

/// What `--backend` takes, and what each is.
pub(crate) const BACKENDS: [(&str, &str); 9] = [
    ("reference", "the naive reference, one entry at a time: what all others are held against"),
    ("fast", "the fast implementation of this repository, with hooks that tell what it does"),
    ("fast-unhooked", "the same as it ships, without hooks"),
    (SMALL_BLOCKS, "`fast`, but looking at entries in blocks of two and three"),
    (Api::Patch.name(), Api::Patch.what()),
    (Api::ReleasePages.name(), Api::ReleasePages.what()),
    (Api::Unpin.name(), Api::Unpin.what()),
    (Api::Fast.name(), Api::Fast.what()),
    (
        "FILE.c",
        "a candidate: a C file with some of the functions of targets/c/put_user_page.h, or a shared object of them, FILE.so",
    ),
];

/// The fast implementation, every branch of which is reached with four entries.
const SMALL_BLOCKS: &str = "fast-small-blocks";

/// What is run where no backend is named.
const USUAL: [&str; 3] = [BACKENDS[0].0, BACKENDS[1].0, BACKENDS[2].0];

/// The seconds that a candidate has for a case, unless another number is given.
const TIME_LIMIT: u64 = 10;

/// The backends of a command line.
#[derive(Clone, clap::Args)]
pub(crate) struct BackendArguments {
    /// A backend to hold against the reference; may be given several times
    #[arg(long = "backend", value_name = "NAME|FILE.c|FILE.so")]
    #[arg(default_values_t = USUAL.map(str::to_owned))]
    names: Vec<String>,
    /// More arguments for the compiler of each FILE.c, as in `--cflags='-O0 -fsanitize=address'`
    #[arg(long, value_name = "FLAGS", allow_hyphen_values = true)]
    cflags: Option<String>,
    /// Compile each FILE.c into a kernel, too, and run it there on the kernel's own pages
    #[arg(long)]
    in_kernel: bool,
    /// How long a candidate or a kernel may take for one case
    #[arg(long, value_name = "SECONDS", default_value_t = TIME_LIMIT)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    time_limit: u64,
    #[command(flatten)]
    kernel: KernelArguments,
    /// The rules of pins that all are held to: patch-2018, v5.7, v5.13, debian-6.1 or debian-6.12; a
    /// kernel is held to its own, and without one the newest are meant
    #[arg(long, value_name = "NAME", value_parser = profile_named)]
    profile: Option<&'static Profile>,
    /// The kernel's pages really go when they are freed: the module holds no reference
    #[arg(long)]
    kernel_free: bool,
    /// Give the kernel cases that over-release too, in a guest that is thrown away: only
    /// crashes count
    #[arg(long)]
    kernel_undefined: bool,
}

impl BackendArguments {
    /// Opens the backends but for `reference`, which is there in any case.
    pub(crate) fn open(&self) -> Result<Vec<Box<dyn Backend>>, Stop> {
        if self.kernel.which() != Which::default() && !self.has_kernel() {
            return Err(error(
                "a kernel is named, and no backend that runs in it",
                "add `--backend kernel-unpin`, `kernel`, `kernel-release-pages` or `kernel-fast`, or \
                 for a C file `--in-kernel`",
            ));
        }
        if self.in_kernel && self.twice().next().is_none() {
            return Err(error(
                "`--in-kernel` is for candidates in C, and none is named",
                "add `--backend FILE.c`, or leave it out: shared objects run in the process alone",
            ));
        }
        // One guest serves all of them, and all are held to the rules that it is held to.
        let has_api = self.names.iter().any(|name| api(name).is_some());
        let guest = if has_api { Some(self.start_guest(None)?) } else { None };
        // A candidate has one of its own, which nothing else has spoilt.
        let in_kernel = self.twice().map(|name| Ok((name, self.start_guest(Some(name))?)));
        let in_kernel: Vec<(&str, KernelGuest)> = in_kernel.collect::<Result<_, Stop>>()?;
        let any_guest = guest.as_ref().or(in_kernel.first().map(|(_, guest)| guest));
        let profile = self.profile(any_guest)?;
        let others = self.names.iter().filter(|name| *name != BACKENDS[0].0);
        let opened = others.map(|name| self.open_one(name, profile, guest.as_ref()));
        let in_kernel = in_kernel.iter().map(|(name, guest)| {
            let kernel: Box<dyn Backend> = Box::new(guest.candidate(in_kernel_name(name)));
            Ok(kernel)
        });
        opened.chain(in_kernel).collect()
    }

    fn start_guest(&self, candidate: Option<&str>) -> Result<KernelGuest, Stop> {
        let options = KernelOptions {
            guest: Options {
                time_limit: Duration::from_secs(self.time_limit),
                candidate: candidate.map(PathBuf::from),
                ..self.kernel.options()
            },
            free: self.kernel_free,
            undefined: self.kernel_undefined,
        };
        Ok(KernelGuest::start(options).map_err(BackendError::from)?)
    }

    /// The rules that are asked for, which must be the kernel's where there is one.
    fn profile(&self, guest: Option<&KernelGuest>) -> Result<&'static Profile, Stop> {
        match (self.profile, guest.map(KernelGuest::profile)) {
            (Some(asked), Some(kernels)) if asked != kernels => Err(error(
                format!("the kernel is held to {}, not to {}", kernels.name, asked.name),
                "leave out `--profile`, or the backends that run in the kernel",
            )),
            (asked, kernels) => Ok(asked.or(kernels).unwrap_or(Profile::newest())),
        }
    }

    fn open_one(
        &self,
        name: &str,
        profile: &'static Profile,
        guest: Option<&KernelGuest>,
    ) -> Result<Box<dyn Backend>, Stop> {
        Ok(match (name, api(name), guest) {
            (_, Some(api), Some(guest)) => Box::new(guest.backend(api)?),
            ("fast", ..) => Box::new(fast(profile)),
            ("fast-unhooked", ..) => Box::new(fast_unhooked(profile)),
            (SMALL_BLOCKS, ..) => Box::new(fast_in_small_blocks(profile)),
            _ if candidate::is_named(name) => return self.open_candidate(name, profile),
            _ => return Err(unknown(name)),
        })
    }

    fn open_candidate(
        &self,
        name: &str,
        profile: &'static Profile,
    ) -> Result<Box<dyn Backend>, Stop> {
        let cflags = self.cflags.iter().flat_map(|flags| flags.split_whitespace());
        let compiler = Compiler { cflags: cflags.map(str::to_owned).collect() };
        let time_limit = Duration::from_secs(self.time_limit);
        Ok(Box::new(candidate::open(name, &compiler, time_limit, profile)?))
    }

    /// These backends, or where they are the usual ones, the fast implementation in small blocks
    /// too.
    pub(crate) fn for_small_cases(&self) -> BackendArguments {
        let mut backends = self.clone();
        if self.are_usual() {
            backends.names.push(SMALL_BLOCKS.to_owned());
        }
        backends
    }

    /// Whether any of them runs in a kernel.
    pub(crate) fn has_kernel(&self) -> bool {
        self.in_kernel || self.names.iter().any(|name| api(name).is_some())
    }

    /// The candidates that also run in a kernel.
    pub(crate) fn twice(&self) -> impl Iterator<Item = &str> {
        let names = self.names.iter().map(String::as_str);
        names.filter(|name| self.in_kernel && is_source(Path::new(name)))
    }

    /// The files of candidates.
    pub(crate) fn candidates(&self) -> Vec<PathBuf> {
        self.names.iter().filter(|name| candidate::is_named(name)).map(PathBuf::from).collect()
    }

    /// Whether any of them runs in a process of its own, one case after the other.
    pub(crate) fn have_candidate(&self) -> bool {
        self.names.iter().any(|name| candidate::is_named(name))
    }

    /// These backends, or where they are the usual ones, those that the target runs.
    pub(crate) fn of_target(&self, target: Option<&Target>) -> Result<BackendArguments, Stop> {
        let mut backends = self.clone();
        if self.are_usual() {
            match target.map(|target| target.check) {
                Some(Check::Candidate) => {
                    backends.names = vec![candidate_argument().ok_or_else(|| {
                        error(
                            format!(
                                "{CANDIDATE_VARIABLE}, which names what the target runs, is not set"
                            ),
                            "add `--backend FILE.c`, or `--backend ./FILE.so`",
                        )
                    })?];
                }
                Some(Check::Kernel) => {
                    backends.names = Api::ALL.map(|api| api.name().to_owned()).to_vec();
                }
                Some(Check::OneFunction(_) | Check::Program | Check::Decode | Check::Answers)
                | None => {}
            }
        }
        Ok(backends)
    }

    fn are_usual(&self) -> bool {
        self.names.iter().eq(USUAL)
    }

    /// The command that shows what a case does on these backends.
    pub(crate) fn explain(&self, path: &Path, target: Option<&Target>) -> String {
        let mut words = vec!["explain".to_owned()];
        if let Some(target) = target {
            words.extend(["--target".to_owned(), target.name.to_owned()]);
        }
        words.extend(self.again());
        words.push(path_argument(path));
        command_line(&words)
    }

    /// What tells these backends from others, but for how long they may take.
    pub(crate) fn identity(&self) -> Vec<String> {
        BackendArguments { time_limit: TIME_LIMIT, ..self.clone() }.again()
    }

    /// The arguments that ask for these backends again; none for the usual ones.
    fn again(&self) -> Vec<String> {
        if self.are_usual() {
            return Vec::new();
        }
        let names = self.names.iter().flat_map(|name| ["--backend".to_owned(), name.clone()]);
        let mut words: Vec<String> = names.collect();
        if self.time_limit != TIME_LIMIT {
            words.extend(["--time-limit".to_owned(), self.time_limit.to_string()]);
        }
        words.extend(self.profile.iter().map(|profile| format!("--profile={}", profile.name)));
        words.extend(self.cflags.iter().map(|flags| format!("--cflags={flags}")));
        words.extend(self.kernel.again());
        let flags = [
            (self.in_kernel, "--in-kernel"),
            (self.kernel_free, "--kernel-free"),
            (self.kernel_undefined, "--kernel-undefined"),
        ];
        words.extend(flags.iter().filter(|(set, _)| *set).map(|(_, flag)| (*flag).to_owned()));
        words
    }
}

/// The profile with a name, for the command line.
pub(crate) fn profile_named(name: &str) -> Result<&'static Profile, String> {
    let names = || PROFILES.iter().map(|profile| profile.name).collect::<Vec<_>>().join(", ");
    Profile::named(name).ok_or_else(|| format!("the profiles are {}", names()))
}

/// The name of the backend that a candidate is in a kernel.
pub(crate) fn in_kernel_name(candidate: &str) -> String {
    format!("{candidate} in the kernel")
}

fn api(name: &str) -> Option<Api> {
    Api::ALL.into_iter().find(|api| api.name() == name)
}

/// A path as an argument that is not taken for an option.
fn path_argument(path: &Path) -> String {
    let path = path.display().to_string();
    if path.starts_with('-') { format!("./{path}") } else { path }
}

fn unknown(name: &str) -> Stop {
    let known = BACKENDS.map(|(known, _)| known).into_iter();
    let nearest = known.max_by(|one, other| {
        strsim::jaro_winkler(name, one).total_cmp(&strsim::jaro_winkler(name, other))
    });
    let suggestion = nearest
        .filter(|nearest| strsim::jaro_winkler(name, nearest) > 0.7)
        .map_or_else(String::new, |nearest| format!("did you mean `{nearest}`? "));
    error(
        format!("there is no backend `{name}`"),
        format!(
            "{suggestion}backends are `reference`, `fast`, `fast-unhooked`, `fast-small-blocks`, `kernel`, `kernel-release-pages`, `kernel-unpin`, `kernel-fast`, C files, and shared objects by their path, such as ./mine.so"
        ),
    )
}
