//! What differs between the kernels that release pins: each rule as it was read from a source.

/// A source that the rules were read from, and the rules. Rules belong to a source and not to a
/// release's number, for distributions take fixes over into older releases.
#[derive(Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: &'static str,
    /// What was read.
    pub source: &'static str,
    /// The version of the package that it is of, where it can be had.
    pub package_version: Option<&'static str>,
    /// What a pin is.
    pub pins: Pins,
    /// What a pin of the zero page does.
    pub zero_page: ZeroPage,
    /// What unpin_user_pages() makes of a NULL.
    pub null: Null,
    /// Whether unpin_user_pages(), and unpin_folios() where it is, warn of a negative errno as
    /// length and return: since 146608bb75e6, of Linux 5.10. The others count up to it.
    pub guards_errno: bool,
    /// Whether there are unpin_user_page(), unpin_user_pages() and
    /// unpin_user_pages_dirty_lock(): until 5.5 they had their older names.
    pub has_unpin: bool,
    /// Whether there is unpin_user_page_range_dirty_lock().
    pub has_range: bool,
    /// Whether there are unpin_folio(), unpin_folios() and unpin_user_folio().
    pub has_folios: bool,
}

/// What a pin of a compound page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pins {
    /// A reference like any other.
    References,
    /// Of a page of at least this order one reference and one of its pincount, of smaller ones
    /// so many references.
    Counted {
        /// The smallest order that has a pincount.
        pincount_from_order: u32,
        /// GUP_PIN_COUNTING_BIAS.
        bias: i32,
    },
}

/// What becomes of the counts of the zero page when it is pinned and unpinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZeroPage {
    /// What becomes of any page's.
    Counted,
    /// Nothing: since "mm: Don't pin ZERO_PAGE in pin_user_pages()" (c8070b787519).
    LeftAlone,
}

/// What unpin_user_pages() makes of an entry that is NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Null {
    /// A page, which it looks at.
    Dereferenced,
    /// Nothing, where a run would start with it: since "mm/gup: handle NULL pages in
    /// unpin_user_pages()" (a1268be280d8). Behind a page it is looked at still, to see whether it
    /// is one of the page's run.
    SkippedAtRunStart,
}

/// GUP_PIN_COUNTING_BIAS of every kernel that has it (include/linux/mm.h).
const BIAS: i32 = 1024;

/// The functions as the patch introduced them: what is pinned is referenced.
pub const PATCH_2018: Profile = Profile {
    name: "patch-2018",
    source: "\"mm: introduce put_user_page*(), placeholder versions\", November 2018",
    package_version: None,
    pins: Pins::References,
    zero_page: ZeroPage::Counted,
    null: Null::Dereferenced,
    guards_errno: false,
    has_unpin: false,
    has_range: false,
    has_folios: false,
};

/// Since pins are counted apart. Entry by entry; the node counts a pin as released after the
/// page's references went.
pub const V5_7: Profile = Profile {
    name: "v5.7",
    source: "Linux 5.7, mm/gup.c",
    package_version: None,
    pins: Pins::Counted { pincount_from_order: 2, bias: BIAS },
    zero_page: ZeroPage::Counted,
    null: Null::Dereferenced,
    guards_errno: false,
    has_unpin: true,
    has_range: false,
    has_folios: false,
};

/// Since runs are released in one step; the node counts first.
pub const V5_13: Profile = Profile {
    name: "v5.13",
    source: "Linux 5.13, mm/gup.c",
    package_version: None,
    pins: Pins::Counted { pincount_from_order: 2, bias: BIAS },
    zero_page: ZeroPage::Counted,
    null: Null::Dereferenced,
    guards_errno: true,
    has_unpin: true,
    has_range: true,
    has_folios: false,
};

/// Since folios: each large one has a pincount. With the zero page's rule, which was taken over.
pub const DEBIAN_6_1: Profile = Profile {
    name: "debian-6.1",
    source: "Debian's linux-source-6.1 6.1.192-2, mm/gup.c",
    package_version: Some("6.1.192-2"),
    pins: Pins::Counted { pincount_from_order: 1, bias: BIAS },
    zero_page: ZeroPage::LeftAlone,
    null: Null::Dereferenced,
    guards_errno: true,
    has_unpin: true,
    has_range: true,
    has_folios: false,
};

/// With the functions that take folios.
pub const DEBIAN_6_12: Profile = Profile {
    name: "debian-6.12",
    source: "Debian's linux-source-6.12 6.12.117-1~deb12u1, mm/gup.c",
    package_version: Some("6.12.117-1~deb12u1"),
    pins: Pins::Counted { pincount_from_order: 1, bias: BIAS },
    zero_page: ZeroPage::LeftAlone,
    null: Null::SkippedAtRunStart,
    guards_errno: true,
    has_unpin: true,
    has_range: true,
    has_folios: true,
};

/// All of them, the oldest first.
pub static PROFILES: [Profile; 5] = [PATCH_2018, V5_7, V5_13, DEBIAN_6_1, DEBIAN_6_12];

impl Profile {
    /// The newest, whose rules the fast implementation has.
    pub fn newest() -> &'static Profile {
        &PROFILES[PROFILES.len() - 1]
    }

    /// The profile with this name.
    pub fn named(name: &str) -> Option<&'static Profile> {
        PROFILES.iter().find(|profile| profile.name == name)
    }

    /// Whether a compound page of this order has its pins in a pincount.
    pub fn has_pincount(&self, order: u32) -> bool {
        match self.pins {
            Pins::References => false,
            Pins::Counted { pincount_from_order, .. } => order >= pincount_from_order,
        }
    }

    /// Whether nodes count pins: NR_FOLL_PIN_ACQUIRED and NR_FOLL_PIN_RELEASED.
    pub fn counts_pins(&self) -> bool {
        self.pins != Pins::References
    }

    /// The references that a pin of a page of this order is.
    pub fn references_of_pin(&self, order: u32) -> i32 {
        match self.pins {
            Pins::Counted { pincount_from_order, bias } if order < pincount_from_order => bias,
            _ => 1,
        }
    }
}
