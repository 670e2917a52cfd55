//! How far a run got, in a file: the next one with the same cases on the same backends goes on
//! from there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pagediff_terminal::error::{Stop, error, file_error};
use put_user_page_case::small::Shapes;
use put_user_page_support::write_whole;
use serde::{Deserialize, Serialize};
use sha1_smol::Sha1;

use crate::backends::BackendArguments;

/// A file that says how far a run got.
pub(super) struct State {
    file: PathBuf,
    noted: Noted,
}

#[derive(Clone, Serialize, Deserialize)]
struct Noted {
    /// A hash of the bound and of the backends, whatever ours are built from.
    of: String,
    /// A hash of the program that ran the last of them.
    build: String,
    /// So many cases, from the first on, were run without a divergence.
    done: u64,
    /// So many of these by other builds than that one.
    by_other_builds: u64,
}

impl State {
    /// The state in a file; the beginning if there is no such file, or it is of other cases or of
    /// other backends, and then is kept beside it. What another build of this program ran counts, and is told apart: a night
    /// has time for a part, and by the next there is often another build.
    ///
    /// # Errors
    ///
    /// The file is none of these, or cannot be read.
    pub(super) fn open(
        file: &Path,
        shapes: &Shapes,
        backends: &BackendArguments,
    ) -> Result<State, Stop> {
        let begin =
            Noted { of: of(shapes, backends)?, build: build()?, done: 0, by_other_builds: 0 };
        let state = |noted| State { file: file.to_owned(), noted };
        let text = match fs::read(file) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(state(begin)),
            read => read.map_err(|why| file_error(file, "read", &why))?,
        };
        match serde_json::from_slice::<Noted>(&text) {
            Ok(noted)
                if noted.of == begin.of
                    && noted.done <= shapes.cases()
                    && noted.by_other_builds <= noted.done =>
            {
                eprintln!("{} cases were run before", noted.done);
                let is_same = noted.build == begin.build;
                let by_other_builds = if is_same { noted.by_other_builds } else { noted.done };
                Ok(state(Noted { done: noted.done, by_other_builds, ..begin }))
            }
            Ok(_) => {
                let mut aside = file.as_os_str().to_owned();
                aside.push(".old");
                fs::rename(file, &aside).map_err(|why| file_error(file, "moved aside", &why))?;
                let (file, aside) = (file.display(), aside.display());
                eprintln!(
                    "note: {file} is of another run: it is {aside} now, and this one begins anew"
                );
                Ok(state(begin))
            }
            Err(why) => Err(error(
                format!("{} does not say how far a run got: {why}", file.display()),
                "name another file, or remove it",
            )),
        }
    }

    /// Removes the file, for all cases were run: the next run begins anew.
    pub(super) fn remove(&self) -> Result<(), Stop> {
        match fs::remove_file(&self.file) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => {
                Err(file_error(&self.file, "removed", &why))
            }
            _ => Ok(()),
        }
    }

    /// How many cases, from the first on, were run when the file was read.
    pub(super) fn done(&self) -> u64 {
        self.noted.done
    }

    /// How many of these other builds of this program have run.
    pub(super) fn by_other_builds(&self) -> u64 {
        self.noted.by_other_builds
    }

    /// Writes how many cases, from the first on, are done.
    pub(super) fn note(&self, done: u64) -> Result<(), Stop> {
        let noted = Noted { done, ..self.noted.clone() };
        let text = serde_json::to_vec(&noted).expect("texts and numbers are JSON");
        write_whole(&self.file, &text).map_err(|why| file_error(&self.file, "written", &why))
    }
}

/// What tells runs apart whose results must not be put together.
fn of(shapes: &Shapes, backends: &BackendArguments) -> Result<String, Stop> {
    let bound = (shapes.worlds(), shapes.arrays(), shapes.cases());
    let mut hash = Sha1::from(format!("{bound:?}"));
    for file in backends.candidates() {
        hash.update(&read(&file)?);
    }
    hash.update(format!("{:?}", backends.identity()).as_bytes());
    Ok(hash.digest().to_string())
}

/// What tells builds of this program apart.
fn build() -> Result<String, Stop> {
    let program = std::env::current_exe()
        .map_err(|why| error(format!("this program is gone: {why}"), "build it again"))?;
    Ok(Sha1::from(read(&program)?).digest().to_string())
}

fn read(file: &Path) -> Result<Vec<u8>, Stop> {
    fs::read(file).map_err(|why| file_error(file, "read", &why))
}
