//! The file system that guests have on a disk of memory, for pages of real files.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use crate::Error;
use crate::debian;
use crate::place::{self, Place};
use crate::tool;

const PROGRAM: &str = "mke2fs";

/// More than the pages of the largest case. The guest's disk of memory is as large, and takes
/// only what is written to it.
const SIZE: u64 = 64 << 20;
const BLOCK: usize = 4096;

/// What the file system has: what marks pages, and nothing that writes by itself, which a
/// journal does, and a table of files that is not cleared yet.
const ARGUMENTS: &str = "-q -F -b 4096 -I 256 -N 16 -m 0 -O none,filetype,extent \
                         -E lazy_itable_init=0,nodiscard";

/// Makes the file system, if it is not there, as the start of a disk that is zero behind it.
/// None where nothing can make one: guests do without.
pub(crate) fn make(place: &Place) -> Result<Option<PathBuf>, Error> {
    let disk = place.kernel().join("disk");
    let stamp = disk.with_extension("stamp");
    if disk.is_file() && fs::read(&stamp).is_ok_and(|old| old == ARGUMENTS.as_bytes()) {
        return Ok(Some(disk));
    }
    let Some(mut command) = mke2fs(place) else { return Ok(None) };
    eprintln!("making the guest's file system");
    let whole = disk.with_extension("whole");
    let file = File::create(&whole).and_then(|file| file.set_len(SIZE));
    file.map_err(|why| Error::file(&whole, "written", &why))?;
    // The defaults of this machine are not for the guest.
    command.env("MKE2FS_CONFIG", "/dev/null").args(ARGUMENTS.split_whitespace()).arg(&whole);
    tool::run(&mut command, "see that this mke2fs works")?;
    place::write(&disk, used(&place::read(&whole)?))?;
    fs::remove_file(&whole).map_err(|why| Error::file(&whole, "removed", &why))?;
    place::write(&stamp, ARGUMENTS.as_bytes())?;
    Ok(Some(disk))
}

/// The blocks up to the last that is not zero.
fn used(bytes: &[u8]) -> &[u8] {
    let last = bytes.rchunks(BLOCK).position(|block| block.iter().any(|byte| *byte != 0));
    &bytes[..last.map_or(0, |behind| bytes.len() - behind * BLOCK)]
}

/// The mke2fs of this machine, which need not be on the PATH of a user.
pub(crate) fn installed() -> Option<PathBuf> {
    tool::installed(PROGRAM, &["/sbin", "/usr/sbin"])
}

/// The one that is installed, else the one that setup fetched.
fn mke2fs(place: &Place) -> Option<Command> {
    if let Some(program) = installed() {
        return Some(Command::new(program));
    }
    let root = place.debian(debian::E2FSPROGS);
    let programs = ["sbin", "usr/sbin"].map(|folder| root.join(folder).join(PROGRAM));
    let mut command = Command::new(programs.iter().find(|program| program.is_file())?);
    command.env("LD_LIBRARY_PATH", debian::libraries(&root));
    Some(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_blocks_at_the_end_are_not_kept() {
        let mut bytes = vec![0; 5 * BLOCK];
        assert!(used(&bytes).is_empty());
        bytes[2 * BLOCK] = 1;
        assert_eq!(used(&bytes).len(), 3 * BLOCK);
        bytes[5 * BLOCK - 1] = 1;
        assert_eq!(used(&bytes).len(), 5 * BLOCK);
    }
}
