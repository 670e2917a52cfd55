//! One target's loop body: bytes in, agreement or a report out. No memory is allocated
//! once the largest case was seen, and nothing is formatted unless something differs.

use std::fmt;
use std::path::PathBuf;

use put_user_page_case::Case;

use crate::answers::{self, Answering, Input, ReadAnswer};
use crate::backend::{Backend, BackendError, Class};
use crate::backends::{
    Candidate, Compiler, Reference, fast, fast_unhooked, is_source, reference_of,
};
use crate::divergence::Divergence;
use crate::forms::Forms;
use crate::profiles::Profile;
use crate::registry::{CANDIDATE_VARIABLE, Check, Target};
use crate::report::Report;
use crate::states::StateSet;
use crate::trial::{Trial, Verdict};

/// A target, ready to check cases.
pub struct Harness {
    target: &'static Target,
    trial: Trial,
    reference: Reference,
    backends: Vec<Box<dyn Backend>>,
    /// Of the target that holds the forms of a case against each other.
    forms: Option<Forms>,
    /// Of the target whose inputs have an answer.
    read_answer: Option<ReadAnswer>,
}

/// What a case was, if nothing diverged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The case's class.
    pub class: Class,
    /// The named states that it reached.
    pub states: StateSet,
}

/// Why there is no agreement.
#[derive(Clone, Debug)]
pub enum CheckError {
    /// The two sides diverge.
    Diverges(Box<Divergence>),
    /// The backend does not work any more.
    Broken(BackendError),
}

impl From<BackendError> for CheckError {
    fn from(error: BackendError) -> CheckError {
        CheckError::Broken(error)
    }
}

impl fmt::Display for CheckError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CheckError::Diverges(divergence) => Report::of(divergence).fmt(formatter),
            CheckError::Broken(error) => error.fmt(formatter),
        }
    }
}

impl Harness {
    /// A target whose backends are in this process. The `candidate` target takes the C file or
    /// shared object that the environment variable [`CANDIDATE_VARIABLE`] names, or the example
    /// that is built in; of the target `answers`, only those of processes are read.
    ///
    /// # Errors
    ///
    /// The C file does not compile, or the shared object does not load; or it is the `kernel`
    /// target, whose backends [`with_backends`](Self::with_backends) takes.
    pub fn new(target: &'static Target) -> Result<Self, BackendError> {
        let backends: Vec<Box<dyn Backend>> = match target.check {
            Check::OneFunction(_) | Check::Program => {
                let profile = Profile::newest();
                vec![Box::new(fast(profile)), Box::new(fast_unhooked(profile))]
            }
            Check::Decode => {
                let forms = Some(Forms::default());
                return Ok(Harness { forms, ..Harness::with_backends(target, Vec::new()) });
            }
            Check::Answers => return Ok(Harness::with_answers(target, Answering::as_process)),
            Check::Candidate => vec![Box::new(match candidate_path() {
                Some(path) => {
                    let name = path.display().to_string();
                    let is_source = is_source(&path);
                    let path = if is_source { Compiler::default().compile(&path)? } else { path };
                    Candidate::load(&path)?.into_backend(&name, Profile::newest())
                }
                None => Candidate::built_in().into_backend("candidate", Profile::newest()),
            })],
            Check::Kernel => {
                return Err(BackendError::new(
                    format!("the target {} runs in no process of ours", target.name),
                    "give its harness the backends of a kernel",
                ));
            }
        };
        Ok(Harness::with_backends(target, backends))
    }

    /// A target that is to hold these backends against the reference.
    pub fn with_backends(target: &'static Target, backends: Vec<Box<dyn Backend>>) -> Self {
        let reference = reference_of(backends.iter().map(|backend| &**backend));
        let trial = Trial::with_room();
        Harness { target, trial, reference, backends, forms: None, read_answer: None }
    }

    /// A target that is to take answers, as they are read here, through all that is done with
    /// one.
    pub fn with_answers(target: &'static Target, read: ReadAnswer) -> Self {
        Harness { read_answer: Some(read), ..Harness::with_backends(target, Vec::new()) }
    }

    /// The case that the target makes of these bytes.
    pub fn case(target: &Target, bytes: &[u8]) -> Case {
        let mut case = Case::decode(case_bytes(target, bytes));
        target.check.adapt(&mut case);
        case
    }

    /// The bytes that the target sees of these: its case, and its answer where it has one.
    pub fn canonical(target: &Target, bytes: &[u8]) -> Vec<u8> {
        let answer = &bytes[case_bytes(target, bytes).len()..];
        [&Harness::case(target, bytes).encode()[..], answer].concat()
    }

    /// Runs a case on the reference, so that none that is no larger needs more memory. What it
    /// is held against has room already, and is not run: it may have bugs, and nobody waits
    /// for its report yet.
    pub fn warm_up(&mut self, case: &Case) {
        self.trial.make(|made| made.records.clone_from(&case.records));
        self.trial.run(&mut self.reference);
        if let Some(forms) = &mut self.forms {
            forms.make_room(case);
        }
    }

    /// What the target holds against the reference.
    pub fn backends(&self) -> &[Box<dyn Backend>] {
        &self.backends
    }

    /// Runs a case on both sides and compares.
    ///
    /// # Errors
    ///
    /// They diverge, or the backend does not work any more.
    pub fn check(&mut self, bytes: &[u8]) -> Result<Checked, CheckError> {
        self.decode(bytes);
        self.check_decoded(bytes)
    }

    /// The same for a case of no more [`work`](Case::work) than that; of any other there is
    /// nothing.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn check_within(
        &mut self,
        most_work: usize,
        bytes: &[u8],
    ) -> Result<Option<Checked>, CheckError> {
        self.decode(bytes);
        if self.trial.case().work() > most_work {
            return Ok(None);
        }
        self.check_decoded(bytes).map(Some)
    }

    fn decode(&mut self, bytes: &[u8]) {
        let target = self.target;
        self.trial.make(|case| {
            case.decode_from(case_bytes(target, bytes));
            target.check.adapt(case);
        });
    }

    fn check_decoded(&mut self, bytes: &[u8]) -> Result<Checked, CheckError> {
        let Harness { trial, reference, backends, forms, read_answer, .. } = self;
        trial.run(reference);
        trial.states().take_branches();
        if let Some(forms) = forms {
            let diverges = |differ| Divergence::of_forms(trial.case(), differ);
            forms.check(bytes).map_err(|differ| CheckError::Diverges(diverges(differ)))?;
        }
        if let Some(answering) = read_answer.and_then(|read| read(Input::of(bytes), trial.world()))
        {
            // That it differs is no finding: whoever makes inputs makes wrong answers.
            let _ = answers::take_through(trial, answering, reference);
        }
        for backend in backends {
            if let Verdict::Differs(divergence) = trial.run_on(&mut **backend, reference)? {
                return Err(CheckError::Diverges(divergence));
            }
            if let Some(failure) = backend.unexplained().into_iter().next() {
                let divergence = Divergence::of_unexplained(&**backend, failure);
                return Err(CheckError::Diverges(divergence));
            }
        }
        Ok(Checked { class: trial.class(), states: trial.states() })
    }
}

/// The bytes of the case in an input of a target.
fn case_bytes<'a>(target: &Target, bytes: &'a [u8]) -> &'a [u8] {
    if target.check == Check::Answers { Input::of(bytes).case } else { bytes }
}

/// The shared object that the environment names for the `candidate` target.
pub fn candidate_path() -> Option<PathBuf> {
    std::env::var_os(CANDIDATE_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// That shared object as `pagediff --backend` takes it: a path with a slash.
pub fn candidate_argument() -> Option<String> {
    let path = candidate_path()?.display().to_string();
    Some(if path.contains('/') { path } else { format!("./{path}") })
}
