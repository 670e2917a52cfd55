//! What a case diverges on: a backend, or the forms of a case.

use pagediff_terminal::error::{Stop, does_not_hold};
use pagediff_terminal::inputs::Input;
use put_user_page_targets::backend::Backend;
use put_user_page_targets::case::Case;
use put_user_page_targets::comparer::{Comparer, Verdict};
use put_user_page_targets::forms::Forms;
use put_user_page_targets::registry::Check;
use put_user_page_targets::report::Report;

use crate::backends::Opened;

/// A case that diverges.
pub(super) struct Diverging {
    subject: Subject,
    /// What diverges: what the target gets, or the case that it makes of it.
    pub(super) bytes: Vec<u8>,
    pub(super) report: Box<Report>,
}

enum Subject {
    Forms(Box<Forms>),
    Backend(Box<dyn Backend>),
}

impl Diverging {
    /// Holds a case against the reference on the backends, and for the target `decode` its
    /// forms against each other. The first that diverges counts.
    pub(super) fn find(input: &Input, backends: Vec<Opened>) -> Result<Diverging, Stop> {
        let mut subjects = Vec::new();
        if input.target.is_some_and(|target| target.check == Check::Decode) {
            subjects.push((Subject::Forms(Box::default()), input.bytes.clone()));
        }
        for Opened { backend, .. } in backends {
            subjects.push((Subject::Backend(backend), input.case.encode()));
        }
        let mut why = Vec::new();
        for (mut subject, bytes) in subjects {
            why.push(match subject.run(&bytes)? {
                Verdict::Differs(report) => return Ok(Diverging { subject, bytes, report }),
                Verdict::Same => format!("{} does as it should", subject.name()),
                Verdict::Skipped(skip) => format!("{} skips it, for {skip}", subject.name()),
            });
        }
        if why.is_empty() {
            why.push("there is nothing but the reference to run it".to_owned());
        }
        let path = input.path.as_ref().map_or_else(String::new, |path| path.display().to_string());
        Err(does_not_hold(
            format!("{path} does not diverge: {}", why.join("; ")),
            "name what it diverges on with `--backend`, and its target with `--target`",
        ))
    }

    /// What comes of other bytes.
    pub(super) fn run(&mut self, bytes: &[u8]) -> Result<Verdict, Stop> {
        self.subject.run(bytes)
    }
}

impl Subject {
    fn name(&self) -> &str {
        match self {
            Subject::Forms(_) => "decode",
            Subject::Backend(backend) => backend.name(),
        }
    }

    fn run(&mut self, bytes: &[u8]) -> Result<Verdict, Stop> {
        let case = Case::decode(bytes);
        match self {
            Subject::Forms(forms) => Ok(match forms.check(bytes) {
                Ok(()) => Verdict::Same,
                Err(what) => Verdict::Differs(Report::of_forms(&case, what)),
            }),
            Subject::Backend(backend) => {
                let mut found = Verdict::Same;
                Comparer::new(vec![backend.as_mut()])
                    .compare(&[case], &mut |_, _, verdict| found = verdict)?;
                Ok(found)
            }
        }
    }
}
