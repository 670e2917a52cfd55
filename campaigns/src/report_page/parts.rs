//! What the sections are made of.

use maud::{Markup, html};

/// A table that scrolls in a box of its own where there is no room for it.
pub(super) fn scrolling(what: &str, table: Markup) -> Markup {
    html! { div.scrolls tabindex="0" role="region" aria-label=(what) { (table) } }
}

/// What a section says that has nothing to show.
pub(super) fn nothing(text: &str) -> Markup {
    html! { p.nothing { (text) } }
}
