//! One case on every backend.

use std::borrow::Cow;

use pagediff_terminal::error::Stop;
use pagediff_terminal::inputs::Input;
use put_user_page_targets::backend::{Backend, Class, Failure, Job, Ran, Skip};
use put_user_page_targets::case::Function;
use put_user_page_targets::comparer::Comparer;
use put_user_page_targets::oracle::{Comparison, Difference};
use put_user_page_targets::outcome::Outcome;
use put_user_page_targets::report::{Found, Report, investigate};
use put_user_page_targets::states::StateSet;
use put_user_page_targets::told::{self, Held};
use put_user_page_targets::world::World;

use crate::backends::{Opened, reference};
use crate::replay::differing_forms;

/// A case, and all that came of it.
pub(super) struct Examined {
    pub(super) input: Input,
    pub(super) world: World,
    pub(super) class: Class,
    pub(super) states: StateSet,
    /// The reference first.
    pub(super) backends: Vec<OfBackend>,
    /// Where two forms of the case disagree.
    pub(super) forms: Option<Box<Report>>,
}

/// What one backend did.
pub(super) struct OfBackend {
    pub(super) name: String,
    pub(super) lacks: Vec<Function>,
    /// What it cannot observe, or the reference cannot.
    pub(super) not_compared: Vec<&'static str>,
    pub(super) did: Did,
    /// The world as the kernel made it, where that is not as the case asks for.
    pub(super) as_made: Option<World>,
    pub(super) differences: Vec<Difference>,
    pub(super) report: Option<Report>,
}

/// How a backend's run of the case ended.
pub(super) enum Did {
    Outcome(Outcome),
    Failed(Failure),
    Skipped(Skip),
    /// It survived, which is all that was asked.
    Survived,
}

impl Examined {
    pub(super) fn new(
        input: Input,
        backends: Vec<Opened>,
        reproduce: &str,
    ) -> Result<Examined, Stop> {
        let world = World::of(&input.case);
        let (expected, class, states) = Comparer::new(Vec::new()).reference_outcome(&input.case);
        let mut did = vec![OfBackend {
            name: reference().name().to_owned(),
            lacks: Vec::new(),
            not_compared: Vec::new(),
            did: Did::Outcome(expected.clone()),
            as_made: None,
            differences: Vec::new(),
            report: None,
        }];
        for backend in backends {
            did.push(run(&input, &world, class, &expected, backend, reproduce)?);
        }
        let mut forms = differing_forms(&input);
        if let Some(report) = &mut forms {
            report.reproduce = Some(reproduce.to_owned());
        }
        Ok(Examined { input, world, class, states, backends: did, forms })
    }

    /// The divergences.
    pub(super) fn reports(&self) -> impl Iterator<Item = &Report> {
        let of_backends = self.backends.iter().filter_map(|backend| backend.report.as_ref());
        self.forms.as_deref().into_iter().chain(of_backends)
    }
}

fn run(
    input: &Input,
    world: &World,
    class: Class,
    expected: &Outcome,
    opened: Opened,
    reproduce: &str,
) -> Result<OfBackend, Stop> {
    let Opened { mut backend, lacks, .. } = opened;
    let name = backend.name().to_owned();
    let mut reference = reference();
    let observed = reference.observes().and(backend.observes());
    let not_compared = observed.missing();
    let done = |did, as_made, differences, report| OfBackend {
        name: name.clone(),
        lacks: lacks.clone(),
        not_compared: not_compared.clone(),
        did,
        as_made,
        differences,
        report,
    };
    if let Some(skip) = backend.skips(world, class) {
        return Ok(done(Did::Skipped(skip), None, Vec::new(), None));
    }
    let bytes = input.case.encode();
    let (mut did, mut held) = (None, None);
    backend.run(&[Job { bytes: &bytes, world, class }], &mut |_, ran| {
        did = Some(Did::of(&ran));
        held = Some(told::compare(&input.case, world, expected, ran, observed, &mut reference));
    })?;
    let (did, Held { comparison, world: as_made }) =
        did.zip(held).expect("a backend that works delivers every job");
    let as_made = match as_made {
        Cow::Owned(as_made) => Some(as_made),
        Cow::Borrowed(_) => None,
    };
    let Comparison::Differs(differences) = comparison else {
        let mut unexplained = backend.unexplained().into_iter();
        let report = unexplained.next().map(|failure| *Report::of_unexplained(&name, failure));
        return Ok(done(did, as_made, Vec::new(), report));
    };
    let log = did.log();
    let found =
        Found { differences: differences.clone(), as_made: as_made.as_ref().unwrap_or(world), log };
    let mut report = investigate(&input.case, world, &mut reference, &mut *backend, found);
    report.reproduce = Some(reproduce.to_owned());
    Ok(done(did, as_made, differences, Some(report)))
}

impl Did {
    fn of(ran: &Ran<'_>) -> Did {
        match ran {
            Ran::Outcome(outcome) => Did::Outcome((*outcome).clone()),
            Ran::Failed(failure) => Did::Failed(failure.clone()),
            Ran::Skipped(skip) => Did::Skipped(*skip),
            Ran::Survived => Did::Survived,
        }
    }

    /// What a kernel that did not survive logged; else empty.
    fn log(&self) -> String {
        match self {
            Did::Failed(failure) => failure.log.clone(),
            _ => String::new(),
        }
    }
}
