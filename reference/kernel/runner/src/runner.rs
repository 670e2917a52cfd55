//! A kernel that runs jobs, however often it dies of them.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::path::PathBuf;
use std::time::Duration;

use crate::boot::Machines;
use crate::candidate::{self, Candidate};
use crate::fault::Fault;
use crate::job::{Death, Deliver};
use crate::kernel::Which;
use crate::make;
use crate::patience::Patience;
use crate::place::Place;
use crate::qemu::Accelerator;
use crate::recovery::{End, Survivor};
use crate::setup;
use crate::{Error, GuestJob};

/// What to run, and for how long.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which kernel.
    pub kernel: Which,
    /// What its command line has beyond what guests need.
    pub append: String,
    /// A C file that is compiled into a module of its own, for jobs of `PAGEDIFF_CANDIDATE`.
    pub candidate: Option<PathBuf>,
    /// How much memory a guest has, in MiB.
    pub memory: u32,
    /// How long a job may go without an answer.
    pub time_limit: Duration,
}

impl Options {
    /// What is enough for all cases, for kernels that do not watch their memory, in MiB.
    pub const MEMORY: u32 = 256;
}

impl Default for Options {
    fn default() -> Self {
        Options {
            kernel: Which::default(),
            append: String::new(),
            candidate: None,
            memory: Options::MEMORY,
            time_limit: Duration::from_secs(10),
        }
    }
}

/// A kernel that runs jobs. Its guests end with it, and with the thread that it is used in,
/// which is why it stays in one.
pub struct Runner {
    survivor: Survivor<Machines>,
    about: BTreeMap<String, String>,
    candidate_functions: BTreeSet<String>,
    stays: PhantomData<*const ()>,
}

/// The most jobs that are sent at once, and about the most bytes of them: what the guest
/// has room for.
const BATCH_JOBS: usize = 4096;
const BATCH_BYTES: usize = 4 << 20;

impl Runner {
    /// Builds what is not up to date, and boots the first guest.
    pub fn start(options: &Options) -> Result<Runner, Fault> {
        Runner::start_in(&Place::find()?, options)
    }

    pub(crate) fn start_in(place: &Place, options: &Options) -> Result<Runner, Fault> {
        let (kernel, qemu) = setup::find(place, &options.kernel)?;
        let built = make::build(place, &kernel)?;
        let source = options.candidate.as_deref();
        let candidate = source.map(|source| candidate::build(place, &kernel, &built, source));
        let Candidate { module, functions } = candidate.transpose()?.unwrap_or_default();
        let (machines, guest) = Machines::new(place, qemu, built, module, options)?;
        let about = key_values(&guest.hello);
        let survivor = Survivor::new(machines, guest);
        Ok(Runner { survivor, about, candidate_functions: functions, stays: PhantomData })
    }

    /// What the guest says of itself: its `release`, and what the module tells.
    pub fn about(&self) -> &BTreeMap<String, String> {
        &self.about
    }

    /// The names of what the candidate defines; none where there is no candidate.
    pub fn candidate_functions(&self) -> &BTreeSet<String> {
        &self.candidate_functions
    }

    /// What executes the guest's instructions.
    pub fn accelerator(&self) -> Accelerator {
        self.survivor.boot.accelerator
    }

    /// How long the last guest took until it was ready.
    pub fn boot_time(&self) -> Duration {
        self.survivor.boot.boot_time
    }

    /// Runs jobs, and delivers each one's answer, or the death that it caused, by its
    /// number: each once, unless there is an error.
    pub fn run(&mut self, jobs: &[GuestJob<'_>], deliver: &mut Deliver<'_>) -> Result<(), Error> {
        self.run_patiently(jobs, &mut Patience::endless(), deliver).map(drop)
    }

    /// The same in order and only as long as patience lasts; returns how many were delivered.
    pub fn run_patiently(
        &mut self,
        jobs: &[GuestJob<'_>],
        patience: &mut Patience,
        deliver: &mut Deliver<'_>,
    ) -> Result<usize, Error> {
        jobs.iter().try_for_each(check)?;
        let mut start = 0;
        while start < jobs.len() && !patience.is_over() {
            let length = batch_length(&jobs[start..]);
            let batch = &jobs[start..start + length];
            start += self.survivor.run(batch, patience, &mut |index, result| {
                let result = result.map_err(|mut death| {
                    death.after = death.after.map(|first| start + first);
                    death
                });
                deliver(start + index, result);
            })?;
        }
        Ok(start)
    }

    /// Deaths that no job could be found for, since this was asked last: the guest died,
    /// and did not when the same jobs ran again one by one.
    pub fn take_unexplained(&mut self) -> Vec<Death> {
        std::mem::take(&mut self.survivor.unexplained)
    }

    /// The counters of /proc/vmstat in the guest.
    pub fn stats(&mut self) -> Result<BTreeMap<String, u64>, Error> {
        let text = self.survivor.guest()?.vmstat().map_err(|end| match end {
            End::Broken(error) => error,
            End::Died { how, log, .. } => Error::new(
                format!("the guest died when it was asked for its counters: {how}\n{log}"),
                "see what ran before",
            ),
            End::Killed(how) => Error::new(format!("QEMU was ended: {how}"), "run it again"),
        })?;
        let counters = key_values(&text).into_iter();
        Ok(counters.filter_map(|(name, value)| Some((name, value.parse().ok()?))).collect())
    }
}

/// Refuses a job that the guest has no room for.
fn check(job: &GuestJob<'_>) -> Result<(), Error> {
    let GuestJob { regions, bytes } = job;
    if bytes.len() <= BATCH_BYTES && regions.len() <= usize::from(u16::MAX) {
        return Ok(());
    }
    let message = format!("a job of {} bytes and {} regions", bytes.len(), regions.len());
    let help = format!("a guest takes {BATCH_BYTES} bytes and {} regions at most", u16::MAX);
    Err(Error::new(message, help))
}

/// How many jobs, of at least one, go into the next batch.
fn batch_length(jobs: &[GuestJob<'_>]) -> usize {
    let mut bytes = 0;
    let fitting = jobs.iter().take(BATCH_JOBS).take_while(|job| {
        bytes += job.bytes.len();
        bytes <= BATCH_BYTES
    });
    fitting.count().max(1)
}

fn key_values(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().filter_map(|line| line.split_once(' '));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}
