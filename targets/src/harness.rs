//! One target's loop body: bytes in, agreement or a report out. No memory is allocated
//! once the largest case was seen, and nothing is formatted unless something differs.

use std::path::PathBuf;

use crate::backend::{Backend, BackendError, Class, Ran};
use crate::backends::{Candidate, Fast, InProcess, Naive, PageMap, fast, naive};
use crate::case::{Case, Function};
use crate::forms::Forms;
use crate::machine::Machine;
use crate::oracle::{self, Comparison};
use crate::registry::{CANDIDATE_VARIABLE, Check, Target};
use crate::report::{Found, Report, investigate};
use crate::states::StateSet;
use crate::world::World;

/// A target, ready to check cases.
#[derive(Debug)]
pub struct Harness {
    target: &'static Target,
    case: Case,
    world: World,
    reference: InProcess<Naive>,
    subject: Subject,
}

/// What the reference is held against.
#[derive(Debug)]
enum Subject {
    Fast(InProcess<PageMap<Fast>>),
    Candidate(InProcess<PageMap<Candidate>>),
    Forms(Forms),
}

/// What a case was, if nothing diverged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The case's class.
    pub class: Class,
    /// The named states that it reached.
    pub states: StateSet,
}

impl Harness {
    /// The target's backends. The `candidate` target takes the shared object that the
    /// environment variable [`CANDIDATE_VARIABLE`] names, or the example that is built in.
    ///
    /// # Errors
    ///
    /// The shared object does not load.
    pub fn new(target: &'static Target) -> Result<Self, BackendError> {
        let subject = match target.check {
            Check::OneFunction(_) | Check::Program => Subject::Fast(fast()),
            Check::Decode => Subject::Forms(Forms::default()),
            Check::Candidate => Subject::Candidate(match candidate_path() {
                Some(path) => Candidate::load(&path)?.into_backend(&path.display().to_string()),
                None => Candidate::built_in().into_backend("candidate"),
            }),
        };
        Ok(Harness {
            target,
            case: Case::default(),
            world: World::default(),
            reference: naive(),
            subject,
        })
    }

    /// The case that the target makes of these bytes.
    pub fn case(target: &Target, bytes: &[u8]) -> Case {
        let mut case = Case::decode(bytes);
        target.check.adapt(&mut case);
        case
    }

    /// Runs a case on both sides and compares.
    ///
    /// # Errors
    ///
    /// They diverge.
    pub fn check(&mut self, bytes: &[u8]) -> Result<Checked, Box<Report>> {
        self.case.decode_from(bytes);
        self.target.check.adapt(&mut self.case);
        self.world.build(&self.case);
        self.reference.run_world(&self.world, Class::OverRelease);
        let class = oracle::classify(&self.world, self.reference.last());
        let states = self.reference.machine.states();
        states.show_to_engine();
        match &mut self.subject {
            Subject::Fast(fast) => {
                compare(&self.case, &self.world, class, &mut self.reference, fast)?;
            }
            Subject::Candidate(candidate) => {
                compare(&self.case, &self.world, class, &mut self.reference, candidate)?;
            }
            Subject::Forms(forms) => {
                forms.check(bytes).map_err(|what| Report::of_forms(&self.case, what))?;
            }
        }
        Ok(Checked { class, states })
    }

    /// The functions that the target's backend has.
    pub fn functions(&self) -> &[Function] {
        match &self.subject {
            Subject::Fast(fast) => &fast.functions,
            Subject::Candidate(candidate) => &candidate.functions,
            Subject::Forms(_) => &[],
        }
    }
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

fn compare(
    case: &Case,
    world: &World,
    class: Class,
    reference: &mut InProcess<Naive>,
    backend: &mut InProcess<impl Machine>,
) -> Result<(), Box<Report>> {
    if backend.skips(world, class).is_some() {
        return Ok(());
    }
    let observed = reference.observes.and(backend.observes);
    let outcome = backend.run_world(world, class);
    let comparison = oracle::compare(world, reference.last(), Ran::Outcome(outcome), observed);
    let Comparison::Differs(differences) = comparison else { return Ok(()) };
    let found = Found { differences, as_made: world, log: String::new() };
    Err(Box::new(investigate(case, world, reference, backend, found)))
}
