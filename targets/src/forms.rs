//! What must hold between the forms of a case: the `decode` target.

use crate::case::{Case, Record, decode_canonical};
use crate::world::World;
use crate::world_in_c::WorldInC;

/// Checks the forms of a case, and its world in C and in Rust, which are made anew in the
/// same memory for each.
#[derive(Debug, Default)]
pub struct Forms {
    in_c: WorldInC,
    in_rust: World,
}

impl Forms {
    /// Makes room for the worlds of cases that are no larger. The C code is not run.
    pub(crate) fn make_room(&mut self, case: &Case) {
        self.in_c.make_room(case.records.len());
        self.in_rust.build(case);
    }

    /// Takes bytes through every form of a case, and builds its world from it.
    ///
    /// # Errors
    ///
    /// What does not hold, with both sides.
    pub fn check(&mut self, bytes: &[u8]) -> Result<(), String> {
        let case = Case::decode(bytes);
        check_forms(&case, bytes)?;
        self.check_world(&case)
    }

    /// Holds the world that C builds against that of Rust. So also for the case that a kernel
    /// would make of it by halving every order that it may choose.
    fn check_world(&mut self, case: &Case) -> Result<(), String> {
        let differs = |what| format!("C and Rust build two worlds: {what}\n{case:?}");
        let refused = |error| format!("the C decoder refuses canonical bytes: {error:?}\n{case:?}");
        self.in_c.build(&case.encode()).map_err(refused)?;
        self.in_rust.build(case);
        self.in_c.compare(&self.in_rust).map_err(differs)?;
        let orders: Vec<u8> = case
            .records
            .iter()
            .filter_map(|record| match record {
                Record::Folio(folio) if folio.from.is_mapping() => Some(folio.order / 2),
                _ => None,
            })
            .collect();
        if orders.is_empty() {
            return Ok(());
        }
        self.in_c.build_with_orders(&orders);
        self.in_rust.build(&case.with_orders(&orders));
        self.in_c.compare(&self.in_rust).map_err(differs)
    }
}

fn check_forms(case: &Case, bytes: &[u8]) -> Result<(), String> {
    let canonical = case.encode();
    if Case::decode(&canonical) != *case {
        return Err(unequal("decode(encode(c)) is not c", case, &Case::decode(&canonical)));
    }
    let text = case.to_text();
    match Case::from_text(&text) {
        Ok(parsed) if parsed == *case => {}
        Ok(parsed) => return Err(unequal("parse(print(c)) is not c", case, &parsed)),
        Err(error) => return Err(format!("the printed text does not parse: {error}\n{text}")),
    }
    match decode_canonical(&canonical) {
        Ok(records) if records == case.records => {}
        Ok(records) => {
            return Err(unequal("the C decoder reads another case", case, &Case { records }));
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
