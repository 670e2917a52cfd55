//! The guest's first file system: a cpio archive of the "newc" kind.

use std::io::{self, Cursor, Write};

use cpio::NewcBuilder;

const FOLDER: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;
const CHARACTER_DEVICE: u32 = 0o020_600;

/// A file's name and what is in it.
pub(crate) type NamedBytes = (String, Vec<u8>);

/// Writes an archive of folders, of which one is dev, of files, and of a console for what the
/// agent says before it has mounted anything.
pub(crate) fn write(out: impl Write, folders: &[&str], files: &[NamedBytes]) -> io::Result<()> {
    let entry = |name: &str, mode| NewcBuilder::new(name).mode(mode);
    let folders = folders.iter().map(|name| (entry(name, FOLDER), &[][..]));
    let console = entry("dev/console", CHARACTER_DEVICE).rdev_major(5).rdev_minor(1);
    let files = files.iter().map(|(name, bytes)| (entry(name, PROGRAM), &bytes[..]));
    let entries = folders.chain([(console, &[][..])]).chain(files);
    cpio::write_cpio(entries.map(|(entry, bytes)| (entry, Cursor::new(bytes))), out)?.flush()
}
