//! The layout of a world: which compound page lies at which frame.

use std::iter;
use std::ops::Range;

use put_user_page_record::{Direction, FolioRecord, Record};

/// Records of a case that count: so many `folio` and `gap` records, and so many others.
pub const MAX_RECORDS: usize = 1024;

/// Page frames of a world.
pub const MAX_FRAMES: usize = 8192;

/// Where a compound page lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Place {
    /// The frame of the head page.
    pub frame: usize,
    /// The number of the head page in the world: gaps are not counted.
    pub page: usize,
    /// How many pages it has: 1 << order.
    pub pages: usize,
}

/// Where the compound pages of a case lie, and its pages by number.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// The compound pages in order.
    pub places: Vec<Place>,
    /// For each `folio` record, its pages.
    groups: Vec<Range<usize>>,
}

impl Layout {
    /// The layout of these records.
    pub fn of(records: &[Record]) -> Layout {
        let mut layout = Layout::default();
        layout.build(records, |_| ());
        layout
    }

    /// Becomes the layout of these records, and tells of each compound page placed.
    pub(crate) fn build(&mut self, records: &[Record], mut placed: impl FnMut(&FolioRecord)) {
        self.places.clear();
        self.groups.clear();
        let mut next_frame = 0;
        let world = records.iter().filter(|record| record.is_of_world());
        for record in world.take(MAX_RECORDS) {
            match record {
                Record::Gap { frames } => {
                    next_frame = (next_frame + usize::from(*frames)).min(MAX_FRAMES);
                }
                Record::Folio(folio) => {
                    let first_page = self.pages();
                    for _ in 0..folio.repeat {
                        let Some(end) = self.place(next_frame, 1 << folio.order) else { break };
                        next_frame = end;
                        placed(folio);
                    }
                    self.groups.push(first_page..self.pages());
                }
                _ => {}
            }
        }
    }

    /// Places a compound page of so many pages at the next frame that is aligned for it,
    /// and returns the frame after it; `None` if it would end beyond the last frame.
    fn place(&mut self, next_frame: usize, pages: usize) -> Option<usize> {
        let frame = next_frame.next_multiple_of(pages);
        let end = frame + pages;
        if end > MAX_FRAMES {
            return None;
        }
        self.places.push(Place { frame, page: self.pages(), pages });
        Some(end)
    }

    /// How many pages the world has, gaps not counted.
    pub fn pages(&self) -> usize {
        self.places.last().map_or(0, |last| last.page + last.pages)
    }

    /// How many frames the memory map has: it ends with the last page.
    pub fn frames(&self) -> usize {
        self.places.last().map_or(0, |last| last.frame + last.pages)
    }

    /// The number of the compound page that a page belongs to.
    ///
    /// # Panics
    ///
    /// The world has no such page.
    pub fn folio_of_page(&self, page: usize) -> usize {
        assert!(page < self.pages(), "the world has no page {page}");
        self.places.partition_point(|place| place.page <= page) - 1
    }

    /// Walks the pages from `page` on, round and round: the frame of each, and the number of
    /// the compound page that it belongs to.
    ///
    /// # Panics
    ///
    /// The world has no such page.
    pub(crate) fn walk(
        &self,
        mut page: usize,
        direction: Direction,
    ) -> impl Iterator<Item = (u16, u16)> {
        let mut folio = self.folio_of_page(page);
        iter::repeat_with(move || {
            let place = self.places[folio];
            let here = ((place.frame + (page - place.page)) as u16, folio as u16);
            match direction {
                Direction::Same => {}
                Direction::Up => {
                    page += 1;
                    if page == place.page + place.pages {
                        folio = (folio + 1) % self.places.len();
                        page = self.places[folio].page;
                    }
                }
                Direction::Down if page > place.page => page -= 1,
                Direction::Down => {
                    folio = folio.checked_sub(1).unwrap_or(self.places.len() - 1);
                    page = self.places[folio].page + self.places[folio].pages - 1;
                }
            }
            here
        })
    }

    /// The number of the compound page at a frame; `None` in a gap or beyond the end.
    pub fn folio_at_frame(&self, frame: usize) -> Option<usize> {
        let after = self.places.partition_point(|place| place.frame <= frame);
        let folio = after.checked_sub(1)?;
        (frame < self.places[folio].frame + self.places[folio].pages).then_some(folio)
    }

    /// The number of the page at a frame; `None` in a gap or beyond the end.
    pub fn page_at_frame(&self, frame: usize) -> Option<usize> {
        let place = self.places[self.folio_at_frame(frame)?];
        Some(place.page + (frame - place.frame))
    }

    /// Of the folio record that a page comes from: its number among them, the page's
    /// number in it, and how many pages it has. `None` for pages the world does not have.
    pub fn group_of_page(&self, page: usize) -> Option<(usize, usize, usize)> {
        if page >= self.pages() {
            return None;
        }
        let number = self.groups.partition_point(|group| group.start <= page) - 1;
        let group = &self.groups[number];
        Some((number, page - group.start, group.len()))
    }

    /// The pages of a folio record, by its number among them: the first one's number, and
    /// how many.
    pub fn pages_of_group(&self, group: usize) -> Option<(usize, usize)> {
        self.groups.get(group).map(|group| (group.start, group.len()))
    }
}
