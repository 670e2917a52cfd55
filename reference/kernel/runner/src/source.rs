//! A kernel's source, built in copies of it: as it is, and with a patch.
//!
//! What is in the target directory for it: `tree`, which has what the source has, or that with a
//! patch; and a build directory for each [`Config`]. A file keeps its date where it stays the same,
//! so that make builds only what has changed.

mod files;
mod mirror;
mod patch;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;
use crate::compile::{self, Compiled, Config};
use crate::debian;
use crate::fault::Fault;
use crate::kernel::Release;
use crate::place::{Lock, Place, make_folder, short_hash};
use crate::setup;
use crate::tool;

pub use patch::{Patched, PatchedFile};

/// What a source is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Debian's source package.
    Debian {
        /// The kernel.
        release: Release,
        /// The package's version.
        version: String,
    },
    /// A folder of the user's.
    Folder {
        /// Where it is.
        path: PathBuf,
        /// What git says of it, if it is a checkout.
        commit: Option<Commit>,
    },
}

/// What is checked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The commit.
    pub id: String,
    /// The first line of its message.
    pub subject: String,
    /// Whether files differ from it.
    pub is_changed: bool,
}

/// A kernel's source. Others that would build the same wait for as long as it is there.
pub struct Source {
    place: Place,
    /// What it is.
    pub origin: Origin,
    folder: PathBuf,
    /// The files that belong to it, from `folder` on.
    files: Vec<PathBuf>,
    /// Where it is built.
    home: PathBuf,
    _lock: Lock,
}

impl Source {
    /// Debian's source package of the kernel that was set up, fetched if it is not there.
    ///
    /// # Errors
    ///
    /// The kernel is not set up, or Debian's mirrors do not have its source any more.
    pub fn of_debian(release: Release) -> Result<Source, Error> {
        let place = Place::find()?;
        let which = crate::Which::Debian(release);
        let version = setup::package_version(&which)?.ok_or_else(|| {
            Error::new(
                format!("the version of Debian's kernel {} cannot be told", release.name()),
                "name a source with `--source TREE`",
            )
        })?;
        let folder = {
            let _lock = place.lock()?;
            debian::fetch_tree(&place, release, &version)?
        };
        let home = format!("debian-{}-{version}", release.name());
        Source::new(place, Origin::Debian { release, version }, folder, &home)
    }

    /// A folder of the user's, which stays as it is.
    ///
    /// # Errors
    ///
    /// There is no kernel's source in it.
    pub fn of_folder(path: &Path) -> Result<Source, Error> {
        let folder = path.canonicalize().map_err(|why| Error::file(path, "opened", &why))?;
        let is_source = ["Kbuild", "Makefile", "mm/gup.c"].iter().all(|n| folder.join(n).is_file());
        if !is_source {
            return Err(Error::new(
                format!(
                    "{} is no source of a kernel: it has no Kbuild or mm/gup.c",
                    path.display()
                ),
                "name the folder with the kernel's own Makefile",
            ));
        }
        let commit = if files::is_checkout(&folder) { Some(commit(&folder)?) } else { None };
        let home = format!("source-{}", short_hash(&folder));
        Source::new(Place::find()?, Origin::Folder { path: folder.clone(), commit }, folder, &home)
    }

    fn new(place: Place, origin: Origin, folder: PathBuf, home: &str) -> Result<Source, Error> {
        let home = place.kernel().join("try").join(home);
        make_folder(&home)?;
        let lock = Lock::of_folder(&home)?;
        let files = files::of_source(&folder)?;
        Ok(Source { place, origin, folder, files, home, _lock: lock })
    }

    /// What tells this source from others: all that a kernel is built of.
    ///
    /// # Errors
    ///
    /// A file cannot be read.
    pub fn identity(&self) -> Result<String, Error> {
        match &self.origin {
            Origin::Debian { release, version } => {
                Ok(format!("debian {} {version}", release.name()))
            }
            Origin::Folder { .. } => files::digest(&self.folder, &self.files),
        }
    }

    /// The source with a patch applied, the first part of whose paths does not count.
    ///
    /// # Errors
    ///
    /// It does not apply.
    pub fn with_patch(&self, patch: &Path) -> Result<Patched, Error> {
        patch::apply(&self.folder, &self.home, patch)
    }

    /// Builds the kernel, with a patch or without.
    ///
    /// # Errors
    ///
    /// It does not build, or something is missing to build it.
    pub fn build(&self, patched: Option<&Patched>, config: Config) -> Result<Compiled, Fault> {
        let tree = self.home.join("tree");
        let is_ours = matches!(self.origin, Origin::Debian { .. });
        let nothing = Patched::default();
        mirror::mirror(&self.folder, &self.files, patched.unwrap_or(&nothing), &tree, is_ours)?;
        compile::compile(&self.place, &tree, &self.home, config)
    }

    /// Where its files are, which are not to be written to.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A folder for what is to be kept of it.
    pub fn home(&self) -> &Path {
        &self.home
    }
}

fn commit(folder: &Path) -> Result<Commit, Error> {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.arg("-C").arg(folder).args(arguments);
        tool::run(&mut command, files::GIT).map(|text| text.trim_end().to_owned())
    };
    let said = git(&["log", "-1", "--format=%H %s"])?;
    let (id, subject) = said.split_once(' ').unwrap_or((&said, ""));
    let is_changed = !git(&["status", "--porcelain"])?.is_empty();
    Ok(Commit { id: id.to_owned(), subject: subject.to_owned(), is_changed })
}
