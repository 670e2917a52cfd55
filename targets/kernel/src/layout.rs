//! The running kernel's `struct page`, held against the one in `src/`.

use std::collections::BTreeMap;

use put_user_page::{Page, flags, offsets};
use serde::Serialize;

/// A field that the kernel has elsewhere, or not at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LayoutDifference {
    /// The field, or the flag, whose place is a bit.
    pub field: &'static str,
    /// Where `src/` has it.
    pub ours: usize,
    /// Where the kernel has it, as it says; `None` if it has no such field.
    pub kernels: Option<String>,
}

/// The names that the module gives to fields, and where `src/` has them.
const FIELDS: [(&str, usize); 17] = [
    ("size", size_of::<Page>()),
    ("flags", offsets::FLAGS),
    ("compound_head", offsets::COMPOUND_HEAD),
    ("compound_dtor", offsets::COMPOUND_DTOR),
    ("compound_order", offsets::COMPOUND_ORDER),
    ("compound_mapcount", offsets::COMPOUND_MAPCOUNT),
    ("compound_pincount", offsets::COMPOUND_PINCOUNT),
    ("compound_nr", offsets::COMPOUND_NR),
    ("mapping", offsets::MAPPING),
    ("index", offsets::INDEX),
    ("private", offsets::PRIVATE),
    ("_mapcount", offsets::MAPCOUNT),
    ("_refcount", offsets::REFCOUNT),
    ("memcg_data", offsets::MEMCG_DATA),
    ("PG_locked", flags::LOCKED.trailing_zeros() as usize),
    ("PG_dirty", flags::DIRTY.trailing_zeros() as usize),
    ("PG_head", flags::HEAD.trailing_zeros() as usize),
];

/// What differs between `src/` and the kernel, by what the guest says of itself.
pub(crate) fn differences(about: &BTreeMap<String, String>) -> Vec<LayoutDifference> {
    let differing = FIELDS.into_iter().filter_map(|(field, ours)| {
        let kernels = about.get(&format!("page.{field}")).cloned();
        let same = kernels.as_deref().is_some_and(|theirs| theirs == ours.to_string());
        (!same).then_some(LayoutDifference { field, ours, kernels })
    });
    differing.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_moved_or_are_gone_are_told() {
        let mut about: BTreeMap<String, String> = FIELDS
            .iter()
            .map(|(field, ours)| (format!("page.{field}"), ours.to_string()))
            .collect();
        assert_eq!(differences(&about), []);
        about.insert("page.PG_head".to_owned(), "6".to_owned());
        about.remove("page.compound_dtor");
        let told: Vec<(&str, usize, Option<String>)> =
            differences(&about).into_iter().map(|d| (d.field, d.ours, d.kernels)).collect();
        let expected = [("compound_dtor", 16, None), ("PG_head", 16, Some("6".to_owned()))];
        assert_eq!(told, expected);
    }
}
