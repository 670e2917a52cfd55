//! Items of the text form: pages by the name of their folio line.

use crate::layout::Layout;

/// The name of the whole world, in whose pages every number is allowed.
pub(super) const WORLD: &str = "@";

/// The item for no entry.
pub(super) const NOTHING: &str = "-";

/// The item for an entry that is a NULL: no name starts with a digit.
pub(super) const NULL: &str = "0";

/// The name that a disassembled case gives its folio line number `line`, from 0: a to z,
/// then aa, ab and so on.
pub(super) fn group_name(line: usize) -> String {
    let letter = char::from(b'a' + (line % 26) as u8);
    match line / 26 {
        0 => letter.to_string(),
        more => format!("{}{letter}", group_name(more - 1)),
    }
}

/// How a disassembled case names a page of the world: its folio line and the page's
/// number in it, as in `a[3]`; the number is left out where the line has one page only.
pub fn page_name(layout: &Layout, page: usize) -> String {
    match layout.group_of_page(page) {
        Some((line, _, 1)) => group_name(line),
        Some((line, index, _)) => format!("{}[{index}]", group_name(line)),
        None => format!("{WORLD}[{page}]"),
    }
}

/// The name and the number in it for a page that an item starts with.
pub(super) fn name_and_index(layout: &Layout, page: u16) -> (String, i64) {
    match layout.group_of_page(usize::from(page)) {
        Some((line, index, _)) => (group_name(line), index as i64),
        None => (WORLD.to_owned(), i64::from(page)),
    }
}
