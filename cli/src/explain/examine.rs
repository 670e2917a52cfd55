//! One case on every backend.

use std::borrow::Cow;

use pagediff_terminal::error::Stop;
use pagediff_terminal::inputs::Input;
use put_user_page_case::Function;
use put_user_page_case::world::World;
use put_user_page_targets::backend::{Backend, Ran};
use put_user_page_targets::backends::{Reference, reference_of};
use put_user_page_targets::divergence::Divergence;
use put_user_page_targets::oracle::{Comparison, Difference};
use put_user_page_targets::outcome::Outcome;
use put_user_page_targets::report::Report;
use put_user_page_targets::trial::{Trial, Verdict};
use serde::{Serialize, Serializer};

use crate::replay::differing_forms;

/// A case, and all that came of it.
pub(super) struct Examined {
    pub(super) input: Input,
    pub(super) trial: Trial,
    /// The reference first.
    pub(super) backends: Vec<OfBackend>,
    /// Where two forms of the case disagree.
    pub(super) forms: Option<Report>,
}

/// What one backend did. docs/explain-json.md describes its JSON; change both together.
#[derive(Serialize)]
pub(super) struct OfBackend {
    pub(super) name: String,
    pub(super) lacks: Vec<Function>,
    /// What it cannot observe, or the reference cannot.
    pub(super) not_compared: Vec<&'static str>,
    #[serde(flatten, serialize_with = "write_ran")]
    pub(super) ran: Ran<'static>,
    /// The world as the kernel made it, where that is not as the case asks for.
    #[serde(skip)]
    pub(super) as_made: Option<World>,
    pub(super) differences: Vec<Difference>,
    pub(super) report: Option<Report>,
}

impl Examined {
    pub(super) fn new(
        input: Input,
        backends: Vec<Box<dyn Backend>>,
        reproduce: &str,
    ) -> Result<Examined, Stop> {
        let mut reference = reference_of(backends.iter().map(|backend| &**backend));
        let trial = Trial::of(&input.case, &mut reference);
        let mut done = vec![OfBackend {
            name: reference.name().to_owned(),
            lacks: Vec::new(),
            not_compared: Vec::new(),
            ran: Ran::Outcome(Cow::Owned(trial.expected().clone())),
            as_made: None,
            differences: Vec::new(),
            report: None,
        }];
        for mut backend in backends {
            done.push(run(&trial, &mut *backend, &mut reference, reproduce)?);
        }
        let forms = differing_forms(&input).map(|divergence| report_of(&divergence, reproduce));
        Ok(Examined { input, trial, backends: done, forms })
    }

    /// The divergences.
    pub(super) fn reports(&self) -> impl Iterator<Item = &Report> {
        let of_backends = self.backends.iter().filter_map(|backend| backend.report.as_ref());
        self.forms.iter().chain(of_backends)
    }
}

fn report_of(divergence: &Divergence, reproduce: &str) -> Report {
    Report { reproduce: Some(reproduce.to_owned()), ..Report::of(divergence) }
}

/// Writes what came of the case as a field each, of which one at most is not null.
fn write_ran<S: Serializer>(ran: &Ran<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Default, Serialize)]
    struct Fields<'a> {
        skipped: Option<String>,
        failed: Option<String>,
        outcome: Option<&'a Outcome>,
    }
    let mut fields = Fields::default();
    match ran {
        Ran::Outcome(outcome) => fields.outcome = Some(outcome),
        Ran::Failed(failure) => fields.failed = Some(failure.to_string()),
        Ran::Skipped(skip) => fields.skipped = Some(skip.to_string()),
        Ran::Survived => {}
    }
    fields.serialize(serializer)
}

fn run(
    trial: &Trial,
    backend: &mut dyn Backend,
    reference: &mut Reference,
    reproduce: &str,
) -> Result<OfBackend, Stop> {
    let observed = reference.observes.and(backend.observes());
    let mut done = OfBackend {
        name: backend.name().to_owned(),
        lacks: backend.lacks(),
        not_compared: observed.missing(),
        ran: Ran::Survived,
        as_made: None,
        differences: Vec::new(),
        report: None,
    };
    if let Some(skip) = backend.skips(trial.world(), trial.class()) {
        done.ran = Ran::Skipped(skip);
        return Ok(done);
    }
    let mut compared = None;
    backend.run(&[trial.job()], &mut |_, ran| {
        done.ran = ran.clone().into_owned();
        compared = Some(trial.compare(ran, observed, reference));
    })?;
    let compared = compared.expect("a backend that works delivers every job");
    done.as_made = compared.as_made.as_ref().map(|as_made| as_made.world().clone());
    if let Comparison::Differs(differences) = &compared.comparison {
        done.differences.clone_from(differences);
    }
    let divergence = match trial.verdict(compared, backend, reference) {
        Verdict::Differs(divergence) => Some(divergence),
        Verdict::Same | Verdict::Skipped(_) => {
            let failure = backend.unexplained().into_iter().next();
            failure.map(|failure| Divergence::of_unexplained(backend, failure))
        }
    };
    done.report = divergence.map(|divergence| report_of(&divergence, reproduce));
    Ok(done)
}
