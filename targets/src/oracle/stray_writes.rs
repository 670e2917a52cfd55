//! Stray writes, field by field.

use put_user_page::flags;

use super::{Difference, subject_at};
use crate::outcome::Outcome;
use crate::world::World;

pub(super) fn push(found: &mut Vec<Difference>, world: &World, backend: &Outcome) {
    for write in &backend.stray_writes {
        for (name, show, low, bits) in parts_of_word(write.word) {
            let part = |word: u64| (word >> low) & (u64::MAX >> (64 - bits));
            let (expected, changed) = (part(write.expected), part(write.found));
            if expected != changed {
                found.push(Difference {
                    subject: subject_at(world, write.frame),
                    field: format!("stray write, {name}"),
                    reference: show(expected),
                    backend: show(changed),
                });
            }
        }
    }
}

/// A field of `struct page` inside a word: its name, how to show it, its lowest bit and how
/// many it has.
type Part = (&'static str, fn(u64) -> String, u32, u32);

/// The fields that lie in one of the eight words of `struct page`.
fn parts_of_word(word: usize) -> &'static [Part] {
    match word {
        0 => &[("flags", show_flags, 0, 64)],
        1 => &[("compound_head", show_hex, 0, 64)],
        2 => &[("compound_order and mapcount", show_hex, 0, 64)],
        3 => &[("mapping", show_hex, 0, 64)],
        4 => &[("index", show_hex, 0, 64)],
        5 => &[("private", show_hex, 0, 64)],
        6 => &[("_mapcount", show_count, 0, 32), ("_refcount", show_count, 32, 32)],
        _ => &[("memcg_data", show_hex, 0, 64)],
    }
}

fn show_hex(word: u64) -> String {
    format!("{word:#x}")
}

fn show_count(half: u64) -> String {
    // A 32-bit field, which is signed in the kernel.
    (half as u32).cast_signed().to_string()
}

fn show_flags(word: u64) -> String {
    let names = [(flags::LOCKED, "locked"), (flags::DIRTY, "dirty"), (flags::HEAD, "head")];
    let set = names.iter().filter(|(bit, _)| word & *bit as u64 != 0).map(|(_, name)| *name);
    let set: Vec<&str> = set.collect();
    if set.is_empty() { show_hex(word) } else { format!("{word:#x} ({})", set.join(", ")) }
}
