//! A divergence: what differs between the reference and a backend, and where.

use put_user_page_case::world::{Step, World};
use put_user_page_case::{Case, Function};

use crate::backend::{Backend, Failure, HowFailed};
use crate::forms::FormsDiffer;
use crate::oracle::{Difference, Field, Subject};
use crate::outcome::Outcome;

/// A divergence, cut down to the first call that shows it.
#[derive(Clone, Debug)]
pub struct Divergence {
    /// The backend that differs from the reference.
    pub backend: String,
    /// The first call after which they differ; `None` if it takes no call.
    pub call: Option<Call>,
    /// What differs.
    pub differences: Vec<Difference>,
    /// What the backend cannot observe, so that it was not compared.
    pub not_compared: Vec<&'static str>,
    /// The case; none where no case can be blamed.
    pub case: Option<Case>,
    /// The world that the differences are in: as the kernel made it, where one did.
    pub world: World,
    /// What the reference has before the call.
    pub before: Outcome,
    /// What a kernel that did not survive logged; else empty.
    pub log: String,
}

/// A call of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its number among the calls, from 0.
    pub number: usize,
    /// The number of its step in the program.
    pub step: usize,
}

impl Divergence {
    /// A failure that no case can be blamed for.
    pub fn of_unexplained(backend: &dyn Backend, failure: Failure) -> Box<Divergence> {
        Divergence::of_no_page(backend.name(), Field::ProcessOnce(failure), None)
    }

    /// A finding of the `decode` target: two forms of a case disagree.
    pub fn of_forms(case: &Case, differ: FormsDiffer) -> Box<Divergence> {
        Divergence::of_no_page("decode", Field::Forms(differ), Some(case.clone()))
    }

    fn of_no_page(backend: &str, field: Field, case: Option<Case>) -> Box<Divergence> {
        let difference = Difference { subject: Subject::Backend, field };
        Box::new(Divergence {
            backend: backend.to_owned(),
            call: None,
            log: difference.log().unwrap_or_default().to_owned(),
            differences: vec![difference],
            not_compared: Vec::new(),
            case,
            world: World::default(),
            before: Outcome::default(),
        })
    }

    /// How the backend's process failed, if it did on this case.
    pub fn failure(&self) -> Option<&HowFailed> {
        self.differences.iter().find_map(|difference| match &difference.field {
            Field::Process(failure) => Some(&failure.how),
            _ => None,
        })
    }

    /// The function of the call that shows it.
    pub fn function(&self) -> Option<Function> {
        match self.world.steps.get(self.call?.step)? {
            Step::Call { function, .. } => Some(*function),
            _ => None,
        }
    }
}
