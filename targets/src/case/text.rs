//! The text form of a case, both ways.

mod error;
mod item;
mod parse;
mod print;

pub use error::TextError;
pub use item::page_name;
pub(super) use parse::parse;
pub(super) use print::print;
