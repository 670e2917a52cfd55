//! Profiles of kernels, as far as backends are held to them: which functions each has.

use put_user_page_case::Function;
pub use put_user_page_reference::profile::{DEBIAN_6_1, DEBIAN_6_12, Null};
pub use put_user_page_reference::{PROFILES, Profile};

/// Whether the kernels of a profile have a function. Those of 2018 are held to be in all.
pub fn has(profile: &Profile, function: Function) -> bool {
    match function {
        Function::PutUserPage
        | Function::PutUserPages
        | Function::PutUserPagesDirty
        | Function::PutUserPagesDirtyLock => true,
        Function::UnpinUserPage
        | Function::UnpinUserPages
        | Function::UnpinUserPagesDirtyLock { .. } => profile.has_unpin,
        Function::UnpinUserPageRangeDirtyLock { .. } => profile.has_range,
        Function::UnpinFolio | Function::UnpinFolios | Function::UnpinUserFolio => {
            profile.has_folios
        }
    }
}

/// The functions that the kernels of a profile have.
pub fn functions(profile: &Profile) -> Vec<Function> {
    Function::ALL.into_iter().filter(|function| has(profile, *function)).collect()
}
