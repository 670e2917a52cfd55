//! What src/proofs/ proves is a transcription: here its functions are held against those of the
//! library, on border values and many at random. `cargo xtask prove` runs the proofs.

mod smt;

use std::vec::Vec;

use self::smt::Functions;
use super::{page, pages};
use crate::held::{Held, Reference};
use crate::page::MAX_ORDER;
use crate::release::{clamp_rest, lie_within};
use crate::{Hooks, MemoryMap, PageRef};

const BLOCK: &str = include_str!("../proofs/block.smt2");
const RUN: &str = include_str!("../proofs/run.smt2");
const DROP: &str = include_str!("../proofs/drop.smt2");

/// Values at which something may change, for addresses, lengths and counts alike.
const BORDERS: [u64; 14] = [
    0,
    1,
    2,
    63,
    64,
    65,
    1024,
    0x7fff_fffe,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    u64::MAX,
];

/// Random rows of values, each time the same, after all rows of borders.
fn rows<const N: usize>() -> impl Iterator<Item = [u64; N]> {
    let borders = (0..BORDERS.len().pow(N as u32)).map(|number| {
        std::array::from_fn(|place| {
            BORDERS[number / BORDERS.len().pow(place as u32) % BORDERS.len()]
        })
    });
    let random = if cfg!(miri) { 100 } else { 1_000_000 };
    let mut state = 1_u64;
    // SplitMix64: https://prng.di.unimi.it/splitmix64.c
    let mut next = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = state;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        // Small ones as often as large ones.
        let bits = bits ^ bits >> 31;
        bits >> (state >> 58)
    };
    borders.chain((0..random).map(move |_| std::array::from_fn(|_| next())))
}

/// Where a transcription is not what the library does: the first row of values.
fn block_differs(text: &str) -> Option<[u64; 4]> {
    let smt = Functions::parse(text);
    let [union_with, is_within] = ["union-with", "is-within"].map(|name| smt.named(name));
    rows::<4>().find(|&[first, second, base, span]| {
        let union = [first, second]
            .into_iter()
            .fold(0, |union, address| smt.call(union_with, &[union, address, base]));
        let transcribed = smt.call(is_within, &[union, span]) == 1;
        let addresses = [first, second].map(|address| address as usize);
        lie_within(addresses.into_iter(), base as usize, span as usize) != transcribed
    })
}

fn clamping_differs(text: &str) -> Option<[u64; 2]> {
    let smt = Functions::parse(text);
    let clamp = smt.named("clamp-rest");
    rows::<2>().find(|&[length, short]| {
        let short = short & 0x7fff_ffff;
        clamp_rest(length as usize, short as usize) as u64 != smt.call(clamp, &[length, short])
    })
}

/// Counts pages that are freed.
#[derive(Default)]
struct Frees(core::cell::Cell<u64>);

impl Hooks for Frees {
    fn free_page(&self, _head: PageRef<'_>) {
        self.0.set(self.0.get() + 1);
    }
}

fn dropping_differs(text: &str) -> Option<[u64; 2]> {
    let smt = Functions::parse(text);
    let [dropped, left, frees] = ["dropped", "left", "frees"].map(|name| smt.named(name));
    let mut pages = pages(1);
    let map = MemoryMap::new(&mut pages);
    let head = page(&map, 0);
    rows::<2>().find(|&[refs, run]| {
        // A run has an entry, and its length is no negative number.
        let (refs, run) = (refs as u32, (run as u32 & 0x7fff_ffff).max(1));
        let (hooks, arguments) = (Frees::default(), [u64::from(refs), u64::from(run)]);
        head.set_refcount(refs as i32);
        let result = Reference::drop(head, run as i32, &hooks);
        let dropped = smt.call(dropped, &arguments) as usize;
        result != if dropped < run as usize { Err(dropped) } else { Ok(()) }
            || u64::from(head.refcount() as u32) != smt.call(left, &arguments)
            || hooks.0.get() != smt.call(frees, &arguments)
    })
}

#[test]
fn the_test_of_a_block_is_as_transcribed() {
    assert_eq!(block_differs(BLOCK), None);
}

#[test]
fn clamping_is_as_transcribed() {
    assert_eq!(clamping_differs(RUN), None);
}

#[test]
fn dropping_references_is_as_transcribed() {
    assert_eq!(dropping_differs(DROP), None);
}

#[test]
fn the_span_of_an_order_is_as_transcribed() {
    let smt = Functions::parse(BLOCK);
    for order in 0..=MAX_ORDER {
        let mut pages = pages(1 << order);
        let map = MemoryMap::new(&mut pages);
        let head = page(&map, 0);
        map.prep_compound_page(0, order).unwrap();
        let span = smt.call(smt.named("span-of"), &[u64::from(order)]);
        assert_eq!(head.compound_span() as u64, span);
    }
}

/// A transcription that says something else is told from what the library does: by these tests,
/// where it or the library changes alone.
#[test]
fn other_transcriptions_differ() {
    let changed = |text: &str, part: &str, with: &str| {
        assert_eq!(text.matches(part).count(), 1, "{part} is in the text once");
        text.replace(part, with)
    };
    let block = [
        ("(bvult union span)", "(bvule union span)"),
        ("(bvor union (bvsub address base))", "(bvor union (bvadd address base))"),
        ("(bvor union (bvsub address base))", "(bvsub address base)"),
    ];
    for (part, with) in block {
        assert!(block_differs(&changed(BLOCK, part, with)).is_some(), "{with}");
    }
    let part = "length (bvsub #x000000007fffffff short)))";
    assert!(clamping_differs(&changed(RUN, part, "length #x000000007fffffff))")).is_some());
    let drop = [
        ("#x00000000) refs #x00000000)", "#x00000000) refs run)"),
        ("(bvadd (bvsub refs run) (bvsub run", "(bvadd (bvsub refs run) (bvsub refs"),
        ("(bvsle refs run)", "(bvslt refs run)"),
        ("run) (bvsgt refs #x00000000)", "run) (bvsge refs #x00000000)"),
    ];
    for (part, with) in drop {
        assert!(dropping_differs(&changed(DROP, part, with)).is_some(), "{with}");
    }
}

#[test]
fn rows_begin_with_all_borders() {
    let borders: Vec<[u64; 2]> = rows::<2>().take(BORDERS.len().pow(2)).collect();
    assert!(borders.contains(&[0, u64::MAX]) && borders.contains(&[u64::MAX, 0]));
}
