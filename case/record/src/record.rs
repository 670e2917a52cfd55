//! Records: what a case is made of, each a statement by itself.

/// The functions under comparison: those of 2018, and what they became.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(into = "&str", try_from = "std::borrow::Cow<'_, str>")]
pub enum Function {
    /// `put_user_page()`, called for each entry by itself.
    PutUserPage,
    /// `put_user_pages()`.
    PutUserPages,
    /// `put_user_pages_dirty()`.
    PutUserPagesDirty,
    /// `put_user_pages_dirty_lock()`.
    PutUserPagesDirtyLock,
    /// `unpin_user_page()`, called for each entry by itself.
    UnpinUserPage,
    /// `unpin_user_pages()`.
    UnpinUserPages,
    /// `unpin_user_pages_dirty_lock()`.
    UnpinUserPagesDirtyLock {
        /// Its last argument: whether it marks pages dirty.
        make_dirty: bool,
    },
    /// `unpin_user_page_range_dirty_lock()`, on the pages that lie side by side from the first
    /// entry's on.
    UnpinUserPageRangeDirtyLock {
        /// Its last argument: whether it marks pages dirty.
        make_dirty: bool,
    },
    /// `unpin_folio()`, called for each entry by itself.
    UnpinFolio,
    /// `unpin_folios()`.
    UnpinFolios,
    /// `unpin_user_folio()`, called for each run.
    UnpinUserFolio,
}

impl Function {
    /// All functions, by their number in the case format.
    pub const ALL: [Function; 13] = [
        Function::PutUserPage,
        Function::PutUserPages,
        Function::PutUserPagesDirty,
        Function::PutUserPagesDirtyLock,
        Function::UnpinUserPage,
        Function::UnpinUserPages,
        Function::UnpinUserPagesDirtyLock { make_dirty: true },
        Function::UnpinUserPagesDirtyLock { make_dirty: false },
        Function::UnpinUserPageRangeDirtyLock { make_dirty: true },
        Function::UnpinUserPageRangeDirtyLock { make_dirty: false },
        Function::UnpinFolio,
        Function::UnpinFolios,
        Function::UnpinUserFolio,
    ];

    /// The four of the patch of 2018, which release references.
    pub const PUT: [Function; 4] = [
        Function::PutUserPage,
        Function::PutUserPages,
        Function::PutUserPagesDirty,
        Function::PutUserPagesDirtyLock,
    ];

    /// All others, which release pins.
    pub const UNPIN: &[Function] = Function::ALL.split_at(Function::PUT.len()).1;

    /// Its number in the case format: its place among [`ALL`](Self::ALL).
    pub const fn number(self) -> u8 {
        match self {
            Function::PutUserPage => 0,
            Function::PutUserPages => 1,
            Function::PutUserPagesDirty => 2,
            Function::PutUserPagesDirtyLock => 3,
            Function::UnpinUserPage => 4,
            Function::UnpinUserPages => 5,
            Function::UnpinUserPagesDirtyLock { make_dirty: true } => 6,
            Function::UnpinUserPagesDirtyLock { make_dirty: false } => 7,
            Function::UnpinUserPageRangeDirtyLock { make_dirty: true } => 8,
            Function::UnpinUserPageRangeDirtyLock { make_dirty: false } => 9,
            Function::UnpinFolio => 10,
            Function::UnpinFolios => 11,
            Function::UnpinUserFolio => 12,
        }
    }

    /// The name that C knows the function by.
    pub const fn name(self) -> &'static str {
        match self {
            Function::PutUserPage => "put_user_page",
            Function::PutUserPages => "put_user_pages",
            Function::PutUserPagesDirty => "put_user_pages_dirty",
            Function::PutUserPagesDirtyLock => "put_user_pages_dirty_lock",
            Function::UnpinUserPage => "unpin_user_page",
            Function::UnpinUserPages => "unpin_user_pages",
            Function::UnpinUserPagesDirtyLock { .. } => "unpin_user_pages_dirty_lock",
            Function::UnpinUserPageRangeDirtyLock { .. } => "unpin_user_page_range_dirty_lock",
            Function::UnpinFolio => "unpin_folio",
            Function::UnpinFolios => "unpin_folios",
            Function::UnpinUserFolio => "unpin_user_folio",
        }
    }

    /// Its name, and what else tells it from the others: as it stands in a case's text.
    pub const fn label(self) -> &'static str {
        match self {
            Function::UnpinUserPagesDirtyLock { make_dirty: true } => {
                "unpin_user_pages_dirty_lock make_dirty"
            }
            Function::UnpinUserPageRangeDirtyLock { make_dirty: true } => {
                "unpin_user_page_range_dirty_lock make_dirty"
            }
            other => other.name(),
        }
    }

    /// Its `make_dirty`, if it has one.
    pub const fn make_dirty(self) -> Option<bool> {
        match self {
            Function::UnpinUserPagesDirtyLock { make_dirty }
            | Function::UnpinUserPageRangeDirtyLock { make_dirty } => Some(make_dirty),
            _ => None,
        }
    }

    /// Whether what it releases are pins.
    pub const fn unpins(self) -> bool {
        self.number() > Function::PutUserPagesDirtyLock.number()
    }

    /// Whether the function marks pages dirty.
    pub const fn marks_dirty(self) -> bool {
        matches!(self, Function::PutUserPagesDirty) || self.locks()
    }

    /// Whether the function locks the pages that it marks dirty.
    pub const fn locks(self) -> bool {
        matches!(self, Function::PutUserPagesDirtyLock) || matches!(self.make_dirty(), Some(true))
    }

    /// Whether it takes pages that lie side by side, by the first of them.
    pub const fn takes_range(self) -> bool {
        matches!(self, Function::UnpinUserPageRangeDirtyLock { .. })
    }
}

impl From<Function> for &str {
    fn from(function: Function) -> &'static str {
        function.label()
    }
}

impl TryFrom<std::borrow::Cow<'_, str>> for Function {
    type Error = String;

    fn try_from(label: std::borrow::Cow<'_, str>) -> Result<Function, String> {
        let labelled = Function::ALL.into_iter().find(|function| function.label() == label);
        labelled.ok_or_else(|| format!("there is no function `{label}`"))
    }
}

/// How a page is held for an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Backing {
    /// Not at all.
    Unbacked,
    /// By a reference, as get_user_pages() takes it.
    Got,
    /// By a pin, as pin_user_pages() takes it.
    Pinned,
    /// There is no page to hold: the entry is a NULL. What it says of a page means nothing.
    Null,
}

impl Backing {
    /// Whether anything is taken.
    pub const fn is_backed(self) -> bool {
        matches!(self, Backing::Got | Backing::Pinned)
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
    /// The zero page, which a user's mapping has wherever it was read and not written. There is
    /// one.
    Zero,
    /// The huge zero page: the same for 2 MiB.
    HugeZero,
}

impl Source {
    /// All sources, by their number in the case format.
    pub const ALL: [Source; 7] = [
        Source::Kernel,
        Source::Anon,
        Source::Memfd,
        Source::Hugetlb,
        Source::File,
        Source::Zero,
        Source::HugeZero,
    ];

    /// The name in the text form, where [`Source::Kernel`] is left out.
    pub const fn name(self) -> &'static str {
        match self {
            Source::Kernel => "kernel",
            Source::Anon => "anon",
            Source::Memfd => "memfd",
            Source::Hugetlb => "hugetlb",
            Source::File => "file",
            Source::Zero => "zero",
            Source::HugeZero => "huge-zero",
        }
    }

    /// Whether there is one compound page of it and no more.
    pub const fn is_single(self) -> bool {
        matches!(self, Source::Zero | Source::HugeZero)
    }

    /// Whether it is a user's mapping, which holds a reference of its own.
    pub const fn is_mapping(self) -> bool {
        !matches!(self, Source::Kernel)
    }
}

/// The order of a hugetlb page and of the huge zero page: 2 MiB.
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
    /// The first entry's page number, modulo how many there are; of NULLs 0.
    pub first: u16,
    /// How many entries, 0 to 4,095.
    pub length: u16,
    /// Where the next entry's page is; up where there are fewer than two, else of NULLs the same.
    pub direction: Direction,
    /// How the page of each entry is held.
    pub backing: Backing,
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
        /// How the page of each entry is held, whatever held it for those that it repeats; what
        /// repeats a NULL is one.
        backing: Backing,
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
    /// A call that gets a negative errno in place of the number of its array's entries, as from
    /// who does not look at what pin_user_pages() returned.
    CallWithErrno {
        /// What is called.
        function: Function,
        /// The array, counted back from the latest.
        earlier: u16,
        /// The errno without its sign, 1 to 255.
        errno: u8,
    },
    /// References and pins once more for the backed entries of an array.
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
    /// The record with what pages from its source have: a kind, an order, and how many there are.
    pub const fn normalised(self) -> FolioRecord {
        FolioRecord {
            order: match self.from {
                Source::Hugetlb | Source::HugeZero => HUGETLB_ORDER,
                Source::Zero => 0,
                _ => self.order,
            },
            kind: match self.from {
                Source::Kernel => self.kind,
                Source::File => Kind::File,
                _ => Kind::Anon,
            },
            repeat: if self.from.is_single() { 1 } else { self.repeat },
            ..self
        }
    }
}

impl EntriesRecord {
    /// The record with its direction and first page as the format keeps them.
    pub const fn normalised(self) -> EntriesRecord {
        let is_null = matches!(self.backing, Backing::Null);
        EntriesRecord {
            first: if self.length == 0 || is_null { 0 } else { self.first },
            direction: match self.direction {
                _ if self.length < 2 => Direction::Up,
                _ if is_null => Direction::Same,
                direction => direction,
            },
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
