//! Every job gets its answer, or the death that it caused, whatever else dies.
//!
//! Jobs run as a batch until a guest dies. Mostly its log names the job that it died in, which
//! then has a fresh guest to itself: if it dies again, the others go on as a batch. Else the jobs
//! run again, from the first one that this guest had of the batch, each answered before the next
//! is sent: so the job that kills is known, and so is what ran before it.

#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::job::{Death, Deliver, How};
use crate::patience::Patience;
use crate::{Error, GuestJob};

/// A guest that runs jobs.
pub(crate) trait Guest {
    /// Runs jobs and delivers their answers in order.
    fn run(&mut self, jobs: &[GuestJob<'_>], deliver: &mut dyn FnMut(&[u8])) -> Result<(), End>;
}

/// What starts guests.
pub(crate) trait Boot {
    /// What it starts.
    type Guest: Guest;
    /// Starts a guest.
    fn boot(&mut self) -> Result<Self::Guest, Error>;
    /// A guest has died of a job, and others will: from now on one is kept ready.
    fn expect_deaths(&mut self);
}

/// Why a guest is no more.
#[derive(Debug)]
pub(crate) enum End {
    /// It died of what it ran.
    Died {
        /// How.
        how: How,
        /// What its kernel logged.
        log: String,
        /// The job that it says it was in, by the number in what it was given.
        suspect: Option<usize>,
    },
    /// Somebody else ended it: says how.
    Killed(String),
    /// It cannot work, whatever it runs.
    Broken(Error),
}

/// How often in a row somebody else may end the guest.
const KILLED_LIMIT: u32 = 3;

/// A guest that is replaced when it dies.
pub(crate) struct Survivor<B: Boot> {
    pub(crate) boot: B,
    guest: Option<B::Guest>,
    /// Whether the guest has run nothing yet.
    is_fresh: bool,
    killed: u32,
    /// Deaths that no job could be found for.
    pub(crate) unexplained: Vec<Death>,
}

impl<B: Boot> Survivor<B> {
    pub(crate) fn new(boot: B, guest: B::Guest) -> Self {
        Survivor { boot, guest: Some(guest), is_fresh: true, killed: 0, unexplained: Vec::new() }
    }

    /// The guest; a fresh one if there is none.
    pub(crate) fn guest(&mut self) -> Result<&mut B::Guest, Error> {
        let guest = match self.guest.take() {
            Some(guest) => guest,
            None => {
                self.is_fresh = true;
                self.boot.boot()?
            }
        };
        Ok(self.guest.insert(guest))
    }

    /// Runs a batch. Each job is delivered once and in order, if there is no error, up to
    /// where patience ends. Returns how many were.
    pub(crate) fn run(
        &mut self,
        jobs: &[GuestJob<'_>],
        patience: &mut Patience,
        deliver: &mut Deliver<'_>,
    ) -> Result<usize, Error> {
        let mut delivered = 0;
        // The first that the guest has run.
        let mut first = 0;
        // The next job that is known to kill.
        let mut deadly: Option<(usize, Death)> = None;
        while delivered < jobs.len() && !patience.is_over() {
            let end = deadly.as_ref().map_or(jobs.len(), |(number, _)| *number);
            if delivered == end {
                let (_, death) = deadly.take().expect("there are jobs left");
                patience.bear(&death);
                deliver(delivered, Err(death));
                delivered += 1;
                continue;
            }
            self.guest()?;
            let is_alone = std::mem::replace(&mut self.is_fresh, false) && end - delivered == 1;
            let start = delivered;
            let ended = self.guest()?.run(&jobs[start..end], &mut |answer| {
                deliver(delivered, Ok(answer));
                delivered += 1;
            });
            match ended {
                Ok(()) => {
                    self.killed = 0;
                    continue;
                }
                Err(End::Died { how, log, suspect }) => {
                    self.bury();
                    let death = Death { how, log, after: None };
                    let suspect = suspect.map(|number| start + number);
                    if is_alone && delivered == start {
                        deadly = Some((delivered, death));
                    } else if let Some(found) = self.try_alone(jobs, delivered, suspect)? {
                        deadly = Some(found);
                    } else {
                        let known = first..delivered;
                        delivered =
                            self.run_one_by_one(&jobs[..end], known, death, patience, deliver)?;
                    }
                }
                Err(end) => self.outlive(end)?,
            }
            first = delivered;
        }
        Ok(delivered)
    }

    /// Puts a guest away that died of a job.
    fn bury(&mut self) {
        self.guest = None;
        self.boot.expect_deaths();
    }

    /// The job that a guest says it died in, if it has no answer yet and kills a fresh guest.
    fn try_alone(
        &mut self,
        jobs: &[GuestJob<'_>],
        delivered: usize,
        suspect: Option<usize>,
    ) -> Result<Option<(usize, Death)>, Error> {
        let Some(suspect) = suspect.filter(|number| (delivered..jobs.len()).contains(number))
        else {
            return Ok(None);
        };
        let died = self.dies(&jobs[suspect..=suspect])?;
        Ok(died.map(|(how, log)| (suspect, Death { how, log, after: None })))
    }

    /// Runs jobs that a guest died of, up to the one that kills; returns how many are delivered
    /// then. Those that are `known` had run in it and have their answers.
    fn run_one_by_one(
        &mut self,
        jobs: &[GuestJob<'_>],
        known: Range<usize>,
        death: Death,
        patience: &mut Patience,
        deliver: &mut Deliver<'_>,
    ) -> Result<usize, Error> {
        let Range { start: mut first, end: delivered } = known;
        let mut next = first;
        while next < jobs.len() {
            self.guest()?;
            self.is_fresh = false;
            let ended = self.guest()?.run(&jobs[next..=next], &mut |answer| {
                if next >= delivered {
                    deliver(next, Ok(answer));
                }
            });
            match ended {
                Ok(()) => {
                    self.killed = 0;
                    next += 1;
                }
                Err(End::Died { how, log, .. }) => {
                    self.bury();
                    let death = Death { how, log, after: None };
                    if next >= delivered {
                        let death = self.confirm(jobs, first, next, death)?;
                        patience.bear(&death);
                        deliver(next, Err(death));
                        return Ok(next + 1);
                    }
                    // It was answered before, and there is one result for each job.
                    self.unexplained.push(death);
                    next += 1;
                    first = next;
                }
                Err(end) => {
                    self.outlive(end)?;
                    first = next;
                }
            }
        }
        self.unexplained.push(death);
        Ok(jobs.len())
    }

    /// Finds out what must run before a job that has killed a guest, in which the jobs from
    /// `first` on had run.
    fn confirm(
        &mut self,
        jobs: &[GuestJob<'_>],
        first: usize,
        suspect: usize,
        mut death: Death,
    ) -> Result<Death, Error> {
        if first == suspect {
            return Ok(death);
        }
        if let Some((how, log)) = self.dies(&jobs[suspect..=suspect])? {
            return Ok(Death { how, log, after: None });
        }
        // It dies after the jobs from `first` on, and not after none.
        let (mut dies, mut lives) = (first, suspect);
        while lives - dies > 1 {
            let middle = dies.midpoint(lives);
            match self.dies(&jobs[middle..=suspect])? {
                Some((how, log)) => {
                    dies = middle;
                    (death.how, death.log) = (how, log);
                }
                None => lives = middle,
            }
        }
        death.after = Some(dies);
        Ok(death)
    }

    /// How a fresh guest dies of the last of some jobs, if it does. Leaves no guest behind.
    fn dies(&mut self, jobs: &[GuestJob<'_>]) -> Result<Option<(How, String)>, Error> {
        let last = jobs.len() - 1;
        loop {
            self.guest = None;
            let mut number = 0;
            let ended = loop {
                let ended = self.guest()?.run(&jobs[number..=number], &mut |_| {});
                if ended.is_err() || number == last {
                    break ended;
                }
                number += 1;
            };
            match ended {
                Ok(()) => {
                    self.guest = None;
                    return Ok(None);
                }
                Err(End::Died { how, log, .. }) => {
                    self.bury();
                    return Ok((number == last).then_some((how, log)));
                }
                Err(end) => self.outlive(end)?,
            }
        }
    }

    /// Gets over an end that no job is to blame for, or gives up.
    fn outlive(&mut self, end: End) -> Result<(), Error> {
        self.guest = None;
        match end {
            End::Broken(error) => Err(error),
            End::Died { .. } => Ok(()),
            End::Killed(how) => {
                self.killed += 1;
                if self.killed < KILLED_LIMIT {
                    return Ok(());
                }
                let message = format!("QEMU was ended {KILLED_LIMIT} times in a row: {how}");
                let help = "see what ends it: the system's log tells if memory has run out";
                Err(Error::new(message, help))
            }
        }
    }
}
