//! What must hold between the forms of a case: the `decode` target.

use serde::Serialize;
use strum::Display;

use put_user_page_case::world::World;
use put_user_page_case::world_in_c::WorldInC;
use put_user_page_case::{Case, Record, decode_canonical};

/// Two forms of a case that disagree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FormsDiffer {
    /// Which ones.
    pub forms: DifferingForms,
    /// Both sides, for people.
    pub details: String,
}

/// Which forms of a case disagree. Its `Display` is what is wrong, in a few words.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferingForms {
    /// `decode(encode(c))` is not `c`.
    #[strum(serialize = "decode(encode(c)) is not c")]
    Decoded,
    /// `parse(print(c))` is not `c`.
    #[strum(serialize = "parse(print(c)) is not c")]
    Parsed,
    /// The printed text does not parse.
    #[strum(serialize = "the printed text does not parse")]
    Unparsed,
    /// The C decoder reads another case.
    #[strum(serialize = "the C decoder reads another case")]
    DecodedInC,
    /// The C decoder refuses canonical bytes.
    #[strum(serialize = "the C decoder refuses canonical bytes")]
    RefusedByC,
    /// The C decoder accepts bytes that are not canonical.
    #[strum(serialize = "the C decoder accepts bytes that are not canonical")]
    AcceptedByC,
    /// C and Rust build two worlds.
    #[strum(serialize = "C and Rust build two worlds")]
    Worlds,
}

impl DifferingForms {
    fn with(self, details: String) -> FormsDiffer {
        FormsDiffer { forms: self, details }
    }
}

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
    pub fn check(&mut self, bytes: &[u8]) -> Result<(), FormsDiffer> {
        let case = Case::decode(bytes);
        check_forms(&case, bytes)?;
        self.check_world(&case)
    }

    /// Holds the world that C builds against that of Rust. So also for the case that a kernel
    /// would make of it by halving every order that it may choose.
    fn check_world(&mut self, case: &Case) -> Result<(), FormsDiffer> {
        let differs = |what| DifferingForms::Worlds.with(format!("{what}\n{case:?}"));
        let refused = |error| DifferingForms::RefusedByC.with(format!("{error:?}\n{case:?}"));
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

fn check_forms(case: &Case, bytes: &[u8]) -> Result<(), FormsDiffer> {
    let canonical = case.encode();
    let decoded = Case::decode(&canonical);
    if decoded != *case {
        return Err(DifferingForms::Decoded.with(both(case, &decoded)));
    }
    let text = case.to_text();
    match Case::from_text(&text) {
        Ok(parsed) if parsed == *case => {}
        Ok(parsed) => return Err(DifferingForms::Parsed.with(both(case, &parsed))),
        Err(error) => return Err(DifferingForms::Unparsed.with(format!("{error}\n{text}"))),
    }
    match decode_canonical(&canonical) {
        Ok(records) if records == case.records => {}
        Ok(records) => {
            return Err(DifferingForms::DecodedInC.with(both(case, &Case { records })));
        }
        Err(error) => return Err(DifferingForms::RefusedByC.with(format!("{error:?}\n{text}"))),
    }
    match (decode_canonical(bytes).is_ok(), bytes == canonical) {
        (true, false) => Err(DifferingForms::AcceptedByC.with(format!("{bytes:02x?}"))),
        (false, true) => Err(DifferingForms::RefusedByC.with(format!("{bytes:02x?}"))),
        _ => Ok(()),
    }
}

fn both(expected: &Case, found: &Case) -> String {
    format!("expected:\n{expected:?}found:\n{found:?}")
}
