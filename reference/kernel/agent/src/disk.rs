//! A file on a disk of memory: pages that a file system counts, tags and writes back.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rustix::mount::{MountFlags, mount};

use crate::modules;

const IMAGE: &str = "/disk/image";
const DRIVER: &str = "/disk/driver";
const DEVICE: &str = "/dev/ram0";
const FOLDER: &str = "/files";

/// An empty file, which grows for what is mapped of it.
pub(crate) struct Disk {
    file: File,
    length: u64,
}

impl Disk {
    /// Makes the disk and mounts it. An error is why there can be no such file.
    pub(crate) fn mount() -> Result<Disk, String> {
        let image = fs::read(IMAGE).map_err(|_| "no mke2fs has made a file system".to_owned())?;
        let driver = Path::new(DRIVER);
        if driver.exists() {
            modules::load_with(driver, c"rd_nr=1 rd_size=65536")?;
        }
        // Not created: in its place there would be a file otherwise.
        let device = File::options().write(true).open(DEVICE);
        device
            .and_then(|mut device| io::Write::write_all(&mut device, &image))
            .map_err(|why| format!("{DEVICE}, of CONFIG_BLK_DEV_RAM, cannot be written: {why}"))?;
        mount(DEVICE, FOLDER, "ext4", MountFlags::NOATIME, None)
            .map_err(|why| format!("{DEVICE} cannot be mounted as ext4: {why}"))?;
        let path = Path::new(FOLDER).join("file");
        let file = File::options().read(true).write(true).create_new(true).open(&path);
        let file = file.map_err(|why| format!("{}: {why}", path.display()))?;
        Ok(Disk { file, length: 0 })
    }

    /// Lengthens the file; what is new in it is zero. Returns where that starts.
    pub(crate) fn grow(&mut self, length: u64) -> io::Result<u64> {
        let start = self.length;
        self.file.set_len(start + length)?;
        self.length += length;
        Ok(start)
    }

    /// Empties the file, so that the pages which come next are new ones.
    pub(crate) fn clear(&mut self) -> io::Result<()> {
        if self.length > 0 {
            self.file.set_len(0)?;
            self.length = 0;
        }
        Ok(())
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }
}
