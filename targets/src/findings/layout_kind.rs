//! The kind of layout that a difference is in.

use std::collections::BTreeMap;

use put_user_page_case::world::World;
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

/// The kinds for differences that the call at one step shows. There may be many differences:
/// the call's entries are looked at once.
#[derive(Debug)]
pub struct LayoutKinds<'a> {
    world: &'a World,
    /// The kinds of the compound pages that entries of the call name, by number.
    named: BTreeMap<usize, LayoutKind>,
}

impl<'a> LayoutKinds<'a> {
    /// The kinds for the call at a step.
    pub fn new(world: &'a World, step: usize) -> LayoutKinds<'a> {
        let mut named = BTreeMap::new();
        for entry in world.entries_at(step).iter().filter(|entry| !entry.is_null()) {
            let (folio, frame) = (usize::from(entry.folio), usize::from(entry.frame));
            let kind = kind_of_named(world, folio, frame);
            let known = named.entry(folio).or_insert(kind);
            // One tail page is enough for its compound page.
            *known = kind.max(*known);
        }
        LayoutKinds { world, named }
    }

    /// The kind for a difference.
    pub fn of(&self, subject: Subject) -> LayoutKind {
        let LayoutKinds { world, named } = self;
        match subject {
            Subject::Folio(folio) if folio >= world.folios.len() => LayoutKind::NoPage,
            Subject::Folio(folio) => named.get(&folio).copied().unwrap_or(LayoutKind::Unnamed),
            Subject::Frame(frame) => match world.layout.folio_at_frame(frame) {
                Some(_) => LayoutKind::TailPage,
                None => LayoutKind::NoPage,
            },
            Subject::Backend | Subject::Call(_) | Subject::Acquire(_) => {
                named.values().copied().max().unwrap_or(LayoutKind::NoPage)
            }
        }
    }
}

/// The kind of a compound page that an entry names by the page at a frame.
fn kind_of_named(world: &World, folio: usize, frame: usize) -> LayoutKind {
    let place = world.layout.places[folio];
    if world.folios[folio].from.is_mapping() {
        LayoutKind::UserMapping
    } else if place.pages == 1 {
        LayoutKind::OrderZero
    } else if frame != place.frame {
        LayoutKind::CompoundTails
    } else {
        LayoutKind::CompoundHead
    }
}
