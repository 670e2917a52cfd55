//! Running a program on a machine: one implementation with pages of its own.

use std::ops::Range;

use put_user_page_case::Function;
use put_user_page_case::world::{Step, World};

use crate::backend::Class;
use crate::outcome::Outcome;

/// One implementation of the four functions, and the pages that it works on.
pub trait Machine {
    /// Builds the world: every compound page with its `refs` and its owner's reference.
    /// In a valid case nothing may look at a page after it was freed. The reference, which
    /// tells the class, gets none.
    fn build(&mut self, world: &World, class: Option<Class>);

    /// Takes a reference for each backed entry as get_user_pages() does, and returns for
    /// how many entries, the unbacked ones before the end counted, that went well. Here
    /// and in `call`, `entries` are some of the world's.
    fn acquire(&mut self, world: &World, entries: Range<usize>) -> usize;

    /// Drops every owner's reference; a compound page with none left is free.
    fn drop_owners(&mut self, world: &World);

    /// Calls the function on the entries, or with a negative errno in place of how many they are,
    /// which then are none; the index of the entry that stopped it, where
    /// the implementation tells.
    fn call(
        &mut self,
        world: &World,
        function: Function,
        entries: Range<usize>,
        errno: Option<u8>,
        call: usize,
    ) -> Option<usize>;

    /// Writes back a compound page, if it is in use.
    fn clean(&mut self, world: &World, folio: usize);

    /// Adds the compound pages' states, the events and the stray writes to the outcome.
    fn finish(&mut self, world: &World, outcome: &mut Outcome);
}

/// Runs the world's program on a machine. `lengths` is scratch space.
pub fn run(
    machine: &mut impl Machine,
    world: &World,
    class: Option<Class>,
    lengths: &mut Vec<usize>,
    outcome: &mut Outcome,
) {
    outcome.clear();
    machine.build(world, class);
    // How far each array goes.
    lengths.clear();
    lengths.resize(world.arrays.len(), 0);
    for step in &world.steps {
        match step {
            Step::Fill { array, entries } => {
                if lengths[*array] == entries.start {
                    let added = world.array_range(*array, entries.clone());
                    lengths[*array] += machine.acquire(world, added);
                }
                outcome.acquired.push(lengths[*array]);
            }
            Step::Acquire { array } => {
                let entries = world.array_range(*array, 0..lengths[*array]);
                lengths[*array] = machine.acquire(world, entries);
                outcome.acquired.push(lengths[*array]);
            }
            Step::DropOwners => machine.drop_owners(world),
            Step::Call { function, array, entries, errno } => {
                let call = outcome.errors.len();
                let entries = array.map_or(0..0, |array| {
                    let length = lengths[array];
                    let entries = entries.start.min(length)..entries.end.min(length);
                    world.array_range(array, entries)
                });
                outcome.errors.push(machine.call(world, *function, entries, *errno, call));
            }
            Step::Clean { folios } => {
                for folio in folios.clone() {
                    machine.clean(world, folio);
                }
            }
        }
    }
    machine.finish(world, outcome);
}
