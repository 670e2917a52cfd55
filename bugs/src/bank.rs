//! The bugs, a file for each family.

mod again;
mod arrays;
mod batches;
mod counting;
mod errors;
mod heads;
mod locking;
mod marking;
mod nulls;
mod pins;
mod runs;

use std::sync::LazyLock;

use crate::Bug;

/// All bugs, family by family.
pub static BUGS: LazyLock<Vec<&'static Bug>> = LazyLock::new(|| {
    let families: [&'static [Bug]; 11] = [
        heads::BUGS,
        marking::BUGS,
        locking::BUGS,
        counting::BUGS,
        runs::BUGS,
        arrays::BUGS,
        batches::BUGS,
        again::BUGS,
        errors::BUGS,
        pins::BUGS,
        nulls::BUGS,
    ];
    families.into_iter().flatten().collect()
});

/// The bug with this name.
pub fn bug(name: &str) -> Option<&'static Bug> {
    BUGS.iter().copied().find(|bug| bug.name == name)
}
