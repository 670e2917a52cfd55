//! Parts of the design taken away, so that it shows what each brings.

use std::borrow::Cow;
use std::sync::LazyLock;

use arbitrary::{Arbitrary, Unstructured};

/// Names the part that an entry point is to do without.
pub const ABLATION_VARIABLE: &str = "PUT_USER_PAGE_ABLATION";

/// What is taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ablation {
    /// The engine's dictionary of records.
    NoDictionary,
    /// The mutator that knows records.
    NoMutator,
    /// Both: the engine knows nothing of the format.
    Bytes,
    /// Both, and the format's alignment: the bytes of the case are a `Vec<u8>` as `arbitrary`
    /// draws it from an input, with a byte before each that says whether there is one more.
    PlainVec,
}

impl Ablation {
    /// All of them, from the least to the most.
    pub const ALL: [Ablation; 4] =
        [Ablation::NoDictionary, Ablation::NoMutator, Ablation::Bytes, Ablation::PlainVec];

    /// The name that it has in commands, records and the environment.
    pub const fn name(self) -> &'static str {
        match self {
            Ablation::NoDictionary => "no-dictionary",
            Ablation::NoMutator => "no-mutator",
            Ablation::Bytes => "bytes",
            Ablation::PlainVec => "plain-vec",
        }
    }

    /// The one with this name.
    pub fn named(name: &str) -> Option<Ablation> {
        Ablation::ALL.into_iter().find(|ablation| ablation.name() == name)
    }

    /// What is left, in words.
    pub const fn what_is_left(self) -> &'static str {
        match self {
            Ablation::NoDictionary => "without the dictionary",
            Ablation::NoMutator => "without the mutator of records",
            Ablation::Bytes => "without both",
            Ablation::PlainVec => "without both, the case a `Vec<u8>` as `arbitrary` draws it",
        }
    }

    /// Whether the engine is still given the dictionary.
    pub const fn has_dictionary(self) -> bool {
        matches!(self, Ablation::NoMutator)
    }

    /// Whether inputs are still changed record by record.
    pub const fn has_mutator(self) -> bool {
        matches!(self, Ablation::NoDictionary)
    }

    /// How many bytes an input has for each of its case.
    pub const fn bytes_a_byte(self) -> usize {
        if matches!(self, Ablation::PlainVec) { 2 } else { 1 }
    }

    /// The bytes of the case that an input holds.
    pub fn case_bytes(self, input: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Ablation::PlainVec => {
                let drawn = Vec::arbitrary_take_rest(Unstructured::new(input));
                Cow::Owned(drawn.expect("a list is drawn from any bytes"))
            }
            _ => Cow::Borrowed(input),
        }
    }
}

/// What this process is to do without, as its environment says.
pub fn ablation() -> Option<Ablation> {
    static ABLATION: LazyLock<Option<Ablation>> = LazyLock::new(|| {
        let name = std::env::var_os(ABLATION_VARIABLE)?;
        let known = name.to_str().and_then(Ablation::named);
        Some(known.unwrap_or_else(|| {
            let names = Ablation::ALL.map(Ablation::name).join(", ");
            let name = name.display();
            crate::fail(
                &format!("{ABLATION_VARIABLE} names no part of the design: {name}"),
                &format!("it may be one of {names}\n"),
            )
        }))
    });
    *ABLATION
}

#[cfg(test)]
mod tests {
    use super::Ablation;

    #[test]
    fn a_plain_vec_has_a_byte_that_goes_on_before_each() {
        let input = [1, 0x10, 3, 0x20, 0, 0x30, 1, 0x40];
        assert_eq!(*Ablation::PlainVec.case_bytes(&input), [0x10, 0x20]);
        assert_eq!(*Ablation::Bytes.case_bytes(&input), input);
    }

    #[test]
    fn each_has_its_name() {
        for ablation in Ablation::ALL {
            assert_eq!(Ablation::named(ablation.name()), Some(ablation));
        }
        assert_eq!(Ablation::named("nothing"), None);
    }
}
