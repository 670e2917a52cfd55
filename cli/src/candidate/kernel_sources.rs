//! The sources that profiles were read from, as far as they can be had: a hash of each function.
//! A source of another text may follow other rules.

use std::fmt;

use put_user_page_targets::profiles::{DEBIAN_6_1, DEBIAN_6_12, Profile};

use super::functions::Function;

/// The unpin functions of a source, in their order.
pub(super) struct KernelSource {
    /// The profile that was read from it, which names the package and its version.
    pub(super) profile: &'static Profile,
    /// Of each function the name, and the hash of its text.
    functions: &'static [(&'static str, &'static str)],
}

/// Those that are known.
pub(super) static KNOWN: [KernelSource; 2] = [
    KernelSource { profile: &DEBIAN_6_1, functions: &OF_DEBIAN_6_1 },
    KernelSource { profile: &DEBIAN_6_12, functions: &OF_DEBIAN_6_12 },
];

const OF_DEBIAN_6_1: [(&str, &str); 8] = [
    ("sanity_check_pinned_pages", "c2916957c4196b13d4196c777185f0a2522f9677"),
    ("gup_put_folio", "536c96082daa301a913f042bf83f6c94954b70c0"),
    ("unpin_user_page", "8d8f4eb0aa35a7b7014de18121a11032b77602d0"),
    ("gup_folio_range_next", "be18ebb8dfa718d2454927d9ebd2ee8b0caa32b9"),
    ("gup_folio_next", "774e23f6711ce57c0d9802f2b44fd5409da75ccd"),
    ("unpin_user_pages_dirty_lock", "1a5118d0176c3742c497ff0fc919ce67d9f0d575"),
    ("unpin_user_page_range_dirty_lock", "57e793749106b032005702b076188ecb5620a970"),
    ("unpin_user_pages", "2d120704682bc4640e51a04959b15c94c1602114"),
];

const OF_DEBIAN_6_12: [(&str, &str); 11] = [
    ("sanity_check_pinned_pages", "2ca0b036673b73b4241f03813f5eb51bb26a6d8d"),
    ("gup_put_folio", "0715828c7eeff82ffd84322eb94aba5781e4966a"),
    ("unpin_user_page", "8d8f4eb0aa35a7b7014de18121a11032b77602d0"),
    ("unpin_folio", "3c24f16b8b678f4c4227c8791ea3ea00dbb18685"),
    ("gup_folio_range_next", "be18ebb8dfa718d2454927d9ebd2ee8b0caa32b9"),
    ("gup_folio_next", "774e23f6711ce57c0d9802f2b44fd5409da75ccd"),
    ("unpin_user_pages_dirty_lock", "8a88e324cd7aac71305d0906dacf5f4fa157f78b"),
    ("unpin_user_page_range_dirty_lock", "57e793749106b032005702b076188ecb5620a970"),
    ("unpin_user_pages", "dfb13ad6bf06b463aafb0b0bb2521de5d921067c"),
    ("unpin_user_folio", "2581fd25bce9d38e255e82c7502233bda252c21b"),
    ("unpin_folios", "93f25525aa8084b97c88bafa1c7660039850335a"),
];
/// How a function differs from that of a known source.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// It has another text.
    Changed(String),
    /// It is not there.
    Missing(String),
    /// It is not in the known source.
    New(String),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::Changed(name) => write!(f, "{name}() has changed"),
            Difference::Missing(name) => write!(f, "{name}() is not there"),
            Difference::New(name) => write!(f, "{name}() is new"),
        }
    }
}

impl KernelSource {
    /// The source that a profile was read from, where it is known.
    pub(super) fn of(profile: &Profile) -> Option<&'static KernelSource> {
        KNOWN.iter().find(|known| known.profile == profile)
    }

    /// Holds functions against a known source, or if none is named against that with the fewest
    /// differences.
    pub(super) fn compare(
        known: Option<&'static KernelSource>,
        functions: &[&Function<'_>],
    ) -> (&'static KernelSource, Vec<Difference>) {
        let known = known.map_or(KNOWN.as_slice(), std::slice::from_ref);
        let compared = known.iter().map(|known| (known, known.differences(functions)));
        let nearest = compared.min_by_key(|(_, differences)| differences.len());
        nearest.expect("there is one at least")
    }

    fn differences(&self, functions: &[&Function<'_>]) -> Vec<Difference> {
        let found = |name| functions.iter().find(|function| function.name == name);
        let of_known = self.functions.iter().filter_map(|(name, hash)| match found(*name) {
            None => Some(Difference::Missing((*name).to_owned())),
            Some(function) if function.hash() == *hash => None,
            Some(_) => Some(Difference::Changed((*name).to_owned())),
        });
        let is_known = |name| self.functions.iter().any(|(known, _)| *known == name);
        let new = functions.iter().filter(|function| !is_known(function.name));
        let new = new.map(|function| Difference::New(function.name.to_owned()));
        of_known.chain(new).collect()
    }
}
