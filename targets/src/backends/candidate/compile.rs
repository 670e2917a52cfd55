//! From a C file to a candidate: compiled against `put_user_page.h`, which this program has with it.

use std::collections::hash_map::DefaultHasher;
use std::ffi::OsString;
use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use put_user_page_support::{target_folder, write_whole};

use crate::backend::BackendError;

/// The header, and what it includes.
const HEADERS: [(&str, &str); 2] = [
    ("put_user_page.h", include_str!("../../../c/put_user_page.h")),
    ("folio.h", include_str!("../../../c/folio.h")),
];

/// How C files become candidates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compiler {
    /// More arguments for the compiler, after those that every candidate gets.
    pub cflags: Vec<String>,
}

/// Whether a path is that of a C file, to be compiled first.
pub fn is_source(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "c")
}

impl Compiler {
    /// Compiles a C file with `$CC`, or `cc`, whose messages go to standard error, and returns
    /// the shared object: in `candidates/` of cargo's target folder, with a name of its own for
    /// each file and flags.
    ///
    /// # Errors
    ///
    /// There is no compiler, or the file does not compile.
    pub fn compile(&self, source: &Path) -> Result<PathBuf, BackendError> {
        let folder = target_folder().join("candidates");
        let cannot_write = |error| BackendError::file(&folder, "written", &error);
        std::fs::create_dir_all(&folder).map_err(cannot_write)?;
        for (name, text) in HEADERS {
            write_whole(&folder.join(name), text.as_bytes()).map_err(cannot_write)?;
        }
        let object = folder.join(self.object_name(source));
        // Several programs may compile the same file at once.
        let unfinished = object.with_extension(format!("{}.so", std::process::id()));
        let mut command = self.command();
        command.arg("-I").arg(&folder).arg(source).arg("-o").arg(&unfinished);
        let shown = format!("{command:?}").replace('"', "");
        let status = command.status().map_err(|error| cannot_start(&command, &error))?;
        if !status.success() {
            let message = format!("{} does not compile", source.display());
            let help = format!("mend what the compiler says above; it was called as `{shown}`");
            return Err(BackendError::new(message, help));
        }
        std::fs::rename(&unfinished, &object).map_err(cannot_write)?;
        Ok(object)
    }

    /// The address sanitizer's runtime, which must be loaded before a candidate that is built
    /// with it; none for other candidates.
    ///
    /// # Errors
    ///
    /// The compiler does not tell where it is.
    pub fn address_sanitizer(&self) -> Result<Option<PathBuf>, BackendError> {
        let sanitizers = self.cflags.iter().filter_map(|flag| flag.strip_prefix("-fsanitize="));
        if !sanitizers.flat_map(|names| names.split(',')).any(|name| name == "address") {
            return Ok(None);
        }
        // As GCC calls it, and as Clang does.
        let names = [
            "libasan.so".to_owned(),
            format!("libclang_rt.asan-{}.so", std::env::consts::ARCH),
            "libclang_rt.asan.so".to_owned(),
        ];
        for name in names {
            let mut command = Command::new(compiler());
            command.arg(format!("-print-file-name={name}"));
            let output = command.output().map_err(|error| cannot_start(&command, &error))?;
            let path = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end());
            if path.is_absolute() && path.exists() {
                return Ok(Some(path));
            }
        }
        let message = format!("{} has no address sanitizer to load", compiler().display());
        Err(BackendError::new(message, "install its runtime, or name another compiler with CC="))
    }

    /// The compiler with what it gets for every candidate. Debug information is for the
    /// sanitizers' reports.
    fn command(&self) -> Command {
        let mut command = Command::new(compiler());
        command.args(["-O2", "-g", "-Wall", "-fPIC", "-shared"]);
        // A name that is misspelt would be missed when the object is loaded, in other words.
        command.arg("-Werror=implicit-function-declaration").args(&self.cflags);
        command
    }

    fn object_name(&self, source: &Path) -> String {
        let mut hasher = DefaultHasher::new();
        (std::path::absolute(source).ok(), compiler(), &self.cflags).hash(&mut hasher);
        let stem = source.file_stem().unwrap_or_default().to_string_lossy();
        format!("{stem}-{:016x}.so", hasher.finish())
    }
}

fn compiler() -> OsString {
    std::env::var_os("CC").filter(|name| !name.is_empty()).unwrap_or_else(|| "cc".into())
}

fn cannot_start(command: &Command, error: &io::Error) -> BackendError {
    let message =
        format!("the compiler {} does not start: {error}", command.get_program().display());
    BackendError::new(message, "install a C compiler, or name one with CC=")
}
