//! Where things are: the repository, and what is made for it.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use put_user_page_support::write_whole;
use rustix::fs::{FlockOperation, flock};

use crate::Error;

/// The repository and its target directory.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) repository: PathBuf,
    /// The sources of the module.
    pub(crate) module: PathBuf,
    target: PathBuf,
}

/// Where the module's sources are, which tells the repository from other folders.
const MODULE: &str = "reference/kernel/module";

impl Place {
    /// The repository here or above; else the one that this program was built from.
    pub(crate) fn find() -> Result<Place, Error> {
        let here = std::env::current_dir()
            .map_err(|why| Error::system("the current directory cannot be told", why))?;
        let built = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut folders = here.ancestors().chain(built.ancestors());
        let repository = folders.find(|folder| folder.join(MODULE).is_dir()).ok_or_else(|| {
            let message = format!("there is no directory {MODULE} here or above");
            Error::new(message, "run this in the repository")
        })?;
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(target) => here.join(target),
            None => repository.join("target"),
        };
        Ok(Place { repository: repository.to_owned(), module: repository.join(MODULE), target })
    }

    /// What setup fetched and what was built.
    pub(crate) fn kernel(&self) -> PathBuf {
        self.target.join("kernel")
    }

    /// What setup fetched from Debian.
    pub(crate) fn debian(&self, bundle: &str) -> PathBuf {
        self.kernel().join("debian").join(bundle)
    }

    /// Holds off others that would fetch or build at the same time.
    pub(crate) fn lock(&self) -> Result<Lock, Error> {
        Lock::of_folder(&self.kernel())
    }
}

/// Held while something is fetched or built; the system lets go of it at the latest when
/// the process ends.
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Holds off others that would write to this folder at the same time.
    pub(crate) fn of_folder(folder: &Path) -> Result<Lock, Error> {
        make_folder(folder)?;
        let path = folder.join("lock");
        let file = File::create(&path).map_err(|why| Error::file(&path, "written", &why))?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            eprintln!("waiting for another pagediff that sets up or builds");
            flock(&file, FlockOperation::LockExclusive)
                .map_err(|why| Error::file(&path, "locked", &why.into()))?;
        }
        Ok(Lock { _file: file })
    }
}

/// What tells this path from others in the name of a folder.
pub(crate) fn short_hash(path: &Path) -> String {
    let hash = sha1_smol::Sha1::from(path.as_os_str().as_encoded_bytes()).digest().to_string();
    hash[..8].to_owned()
}

/// What is in a folder, in no order.
pub(crate) fn entries_of(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect());
    entries.map_err(|why| Error::file(folder, "read", &why))
}

pub(crate) fn make_folder(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(|why| Error::file(path, "made", &why))
}

/// Removes a folder, if it is there.
pub(crate) fn remove_folder(path: &Path) -> Result<(), Error> {
    removed(path, fs::remove_dir_all(path))
}

/// Removes a file, if it is there.
pub(crate) fn remove_file(path: &Path) -> Result<(), Error> {
    removed(path, fs::remove_file(path))
}

fn removed(path: &Path, removed: io::Result<()>) -> Result<(), Error> {
    match removed {
        Err(why) if why.kind() != ErrorKind::NotFound => Err(Error::file(path, "removed", &why)),
        _ => Ok(()),
    }
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|why| Error::file(path, "read", &why))
}

/// Whether a file begins with these bytes.
pub(crate) fn starts_with(path: &Path, bytes: &[u8]) -> Result<bool, Error> {
    let mut start = vec![0; bytes.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    match read {
        Ok(()) => Ok(start == bytes),
        Err(why) if why.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(why) => Err(Error::file(path, "read", &why)),
    }
}

/// Writes a file whole: a reader sees the old one or the new one.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_whole(path, bytes).map_err(|why| Error::file(path, "written", &why))
}

/// Writes a file unless it has these contents, so that make does not build again what is of it.
pub(crate) fn write_if_other(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    write(path, bytes)
}
