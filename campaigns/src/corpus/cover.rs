//! The inputs to keep: few and small ones that together have every feature that any has.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// An input to choose from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Candidate {
    /// How much it costs to keep.
    pub(crate) bytes: usize,
    /// Whether it is kept whatever it has.
    pub(crate) is_kept: bool,
    /// What it has, each once. Features are numbered from 0 without large gaps.
    pub(crate) features: Vec<u32>,
}

/// What each input costs beside its bytes, so that one input of 100 bytes is better than ten of
/// 10: an engine runs every one of them.
const PER_INPUT: usize = 64;

/// How much an input brings for what it costs: more is better, and of equals the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Worth {
    /// New features by cost, in 2⁻⁶⁴: as costs are below 2³², only equal ones become equal.
    share: u128,
    index: Reverse<usize>,
}

/// The indices of the inputs to keep, in order. The same candidates give the same choice.
///
/// It takes what brings most new features for its cost, until there are none left, and then
/// lets go what later ones have made needless.
pub(crate) fn choose(candidates: &[Candidate]) -> Vec<usize> {
    let highest = candidates.iter().flat_map(|candidate| &candidate.features).max();
    let mut times = vec![0_u32; highest.map_or(0, |&feature| feature as usize + 1)];
    let mut chosen: Vec<usize> = Vec::new();
    let mut take = |index: usize, times: &mut [u32]| {
        let features = candidates[index].features.iter();
        features.for_each(|&feature| times[feature as usize] += 1);
        chosen.push(index);
    };
    let kept = (0..candidates.len()).filter(|&index| candidates[index].is_kept);
    kept.for_each(|index| take(index, &mut times));

    let worth = |index: usize, times: &[u32]| {
        let features = candidates[index].features.iter();
        let new = features.filter(|&&feature| times[feature as usize] == 0).count();
        let cost = candidates[index].bytes + PER_INPUT;
        Worth { share: ((new as u128) << 64) / cost as u128, index: Reverse(index) }
    };
    let open = (0..candidates.len()).filter(|&index| !candidates[index].is_kept);
    let mut best: BinaryHeap<Worth> = open.map(|index| worth(index, &times)).collect();
    while let Some(expected) = best.pop() {
        // What others brought since it was looked at is not new any more; never more is.
        let now = worth(expected.index.0, &times);
        if now.share == 0 {
            continue;
        }
        if best.peek().is_none_or(|next| now >= *next) {
            take(now.index.0, &mut times);
        } else {
            best.push(now);
        }
    }
    without_needless(candidates, chosen, times)
}

/// Lets go of what has no feature of its own, those that cost most first.
fn without_needless(
    candidates: &[Candidate],
    mut chosen: Vec<usize>,
    mut times: Vec<u32>,
) -> Vec<usize> {
    chosen.sort_by_key(|&index| Reverse((candidates[index].bytes, index)));
    chosen.retain(|&index| {
        let Candidate { is_kept, features, .. } = &candidates[index];
        let needless = !is_kept && features.iter().all(|&feature| times[feature as usize] > 1);
        if needless {
            features.iter().for_each(|&feature| times[feature as usize] -= 1);
        }
        !needless
    });
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use fastrand::Rng;

    use super::{Candidate, choose};

    fn candidate(bytes: usize, features: &[u32]) -> Candidate {
        Candidate { bytes, is_kept: false, features: features.to_vec() }
    }

    fn drawn(inputs: usize, features: u32, seed: u64) -> Vec<Candidate> {
        let mut rng = Rng::with_seed(seed);
        let mut draw = || {
            // Most features are common, and some are rare.
            let some = (0..rng.u32(0..features / 8)).map(|_| {
                let (one, other) = (rng.u32(0..features), rng.u32(0..features));
                one.min(other)
            });
            let features: BTreeSet<u32> = some.collect();
            Candidate {
                bytes: rng.usize(8..800),
                is_kept: rng.u8(..) == 0,
                features: features.into_iter().collect(),
            }
        };
        (0..inputs).map(|_| draw()).collect()
    }

    fn features(candidates: &[Candidate], chosen: &[usize]) -> BTreeSet<u32> {
        chosen.iter().flat_map(|&index| candidates[index].features.iter().copied()).collect()
    }

    #[test]
    fn the_small_ones_are_taken() {
        let candidates = [candidate(500, &[0, 1]), candidate(8, &[0, 1]), candidate(8, &[1])];
        assert_eq!(choose(&candidates), [1]);
        let candidates = [candidate(8, &[0]), candidate(8, &[1]), candidate(16, &[0, 1])];
        assert_eq!(choose(&candidates), [2]);
    }

    #[test]
    fn what_is_to_be_kept_is_kept_and_counts() {
        let mut candidates =
            vec![candidate(8, &[0, 1]), candidate(900, &[1, 0]), candidate(9, &[2])];
        candidates[1].is_kept = true;
        assert_eq!(choose(&candidates), [1, 2]);
        assert_eq!(choose(&[Candidate { is_kept: true, ..Candidate::default() }]), [0]);
        assert_eq!(choose(&[Candidate::default()]), [] as [usize; 0]);
    }

    #[test]
    fn what_later_ones_made_needless_is_let_go() {
        // The first is worth most at first; the other two are needed, and have all it has.
        let candidates =
            [candidate(8, &[1, 2, 3, 4]), candidate(8, &[0, 1, 2]), candidate(8, &[3, 4, 5])];
        assert_eq!(choose(&candidates), [1, 2]);
    }

    #[test]
    fn nothing_is_lost_and_nothing_is_needless() {
        for seed in 0..20 {
            let candidates = drawn(200, 400, seed);
            let chosen = choose(&candidates);
            assert_eq!(chosen, choose(&candidates));
            let all: Vec<usize> = (0..candidates.len()).collect();
            assert_eq!(features(&candidates, &chosen), features(&candidates, &all), "{seed}");
            for gone in chosen.iter().filter(|&&index| !candidates[index].is_kept) {
                let rest: Vec<usize> = chosen.iter().copied().filter(|one| one != gone).collect();
                assert_ne!(features(&candidates, &rest), features(&candidates, &all), "{seed}");
            }
        }
    }
}
