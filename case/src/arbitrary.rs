//! Cases for property tests: the raw bytes front to back, as every engine's bytes.

use arbitrary::{Arbitrary, Result, Unstructured};

use crate::case::Case;

/// Reads all that is left as the case's bytes, in both forms, so that a corpus means the
/// same to every engine.
impl<'a> Arbitrary<'a> for Case {
    fn arbitrary(unstructured: &mut Unstructured<'a>) -> Result<Self> {
        let length = unstructured.len();
        Ok(Case::decode(unstructured.bytes(length)?))
    }

    fn arbitrary_take_rest(unstructured: Unstructured<'a>) -> Result<Self> {
        Ok(Case::decode(unstructured.take_rest()))
    }
}
