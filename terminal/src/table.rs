//! Rows of text, aligned.

use std::io::{self, Write};

use crate::output::headline;

/// On which side a column is padded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// Writes the rows, the first as a headline. Columns beyond `aligns` are text.
pub fn write(out: &mut dyn Write, rows: &[Vec<String>], aligns: &[Align]) -> io::Result<()> {
    for (number, line) in lines(rows, aligns).into_iter().enumerate() {
        writeln!(out, "{}", if number == 0 { headline(&line) } else { line })?;
    }
    Ok(())
}

/// The rows as lines, two blanks between columns. Columns beyond `aligns` are text.
pub fn lines(rows: &[Vec<String>], aligns: &[Align]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width_of = |cell: &String| cell.chars().count();
    let cells = |column: usize| rows.iter().filter_map(move |row| row.get(column));
    let widths: Vec<usize> =
        (0..columns).map(|column| cells(column).map(width_of).max().unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells =
            row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
                match aligns.get(column) {
                    Some(Align::Right) => format!("{cell:>width$}"),
                    _ => format!("{cell:<width$}"),
                }
            });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::{Align, lines};

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["a".to_owned(), "1".to_owned()], vec!["→→".to_owned(), "10".to_owned()]];
        assert_eq!(lines(&rows, &[Align::Left, Align::Right]), ["a    1", "→→  10"]);
    }
}
