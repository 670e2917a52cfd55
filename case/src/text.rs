//! The text form of a case, both ways.

mod error;
mod item;
mod parse;
mod print;

pub use error::TextError;
pub use item::page_name;
pub(crate) use parse::parse;
pub(crate) use print::print;
