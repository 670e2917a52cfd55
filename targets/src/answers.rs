//! Answers from outside: a kernel's or a candidate process's, which may be wrong in every
//! number, taken through all that is done with one. Differing is fine; a panic is a bug.
//!
//! An input is a case and an answer to it: a byte for the answer's form, one for how many
//! records the case has, the records, and the answer.

use std::borrow::Cow;

use put_user_page_case::world::World;
use put_user_page_case::{Case, RECORD_SIZE};

use crate::backend::{Backend, BackendError, Class, Job, Observes, Ran, Skip};
use crate::backends::{CANDIDATE_OBSERVES, Reference, read_outcome};
use crate::divergence::Divergence;
use crate::findings::Signature;
use crate::report::{Paint, Report};
use crate::trial::{Trial, Verdict};

/// The form that an answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The bytes of the kernel module.
    Kernel,
    /// The JSON of a candidate's process.
    Process,
}

/// A case, and an answer to it that may be wrong.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The form of the answer.
    pub form: Form,
    /// The case.
    pub case: &'a [u8],
    /// The answer.
    pub answer: &'a [u8],
}

impl<'a> Input<'a> {
    /// The input that any bytes are.
    pub fn of(bytes: &'a [u8]) -> Input<'a> {
        let (&[form, records], rest) =
            bytes.split_first_chunk().unwrap_or((&[0, 0], &bytes[bytes.len()..]));
        let case = (usize::from(records) * RECORD_SIZE).min(rest.len());
        let (case, answer) = rest.split_at(case);
        let form = if form & 1 == 0 { Form::Kernel } else { Form::Process };
        Input { form, case, answer }
    }

    /// The bytes of the input for a case and an answer.
    ///
    /// # Panics
    ///
    /// The case has more than 255 records.
    pub fn encode(form: Form, case: &Case, answer: &[u8]) -> Vec<u8> {
        let records = u8::try_from(case.records.len()).expect("a case of few records");
        [&[form as u8, records], &case.encode()[..], answer].concat()
    }
}

/// A backend that has one answer, whatever it is asked.
#[derive(Clone, Debug)]
pub struct Answering {
    /// The name that reports know it by.
    pub name: &'static str,
    /// What the answer holds.
    pub observes: Observes,
    /// The answer.
    pub ran: Ran<'static>,
}

impl Answering {
    /// Answers as a candidate's process whose line this is; `None` if it is no answer.
    pub fn as_process(line: &[u8]) -> Option<Answering> {
        let outcome = read_outcome(line).ok()?;
        let ran = Ran::Outcome(Cow::Owned(outcome));
        Some(Answering { name: "candidate", observes: CANDIDATE_OBSERVES, ran })
    }
}

impl Backend for Answering {
    fn name(&self) -> &str {
        self.name
    }

    fn observes(&self) -> Observes {
        self.observes
    }

    fn skips(&self, _: &World, _: Class) -> Option<Skip> {
        None
    }

    fn run(
        &mut self,
        jobs: &[Job<'_>],
        deliver: &mut dyn FnMut(usize, Ran<'_>),
    ) -> Result<(), BackendError> {
        for index in 0..jobs.len() {
            deliver(
                index,
                match &self.ran {
                    Ran::Outcome(outcome) => Ran::Outcome(Cow::Borrowed(outcome)),
                    other => other.clone(),
                },
            );
        }
        Ok(())
    }
}

/// Takes an answer through all that is done with one: it is compared, the first call that
/// shows what differs is looked for, and that is named and told. Returns what differs.
///
/// # Panics
///
/// There is a bug.
pub fn take_through(
    trial: &Trial,
    mut answering: Answering,
    reference: &mut Reference,
) -> Option<Box<Divergence>> {
    let verdict = trial.run_on(&mut answering, reference).expect("it has an answer at hand");
    let Verdict::Differs(divergence) = verdict else { return None };
    let name = Signature::of(&divergence).to_string();
    assert!(!name.is_empty() && !name.contains('/'), "{name} names no file");
    let report = Report::of(&divergence);
    assert!(!report.render(&Paint::default()).is_empty());
    serde_json::to_vec(&(&report, &divergence.differences)).expect("a report is JSON");
    Some(divergence)
}
