use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use super::*;

/// A guest that dies of what the test says. Like a real one it flushes answers in pieces,
/// so that some jobs before the deadly one have no answer when it dies.
struct Fake {
    rules: Rules,
    ran: Vec<u8>,
    killed_after: Option<usize>,
    says: bool,
    sent: Rc<RefCell<Vec<usize>>>,
}

/// Whether a guest that has run these jobs dies of the last of them.
type Rules = fn(&[u8]) -> bool;

const PIECE: usize = 4;

impl Guest for Fake {
    fn run(&mut self, jobs: &[GuestJob<'_>], deliver: &mut dyn FnMut(&[u8])) -> Result<(), End> {
        self.sent.borrow_mut().push(jobs.len());
        let mut answers: Vec<u8> = Vec::new();
        for (number, job) in jobs.iter().enumerate() {
            let byte = job.bytes[0];
            self.ran.push(byte);
            if self.killed_after.is_some_and(|limit| self.ran.len() > limit) {
                return Err(End::Killed("by signal 9".to_owned()));
            }
            if (self.rules)(&self.ran) {
                let how = How::Panicked(format!("BUG: {byte}"));
                let suspect = self.says.then_some(number);
                return Err(End::Died { how, log: format!("{:?}", self.ran), suspect });
            }
            answers.push(byte);
            if answers.len() == PIECE {
                answers.drain(..).for_each(|byte| deliver(&[byte]));
            }
        }
        answers.drain(..).for_each(|byte| deliver(&[byte]));
        Ok(())
    }
}

struct FakeBoot {
    rules: Rules,
    boots: usize,
    /// After how many jobs somebody ends a guest, for each guest in turn.
    killed_after: Vec<usize>,
    /// Whether a guest says in which job it dies.
    says: bool,
    /// How many jobs were sent at once, each time.
    sent: Rc<RefCell<Vec<usize>>>,
    expects_deaths: bool,
}

impl FakeBoot {
    fn new(rules: Rules) -> Self {
        let (sent, killed_after) = (Rc::default(), Vec::new());
        FakeBoot { rules, boots: 0, killed_after, says: false, sent, expects_deaths: false }
    }

    /// Of guests that say in which job they die.
    fn that_say(rules: Rules) -> Self {
        FakeBoot { says: true, ..FakeBoot::new(rules) }
    }
}

impl Boot for FakeBoot {
    type Guest = Fake;

    fn boot(&mut self) -> Result<Fake, Error> {
        let killed_after = self.killed_after.get(self.boots).copied();
        self.boots += 1;
        let FakeBoot { rules, says, .. } = *self;
        Ok(Fake { rules, ran: Vec::new(), killed_after, says, sent: Rc::clone(&self.sent) })
    }

    fn expect_deaths(&mut self) {
        self.expects_deaths = true;
    }
}

/// Runs jobs of a byte each, and returns their results: none for an answer.
fn run(survivor: &mut Survivor<FakeBoot>, bytes: &[u8]) -> Result<Vec<Option<Death>>, Error> {
    let jobs: Vec<GuestJob<'_>> =
        bytes.chunks(1).map(|bytes| GuestJob { regions: &[], bytes }).collect();
    let mut seen = BTreeSet::new();
    let mut results = vec![None; jobs.len()];
    survivor.run(&jobs, &mut Patience::endless(), &mut |index, result| {
        assert!(seen.insert(index), "job {index} is delivered twice");
        match result {
            Ok(answer) => assert_eq!(answer, jobs[index].bytes),
            Err(death) => results[index] = Some(death),
        }
    })?;
    assert_eq!(seen.len(), jobs.len(), "a job is lost");
    Ok(results)
}

fn survivor(boot: FakeBoot) -> Survivor<FakeBoot> {
    let mut boot = boot;
    let guest = boot.boot().unwrap();
    Survivor::new(boot, guest)
}

fn deaths(results: &[Option<Death>]) -> Vec<(usize, Option<usize>)> {
    let results = results.iter().enumerate();
    results.filter_map(|(index, death)| Some((index, death.as_ref()?.after))).collect()
}

#[test]
fn nothing_dies() {
    let mut survivor = survivor(FakeBoot::new(|_| false));
    assert_eq!(deaths(&run(&mut survivor, &[0; 11]).unwrap()), []);
    assert_eq!(deaths(&run(&mut survivor, &[]).unwrap()), []);
    assert_eq!(survivor.boot.boots, 1);
    assert!(!survivor.boot.expects_deaths);
}

#[test]
fn a_job_that_kills_alone_is_found_wherever_it_is() {
    for at in 0..11 {
        let mut survivor = survivor(FakeBoot::new(|ran| ran.last() == Some(&9)));
        let mut bytes = [0; 11];
        bytes[at] = 9;
        let results = run(&mut survivor, &bytes).unwrap();
        assert_eq!(deaths(&results), [(at, None)]);
        let death = results[at].as_ref().unwrap();
        assert_eq!(death.how, How::Panicked("BUG: 9".to_owned()));
        assert_eq!(death.log, "[9]", "the log of the guest in which it was alone");
        assert_eq!(survivor.unexplained, []);
        // It goes on.
        assert_eq!(deaths(&run(&mut survivor, &[0; 3]).unwrap()), []);
    }
}

#[test]
fn every_job_may_kill() {
    let mut survivor = survivor(FakeBoot::new(|_| true));
    let results = run(&mut survivor, &[9; 4]).unwrap();
    assert_eq!(deaths(&results), [(0, None), (1, None), (2, None), (3, None)]);
}

#[test]
fn what_must_run_before_is_found() {
    for first in 0..10 {
        for boot in [FakeBoot::new, FakeBoot::that_say] {
            let mut survivor = survivor(boot(|ran| ran.contains(&8) && ran.last() == Some(&9)));
            let mut bytes = [0; 12];
            bytes[first] = 8;
            bytes[11] = 9;
            assert_eq!(deaths(&run(&mut survivor, &bytes).unwrap()), [(11, Some(first))]);
        }
    }
}

#[test]
fn nothing_runs_one_by_one_where_a_guest_names_the_job() {
    let mut survivor = survivor(FakeBoot::that_say(|ran| ran.last() == Some(&9)));
    let mut bytes = [0; 30];
    (bytes[9], bytes[20]) = (9, 9);
    let results = run(&mut survivor, &bytes).unwrap();
    assert_eq!(deaths(&results), [(9, None), (20, None)]);
    assert_eq!(results[20].as_ref().unwrap().log, "[9]", "it was alone");
    // What was flushed has its answer; the deadly job is alone in one guest, and the others go
    // on in the next.
    assert_eq!(*survivor.boot.sent.borrow(), [30, 1, 1, 20, 1, 2, 9]);
    assert_eq!(survivor.boot.boots, 5);
    assert!(survivor.boot.expects_deaths);
}

#[test]
fn the_others_go_on_as_a_batch_behind_a_death_that_no_guest_names() {
    let mut survivor = survivor(FakeBoot::new(|ran| ran.last() == Some(&9)));
    let mut bytes = [0; 30];
    bytes[3] = 9;
    assert_eq!(deaths(&run(&mut survivor, &bytes).unwrap()), [(3, None)]);
    assert_eq!(*survivor.boot.sent.borrow(), [30, 1, 1, 1, 1, 1, 26]);
}

#[test]
fn what_is_behind_the_end_of_patience_is_left() {
    for boot in [FakeBoot::new, FakeBoot::that_say] {
        let mut survivor = survivor(boot(|ran| ran.last().is_some_and(|byte| *byte >= 8)));
        let bytes = [0, 9, 9, 0, 8, 9, 0, 9, 0];
        let jobs = bytes
            .each_ref()
            .map(|byte| GuestJob { regions: &[], bytes: std::slice::from_ref(byte) });
        let mut patience = Patience::new(2);
        let mut delivered = 0;
        let ran = survivor.run(&jobs, &mut patience, &mut |index, result| {
            assert_eq!(index, delivered);
            assert_eq!(result.is_err(), bytes[index] >= 8);
            delivered += 1;
        });
        // The first tells something new; that the numbers differ does not.
        assert_eq!((ran.unwrap(), delivered, patience.deaths()), (5, 5, 3));
    }
}

#[test]
fn a_death_of_earlier_batches_is_nobodys() {
    let mut survivor = survivor(FakeBoot::new(|ran| ran.len() > 10));
    assert_eq!(deaths(&run(&mut survivor, &[0; 8]).unwrap()), []);
    assert_eq!(deaths(&run(&mut survivor, &[0; 8]).unwrap()), []);
    assert_eq!(survivor.unexplained.len(), 1);
}

#[test]
fn a_job_that_was_answered_is_not_delivered_again_when_it_dies() {
    // Job 5 dies where it follows a fresh start only: after its answer is known.
    let mut survivor = survivor(FakeBoot::new(|ran| {
        ran.last() == Some(&9) || (ran.last() == Some(&5) && ran.first() == Some(&1))
    }));
    survivor.guest().unwrap().ran.push(0);
    assert_eq!(deaths(&run(&mut survivor, &[1, 2, 3, 5, 0, 9]).unwrap()), [(5, None)]);
    assert_eq!(survivor.unexplained.len(), 1);
}

#[test]
fn a_guest_that_somebody_ends_is_replaced() {
    let mut boot = FakeBoot::new(|ran| ran.last() == Some(&9));
    boot.killed_after = vec![6, 2, 100, 3, 1];
    let mut survivor = survivor(boot);
    let results = run(&mut survivor, &[0, 1, 2, 3, 4, 5, 6, 7, 9, 0]).unwrap();
    assert_eq!(deaths(&results), [(8, None)]);
}

#[test]
fn a_guest_that_is_ended_again_and_again_is_an_error() {
    let mut boot = FakeBoot::new(|_| false);
    boot.killed_after = vec![0; 10];
    let mut survivor = survivor(boot);
    let error = run(&mut survivor, &[1, 2]).unwrap_err();
    assert!(error.message.contains("3 times in a row: by signal 9"), "{error}");
    assert_eq!(survivor.boot.boots, 3);
}
