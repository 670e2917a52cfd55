//! One case on every backend.

use put_user_page_targets::backend::{Backend, Class, Failure, Job, Skip};
use put_user_page_targets::case::Function;
use put_user_page_targets::comparer::Comparer;
use put_user_page_targets::oracle::{self, Comparison, Difference};
use put_user_page_targets::outcome::Outcome;
use put_user_page_targets::report::{Report, investigate};
use put_user_page_targets::states::StateSet;
use put_user_page_targets::world::World;

use crate::backends::{Opened, reference};
use crate::error::Stop;
use crate::inputs::Input;
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
    pub(super) differences: Vec<Difference>,
    pub(super) report: Option<Report>,
}

/// How a backend's run of the case ended.
pub(super) enum Did {
    Outcome(Outcome),
    Failed(Failure),
    Skipped(Skip),
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
    if let Some(skip) = backend.skips(world, class) {
        let (did, differences) = (Did::Skipped(skip), Vec::new());
        return Ok(OfBackend { name, lacks, not_compared, did, differences, report: None });
    }
    let bytes = input.case.encode();
    let mut result = None;
    backend.run(&[Job { bytes: &bytes, world, class }], &mut |_, delivered| {
        result = Some(delivered.cloned());
    })?;
    let result = result.expect("a backend that works delivers every job");
    let comparison =
        oracle::compare(world, expected, result.as_ref().map_err(Clone::clone), observed);
    let did = match result {
        Ok(outcome) => Did::Outcome(outcome),
        Err(failure) => Did::Failed(failure),
    };
    let Comparison::Differs(differences) = comparison else {
        let differences = Vec::new();
        return Ok(OfBackend { name, lacks, not_compared, did, differences, report: None });
    };
    let found = differences.clone();
    let mut report = investigate(&input.case, world, &mut reference, &mut *backend, found);
    report.reproduce = Some(reproduce.to_owned());
    Ok(OfBackend { name, lacks, not_compared, did, differences, report: Some(report) })
}
