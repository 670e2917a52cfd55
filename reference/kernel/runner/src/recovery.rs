//! Every job gets its answer, or the death that it caused, whatever else dies.
//!
//! Jobs run as a batch until a guest dies. Then they run again, from the first one of the
//! batch, in a fresh guest, each answered before the next is sent: so the job that kills is
//! known, and so is what ran before it.

#[cfg(test)]
mod tests;

use crate::job::{Death, Deliver, How};
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
}

/// Why a guest is no more.
#[derive(Debug)]
pub(crate) enum End {
    /// It died of what it ran.
    Died(How, String),
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

    /// Runs a batch. Each job is delivered once, if there is no error.
    pub(crate) fn run(
        &mut self,
        jobs: &[GuestJob<'_>],
        deliver: &mut Deliver<'_>,
    ) -> Result<(), Error> {
        let mut delivered = 0;
        while delivered < jobs.len() {
            self.guest()?;
            let is_alone = std::mem::replace(&mut self.is_fresh, false) && jobs.len() == 1;
            let ended = self.guest()?.run(&jobs[delivered..], &mut |answer| {
                deliver(delivered, Ok(answer));
                delivered += 1;
            });
            match ended {
                Ok(()) => self.killed = 0,
                Err(End::Died(how, log)) => {
                    self.guest = None;
                    let death = Death { how, log, after: None };
                    if is_alone && delivered == 0 {
                        deliver(0, Err(death));
                        return Ok(());
                    }
                    return self.run_one_by_one(jobs, delivered, death, deliver);
                }
                Err(end) => self.outlive(end)?,
            }
        }
        Ok(())
    }

    /// Runs the batch that a guest died of. The answers before `delivered` are known.
    fn run_one_by_one(
        &mut self,
        jobs: &[GuestJob<'_>],
        delivered: usize,
        death: Death,
        deliver: &mut Deliver<'_>,
    ) -> Result<(), Error> {
        let mut unexplained = Some(death);
        let mut first = 0;
        let mut next = 0;
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
                Err(End::Died(how, log)) => {
                    self.guest = None;
                    let death = Death { how, log, after: None };
                    if next >= delivered {
                        deliver(next, Err(self.confirm(jobs, first, next, death)?));
                        unexplained = None;
                    } else {
                        // It was answered before, and there is one result for each job.
                        self.unexplained.push(death);
                    }
                    next += 1;
                    first = next;
                }
                Err(end) => {
                    self.outlive(end)?;
                    first = next;
                }
            }
        }
        self.unexplained.extend(unexplained);
        Ok(())
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
                Err(End::Died(how, log)) => {
                    self.guest = None;
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
            End::Died(..) => Ok(()),
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
