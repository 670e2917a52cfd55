//! Pins, released run by run.

use put_user_page::{Hooks, PageRef};
use put_user_page_case::Function;

use super::Call;

/// References of a small page that are a pin.
pub const BIAS: i32 = 1024;

/// Entries side by side of one compound page, whose pins are released in one step.
#[derive(Clone, Copy, Debug)]
pub struct Pins<'a> {
    /// The call.
    pub call: &'a Call<'a>,
    /// The entries.
    pub pages: &'a [PageRef<'static>],
    /// Their head page.
    pub head: PageRef<'static>,
}

/// The steps of releasing pins.
#[derive(Debug)]
pub struct Unpins {
    /// How many entries at the start of what is left of the call are released in one step.
    pub length: fn(&Call<'_>, &[PageRef<'static>]) -> usize,
    /// Marks the page if it is to be.
    pub mark: fn(&Pins<'_>),
    /// Whether the page is left as it is otherwise.
    pub leaves_alone: fn(&Pins<'_>) -> bool,
    /// Tells the node.
    pub count: fn(&Pins<'_>),
    /// Drops the pins.
    pub drop: fn(&Pins<'_>),
}

/// The steps as they are to be.
pub const UNPINS: Unpins = Unpins {
    length: |_, pages| {
        let head = pages[0].compound_head();
        pages.iter().take_while(|page| page.compound_head() == head).count()
    },
    mark: |pins| pins.call.mark(pins.head),
    leaves_alone: |pins| pins.is_zero_page(),
    count: |pins| pins.call.recorder.pins_released(pins.head, pins.number()),
    drop: |pins| pins.drop_some(pins.number()),
};

impl Pins<'_> {
    /// How many there are.
    pub fn number(&self) -> i32 {
        self.pages.len() as i32
    }

    /// Whether pins of the page are counted apart.
    pub fn is_large(&self) -> bool {
        self.call.recorder.has_pincount(self.head)
    }

    /// Whether it is the zero page.
    pub fn is_zero_page(&self) -> bool {
        self.call.recorder.is_zero_page(self.head)
    }

    /// Drops so many, off the counts that the page has them in.
    pub fn drop_some(&self, number: i32) {
        if self.is_large() {
            self.head.set_pincount(self.head.pincount() - number);
            self.call.put(self.head, number);
        } else {
            self.call.put(self.head, number * BIAS);
        }
    }

    /// How many of them the page has.
    fn there(&self) -> usize {
        let there = if self.is_zero_page() {
            if self.head.refcount() > 0 { i32::MAX } else { 0 }
        } else if self.is_large() {
            self.head.pincount().min(self.head.refcount()).max(0)
        } else {
            (self.head.refcount().cast_unsigned() / BIAS.cast_unsigned()).cast_signed()
        };
        self.pages.len().min(there.cast_unsigned() as usize)
    }
}

impl Unpins {
    /// Releases the entries of a call; the index of the one that stopped it.
    pub fn run(&self, call: &Call<'_>) -> Option<usize> {
        let each = matches!(call.function, Function::UnpinUserPage | Function::UnpinFolio);
        let mut start = 0;
        while start < call.pages.len() {
            let left = &call.pages[start..if each { start + 1 } else { call.pages.len() }];
            let run = &left[..(self.length)(call, left).min(left.len())];
            let head = run[0].compound_head();
            let there = Pins { call, pages: run, head }.there();
            if there > 0 {
                self.release(&Pins { call, pages: &run[..there], head });
            }
            if there < run.len() {
                return Some(start + there);
            }
            start += run.len();
        }
        None
    }

    fn release(&self, pins: &Pins<'_>) {
        (self.mark)(pins);
        if !(self.leaves_alone)(pins) {
            (self.count)(pins);
            (self.drop)(pins);
        }
    }
}
