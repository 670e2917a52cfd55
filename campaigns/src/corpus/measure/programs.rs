//! The programs that measure the inputs of a target: it, built for each engine.

use std::path::{Path, PathBuf};

use pagediff_terminal::error::Stop;
use put_user_page_targets::registry::Target;

use super::Surroundings;
use super::here::stands_for;
use crate::engines::{Engine, Sanitizer};

/// The programs that measure the inputs of one target. They are built without a sanitizer,
/// whose branches are none of the target's.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    pub(super) root: PathBuf,
    target: &'static Target,
    /// What they are run in.
    pub(super) surroundings: Surroundings,
}

/// The engines that measure. bolero has libFuzzer in it.
const ENGINES: [Engine; 3] = [Engine::Libfuzzer, Engine::Afl, Engine::Honggfuzz];

impl Programs {
    /// Builds them in the repository, for these targets.
    ///
    /// # Errors
    ///
    /// An engine is not installed, or a program does not build.
    pub(crate) fn build(root: &Path, targets: &[&'static Target]) -> Result<(), Stop> {
        let one = if let [one] = targets { Some(stands_for(one)) } else { None };
        // They are built in other directories.
        let root = absolute(root);
        ENGINES.iter().try_for_each(|engine| engine.build(&root, one, Sanitizer::None))
    }

    /// Those for a target, which were built.
    pub(crate) fn of(root: &Path, target: &'static Target) -> Programs {
        // They are run in other directories.
        let (root, target) = (absolute(root), stands_for(target));
        Programs { root, target, surroundings: Surroundings::default() }
    }

    /// The target as an engine runs it.
    pub(super) fn program(&self, engine: Engine) -> PathBuf {
        engine.program(&self.root, self.target, Sanitizer::None)
    }

    /// The same programs in other surroundings.
    pub(crate) fn within(&self, surroundings: Surroundings) -> Programs {
        Programs { surroundings, ..self.clone() }
    }
}

/// The same path, from wherever it is used.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
