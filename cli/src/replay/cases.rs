//! The cases to compare backends on.

use std::path::PathBuf;

use fastrand::Rng;
use pagediff_terminal::error::Stop;
use pagediff_terminal::inputs::{self, Input};
use put_user_page_case::world::World;
use put_user_page_case::{Case, Function, Record};
use put_user_page_targets::backend::{Backend, Class, Skip};
use put_user_page_targets::backends::reference_of;
use put_user_page_targets::generator;
use put_user_page_targets::registry::Target;

/// Cases, each read or drawn as its turn comes.
pub(crate) struct Cases<'a> {
    pub(super) count: u64,
    pub(super) each: Box<dyn Iterator<Item = Result<Input, Stop>> + 'a>,
}

impl<'a> Cases<'a> {
    /// Those in files, which are inputs of this target, or of the one that a path names.
    pub(crate) fn of_files(files: Vec<PathBuf>, target: Option<&'static Target>) -> Cases<'a> {
        let count = files.len() as u64;
        let each = files.into_iter().map(move |file| inputs::read(&file, target));
        Cases { count, each: Box::new(each) }
    }

    /// So many that the generator draws: valid ones alone, where no backend runs others.
    pub(crate) fn drawn(count: u64, seed: u64, backends: &[Box<dyn Backend>]) -> Cases<'a> {
        let mut rng = Rng::with_seed(seed);
        let mut reference = reference_of(backends.iter().map(|backend| &**backend));
        let all_skip = backends.iter().all(|backend| skips_over_releases(&**backend));
        let functions = backends.iter().map(|backend| backend.functions().to_vec());
        let functions: Vec<Vec<Function>> = functions.collect();
        let each = (0..count).map(move |_| {
            let case = loop {
                let case = if all_skip {
                    generator::valid_case(&mut rng, &mut reference)
                } else {
                    generator::case(&mut rng)
                };
                if functions.is_empty() || functions.iter().any(|has| calls_only(&case, has)) {
                    break case;
                }
            };
            Ok(Input { path: None, target: None, bytes: case.encode(), case })
        });
        Cases { count, each: Box::new(each) }
    }

    /// These, and then others.
    pub(crate) fn and(self, others: Cases<'a>) -> Cases<'a> {
        Cases { count: self.count + others.count, each: Box::new(self.each.chain(others.each)) }
    }
}

/// Whether all calls of a case are of these functions. There is no point in drawing others for who
/// has no more.
fn calls_only(case: &Case, functions: &[Function]) -> bool {
    case.records.iter().all(|record| match record {
        Record::Call { function, .. } | Record::CallWithErrno { function, .. } => {
            functions.contains(function)
        }
        _ => true,
    })
}

/// Whether there is no point in drawing cases for it that over-release.
fn skips_over_releases(backend: &dyn Backend) -> bool {
    backend.skips(&World::default(), Class::OverRelease) == Some(Skip::OverRelease)
}
