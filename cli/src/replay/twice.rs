//! Candidates that ran twice: on the model of the process, and on a kernel's pages.

use std::io::{self, Write};

use serde::Serialize;

/// What a backend made of all cases.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Held {
    Agrees,
    Differs,
    /// It skipped every case.
    Untried,
}

impl Held {
    /// By how many cases were compared, and on how many of these it differs.
    pub(super) fn of(same: usize, differ: usize) -> Held {
        match (same, differ) {
            (0, 0) => Held::Untried,
            (_, 0) => Held::Agrees,
            _ => Held::Differs,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Held::Agrees => "agrees",
            Held::Differs => "differs",
            Held::Untried => "was not tried",
        }
    }
}

/// A candidate, in both places.
#[derive(Serialize)]
pub(super) struct Twice {
    pub(super) candidate: String,
    pub(super) model: Held,
    pub(super) kernel: Held,
}

impl Twice {
    /// For people: how it did in both, and what that means.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let Twice { candidate, model, kernel } = self;
        let words = (model.word(), kernel.word());
        writeln!(out, "{candidate}: {} in the model, {} on the kernel's pages", words.0, words.1)?;
        writeln!(out, "  {}", self.meaning())
    }

    fn meaning(&self) -> &'static str {
        match (self.model, self.kernel) {
            (Held::Agrees, Held::Agrees) => "no case tells it from the reference in either",
            (Held::Agrees, Held::Differs) => {
                "it does what only a kernel minds, as sleeping where nobody may, or what it calls \
                 is not what the model takes it for: the kernel is right"
            }
            (Held::Differs, Held::Agrees) => {
                "what it does wrong leaves no trace on real pages, as an order of events that \
                 nobody there sees, or only in cases that are skipped there: it is wrong all the same"
            }
            (Held::Differs, Held::Differs) => {
                "the mistake is in its own steps: `explain` without --in-kernel shows each at once"
            }
            (Held::Untried, _) | (_, Held::Untried) => {
                "a place where all cases are skipped says nothing: the reasons are below"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_places_are_told_and_no_two_pairs_mean_the_same() {
        let told = |model, kernel| {
            let mut out = Vec::new();
            Twice { candidate: "mine.c".to_owned(), model, kernel }.write(&mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let (agrees, differs) = (Held::of(2, 0), Held::of(2, 1));
        let first = "mine.c: agrees in the model, differs on the kernel's pages\n  it does what";
        assert!(told(agrees, differs).starts_with(first));
        assert!(told(agrees, Held::of(0, 0)).contains("was not tried on the kernel's pages"));
        let pairs = [(agrees, agrees), (agrees, differs), (differs, agrees), (differs, differs)];
        let meanings = pairs.map(|(model, kernel)| {
            told(model, kernel).lines().nth(1).expect("its meaning").to_owned()
        });
        for (number, meaning) in meanings.iter().enumerate() {
            assert!(!meanings[..number].contains(meaning), "{meaning}");
        }
    }
}
