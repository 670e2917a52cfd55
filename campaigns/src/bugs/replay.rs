//! The committed corpus on the bank: the first case that shows a bug, and the smallest that does.

use std::convert::Infallible;
use std::path::Path;
use std::time::Instant;

use pagediff_terminal::error::{Stop, file_error};
use pagediff_terminal::inputs::{files_in, is_text, read_text};
use put_user_page_bugs::Bug;
use put_user_page_bugs::backend::backend;
use put_user_page_bugs::finder::Finder;
use put_user_page_case::Case;
use put_user_page_case::minimize::{Size, minimize};
use put_user_page_targets::backends::naive;
use put_user_page_targets::report::Report;
use put_user_page_targets::trial::{Trial, Verdict};

use super::record::{Replayed, Smallest};

/// What is replayed, in order: the other corpora are cases of the same kind with one function.
const FOLDERS: [&str; 2] = ["scenarios", "program"];

/// What replaying the committed corpus came to.
pub(super) struct Replays {
    /// How each bug is found; none if it is not.
    pub(super) found: Vec<Option<Replayed>>,
    /// What reading the cases and looking for all bugs took, but for their smallest cases.
    pub(super) seconds: f64,
}

/// How the committed corpus finds each of these bugs, and if that is asked for, as it takes
/// longer, the smallest case.
pub(super) fn replay(
    root: &Path,
    bugs: &[&'static Bug],
    with_smallest: bool,
) -> Result<Replays, Stop> {
    let started = Instant::now();
    let cases = cases(&root.join("corpus"))?;
    let mut finder = Finder::of(Vec::new());
    let mut replays = Replays { found: Vec::new(), seconds: started.elapsed().as_secs_f64() };
    for &bug in bugs {
        let started = Instant::now();
        finder.look_for(bug);
        let first = cases.iter().position(|(_, case)| !finder.find(case).is_empty());
        let seconds = started.elapsed().as_secs_f64();
        replays.seconds += seconds;
        let Some(first) = first else {
            replays.found.push(None);
            continue;
        };
        let (file, case) = &cases[first];
        let smallest = if with_smallest { Some(smallest(&mut finder, bug, case)?) } else { None };
        let found = Replayed { file: file.clone(), cases: first + 1, seconds, smallest };
        replays.found.push(Some(found));
    }
    Ok(replays)
}

/// The committed cases, each by its file in corpus/.
fn cases(corpus: &Path) -> Result<Vec<(String, Case)>, Stop> {
    let mut cases = Vec::new();
    for folder in FOLDERS {
        for path in files_in(&corpus.join(folder))? {
            let case = if is_text(&path) {
                read_text(&path)?
            } else {
                let bytes = std::fs::read(&path).map_err(|why| file_error(&path, "read", &why))?;
                Case::decode(&bytes)
            };
            let name = path.file_name().unwrap_or_default().display();
            cases.push((format!("{folder}/{name}"), case));
        }
    }
    Ok(cases)
}

/// The smallest case that is found and shows the bug, whatever it shows of it.
fn smallest(finder: &mut Finder, bug: &'static Bug, case: &Case) -> Result<Smallest, Stop> {
    let mut shows = |bytes: &[u8]| {
        finder.look_for(bug);
        Ok::<_, Infallible>(!finder.find(&Case::decode(bytes)).is_empty())
    };
    let Ok(bytes) = minimize(&case.encode(), &mut shows);
    let case = Case::decode(&bytes);
    let report = report(bug, &case)?;
    Ok(Smallest { size: Size::of(&case), case: case.to_text(), report })
}

/// The report of a case that shows the bug.
fn report(bug: &'static Bug, case: &Case) -> Result<String, Stop> {
    let (mut faulty, mut reference) = (backend(Some(bug)), naive());
    Ok(match Trial::of(case, &mut reference).run_on(&mut faulty, &mut reference)? {
        Verdict::Differs(divergence) => Report::of(&divergence).to_string(),
        Verdict::Same | Verdict::Skipped(_) => String::new(),
    })
}
