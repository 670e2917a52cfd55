//! `folio` lines.

use super::{Line, Parser, TextError};
use put_user_page_record::anchor_and_offset;
use put_user_page_record::{FolioRecord, Kind, Record, Source};

impl<'a> Parser<'a> {
    pub(super) fn folio(&mut self, line: &Line<'a>) -> Result<Record, TextError> {
        let Some(&name) = line.get(1) else { return self.missing(line, "a name") };
        self.check_name(name)?;
        let number = self.names.len();
        if self.names.insert(name, number).is_some() {
            let message = format!("there is a folio `{name}` already");
            return self.error(name, message, "a new name");
        }
        let mut folio = FolioRecord {
            order: 0,
            kind: Kind::Anon,
            dirty: false,
            locked: false,
            refs: 0,
            repeat: 1,
            from: Source::Kernel,
        };
        for (number, &word) in line[2..].iter().enumerate() {
            let key = property_key(word);
            if line[2..2 + number].iter().any(|before| property_key(before) == key) {
                return self.error(word, format!("`{key}` is given twice"), "each property once");
            }
            self.folio_property(&mut folio, word)?;
        }
        let folio = folio.normalised();
        self.no_contradiction(&folio, line)?;
        Ok(Record::Folio(folio))
    }

    /// No property may say anything else than the source of the pages makes of it.
    fn no_contradiction(&self, folio: &FolioRecord, line: &Line<'_>) -> Result<(), TextError> {
        for &word in &line[2..] {
            let mut said = *folio;
            self.folio_property(&mut said, word)?;
            if said != *folio {
                let (key, from) = (property_key(word), folio.from.name());
                let message = format!("`{word}` contradicts `from={from}`");
                return self.error(word, message, &format!("no `{key}` with this source"));
            }
        }
        Ok(())
    }

    fn check_name(&self, name: &str) -> Result<(), TextError> {
        let letters = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if letters && !name.starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(());
        }
        self.unexpected(name, "a name of letters, digits and `_`, not starting with a digit")
    }

    fn folio_property(&self, folio: &mut FolioRecord, word: &str) -> Result<(), TextError> {
        match (word, word.split_once('=')) {
            ("dirty", _) => folio.dirty = true,
            ("locked", _) => folio.locked = true,
            (_, Some((key, value))) => match (key, value) {
                ("order", _) => folio.order = self.number(value, 0..=10, "0 to 10")? as u8,
                ("kind", "anon") => folio.kind = Kind::Anon,
                ("kind", "file") => folio.kind = Kind::File,
                ("kind", _) => return self.unexpected(value, "`anon` or `file`"),
                ("from", _) => folio.from = self.source(value)?,
                ("refs", _) => folio.refs = self.refs(value)?,
                ("repeat", _) => folio.repeat = self.number(value, 1..=256, "1 to 256")? as u16,
                _ => return self.unexpected(key, FOLIO_PROPERTIES),
            },
            _ => return self.unexpected(word, FOLIO_PROPERTIES),
        }
        Ok(())
    }

    fn source(&self, value: &str) -> Result<Source, TextError> {
        let mut mappings = Source::ALL.into_iter().filter(|source| source.is_mapping());
        match mappings.find(|source| source.name() == value) {
            Some(source) => Ok(source),
            None => {
                self.unexpected(value, "`anon`, `memfd`, `hugetlb`, `file`, `zero` or `huge-zero`")
            }
        }
    }

    fn refs(&self, value: &str) -> Result<i32, TextError> {
        let below_max = match value.strip_prefix("max") {
            Some("") => Some(Some(0)),
            Some(rest) => Some(rest.strip_prefix('-').and_then(|below| below.parse().ok())),
            None => None,
        };
        let refs = match below_max {
            Some(below) => below.and_then(|below| i32::MAX.checked_sub_unsigned(below)),
            None => value.parse().ok(),
        };
        match refs.filter(|&refs| anchor_and_offset(refs).is_some()) {
            Some(refs) => Ok(refs),
            None => self.unexpected(value, "-128 to 128, 896 to 1151, or `max-128` to `max`"),
        }
    }
}

const FOLIO_PROPERTIES: &str = "`order=N`, `kind=anon`, `kind=file`, `dirty`, `locked`, `refs=N`, \
     `repeat=N` or `from=SOURCE`";

/// What a property of a folio line is about.
fn property_key(word: &str) -> &str {
    word.split('=').next().unwrap_or(word)
}
