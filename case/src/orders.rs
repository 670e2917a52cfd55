//! The orders that a kernel chose for the pages of a user's mapping.

use crate::case::Case;
use crate::layout::Layout;
use put_user_page_record::Record;

impl Case {
    /// The case that a kernel made of this one. A user asks for memory and not for orders:
    /// `orders` has, for each `folio` record with pages from a mapping, in their order, the
    /// order that the kernel chose. Where it is smaller than the record's, the record is of
    /// that order and repeats as often as gives the same pages; a greater one, or none, leaves
    /// the record's.
    ///
    /// Every page keeps its number, though maybe not its frame: smaller compound pages need
    /// no gap before them. So that the frames that this saves are not taken by pages that the
    /// world had no room for, `repeat` of every `folio` record becomes how many it has placed.
    /// It may be 0 and it may exceed 256, which bytes and text have no way to write: the case
    /// is there for building its world, not for being encoded.
    #[must_use]
    pub fn with_orders(&self, orders: &[u8]) -> Case {
        let layout = Layout::of(&self.records);
        let mut case = self.clone();
        let mut orders = orders.iter();
        let folios = case.records.iter_mut().filter_map(|record| match record {
            Record::Folio(folio) => Some(folio),
            _ => None,
        });
        for (group, folio) in folios.enumerate() {
            // Records beyond the limit have no pages, and stay.
            let Some((_, pages)) = layout.pages_of_group(group) else { break };
            if folio.from.is_mapping()
                && let Some(&order) = orders.next()
            {
                folio.order = folio.order.min(order);
            }
            // All pages of a world fit into as many frames, and these into a u16.
            folio.repeat = (pages >> folio.order) as u16;
        }
        case
    }
}
