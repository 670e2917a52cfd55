//! What the sections are made of.

use maud::{Markup, html};
use pagediff_terminal::table::Align;

/// A table that scrolls in a box of its own where there is no room for it.
pub(super) fn scrolling(what: &str, table: Markup) -> Markup {
    html! { div.scrolls tabindex="0" role="region" aria-label=(what) { (table) } }
}

/// The head of a table: its columns, of text or of numbers.
pub(super) fn head(columns: &[(&str, Align)]) -> Markup {
    html! {
        thead { tr { @for (name, align) in columns {
            @if *align == Align::Right { th.number scope="col" { (name) } }
            @else { th scope="col" { (name) } }
        } } }
    }
}

/// What a section says that has nothing to show.
pub(super) fn nothing(text: &str) -> Markup {
    html! { p.nothing { (text) } }
}
