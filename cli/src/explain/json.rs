//! A case as JSON. docs/explain-json.md describes it; change both together.

use put_user_page_case::layout::Place;
use put_user_page_case::world::{Entry, Folio, Step, World};
use put_user_page_targets::backend::Class;
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
    backends: &'a [OfBackend],
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
            backends,
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
