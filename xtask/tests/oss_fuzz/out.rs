//! A directory as build.sh leaves it, to break things in.

use std::fs::{self, Permissions};
use std::io::{Cursor, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use put_user_page_fuzz_common::dictionary::{dictionary, options};
use put_user_page_targets::registry::target;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::common::Directory;

/// The targets that OSS-Fuzz is to run.
pub(crate) const TARGETS: [&str; 8] = [
    "put_user_page",
    "put_user_pages",
    "put_user_pages_dirty",
    "put_user_pages_dirty_lock",
    "program",
    "candidate",
    "decode",
    "answers",
];

/// The directory out/ in a directory of its own.
pub(crate) struct Out {
    pub(crate) directory: Directory,
}

impl Out {
    /// All targets as they should be.
    pub(crate) fn good() -> Out {
        let out = Out { directory: Directory::new() };
        fs::create_dir(out.path("")).unwrap();
        out.compile("put_user_page", &[]);
        for name in TARGETS {
            if name != "put_user_page" {
                fs::hard_link(out.path("put_user_page"), out.path(name)).unwrap();
            }
            let target = target(name).unwrap();
            out.write(&format!("{name}.dict"), dictionary(target));
            out.write(&format!("{name}.options"), options(target));
            out.write_seeds(name, &[("seed", "a")]);
        }
        out
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join("out").join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// Puts these bytes in place of a target.
    pub(crate) fn replace(&self, target: &str, bytes: &[u8]) {
        // Not into the file, which all targets share.
        fs::remove_file(self.path(target)).unwrap();
        self.write(target, bytes);
        fs::set_permissions(self.path(target), Permissions::from_mode(0o755)).unwrap();
    }

    pub(crate) fn forbid_execution(&self, target: &str) {
        let bytes = fs::read(self.path(target)).unwrap();
        self.replace(target, &bytes);
        fs::set_permissions(self.path(target), Permissions::from_mode(0o644)).unwrap();
    }

    /// Packs seeds, named and with their bytes.
    pub(crate) fn write_seeds(&self, target: &str, seeds: &[(&str, &str)]) {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in seeds {
            archive.start_file(*name, SimpleFileOptions::default()).unwrap();
            archive.write_all(bytes.as_bytes()).unwrap();
        }
        let bytes = archive.finish().unwrap().into_inner();
        self.write(&format!("{target}_seed_corpus.zip"), bytes);
    }

    /// Compiles a target with the address sanitizer, all of whose runtime is in it as in a
    /// Rust program's.
    pub(crate) fn compile(&self, target: &str, flags: &[&str]) {
        self.compile_with(target, flags, "");
    }

    /// The same, with some more code.
    pub(crate) fn compile_with(&self, target: &str, flags: &[&str], code: &str) {
        let more = self.directory.write("more.c", code);
        let sanitizer = ["-fsanitize=address", "-static-libasan", more.to_str().unwrap()];
        self.cc(target, &[flags, &sanitizer].concat(), &source());
    }

    pub(crate) fn compile_without_sanitizer(&self, target: &str) {
        self.cc(target, &[], &source());
    }

    /// Links the address sanitizer to code that does not use it.
    pub(crate) fn link_sanitizer_only(&self, target: &str) {
        self.cc("object.o", &["-c"], &source());
        let object = self.path("object.o");
        self.cc(target, &["-fsanitize=address", "-static-libasan"], &object);
        fs::remove_file(object).unwrap();
    }

    fn cc(&self, output: &str, flags: &[&str], source: &Path) {
        let output = self.path(output);
        let _ = fs::remove_file(&output);
        let mut command = Command::new("cc");
        command.arg(source).args(flags).arg("-o").arg(output);
        assert!(command.status().unwrap().success());
    }
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oss_fuzz/target.c")
}
