//! How many deaths are borne that tell nothing new: each costs a boot or two.

use std::collections::BTreeSet;

use crate::job::{Death, How};

/// What is left of it. It may be kept from one run to the next.
#[derive(Clone, Debug)]
pub struct Patience {
    /// So many more; none where there is no end.
    left: Option<u32>,
    deaths: u32,
    /// How guests ended, and the function that each was in where its log says.
    known: BTreeSet<(String, Option<String>)>,
}

impl Patience {
    /// Bears all deaths.
    pub fn endless() -> Patience {
        Patience { left: None, deaths: 0, known: BTreeSet::new() }
    }

    /// Bears so many deaths like ones that came before.
    pub fn new(repeats: u32) -> Patience {
        Patience { left: Some(repeats), ..Patience::endless() }
    }

    /// Whether no job is run any more.
    pub fn is_over(&self) -> bool {
        self.left == Some(0)
    }

    /// How many deaths there were.
    pub fn deaths(&self) -> u32 {
        self.deaths
    }

    /// Bears another.
    pub(crate) fn bear(&mut self, death: &Death) {
        self.deaths += 1;
        let function = death.function().map(str::to_owned);
        if !self.known.insert((kind(&death.how), function)) {
            self.left = self.left.map(|left| left.saturating_sub(1));
        }
    }
}

/// How a guest ended, without what is another each time: addresses, page frames and processes. A
/// place in the source is kept.
fn kind(how: &How) -> String {
    let text = how.to_string();
    let words = text.split_whitespace().map(|word| match word.split_once(':') {
        Some(("pfn", _)) => "pfn",
        _ if word.contains(".c:") || word.contains(".h:") => word,
        _ => word.trim_end_matches(|c: char| c.is_ascii_hexdigit() || ",:".contains(c)),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(line: &str) -> String {
        kind(&How::Panicked(line.to_owned()))
    }

    #[test]
    fn what_is_another_each_time_tells_nothing_new() {
        for (one, other) in [
            (
                "BUG: Bad page state in process init  pfn:0a1b2",
                "BUG: Bad page state in process init  pfn:beef",
            ),
            (
                "BUG: kernel NULL pointer dereference, address: 0000000000000008",
                "BUG: kernel NULL pointer dereference, address: 00000000000000f0",
            ),
            (
                "WARNING: CPU: 0 PID: 1 at mm/gup.c:52 f+0x1/0x2",
                "WARNING: CPU: 0 PID: 77 at mm/gup.c:52 f+0x1/0x2",
            ),
            (
                "general protection fault, for non-canonical address 0x7061676500000000: 0000 [#1]",
                "general protection fault, for non-canonical address 0xee0c28eca0000000: 0000 [#1]",
            ),
        ] {
            assert_eq!(kind_of(one), kind_of(other));
        }
        let (one, other) = ("kernel BUG at mm/gup.c:52!", "kernel BUG at mm/gup.c:53!");
        assert_ne!(kind_of(one), kind_of(other));
        assert_ne!(kind_of(one), kind(&How::Reset));
    }
}
