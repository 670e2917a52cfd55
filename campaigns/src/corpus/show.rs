//! What became of corpora, as a table.

use std::io::Write;

use pagediff_terminal::error::Stop;
use pagediff_terminal::table::{self, Align};

use crate::record::{CorpusRecord, KeptRecord};

/// Writes what each target's corpus was, and is.
pub(crate) fn records<'a>(
    out: &mut dyn Write,
    records: impl Iterator<Item = (&'static str, &'a CorpusRecord)>,
) -> Result<(), Stop> {
    let mut rows =
        vec![["target", "what", "before", "merged", "after"].map(str::to_owned).to_vec()];
    let mut lost = Vec::new();
    for (target, CorpusRecord { before, merged, after, kept }) in records {
        let row = |what: &str, numbers: [u64; 3]| {
            let numbers = numbers.iter().map(u64::to_string);
            [target.to_owned(), what.to_owned()].into_iter().chain(numbers).collect::<Vec<_>>()
        };
        rows.push(row("inputs", [before.inputs, merged.inputs, after.inputs]));
        rows.push(row("bytes", [before.bytes, merged.bytes, after.bytes]));
        for KeptRecord { what, before, merged, after } in kept {
            rows.push(row(what, [*before, *merged, *after]));
        }
        let losses = kept.iter().filter(|kept| kept.is_lost());
        lost.extend(losses.map(|kept| format!("corpus/{target} would lose {}", kept.what)));
    }
    let aligns = [Align::Left, Align::Left, Align::Right, Align::Right, Align::Right];
    table::write(out, &rows, &aligns)?;
    for loss in lost {
        writeln!(out, "{loss}: it stays as it is")?;
    }
    Ok(())
}
