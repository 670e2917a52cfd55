//! Prints how the anonymous memory of a process lies in pages: `shape PID`, as root. What
//! get_user_pages() on it would give: a line for each stretch, in the order of addresses.

use std::error::Error;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use put_user_page_benches::shape::Stretch;

/// A page of x86-64, in bytes.
const PAGE_SIZE: u64 = 4096;

/// Of an entry of pagemap: the page is in memory; the bits of its frame.
const PRESENT: u64 = 1 << 63;
const FRAME: u64 = (1 << 55) - 1;

/// Of a page in kpageflags (include/uapi/linux/kernel-page-flags.h).
const COMPOUND_HEAD: u64 = 1 << 15;
const COMPOUND_TAIL: u64 = 1 << 16;

fn main() -> Result<(), Box<dyn Error>> {
    let process = std::env::args().nth(1).ok_or("name a process by its number: shape PID")?;
    let pagemap = File::open(format!("/proc/{process}/pagemap"))?;
    let kpageflags = File::open("/proc/kpageflags")?;
    let mut entries = Vec::new();
    for page in anonymous(&fs::read_to_string(format!("/proc/{process}/maps"))?)? {
        let entry = word(&pagemap, page)?;
        let frame = entry & FRAME;
        if entry & PRESENT != 0 && frame == 0 {
            return Err("the kernel shows no frames: run shape as root".into());
        }
        if entry & PRESENT != 0 {
            entries.push((usize::try_from(frame)?, order(&kpageflags, frame)?));
        }
    }
    Stretch::of(entries).iter().for_each(|stretch| println!("{stretch}"));
    Ok(())
}

/// The numbers of all pages of writable mappings without a file.
fn anonymous(maps: &str) -> Result<impl Iterator<Item = u64>, Box<dyn Error>> {
    let mut pages = Vec::new();
    for line in maps.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [range, access, _, _, inode, ..] = words[..] else {
            return Err(format!("`{line}` of /proc/PID/maps is no mapping").into());
        };
        if access.starts_with("rw") && inode == "0" {
            let (start, end) = range.split_once('-').ok_or("a mapping without an end")?;
            let page = |address| u64::from_str_radix(address, 16).map(|bytes| bytes / PAGE_SIZE);
            pages.push(page(start)?..page(end)?);
        }
    }
    Ok(pages.into_iter().flatten())
}

/// The order of the compound page that the page at this frame is of.
fn order(kpageflags: &File, frame: u64) -> Result<u32, Box<dyn Error>> {
    let is = |frame, flag| word(kpageflags, frame).map(|flags| flags & flag != 0);
    if !is(frame, COMPOUND_HEAD | COMPOUND_TAIL)? {
        return Ok(0);
    }
    let mut head = frame;
    while is(head, COMPOUND_TAIL)? {
        head -= 1;
    }
    let mut end = head + 1;
    while is(end, COMPOUND_TAIL)? {
        end += 1;
    }
    Ok((end - head).ilog2())
}

/// One of the file's words.
fn word(file: &File, number: u64) -> Result<u64, std::io::Error> {
    let mut bytes = [0; 8];
    file.read_exact_at(&mut bytes, number * 8)?;
    Ok(u64::from_ne_bytes(bytes))
}
