//! The guest's first file system: a cpio archive of the "newc" kind.

use std::io::{self, Write};

/// An archive that grows at its end.
pub(crate) struct Archive<W> {
    out: W,
    inode: u32,
}

const FOLDER: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;
const CHARACTER_DEVICE: u32 = 0o020_600;

impl<W: Write> Archive<W> {
    pub(crate) fn new(out: W) -> Archive<W> {
        Archive { out, inode: 0 }
    }

    pub(crate) fn folder(&mut self, name: &str) -> io::Result<()> {
        self.entry(name, FOLDER, (0, 0), &[])
    }

    pub(crate) fn file(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.entry(name, PROGRAM, (0, 0), bytes)
    }

    pub(crate) fn device(&mut self, name: &str, major: u32, minor: u32) -> io::Result<()> {
        self.entry(name, CHARACTER_DEVICE, (major, minor), &[])
    }

    pub(crate) fn end(mut self) -> io::Result<()> {
        self.entry("TRAILER!!!", 0, (0, 0), &[])
    }

    fn entry(
        &mut self,
        name: &str,
        mode: u32,
        (major, minor): (u32, u32),
        bytes: &[u8],
    ) -> io::Result<()> {
        self.inode += 1;
        let inode = self.inode;
        let links = 1;
        let length = bytes.len();
        let name_length = name.len() + 1;
        // Magic, inode, mode, user, group, links, time, length, the device that the file
        // is on, the device that it is, the name's length, checksum.
        write!(
            self.out,
            "070701{inode:08x}{mode:08x}{0:08x}{0:08x}{links:08x}{0:08x}{length:08x}\
             {0:08x}{0:08x}{major:08x}{minor:08x}{name_length:08x}{0:08x}{name}\0",
            0
        )?;
        const HEADER: usize = 110;
        self.pad(HEADER + name_length)?;
        self.out.write_all(bytes)?;
        self.pad(length)
    }

    /// Fills up to a multiple of four.
    fn pad(&mut self, length: usize) -> io::Result<()> {
        self.out.write_all(&[0; 3][..length.next_multiple_of(4) - length])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_start_at_multiples_of_four() {
        let mut out = Vec::new();
        let mut archive = Archive::new(&mut out);
        archive.folder("dev").unwrap();
        archive.device("dev/console", 5, 1).unwrap();
        archive.file("init", b"12345").unwrap();
        archive.end().unwrap();
        let text = String::from_utf8_lossy(&out);
        let starts: Vec<usize> = text.match_indices("070701").map(|(at, _)| at).collect();
        assert_eq!(starts.len(), 4);
        assert!(starts.iter().all(|start| start % 4 == 0), "{starts:?}");
        assert!(text.contains("init\0"));
        assert!(text.contains("12345\0\0\x00070701"));
    }
}
