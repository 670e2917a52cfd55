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
    /// What the run was of.
    of: String,
    done: u64,
}

#[derive(Serialize, Deserialize)]
struct Noted {
    /// A hash of this program, the backends and the number of cases.
    of: String,
    /// So many cases, from the first on, were run without a divergence.
    done: u64,
}

impl State {
    /// The state in a file; the beginning if there is no such file, or it is of other cases, of
    /// other backends or of another build.
    ///
    /// # Errors
    ///
    /// The file is none of these, or cannot be read.
    pub(super) fn open(
        file: &Path,
        shapes: &Shapes,
        backends: &BackendArguments,
    ) -> Result<State, Stop> {
        let of = hash(shapes, backends)?;
        let begin = |done| State { file: file.to_owned(), of: of.clone(), done };
        let text = match fs::read(file) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(begin(0)),
            read => read.map_err(|why| file_error(file, "read", &why))?,
        };
        match serde_json::from_slice::<Noted>(&text) {
            Ok(noted) if noted.of == of && noted.done <= shapes.cases() => {
                eprintln!("{} cases were run before", noted.done);
                Ok(begin(noted.done))
            }
            Ok(_) => {
                eprintln!("note: {} is of another run: this one begins anew", file.display());
                Ok(begin(0))
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
        self.done
    }

    /// Writes how many cases, from the first on, are done.
    pub(super) fn note(&self, done: u64) -> Result<(), Stop> {
        let noted = Noted { of: self.of.clone(), done };
        let text = serde_json::to_vec(&noted).expect("text and a number are JSON");
        write_whole(&self.file, &text).map_err(|why| file_error(&self.file, "written", &why))
    }
}

/// What tells runs apart whose results must not be put together.
fn hash(shapes: &Shapes, backends: &BackendArguments) -> Result<String, Stop> {
    let program = std::env::current_exe()
        .map_err(|why| error(format!("this program is gone: {why}"), "build it again"))?;
    let mut hash = Sha1::from(shapes.cases().to_string());
    for file in std::iter::once(program).chain(backends.candidates()) {
        hash.update(&fs::read(&file).map_err(|why| file_error(&file, "read", &why))?);
    }
    hash.update(backends.explain(Path::new("case"), None).as_bytes());
    Ok(hash.digest().to_string())
}
