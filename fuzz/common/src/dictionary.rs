//! What engines are told of the case format, one file a target: a dictionary of records,
//! and libFuzzer's options, in the forms that libFuzzer, AFL++ and OSS-Fuzz read.

use std::fmt::Write;

use put_user_page_case::{
    Backing, Case, Direction, EntriesRecord, FolioRecord, Function, Kind, MAX_GAP, MAX_RANGE,
    RECORD_SIZE, Record, Source,
};
use put_user_page_targets::answers::Form;
use put_user_page_targets::registry::{Check, Target};

/// The largest input that engines make for a target, in bytes. Small cases are fast, and show
/// what large ones show: each named state is reached in a few records. Answers are longer.
pub const fn max_input(target: &Target) -> usize {
    RECORD_SIZE * if matches!(target.check, Check::Answers) { 512 } else { 16 }
}

/// After so many seconds an input hangs. A case takes well under one.
pub const TIMEOUT: u32 = 30;

/// The largest order of a compound page.
const MAX_ORDER: u8 = 10;

/// The target's dictionary: each record that has something of its own, under its text form.
pub fn dictionary(target: &Target) -> String {
    let mut text = String::from("# Records of cases. Written by `cargo xtask dictionaries`.\n");
    let has_answers = target.check == Check::Answers;
    let functions = if has_answers { &Function::ALL } else { target.check.functions() };
    for record in records(functions) {
        let case = Case { records: vec![record] };
        let line = case.to_text();
        // A token's name has letters, digits and `_`.
        let keyword = line.split_whitespace().next().unwrap_or_default().replace('-', "_");
        push_token(&mut text, &line, &keyword, &case.encode());
    }
    if has_answers {
        for form in Form::ALL {
            push_token(&mut text, &format!("{form:?}\n"), "answer", &form.marker());
        }
    }
    text
}

/// Adds a token, under a line that says what it is.
fn push_token(text: &mut String, line: &str, keyword: &str, bytes: &[u8]) {
    write!(text, "\n# {line}{keyword}=\"").expect("writing to a String succeeds");
    for byte in bytes {
        write!(text, "\\x{byte:02x}").expect("writing to a String succeeds");
    }
    text.push_str("\"\n");
}

/// The target's options for libFuzzer, which OSS-Fuzz wants beside the dictionary.
pub fn options(target: &Target) -> String {
    format!(
        "# Written by `cargo xtask dictionaries`.\n\
         [libfuzzer]\nmax_len = {}\ntimeout = {TIMEOUT}\ndict = {}.dict\n",
        max_input(target),
        target.name
    )
}

/// A record for everything that the format can say, with calls of these functions. Only `long`
/// is none: cases with it are slow, and engines are not to draw them often.
fn records(functions: &[Function]) -> Vec<Record> {
    let mut records: Vec<Record> = folios().into_iter().map(Record::Folio).collect();
    records.extend([1, MAX_GAP].map(|frames| Record::Gap { frames }));
    records.extend(entries().map(Record::Entries));
    let again = [
        (1, Backing::Got),
        (1, Backing::Pinned),
        (1, Backing::Unbacked),
        (MAX_RANGE, Backing::Got),
    ];
    for (length, backing) in again {
        records.push(Record::Again { start: 0, length, backing });
    }
    for &function in functions {
        for (earlier, first, length) in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)] {
            records.push(Record::Call { function, earlier, first, length });
        }
        records.push(Record::CallWithErrno { function, earlier: 0, errno: 14 });
    }
    records.extend([0, 1].map(|earlier| Record::Acquire { earlier }));
    records.extend([1, MAX_RANGE].map(|length| Record::Clean { first: 0, length }));
    records
}

fn folios() -> Vec<FolioRecord> {
    let plain = FolioRecord {
        order: 0,
        kind: Kind::Anon,
        dirty: false,
        locked: false,
        refs: 0,
        repeat: 1,
        from: Source::Kernel,
    };
    let mut folios: Vec<_> = (0..=MAX_ORDER).map(|order| FolioRecord { order, ..plain }).collect();
    folios.push(FolioRecord { kind: Kind::File, ..plain });
    folios.push(FolioRecord { dirty: true, ..plain });
    folios.push(FolioRecord { locked: true, ..plain });
    folios.extend([-1, 1, 1024, i32::MAX].map(|refs| FolioRecord { refs, ..plain }));
    folios.push(FolioRecord { repeat: 256, ..plain });
    let mappings = Source::ALL.into_iter().filter(|source| source.is_mapping());
    folios.extend(mappings.map(|from| FolioRecord { from, ..plain }.normalised()));
    folios
}

fn entries() -> [EntriesRecord; 12] {
    let one = EntriesRecord {
        first: 0,
        length: 1,
        direction: Direction::Up,
        backing: Backing::Got,
        also: false,
    };
    [
        one,
        EntriesRecord { length: MAX_RANGE, ..one },
        EntriesRecord { length: 2, direction: Direction::Same, ..one },
        EntriesRecord { length: 2, direction: Direction::Down, ..one },
        EntriesRecord { backing: Backing::Unbacked, ..one },
        EntriesRecord { backing: Backing::Pinned, ..one },
        EntriesRecord { backing: Backing::Pinned, length: 2, direction: Direction::Same, ..one },
        EntriesRecord { backing: Backing::Pinned, length: 2, direction: Direction::Down, ..one },
        EntriesRecord { backing: Backing::Pinned, also: true, ..one },
        EntriesRecord { also: true, ..one },
        EntriesRecord { backing: Backing::Null, ..one },
        EntriesRecord { backing: Backing::Null, also: true, ..one },
    ]
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use put_user_page_case::{Case, Function, Record};
    use put_user_page_targets::registry::TARGETS;

    use super::{dictionary, options, records};

    fn bytes(record: &Record) -> Vec<u8> {
        Case { records: vec![*record] }.encode()
    }

    #[test]
    fn every_record_is_one_of_the_format_and_none_is_there_twice() {
        let records = records(&Function::ALL);
        for (number, record) in records.iter().enumerate() {
            assert_eq!(Case::decode(&bytes(record)).records, [*record]);
            assert!(!records[..number].contains(record), "{record:?}");
        }
    }

    /// Asks the decoder what there is: tags and flags that it reads and that are written again.
    #[test]
    fn every_type_number_and_flag_of_the_format_is_in_some_record() {
        let tokens: Vec<Vec<u8>> = records(&Function::ALL).iter().map(bytes).collect();
        let mut types = 0;
        for tag in 0..=u8::MAX {
            // A length and a number of repeats that are kept whatever the flags say.
            for flags in (0..8).map(|bit| 1 << bit) {
                let read = Case::decode(&[tag, flags, 2, 0, 2, 0, 0, 0]);
                if read.records == [Record::Long] {
                    continue;
                }
                let read = read.encode();
                let &[read_tag, read_flags, ..] = read.as_slice() else { continue };
                types += usize::from(tag & 0x0f == 0 && flags == 1);
                assert!(tokens.iter().any(|token| token[0] == read_tag), "tag {read_tag:#04x}");
                let has = |token: &&Vec<u8>| {
                    token[0] >> 4 == read_tag >> 4 && token[1] & read_flags == read_flags
                };
                assert!(tokens.iter().any(|token| has(&token)), "{read_tag:#04x} {read_flags:#x}");
            }
        }
        assert_eq!(types, 9);
        assert!(!records(&Function::ALL).contains(&Record::Long));
    }

    #[test]
    fn what_is_committed_follows_the_case_format() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dictionaries");
        let files = TARGETS.iter().flat_map(|target| {
            [("dict", dictionary(target)), ("options", options(target))]
                .map(|(extension, text)| (format!("{}.{extension}", target.name), text))
        });
        for (name, text) in files {
            assert_eq!(fs::read_to_string(folder.join(&name)).expect(&name), text, "{name}");
        }
        assert_eq!(fs::read_dir(folder).expect("it is there").count(), 2 * TARGETS.len());
    }
}
