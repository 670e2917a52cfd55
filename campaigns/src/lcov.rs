//! Line coverage, as lcov's files have it.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Where `scripts/coverage` leaves it.
pub const PATH: &str = "target/coverage/lcov.info";

/// Which lines of a file ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileLines {
    /// The file.
    pub path: String,
    /// How often each line ran. Lines without code are left out.
    hits: BTreeMap<u64, u64>,
}

impl FileLines {
    /// Lines with code.
    pub fn total(&self) -> usize {
        self.hits.len()
    }

    /// Lines that ran.
    pub fn covered(&self) -> usize {
        self.hits.values().filter(|&&hits| hits > 0).count()
    }

    /// The lines that did not run. A range spans lines without code, and none that ran.
    pub fn uncovered(&self) -> Vec<RangeInclusive<u64>> {
        let mut ranges: Vec<RangeInclusive<u64>> = Vec::new();
        let mut goes_on = false;
        for (&line, &hits) in &self.hits {
            match ranges.last_mut() {
                _ if hits > 0 => {}
                Some(range) if goes_on => *range = *range.start()..=line,
                _ => ranges.push(line..=line),
            }
            goes_on = hits == 0;
        }
        ranges
    }
}

/// How much of so many lines ran, in percent. Where there is nothing to run, all did.
pub fn percent(covered: usize, total: usize) -> f64 {
    if total == 0 { 100.0 } else { covered as f64 * 100.0 / total as f64 }
}

/// Lines that ran, and lines with code, of all files.
pub fn sum(files: &[FileLines]) -> (usize, usize) {
    (files.iter().map(FileLines::covered).sum(), files.iter().map(FileLines::total).sum())
}

/// The files that a text in lcov's format tells of, by path. Only what it says of lines is
/// read.
///
/// # Errors
///
/// The number of the first line that cannot be meant.
pub fn parse(text: &str) -> Result<Vec<FileLines>, usize> {
    let mut files: BTreeMap<&str, BTreeMap<u64, u64>> = BTreeMap::new();
    let mut file = None;
    for (number, line) in text.lines().enumerate() {
        if let Some(path) = line.strip_prefix("SF:") {
            file = Some(files.entry(path).or_default());
        } else if let Some(data) = line.strip_prefix("DA:") {
            let (line, hits) = line_hits(data).ok_or(number + 1)?;
            let all = file.as_mut().ok_or(number + 1)?.entry(line).or_insert(0);
            *all = hits.saturating_add(*all);
        } else if line == "end_of_record" {
            file = None;
        }
    }
    let file = |(path, hits): (&str, _)| FileLines { path: path.to_owned(), hits };
    Ok(files.into_iter().map(file).collect())
}

/// A line and how often it ran; a checksum may follow.
fn line_hits(data: &str) -> Option<(u64, u64)> {
    let mut fields = data.split(',');
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{parse, percent, sum};

    #[test]
    fn ranges_span_lines_without_code() {
        let text = "SF:src/a.rs\nDA:1,1\nDA:2,0\nDA:5,0\nDA:7,3\nDA:9,0\nend_of_record\n";
        let files = parse(text).expect("lcov");
        assert_eq!(files[0].path, "src/a.rs");
        assert_eq!(files[0].uncovered(), [2..=5, 9..=9]);
        assert_eq!(sum(&files), (2, 5));
    }

    #[test]
    fn records_of_one_file_add_up() {
        let text = "SF:a\nDA:1,0\nDA:2,0\nend_of_record\nSF:a\nDA:1,4,sum\nend_of_record\n";
        let files = parse(text).expect("lcov");
        assert_eq!((files.len(), files[0].covered(), files[0].total()), (1, 1, 2));
    }

    #[test]
    fn what_cannot_be_meant_is_named_by_its_line() {
        assert_eq!(parse("TN:\nDA:1,1\n"), Err(2));
        assert_eq!(parse("SF:a\nDA:1\n"), Err(2));
        assert_eq!(parse("SF:a\nDA:x,1\n"), Err(2));
    }

    #[test]
    fn of_no_lines_all_ran() {
        assert_eq!([percent(0, 0), percent(1, 4)], [100.0, 25.0]);
    }
}
