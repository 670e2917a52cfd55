//! The guest's first file system: a cpio archive of the "newc" kind.

use std::io::{self, Cursor, Write};

use cpio::NewcBuilder;

const FOLDER: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;
const CHARACTER_DEVICE: u32 = 0o020_600;

/// What is to be in the archive, in order.
#[derive(Default)]
pub(crate) struct Archive<'a> {
    entries: Vec<(NewcBuilder, &'a [u8])>,
}

impl<'a> Archive<'a> {
    pub(crate) fn folder(&mut self, name: &str) {
        self.entries.push((NewcBuilder::new(name).mode(FOLDER), &[]));
    }

    pub(crate) fn file(&mut self, name: &str, bytes: &'a [u8]) {
        self.entries.push((NewcBuilder::new(name).mode(PROGRAM), bytes));
    }

    pub(crate) fn device(&mut self, name: &str, major: u32, minor: u32) {
        let device = NewcBuilder::new(name).mode(CHARACTER_DEVICE);
        self.entries.push((device.rdev_major(major).rdev_minor(minor), &[]));
    }

    pub(crate) fn write(self, out: impl Write) -> io::Result<()> {
        let entries = self.entries.into_iter().map(|(entry, bytes)| (entry, Cursor::new(bytes)));
        cpio::write_cpio(entries, out)?.flush()
    }
}
