//! Where replayed cases come from: files, or the generator.

use std::path::PathBuf;

use fastrand::Rng;
use pagediff_terminal::error::Stop;
use pagediff_terminal::inputs::{self, Input};
use put_user_page_targets::generator;
use put_user_page_targets::registry::Target;

/// Cases to replay, in batches.
pub(super) enum Cases {
    /// Files that are left.
    Files { files: std::vec::IntoIter<PathBuf>, target: Option<&'static Target> },
    /// So many cases that are left to draw.
    Generated { left: u64, rng: Rng },
}

impl Cases {
    /// The files that the paths name.
    pub(super) fn files(paths: &[PathBuf], target: Option<&'static Target>) -> Result<Self, Stop> {
        Ok(Cases::Files { files: inputs::files(paths)?.into_iter(), target })
    }

    /// So many drawn cases, the same for the same seed.
    pub(super) fn generated(count: u64, seed: u64) -> Self {
        Cases::Generated { left: count, rng: Rng::with_seed(seed) }
    }

    /// How many cases are left.
    pub(super) fn left(&self) -> u64 {
        match self {
            Cases::Files { files, .. } => files.len() as u64,
            Cases::Generated { left, .. } => *left,
        }
    }

    /// The next so many cases; none when all were.
    pub(super) fn take(&mut self, count: usize) -> Result<Vec<Input>, Stop> {
        match self {
            Cases::Files { files, target } => {
                files.by_ref().take(count).map(|file| inputs::read(&file, *target)).collect()
            }
            Cases::Generated { left, rng } => {
                let count = (count as u64).min(*left);
                *left -= count;
                Ok((0..count).map(|_| Input::drawn(generator::case(rng))).collect())
            }
        }
    }
}
