//! Records: what a case is made of, each a statement by itself.

/// The four functions under comparison.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    /// `put_user_page()`, called for each entry by itself.
    PutUserPage,
    /// `put_user_pages()`.
    PutUserPages,
    /// `put_user_pages_dirty()`.
    PutUserPagesDirty,
    /// `put_user_pages_dirty_lock()`.
    PutUserPagesDirtyLock,
}

impl Function {
    /// All functions, by their number in the case format.
    pub const ALL: [Function; 4] = [
        Function::PutUserPage,
        Function::PutUserPages,
        Function::PutUserPagesDirty,
        Function::PutUserPagesDirtyLock,
    ];

    /// The name that C knows the function by.
    pub const fn name(self) -> &'static str {
        match self {
            Function::PutUserPage => "put_user_page",
            Function::PutUserPages => "put_user_pages",
            Function::PutUserPagesDirty => "put_user_pages_dirty",
            Function::PutUserPagesDirtyLock => "put_user_pages_dirty_lock",
        }
    }

    /// Whether the function marks pages dirty.
    pub const fn marks_dirty(self) -> bool {
        matches!(self, Function::PutUserPagesDirty | Function::PutUserPagesDirtyLock)
    }
}

/// What a compound page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Anonymous memory: no mapping.
    Anon,
    /// A file's page: its mapping counts and tags it when it is dirtied.
    File,
}

/// Where the pages of a compound page come from. The model makes no difference but that a
/// mapping holds a reference; a backend with real mappings takes the pages from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The kernel allocates them.
    Kernel,
    /// A user's mapping of anonymous memory.
    Anon,
    /// A user's mapping of a memfd.
    Memfd,
    /// A user's mapping of hugetlb pages.
    Hugetlb,
    /// A user's mapping of a file.
    File,
}

impl Source {
    /// All sources, by their number in the case format.
    pub const ALL: [Source; 5] =
        [Source::Kernel, Source::Anon, Source::Memfd, Source::Hugetlb, Source::File];

    /// The name in the text form, where [`Source::Kernel`] is left out.
    pub const fn name(self) -> &'static str {
        match self {
            Source::Kernel => "kernel",
            Source::Anon => "anon",
            Source::Memfd => "memfd",
            Source::Hugetlb => "hugetlb",
            Source::File => "file",
        }
    }

    /// Whether it is a user's mapping, which holds a reference of its own.
    pub const fn is_mapping(self) -> bool {
        !matches!(self, Source::Kernel)
    }
}

/// The order of a hugetlb page: 2 MiB.
pub const HUGETLB_ORDER: u8 = 9;

/// The way a range of pages is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the next page.
    Up,
    /// The same page again.
    Same,
    /// To the page before.
    Down,
}

impl Direction {
    /// The step from one entry to the next, in pages.
    pub const fn step(self) -> i64 {
        match self {
            Direction::Up => 1,
            Direction::Same => 0,
            Direction::Down => -1,
        }
    }
}

/// `folio`: equal compound pages, side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FolioRecord {
    /// The order, 0 to 10.
    pub order: u8,
    /// What they hold.
    pub kind: Kind,
    /// Whether they are dirty at the start.
    pub dirty: bool,
    /// Whether somebody holds their locks at the start.
    pub locked: bool,
    /// Extra references of each: a number that the format can write. Below zero if somebody
    /// else's over-release has left the count so.
    pub refs: i32,
    /// How many, 1 to 256; any number after a kernel chose orders.
    pub repeat: u16,
    /// Where their pages come from.
    pub from: Source,
}

/// `entries`: a range of pages, one entry each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntriesRecord {
    /// The first entry's page number, modulo how many there are.
    pub first: u16,
    /// How many entries, 0 to 4,095.
    pub length: u16,
    /// Where the next entry's page is; up where there are fewer than two.
    pub direction: Direction,
    /// Whether a reference is taken for each entry.
    pub backed: bool,
    /// Whether the entries go to the end of the current array, not to a new one.
    pub also: bool,
}

/// One statement of a case. See docs/case-format.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// Compound pages.
    Folio(FolioRecord),
    /// Frames without a page.
    Gap {
        /// How many, 0 to 1,023.
        frames: u16,
    },
    /// Entries of an array.
    Entries(EntriesRecord),
    /// A slice of the current array once more.
    Again {
        /// The first entry of the slice, modulo the array's length.
        start: u16,
        /// How many, 0 to 4,095.
        length: u16,
        /// Whether a reference is taken for each entry.
        backed: bool,
    },
    /// A call on a slice of an array.
    Call {
        /// What is called.
        function: Function,
        /// The array, counted back from the latest.
        earlier: u16,
        /// The first entry of the slice, modulo the array's length.
        first: u16,
        /// How many entries; 0 for all the rest.
        length: u16,
    },
    /// References once more for the backed entries of an array.
    Acquire {
        /// The array, counted back from the latest.
        earlier: u16,
    },
    /// The compound pages of a range of pages are written back.
    Clean {
        /// The first page's number, modulo how many there are.
        first: u16,
        /// How many pages, 0 to 4,095.
        length: u16,
    },
    /// Arrays may be longer from here on, and more may be asked for in all.
    Long,
}

impl FolioRecord {
    /// The record with the kind and the order that pages from its source have.
    pub const fn normalised(self) -> FolioRecord {
        FolioRecord {
            order: match self.from {
                Source::Hugetlb => HUGETLB_ORDER,
                _ => self.order,
            },
            kind: match self.from {
                Source::Kernel => self.kind,
                Source::Anon | Source::Memfd | Source::Hugetlb => Kind::Anon,
                Source::File => Kind::File,
            },
            ..self
        }
    }
}

impl EntriesRecord {
    /// The record with its direction and first page as the format keeps them.
    pub const fn normalised(self) -> EntriesRecord {
        EntriesRecord {
            first: if self.length == 0 { 0 } else { self.first },
            direction: if self.length < 2 { Direction::Up } else { self.direction },
            ..self
        }
    }
}

impl Record {
    /// Whether the record is of the world, `folio` or `gap`; the others are the program.
    pub const fn is_of_world(&self) -> bool {
        matches!(self, Record::Folio(_) | Record::Gap { .. })
    }
}
