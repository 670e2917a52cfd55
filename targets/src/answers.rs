//! Answers from outside: a kernel's or a candidate process's, which may be wrong in every
//! number, taken through all that is done with one. Differing is fine; a panic is a bug.
//!
//! An input is a case, a marker that is no record of a case and says which form the answer has,
//! and the answer. Without a marker it is a case that has no answer.

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
    Kernel = b'k' as isize,
    /// The JSON of a candidate's process.
    Process = b'j' as isize,
}

/// What is before an answer, and before the letter of its form: together they are as long as a
/// record, and of a type that no record has.
const MARKER: [u8; RECORD_SIZE - 1] = *b"\xffanswer";

impl Form {
    /// All of them.
    pub const ALL: [Form; 2] = [Form::Kernel, Form::Process];

    /// What stands between a case and an answer of this form.
    pub fn marker(self) -> [u8; RECORD_SIZE] {
        let mut marker = [self as u8; RECORD_SIZE];
        marker[..MARKER.len()].copy_from_slice(&MARKER);
        marker
    }
}

/// A case, and an answer to it that may be wrong.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The case.
    pub case: &'a [u8],
    /// The answer, with what is before it.
    pub answer: &'a [u8],
}

impl<'a> Input<'a> {
    /// The input that any bytes are.
    pub fn of(bytes: &'a [u8]) -> Input<'a> {
        let (records, _) = bytes.as_chunks();
        let is_marker = |record: &[u8; RECORD_SIZE]| record.starts_with(&MARKER);
        let case = records.iter().position(is_marker).map_or(bytes.len(), |at| at * RECORD_SIZE);
        let (case, answer) = bytes.split_at(case);
        Input { case, answer }
    }

    /// The bytes of the input for a case and an answer.
    pub fn encode(case: &Case, form: Form, answer: &[u8]) -> Vec<u8> {
        [&case.encode()[..], &form.marker(), answer].concat()
    }

    /// The form of its answer, and the answer alone; `None` if there is none.
    pub fn answer(&self) -> Option<(Form, &'a [u8])> {
        let (marker, answer) = self.answer.split_first_chunk()?;
        let form = Form::ALL.into_iter().find(|form| form.marker() == *marker)?;
        Some((form, answer))
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

/// Reads the answer of an input, to a case with this world; `None` if it is none.
pub type ReadAnswer = fn(Input<'_>, &World) -> Option<Answering>;

impl Answering {
    /// Answers as a candidate's process whose line is in the input. Kernels' answers are none
    /// here, where there is no kernel.
    pub fn as_process(input: Input<'_>, _: &World) -> Option<Answering> {
        let (Form::Process, line) = input.answer()? else { return None };
        let ran = Ran::Outcome(Cow::Owned(read_outcome(line).ok()?));
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

#[cfg(test)]
mod tests {
    use put_user_page_case::Case;

    use super::{Form, Input};
    use crate::harness::Harness;
    use crate::registry::target;

    #[test]
    fn what_takes_cases_takes_the_case_and_keeps_the_answer() {
        let target = target("answers").unwrap();
        let case = Case::from_text("folio a\nentries a\nput_user_page").unwrap();
        for form in Form::ALL {
            let bytes = Input::encode(&case, form, b"{}");
            assert_eq!(Input::of(&bytes).answer(), Some((form, &b"{}"[..])));
            assert_eq!(Harness::case(target, &bytes), case);
            assert_eq!(Harness::canonical(target, &bytes), bytes);
            // A reserved record goes, and the answer stays.
            let reserved = [&[0xf0; 8], &bytes[..]].concat();
            assert_eq!(Harness::canonical(target, &reserved), bytes);
        }
        let bytes = case.encode();
        assert_eq!(Input::of(&bytes).answer(), None);
        assert_eq!(Harness::canonical(target, &bytes), bytes);
    }
}
