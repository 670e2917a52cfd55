//! A case as JSON. docs/explain-json.md describes it; change both together.

use put_user_page_case::Function;
use put_user_page_case::layout::Place;
use put_user_page_case::world::{Entry, Folio, Step, World};
use put_user_page_targets::backend::{Class, Ran};
use put_user_page_targets::oracle::Difference;
use put_user_page_targets::outcome::Outcome;
use put_user_page_targets::report::Report;
use serde::Serialize;

use super::examine::{Examined, OfBackend};
use super::names::name_of;

#[derive(Serialize)]
pub(super) struct Explanation<'a> {
    file: Option<String>,
    target: Option<&'static str>,
    case: String,
    class: Class,
    states: Vec<&'static str>,
    world: WorldItem<'a>,
    program: &'a [Step],
    backends: Vec<BackendItem<'a>>,
    forms: Option<&'a Report>,
}

#[derive(Serialize)]
struct WorldItem<'a> {
    frames: usize,
    folios: Vec<FolioItem<'a>>,
    arrays: Vec<&'a [Entry]>,
}

#[derive(Serialize)]
struct FolioItem<'a> {
    name: String,
    order: u32,
    #[serde(flatten)]
    place: &'a Place,
    #[serde(flatten)]
    folio: &'a Folio,
}

#[derive(Serialize)]
struct BackendItem<'a> {
    name: &'a str,
    lacks: &'a [Function],
    not_compared: &'a [&'static str],
    skipped: Option<String>,
    failed: Option<String>,
    outcome: Option<&'a Outcome>,
    differences: &'a [Difference],
    report: Option<&'a Report>,
}

impl<'a> Explanation<'a> {
    pub(super) fn of(examined: &'a Examined) -> Self {
        let Examined { input, trial, backends, forms } = examined;
        let world = trial.world();
        Explanation {
            file: input.path.as_ref().map(|path| path.display().to_string()),
            target: input.target.map(|target| target.name),
            case: input.case.to_text(),
            class: trial.class(),
            states: trial.states().iter().map(|state| state.name).collect(),
            world: WorldItem::of(world),
            program: &world.steps,
            backends: backends.iter().map(BackendItem::of).collect(),
            forms: forms.as_ref(),
        }
    }
}

impl<'a> WorldItem<'a> {
    fn of(world: &'a World) -> Self {
        let folios = world.layout.places.iter().zip(&world.folios).enumerate();
        let item = |(number, (place, folio)): (usize, (&'a Place, &'a Folio))| FolioItem {
            name: name_of(world, &(number..number + 1)),
            order: place.pages.ilog2(),
            place,
            folio,
        };
        WorldItem {
            frames: world.layout.frames(),
            folios: folios.map(item).collect(),
            arrays: world.arrays.iter().map(|array| &world.entries[array.clone()]).collect(),
        }
    }
}

impl<'a> BackendItem<'a> {
    fn of(backend: &'a OfBackend) -> Self {
        let (mut skipped, mut failed, mut outcome) = (None, None, None);
        match &backend.ran {
            Ran::Outcome(found) => outcome = Some(&**found),
            Ran::Failed(failure) => failed = Some(failure.to_string()),
            Ran::Skipped(skip) => skipped = Some(skip.to_string()),
            Ran::Survived => {}
        }
        BackendItem {
            name: &backend.name,
            lacks: &backend.lacks,
            not_compared: &backend.not_compared,
            skipped,
            failed,
            outcome,
            differences: &backend.differences,
            report: backend.report.as_ref(),
        }
    }
}
