//! What may be left out of a case or made plainer.

use std::ops::Range;

use crate::world::Step;
use crate::{Backing, Kind, Source, anchor_and_offset};

use super::parts::{Entry, Folio, Parts};

/// What may be changed in a compound page.
pub(super) const OF_FOLIOS: [fn(&mut Folio); 15] = [
    |folio| folio.record.from = Source::Kernel,
    |folio| folio.record.order = 0,
    |folio| folio.record.order = folio.record.order.min(1),
    |folio| folio.record.order /= 2,
    |folio| folio.record.order = folio.record.order.saturating_sub(1),
    |folio| folio.gap = 0,
    |folio| folio.gap /= 2,
    |folio| folio.gap = folio.gap.saturating_sub(1),
    |folio| folio.record.kind = Kind::Anon,
    |folio| folio.record.dirty = false,
    |folio| folio.record.locked = false,
    |folio| folio.record.refs = 0,
    |folio| folio.record.refs = folio.record.refs.min(1024),
    |folio| change_offset(folio, |offset| offset / 2),
    |folio| change_offset(folio, |offset| offset - offset.signum()),
];

/// What may be changed in an entry.
pub(super) const OF_ENTRIES: [fn(&mut Entry); 4] = [
    |entry| entry.backing = Backing::Got,
    |entry| (entry.folio, entry.page) = (0, 0),
    |entry| (entry.folio, entry.page) = (0, 1),
    |entry| entry.page = entry.page.min(1),
];

/// Changes how far references are from the round number that they are close to.
fn change_offset(folio: &mut Folio, change: impl Fn(i8) -> i8) {
    if let Some((_, offset)) = anchor_and_offset(folio.record.refs) {
        folio.record.refs -= i32::from(offset) - i32::from(change(offset));
    }
}

impl Parts {
    /// Leaves out steps; with an array that nothing fills any more, what is done with it.
    pub(super) fn leave_out_steps(&mut self, range: Range<usize>) {
        let left_out: Vec<Step> = self.steps.drain(range).collect();
        // The last first, for the numbers of the entries before stay.
        for step in left_out.iter().rev() {
            if let Step::Fill { array, entries } = step {
                self.keep_entries(*array, |index, _| !entries.contains(&index));
            }
        }
        for array in (0..self.arrays.len()).rev() {
            let fills = |step: &Step| matches!(step, Step::Fill { array: of, .. } if *of == array);
            if !self.steps.iter().any(fills) {
                self.leave_out_array(array);
            }
        }
    }

    fn leave_out_array(&mut self, array: usize) {
        self.arrays.remove(array);
        self.steps.retain_mut(|step| match array_of(step) {
            Some(of) if *of == array => false,
            Some(of) => {
                *of -= usize::from(*of > array);
                true
            }
            None => true,
        });
    }

    /// Leaves out entries, which are counted through all arrays.
    pub(super) fn leave_out_entries(&mut self, range: Range<usize>) {
        let mut before = 0;
        for array in 0..self.arrays.len() {
            let length = self.arrays[array].len();
            self.keep_entries(array, |index, _| !range.contains(&(before + index)));
            before += length;
        }
    }

    /// Leaves out compound pages, with the entries that name pages of them.
    pub(super) fn leave_out_folios(&mut self, range: Range<usize>) {
        self.folios.drain(range.clone());
        let renumbered = |folio: usize| folio - (folio.min(range.end) - folio.min(range.start));
        for array in 0..self.arrays.len() {
            self.keep_entries(array, |_, entry| {
                entry.backing == Backing::Null || !range.contains(&entry.folio)
            });
        }
        for entry in self.arrays.iter_mut().flatten() {
            entry.folio = renumbered(entry.folio);
        }
        for step in &mut self.steps {
            if let Step::Clean { folios } = step {
                *folios = renumbered(folios.start)..renumbered(folios.end);
            }
        }
    }

    /// Leaves out all other entries of an array.
    fn keep_entries(&mut self, array: usize, keep: impl Fn(usize, &Entry) -> bool) {
        let kept: Vec<bool> = self.arrays[array]
            .iter()
            .enumerate()
            .map(|(index, entry)| keep(index, entry))
            .collect();
        // The number that the entry with a number has now, or the next that was kept.
        let mut renumbered = vec![0];
        for kept in &kept {
            renumbered.push(renumbered[renumbered.len() - 1] + usize::from(*kept));
        }
        let mut is_kept = kept.into_iter();
        self.arrays[array].retain(|_| is_kept.next().unwrap_or(true));
        for step in &mut self.steps {
            match step {
                Step::Fill { array: of, entries } | Step::Call { array: Some(of), entries, .. }
                    if *of == array =>
                {
                    *entries = renumbered[entries.start]..renumbered[entries.end];
                }
                _ => {}
            }
        }
    }

    /// Changes compound pages. Entries beyond the end of one that is smaller then name its
    /// last page.
    pub(super) fn change_folios(&mut self, range: Range<usize>, change: impl Fn(&mut Folio)) {
        for folio in &mut self.folios[range] {
            change(folio);
            folio.record = folio.record.normalised();
        }
        self.stay_inside();
    }

    /// Changes entries, which are counted through all arrays.
    pub(super) fn change_entries(&mut self, range: Range<usize>, change: impl Fn(&mut Entry)) {
        let entries = self.arrays.iter_mut().flatten();
        entries.skip(range.start).take(range.len()).for_each(change);
        self.stay_inside();
    }

    fn stay_inside(&mut self) {
        for entry in self.arrays.iter_mut().flatten() {
            let pages = match entry.backing {
                Backing::Null => 1,
                _ => self.folios[entry.folio].pages(),
            };
            entry.page = entry.page.min(pages - 1);
        }
    }

    /// Makes calls on a slice, among these steps, calls on all that the array has.
    pub(super) fn call_on_whole_arrays(&mut self, range: Range<usize>) {
        let arrays = &self.arrays;
        for step in &mut self.steps[range] {
            if let Step::Call { array: Some(array), entries, errno: None, .. } = step {
                *entries = 0..arrays[*array].len();
            }
        }
    }
}

/// The array that a step is about.
fn array_of(step: &mut Step) -> Option<&mut usize> {
    match step {
        Step::Fill { array, .. } | Step::Acquire { array } => Some(array),
        Step::Call { array, .. } => array.as_mut(),
        Step::DropOwners | Step::Clean { .. } => None,
    }
}
