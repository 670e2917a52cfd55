//! Text to a case.

mod folio;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::error::TextError;
use super::item::{NOTHING, NULL, WORLD};
use crate::layout::Layout;
use put_user_page_record::{Backing, Direction, EntriesRecord, Function, Record};
use put_user_page_record::{MAX_GAP, MAX_RANGE};

/// The words of a line, without its comment. Each is a part of the text, which tells where it
/// stands.
type Line<'a> = Vec<&'a str>;

struct Parser<'a> {
    text: &'a str,
    /// The folio lines' names, and their numbers.
    names: BTreeMap<&'a str, usize>,
    layout: Layout,
}

/// The records that a text is. Names may be used before their folio line.
pub(crate) fn parse(text: &str) -> Result<Vec<Record>, TextError> {
    let lines = lines(text);
    let mut parser = Parser { text, names: BTreeMap::new(), layout: Layout::default() };
    let mut world = Vec::new();
    for line in &lines {
        world.extend(parser.world_line(line)?);
    }
    parser.layout = Layout::of(&world);

    let mut records = Vec::new();
    let mut world = world.into_iter();
    for line in &lines {
        match line[0] {
            "folio" | "gap" => records.extend(world.next()),
            _ => parser.program_line(line, &mut records)?,
        }
    }
    Ok(records)
}

/// The lines that are not empty.
fn lines(text: &str) -> Vec<Line<'_>> {
    let codes = text.split('\n').filter_map(|line| line.split(['#', '\r']).next());
    let lines = codes.map(|code| code.split_ascii_whitespace().collect());
    lines.filter(|line: &Line<'_>| !line.is_empty()).collect()
}

impl<'a> Parser<'a> {
    fn error<T>(&self, word: &str, message: String, expected: &str) -> Result<T, TextError> {
        let offset = word.as_ptr().addr() - self.text.as_ptr().addr();
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Err(TextError {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            offset,
            length: word.len(),
            message,
            expected: expected.to_owned(),
        })
    }

    fn unexpected<T>(&self, word: &str, expected: &str) -> Result<T, TextError> {
        let message = match word {
            "" => "something is missing".to_owned(),
            text => format!("`{text}` does not belong here"),
        };
        self.error(word, message, expected)
    }

    /// The error of a line that ends too early.
    fn missing<T>(&self, line: &Line<'_>, expected: &str) -> Result<T, TextError> {
        let last = line[line.len() - 1];
        self.unexpected(&last[last.len()..], expected)
    }

    /// The one word behind the first of a line.
    fn one_word<'l>(&self, line: &Line<'l>, expected: &str) -> Result<&'l str, TextError> {
        let Some(&word) = line.get(1) else { return self.missing(line, expected) };
        self.nothing_after(line, 2)?;
        Ok(word)
    }

    /// The record of a `folio` or `gap` line; `None` for the others.
    fn world_line(&mut self, line: &Line<'a>) -> Result<Option<Record>, TextError> {
        match line[0] {
            "folio" => self.folio(line).map(Some),
            "gap" => {
                let frames = self.one_word(line, "a number of frames")?;
                let frames = self.number(frames, 0..=i64::from(MAX_GAP), "frames, 0 to 1023")?;
                Ok(Some(Record::Gap { frames: frames as u16 }))
            }
            _ => Ok(None),
        }
    }

    fn program_line(&self, line: &Line<'_>, records: &mut Vec<Record>) -> Result<(), TextError> {
        let keyword = line[0];
        let function = Function::ALL.into_iter().find(|f| f.name() == keyword);
        match keyword {
            "entries" => return self.entries(line, Backing::Got, false, records),
            "pins" => return self.entries(line, Backing::Pinned, false, records),
            "also" => return self.entries(line, Backing::Got, true, records),
            "also-pins" => return self.entries(line, Backing::Pinned, true, records),
            "again" => records.push(self.again(line, Backing::Got)?),
            "again-pins" => records.push(self.again(line, Backing::Pinned)?),
            "clean" => records.push(self.clean(line)?),
            "long" => {
                self.nothing_after(line, 1)?;
                records.push(Record::Long);
            }
            "acquire" => {
                records.push(Record::Acquire { earlier: self.acquire(line)? });
            }
            _ => match function {
                Some(function) => records.push(self.call(line, function)?),
                None => return self.unexpected(keyword, STATEMENTS),
            },
        }
        Ok(())
    }

    fn entries(
        &self,
        line: &Line<'_>,
        held: Backing,
        also: bool,
        records: &mut Vec<Record>,
    ) -> Result<(), TextError> {
        if line.len() == 1 {
            let (first, length, direction, backing) = (0, 0, Direction::Up, held);
            let empty = EntriesRecord { first, length, direction, backing, also };
            records.push(Record::Entries(empty));
        }
        for (index, &word) in line[1..].iter().enumerate() {
            let (backing, pages) = backing_of(word, held);
            let (backing, (first, length, direction)) = match (word.strip_prefix(NULL), pages) {
                (Some(times), _) => (Backing::Null, (0, self.nulls(times)?, Direction::Same)),
                (None, NOTHING) => (backing, (0, 0, Direction::Up)),
                (None, pages) => (backing, self.range(pages)?),
            };
            let also = also || index > 0;
            let entries = EntriesRecord { first, length, direction, backing, also };
            records.push(Record::Entries(entries.normalised()));
        }
        Ok(())
    }

    fn again(&self, line: &Line<'_>, held: Backing) -> Result<Record, TextError> {
        let word = self.one_word(line, SLICE)?;
        let (backing, slice) = backing_of(word, held);
        let Some((start, end)) = slice.split_once("..") else {
            return self.unexpected(slice, SLICE);
        };
        let start = self.number(start, 0..=i64::from(u16::MAX), "an entry's index")?;
        let longest = start + i64::from(MAX_RANGE);
        let end = self.number(end, start..=longest, "an index from the first on, 4095 at most")?;
        Ok(Record::Again { start: start as u16, length: (end - start) as u16, backing })
    }

    fn clean(&self, line: &Line<'_>) -> Result<Record, TextError> {
        let word = self.one_word(line, PAGES)?;
        match self.range(word)? {
            (first, length, Direction::Up) => Ok(Record::Clean { first, length }),
            _ => self.unexpected(word, "a page, or a range of pages going up"),
        }
    }

    /// A call: `earlier=N`, `slice=I..J` or `errno=N`, and `make_dirty` where the function has it.
    fn call(&self, line: &Line<'_>, called: Function) -> Result<Record, TextError> {
        let (mut function, mut earlier, (mut first, mut length)) = (called, 0, (0, 0));
        let (mut errno, mut has_slice) = (None, false);
        let has_make_dirty = called.make_dirty().is_some();
        if has_make_dirty {
            function = with_make_dirty(called, false);
        }
        for &word in &line[1..] {
            match word.split_once('=') {
                Some(("earlier", value)) => earlier = self.earlier(value)?,
                Some(("slice", value)) if errno.is_none() => {
                    (first, length) = self.slice(value)?;
                    has_slice = true;
                }
                Some(("errno", value)) if !has_slice => {
                    let number = self.number(value, 1..=i64::from(u8::MAX), "1 to 255")?;
                    errno = Some(number as u8);
                }
                None if has_make_dirty && word == "make_dirty" => {
                    function = with_make_dirty(called, true);
                }
                _ if has_make_dirty => {
                    let expected = "`make_dirty`, `earlier=N`, and `slice=I..J` or `errno=N`";
                    return self.unexpected(word, expected);
                }
                _ => {
                    return self.unexpected(word, "`earlier=N`, and `slice=I..J` or `errno=N`");
                }
            }
        }
        if let Some(errno) = errno {
            return Ok(Record::CallWithErrno { function, earlier, errno });
        }
        Ok(Record::Call { function, earlier, first, length })
    }

    /// The array of an `acquire` line, counted back.
    fn acquire(&self, line: &Line<'_>) -> Result<u16, TextError> {
        self.nothing_after(line, 2)?;
        match line.get(1).map(|word| (word, word.split_once('='))) {
            None => Ok(0),
            Some((_, Some(("earlier", value)))) => self.earlier(value),
            Some((word, _)) => self.unexpected(word, "`earlier=N`"),
        }
    }

    fn earlier(&self, value: &str) -> Result<u16, TextError> {
        Ok(self.number(value, 0..=i64::from(u16::MAX), "0 to 65535")? as u16)
    }

    /// The first index and the length, 0 for all the rest, of a call's slice.
    fn slice(&self, value: &str) -> Result<(u16, u16), TextError> {
        let Some((first, end)) = value.split_once("..") else {
            return self.unexpected(value, SLICE);
        };
        let first = self.number(first, 0..=i64::from(u16::MAX), "an entry's index")?;
        if end.is_empty() {
            return Ok((first as u16, 0));
        }
        let longest = first + i64::from(u16::MAX);
        let end = self.number(end, first + 1..=longest, "an index after the first, or nothing")?;
        Ok((first as u16, (end - first) as u16))
    }

    /// The first page, the length and the direction of an item.
    fn range(&self, item: &str) -> Result<(u16, u16, Direction), TextError> {
        let (name, index, times) = match item.split_once("[") {
            None => match item.find('*').map(|star| item.split_at(star)) {
                Some((name, times)) => (name, None, Some(times)),
                None => (item, None, None),
            },
            Some((name, rest)) => match rest.split_once("]") {
                None => return self.unexpected(item, "a `]` after the `[`"),
                Some((index, times)) => (name, Some(index), Some(times)),
            },
        };
        let (base, indices) = self.pages_of(name)?;
        let times = times.filter(|times| !times.is_empty());
        let (start, end) = match index.map(|index| (index, index.split_once(".."))) {
            None => (0, None),
            Some((index, None)) => (self.number(index, indices, "a page that there is")?, None),
            Some((_, Some((start, end)))) => {
                let any = i64::from(i32::MIN)..=i64::from(i32::MAX);
                (self.number(start, indices, "a page that there is")?, Some((end, any)))
            }
        };
        let (length, direction) = match (end, times) {
            (None, None) => (1, Direction::Up),
            (None, Some(times)) => (self.times(times)?, Direction::Same),
            (Some(_), Some(times)) => return self.unexpected(times, "nothing after a range"),
            (Some((end, any)), None) => {
                let length = self.number(end, any, "the page after the last")? - start;
                let direction = if length < 0 { Direction::Down } else { Direction::Up };
                (length.abs(), direction)
            }
        };
        if length > i64::from(MAX_RANGE) {
            return self.error(item, format!("{length} entries in one item"), "at most 4095");
        }
        Ok(((base + start) as u16, length as u16, direction))
    }

    /// The number of the first page of a name, and the indices that an item may start at.
    fn pages_of(&self, name: &str) -> Result<(i64, RangeInclusive<i64>), TextError> {
        if name == WORLD {
            return Ok((0, 0..=i64::from(u16::MAX)));
        }
        match self.names.get(name).and_then(|&line| self.layout.pages_of_group(line)) {
            Some((_, 0)) => {
                let message = format!("`{name}` has no page: the world is full before it");
                self.error(name, message, "a folio within the first 8192 frames")
            }
            Some((first, pages)) => Ok((first as i64, 0..=pages as i64 - 1)),
            None if name.is_empty() => self.unexpected(name, PAGES),
            None => {
                let message = format!("there is no folio `{name}`");
                self.error(
                    name,
                    message,
                    "the name of a folio line, or `@`; a NULL among entries is `0`",
                )
            }
        }
    }

    fn times(&self, times: &str) -> Result<i64, TextError> {
        match times.strip_prefix('*') {
            Some(number) => self.number(number, 1..=i64::from(MAX_RANGE), "1 to 4095 times"),
            None => self.unexpected(times, "`*` and how many times"),
        }
    }

    /// How many NULLs what follows the first says.
    fn nulls(&self, times: &str) -> Result<u16, TextError> {
        match times.strip_prefix('*') {
            _ if times.is_empty() => Ok(1),
            Some(number) => {
                let most = i64::from(MAX_RANGE);
                Ok(self.number(number, 0..=most, "0 to 4095 NULLs")? as u16)
            }
            None => self.unexpected(times, "`*` and how many NULLs"),
        }
    }

    fn number(
        &self,
        word: &str,
        allowed: RangeInclusive<i64>,
        expected: &str,
    ) -> Result<i64, TextError> {
        match word.parse() {
            Ok(number) if allowed.contains(&number) => Ok(number),
            Ok(number) => {
                let limits = format!("{} to {}", allowed.start(), allowed.end());
                let expected = match expected.contains(&limits) {
                    true => expected.to_owned(),
                    false => format!("{expected} ({limits})"),
                };
                self.error(word, format!("{number} is out of range"), &expected)
            }
            Err(_) => self.unexpected(word, expected),
        }
    }

    fn nothing_after(&self, line: &Line<'_>, words: usize) -> Result<(), TextError> {
        match line.get(words) {
            Some(&word) => self.unexpected(word, "the end of the line"),
            None => Ok(()),
        }
    }
}

const STATEMENTS: &str = "`folio`, `gap`, `entries`, `pins`, `also`, `also-pins`, `again`, \
     `again-pins`, `acquire`, `clean`, `long`, or a function: `put_user_page`, `put_user_pages`, \
     `put_user_pages_dirty`, `put_user_pages_dirty_lock`, `unpin_user_page`, `unpin_user_pages`, \
     `unpin_user_pages_dirty_lock`, `unpin_user_page_range_dirty_lock`, `unpin_folio`, \
     `unpin_folios` or `unpin_user_folio`";
const PAGES: &str = "pages, such as `a`, `a[3]` or `a[0..8]`";
const SLICE: &str = "a slice, such as `0..3`";

/// How an item's pages are held on a line of such items, and the item without the mark.
fn backing_of(word: &str, held: Backing) -> (Backing, &str) {
    match word.strip_prefix('!') {
        Some(item) => (Backing::Unbacked, item),
        None => (held, word),
    }
}

/// The same function with this `make_dirty`.
fn with_make_dirty(function: Function, make_dirty: bool) -> Function {
    match function {
        Function::UnpinUserPagesDirtyLock { .. } => {
            Function::UnpinUserPagesDirtyLock { make_dirty }
        }
        Function::UnpinUserPageRangeDirtyLock { .. } => {
            Function::UnpinUserPageRangeDirtyLock { make_dirty }
        }
        other => other,
    }
}
