//! How the pages of an array lie in memory: what `shape` records of a process, and
//! `shapes/` keeps.

use std::fmt;
use std::num::ParseIntError;

/// Entries in a row that name frames in a row, of compound pages of one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The frame that the first entry names.
    pub frame: usize,
    /// How many there are.
    pub entries: usize,
    /// The order of each compound page.
    pub order: u32,
}

impl Stretch {
    /// The stretches of entries of these frames and orders.
    pub fn of(entries: impl IntoIterator<Item = (usize, u32)>) -> Vec<Stretch> {
        let mut stretches: Vec<Stretch> = Vec::new();
        for (frame, order) in entries {
            match stretches.last_mut() {
                Some(last) if last.frame + last.entries == frame && last.order == order => {
                    last.entries += 1;
                }
                _ => stretches.push(Stretch { frame, entries: 1, order }),
            }
        }
        stretches
    }

    /// The frames that its entries name.
    pub fn frames(&self) -> impl Iterator<Item = usize> + use<> {
        self.frame..self.frame + self.entries
    }

    /// A file of `shapes/`: a line for each stretch, as it is shown; `#` begins a comment.
    ///
    /// # Errors
    ///
    /// A line is not of three numbers.
    pub fn read(file: &str) -> Result<Vec<Stretch>, ParseIntError> {
        let lines = file.lines().filter(|line| !line.starts_with('#'));
        lines.map(Stretch::read_line).collect()
    }

    fn read_line(line: &str) -> Result<Stretch, ParseIntError> {
        let mut words = line.split(' ');
        let mut word = || words.next().unwrap_or_default();
        Ok(Stretch { frame: word().parse()?, entries: word().parse()?, order: word().parse()? })
    }
}

impl fmt::Display for Stretch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} {}", self.frame, self.entries, self.order)
    }
}
