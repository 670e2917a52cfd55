//! What must hold between the forms of a case: the `decode` target.

use crate::case::{Case, decode_canonical};

/// Takes bytes through every form of a case.
///
/// # Errors
///
/// What does not hold, with both sides.
pub fn check(bytes: &[u8]) -> Result<(), String> {
    let case = Case::decode(bytes);
    let canonical = case.encode();
    if Case::decode(&canonical) != case {
        return Err(unequal("decode(encode(c)) is not c", &case, &Case::decode(&canonical)));
    }
    let text = case.to_text();
    match Case::from_text(&text) {
        Ok(parsed) if parsed == case => {}
        Ok(parsed) => return Err(unequal("parse(print(c)) is not c", &case, &parsed)),
        Err(error) => return Err(format!("the printed text does not parse: {error}\n{text}")),
    }
    match decode_canonical(&canonical) {
        Ok(records) if records == case.records => {}
        Ok(records) => {
            return Err(unequal("the C decoder reads another case", &case, &Case { records }));
        }
        Err(error) => {
            return Err(format!("the C decoder refuses canonical bytes: {error:?}\n{text}"));
        }
    }
    let accepted = decode_canonical(bytes).is_ok();
    if accepted != (bytes == canonical) {
        let what = if accepted { "accepts bytes that are not" } else { "refuses bytes that are" };
        return Err(format!("the C decoder {what} canonical: {bytes:02x?}"));
    }
    Ok(())
}

fn unequal(what: &str, expected: &Case, found: &Case) -> String {
    format!("{what}\nexpected:\n{expected:?}found:\n{found:?}")
}
