//! What a night is made of, when each part has its turn, and what it may cost.

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::Offset;

use crate::engines::Engine;

/// A night takes no more than so many minutes on two cores, with an hour of fuzzing.
#[cfg(test)]
const MOST_MINUTES: u64 = 8 * 60;

/// A part of the nightly job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Building all engines' programs.
    Building,
    /// All engines on all targets.
    Fuzzing,
    /// Taking in what they found.
    Corpora,
    /// The committed corpora on all backends that are here.
    Replay,
    /// Small cases, from where the night before stopped.
    SmallCases,
    /// The bank, by the committed corpus.
    Bank,
    /// The bank, by an engine from nothing.
    BankBy(Engine),
    /// The bank, by libFuzzer without parts of the design.
    Ablations,
    /// Generated cases on each kernel that is set up.
    Kernels,
    /// A share of the ways to break our own code.
    Mutants,
    /// The ways to break the kernel's module.
    KernelMutations,
    /// Line coverage, and the page.
    Report,
}

impl Part {
    /// All parts, in their order.
    #[cfg(test)]
    pub(super) const ALL: [Part; 15] = [
        Part::Building,
        Part::Fuzzing,
        Part::Corpora,
        Part::Replay,
        Part::SmallCases,
        Part::Kernels,
        Part::BankBy(Engine::Libfuzzer),
        Part::BankBy(Engine::Afl),
        Part::BankBy(Engine::Honggfuzz),
        Part::BankBy(Engine::Bolero),
        Part::Ablations,
        Part::Bank,
        Part::Report,
        Part::Mutants,
        Part::KernelMutations,
    ];

    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Part::Building => "building",
            Part::Fuzzing => "fuzzing",
            Part::Corpora => "corpora",
            Part::Replay => "replay",
            Part::SmallCases => "small cases",
            Part::Bank => "bank",
            Part::BankBy(Engine::Libfuzzer) => "bank by libfuzzer",
            Part::BankBy(Engine::Afl) => "bank by afl",
            Part::BankBy(Engine::Honggfuzz) => "bank by honggfuzz",
            Part::BankBy(Engine::Bolero) => "bank by bolero",
            Part::Ablations => "ablations",
            Part::Kernels => "kernels",
            Part::Mutants => "mutants",
            Part::KernelMutations => "kernel mutations",
            Part::Report => "report",
        }
    }

    /// The day of the week whose night it is part of; none if it is of every night.
    pub(super) const fn day(self) -> Option<Weekday> {
        match self {
            Part::BankBy(Engine::Libfuzzer) => Some(Weekday::Monday),
            Part::BankBy(Engine::Afl) => Some(Weekday::Tuesday),
            Part::BankBy(Engine::Honggfuzz) => Some(Weekday::Wednesday),
            Part::BankBy(Engine::Bolero) => Some(Weekday::Thursday),
            Part::Ablations => Some(Weekday::Friday),
            Part::KernelMutations => Some(Weekday::Saturday),
            Part::Kernels => Some(Weekday::Sunday),
            _ => None,
        }
    }

    /// What it may cost, in minutes, on two cores, with so many minutes of fuzzing.
    pub(super) const fn most_minutes(self, fuzzing: u64) -> u64 {
        match self {
            Part::Fuzzing | Part::SmallCases => fuzzing,
            Part::Building => 25,
            Part::Corpora => 40,
            Part::Replay => 15,
            Part::Bank => 1,
            Part::BankBy(_) => 30,
            Part::Ablations => 120,
            Part::Kernels => 40,
            Part::Mutants => 90,
            Part::KernelMutations => 40,
            Part::Report => 15,
        }
    }

    /// Whether it is part of the night that began then.
    pub(super) fn is_of(self, seconds_since_1970: u64) -> bool {
        self.day().is_none_or(|day| day == weekday(seconds_since_1970))
    }
}

/// The day of the week on which a night begins, by UTC.
fn weekday(seconds_since_1970: u64) -> Weekday {
    let seconds = i64::try_from(seconds_since_1970).unwrap_or(0);
    let began = Timestamp::from_second(seconds).unwrap_or_default();
    Offset::UTC.to_datetime(began).weekday()
}

/// The share of the ways to break our own code that is this day's, as `cargo xtask mutants` takes
/// it: each has its turn once in so many nights.
pub(super) fn share_of_mutants(seconds_since_1970: u64) -> String {
    const NIGHTS: u64 = 14;
    const SECONDS: u64 = 24 * 60 * 60;
    format!("{}/{NIGHTS}", seconds_since_1970 / SECONDS % NIGHTS)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{MOST_MINUTES, Part, share_of_mutants};

    /// The nights of two weeks.
    fn nights() -> impl Iterator<Item = u64> {
        (0..14).map(|day| day * 86_400 + 5_000)
    }

    #[test]
    fn no_night_costs_too_much() {
        for night in nights() {
            let parts = Part::ALL.into_iter().filter(|part| part.is_of(night));
            let minutes: u64 = parts.map(|part| part.most_minutes(60)).sum();
            assert!(minutes <= MOST_MINUTES, "{minutes} minutes");
        }
    }

    #[test]
    fn every_part_has_its_night_and_every_night_a_part_of_its_own() {
        for part in Part::ALL {
            let turns = nights().filter(|night| part.is_of(*night)).count();
            assert_eq!(turns, if part.day().is_some() { 2 } else { 14 }, "{}", part.name());
        }
        for night in nights() {
            let own = Part::ALL.into_iter().filter(|part| part.day().is_some());
            assert_eq!(own.filter(|part| part.is_of(night)).count(), 1);
        }
    }

    #[test]
    fn every_share_has_its_night() {
        let shares: BTreeSet<String> = nights().map(share_of_mutants).collect();
        assert_eq!(shares.len(), 14);
        assert_eq!(share_of_mutants(15 * 86_400), "1/14");
    }

    #[test]
    fn the_table_of_costs_is_written_down() {
        let page = include_str!("../../../docs/nightly.md");
        for part in Part::ALL {
            let day = part.day().map_or("each".to_owned(), |day| format!("{day:?}"));
            let row = format!("| {} | {day} | {} |", part.name(), part.most_minutes(60));
            assert!(page.contains(&row), "docs/nightly.md lacks {row}");
        }
    }
}
