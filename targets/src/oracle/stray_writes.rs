//! Stray writes, field by field.

use put_user_page_case::world::World;

use super::difference::{Difference, Field, PageField};
use super::subject_at;
use crate::outcome::Outcome;

pub(super) fn push(found: &mut Vec<Difference>, world: &World, backend: &Outcome) {
    for write in &backend.stray_writes {
        for &(written, low, bits) in fields_of_word(write.word) {
            let part = |word: u64| (word >> low) & (u64::MAX >> (64 - bits));
            let (reference, backend) = (part(write.expected), part(write.found));
            if reference != backend {
                found.push(Difference {
                    subject: subject_at(world, write.frame),
                    field: Field::StrayWrite { written, reference, backend },
                });
            }
        }
    }
}

/// The fields that lie in one of the eight words of `struct page`: the lowest bit of each,
/// and how many it has.
fn fields_of_word(word: usize) -> &'static [(PageField, u32, u32)] {
    match word {
        0 => &[(PageField::Flags, 0, 64)],
        1 => &[(PageField::CompoundHead, 0, 64)],
        2 => &[(PageField::OrderAndMapcount, 0, 64)],
        3 => &[(PageField::Mapping, 0, 64)],
        4 => &[(PageField::Index, 0, 64)],
        5 => &[(PageField::Private, 0, 64)],
        6 => &[(PageField::Mapcount, 0, 32), (PageField::Refcount, 32, 32)],
        _ => &[(PageField::MemcgData, 0, 64)],
    }
}
