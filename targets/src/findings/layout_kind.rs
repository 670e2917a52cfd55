//! The kind of layout that a difference is in.

use std::collections::BTreeSet;

use put_user_page_case::world::{Step, World};
use strum::Display;

use crate::oracle::Subject;

/// The page that a difference is in, by how it lies and how the call names it. Of a
/// difference that is in no page: the last of these that a page of the call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Display, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum LayoutKind {
    /// There is no page.
    NoPage,
    /// No entry of the call names the page.
    Unnamed,
    /// A page of order 0.
    #[serde(rename = "order-0")]
    #[strum(serialize = "order-0")]
    OrderZero,
    /// A compound page that is named by its head page alone.
    CompoundHead,
    /// A compound page that is named by tail pages.
    CompoundTails,
    /// A tail page itself, which has no state of its own.
    TailPage,
    /// A page of a user mapping.
    UserMapping,
}

impl LayoutKind {
    /// The kind for a difference that the call at a step shows.
    pub fn of(world: &World, step: usize, subject: Subject) -> LayoutKind {
        match subject {
            Subject::Folio(folio) => LayoutKind::of_folio(world, step, folio),
            Subject::Frame(frame) => match world.layout.folio_at_frame(frame) {
                Some(_) => LayoutKind::TailPage,
                None => LayoutKind::NoPage,
            },
            Subject::Backend | Subject::Call(_) | Subject::Acquire(_) => {
                let folios: BTreeSet<usize> = named(world, step).map(|(folio, _)| folio).collect();
                let kinds = folios.iter().map(|&folio| LayoutKind::of_folio(world, step, folio));
                kinds.max().unwrap_or(LayoutKind::NoPage)
            }
        }
    }

    fn of_folio(world: &World, step: usize, folio: usize) -> LayoutKind {
        let Some(place) = world.layout.places.get(folio) else { return LayoutKind::NoPage };
        let mut frames = named(world, step).filter(|(named, _)| *named == folio).peekable();
        if frames.peek().is_none() {
            LayoutKind::Unnamed
        } else if world.folios[folio].from.is_mapping() {
            LayoutKind::UserMapping
        } else if place.pages == 1 {
            LayoutKind::OrderZero
        } else if frames.any(|(_, frame)| frame != place.frame) {
            LayoutKind::CompoundTails
        } else {
            LayoutKind::CompoundHead
        }
    }
}

/// What the entries of the call at a step name: compound pages by number, and frames.
fn named(world: &World, step: usize) -> impl Iterator<Item = (usize, usize)> {
    let entries = match world.steps.get(step) {
        Some(Step::Call { array, entries, .. }) => world.call_entries(*array, entries.clone()),
        _ => &[],
    };
    entries.iter().map(|entry| (usize::from(entry.folio), usize::from(entry.frame)))
}
