//! Minimised cases: they show what the case showed, nothing can be left out of them, and
//! to minimise them again changes nothing.

mod common;

use std::convert::Infallible;

use common::{DIFFERENT, divergence};
use fastrand::Rng;
use put_user_page_bugs::backend::backend;
use put_user_page_bugs::bug;
use put_user_page_case::Case;
use put_user_page_case::minimize::{Size, minimize};
use put_user_page_case::world::{Step, World};
use put_user_page_targets::backend::Backend;
use put_user_page_targets::findings::Signature;
use put_user_page_targets::generator;

/// Cases that are minimised of each bug and signature.
const EXAMPLES: usize = 1;

/// Cases that are drawn for each bug.
const DRAWN: usize = 200;

/// An implementation with a bug.
struct Mistaken {
    // One for all cases: its memory map stays for as long as the process does.
    backend: Box<dyn Backend>,
}

impl Mistaken {
    fn new(name: &str) -> Mistaken {
        let bug = bug(name).expect("the bank has it");
        Mistaken { backend: Box::new(backend(Some(bug))) }
    }

    /// What a case shows of it.
    fn signature(&mut self, case: &Case) -> Option<Signature> {
        divergence(case, &mut *self.backend).map(|divergence| Signature::of(&divergence))
    }

    /// The case, minimised.
    fn minimized(&mut self, case: &Case) -> Case {
        let shown = self.signature(case);
        assert!(shown.is_some(), "it shows the bug");
        let mut shows =
            |bytes: &[u8]| Ok::<_, Infallible>(self.signature(&Case::decode(bytes)) == shown);
        let Ok(bytes) = minimize(&case.encode(), &mut shows);
        let minimized = Case::decode(&bytes);
        assert_eq!(minimized.encode(), bytes, "what is found is canonical");
        minimized
    }

    /// Drawn cases that show it, some of each signature.
    fn examples(&mut self) -> Vec<(Signature, Case)> {
        let mut rng = Rng::with_seed(7);
        let mut examples: Vec<(Signature, Case)> = Vec::new();
        for _ in 0..DRAWN {
            let case = generator::case(&mut rng);
            let Some(signature) = self.signature(&case) else { continue };
            if examples.iter().filter(|(of, _)| *of == signature).count() < EXAMPLES {
                examples.push((signature, case));
            }
        }
        examples
    }
}

/// The case with one thing less, in each way that its text shows: without one of its
/// lines, without one word of a line, and with one of its numbers less by one.
fn plainer(case: &Case) -> Vec<Case> {
    let text = case.to_text();
    let lines: Vec<&str> = text.lines().collect();
    let mut texts = Vec::new();
    for number in 0..lines.len() {
        let mut with = |line: Option<String>| {
            let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            match line {
                Some(line) => lines[number] = line,
                None => drop(lines.remove(number)),
            }
            texts.push(lines.join("\n"));
        };
        with(None);
        let words: Vec<&str> = lines[number].split(' ').collect();
        for word in 1..words.len() {
            let mut fewer = words.clone();
            fewer.remove(word);
            with(Some(fewer.join(" ")));
            if let Some(less) = one_less(words[word]) {
                let mut less_words = words.clone();
                less_words[word] = &less;
                with(Some(less_words.join(" ")));
            }
        }
    }
    // Where a name or a number is gone that another line needs, there is no such case.
    texts.iter().filter_map(|text| Case::from_text(text).ok()).collect()
}

/// The word with the last of its numbers one less: an order, the length of a range or of a
/// row.
fn one_less(word: &str) -> Option<String> {
    let digits = word.trim_end_matches(']').rfind(|c: char| !c.is_ascii_digit())? + 1;
    let rest = &word[digits..];
    let end = rest.find(']').unwrap_or(rest.len());
    let less = rest[..end].parse::<u32>().ok()?.checked_sub(1)?;
    Some(format!("{}{less}{}", &word[..digits], &rest[end..]))
}

#[test]
fn what_is_left_shows_the_same_and_nothing_can_be_left_out() {
    for name in DIFFERENT {
        let mut mistaken = Mistaken::new(name);
        let examples = mistaken.examples();
        assert!(!examples.is_empty(), "no case shows {name}");
        for (shown, case) in &examples {
            let least = mistaken.minimized(case);
            assert_eq!(mistaken.signature(&least).as_ref(), Some(shown), "{case:?}\n{least:?}");
            assert!(Size::of(&least) <= Size::of(case), "{case:?}\n{least:?}");
            for plainer in plainer(&least) {
                let is_smaller = Size::of(&plainer) < Size::of(&least);
                let shows = mistaken.signature(&plainer).as_ref() == Some(shown);
                assert!(!(is_smaller && shows), "{least:?} can be\n{plainer:?}");
            }
            assert_eq!(mistaken.minimized(&least), least, "minimised again");
        }
    }
}

#[test]
fn a_case_of_many_parts_becomes_what_is_wrong() {
    let case = "gap 3
         folio a order=9 kind=file dirty refs=7
         folio b order=4 refs=max-1 repeat=20
         folio c kind=file locked
         entries a[0..512] b[3]*40 c a[9..0]
         again 5..90
         acquire
         put_user_pages slice=5..9
         entries c b[33..99]
         clean a
         put_user_pages_dirty_lock earlier=1 slice=500..
         put_user_pages_dirty_lock";
    let case = Case::from_text(case).expect("a good text");
    let least = |name| Mistaken::new(name).minimized(&case).to_text();
    assert_eq!(
        least("keep-the-lock"),
        "folio a order=1\nentries a[1]\nput_user_pages_dirty_lock\n"
    );
    assert_eq!(least("skip-the-last-entry"), "folio a order=1\nentries a[1]\nput_user_pages\n");
    assert_eq!(least("keep-the-lock"), least("keep-the-lock"), "each time the same");
}

#[test]
fn bytes_that_only_their_form_tells_apart_are_cut_too() {
    let mut bytes = vec![0xf0; 100];
    bytes[49] = 0xaa;
    let mut shows = |bytes: &[u8]| Ok::<_, Infallible>(bytes.contains(&0xaa));
    let Ok(least) = minimize(&bytes, &mut shows);
    assert_eq!(least, bytes[48..56]);
}

#[test]
fn what_fails_while_it_is_looked_for_ends_it() {
    let mut shows = |bytes: &[u8]| if bytes.len() < 400 { Err("no more") } else { Ok(true) };
    assert_eq!(minimize(&[0x20; 800], &mut shows), Err("no more"));
}

#[test]
fn an_array_between_others_is_left_out() {
    let case = "folio a order=1
        folio b
        entries a
        entries b b
        entries b
        put_user_pages earlier=2
        put_user_pages earlier=1
        put_user_pages";
    let case = Case::from_text(case).expect("a good text");
    // A call on the compound page alone, and after it one on the other page alone.
    let mut shows = |bytes: &[u8]| {
        let world = World::of(&Case::decode(bytes));
        let called: Vec<Vec<usize>> =
            world.steps.iter().filter_map(|step| called(&world, step)).collect();
        let on = |pages: usize| called.iter().position(|call| *call == [pages]);
        Ok::<_, Infallible>(on(2).zip(on(1)).is_some_and(|(first, then)| first < then))
    };
    let Ok(least) = minimize(&case.encode(), &mut shows);
    assert_eq!(
        Case::decode(&least).to_text(),
        "folio a order=1\nfolio b\nentries a\nentries b\nput_user_pages earlier=1\nput_user_pages\n"
    );
}

/// Of a call, how many pages the compound page of each entry has.
fn called(world: &World, step: &Step) -> Option<Vec<usize>> {
    let Step::Call { array, entries, .. } = step else { return None };
    let entries = world.call_entries(*array, entries.clone()).iter();
    Some(entries.map(|entry| world.layout.places[usize::from(entry.folio)].pages).collect())
}

#[test]
fn whatever_is_answered_it_ends_and_what_it_finds_shows_it() {
    let mut rng = Rng::with_seed(3);
    let cases = std::iter::repeat_with(|| generator::case(&mut rng));
    for case in cases.filter(|case| Size::of(case).entries < 50).take(100) {
        let answer = |bytes: &[u8]| {
            bytes.iter().fold(0_u32, |sum, &byte| sum * 31 % 997 + u32::from(byte)) % 40
        };
        let wanted = answer(&case.encode());
        let mut shows = |bytes: &[u8]| Ok::<_, Infallible>(answer(bytes) == wanted);
        let Ok(least) = minimize(&case.encode(), &mut shows);
        assert_eq!(answer(&least), wanted);
        assert_eq!(minimize(&least, &mut shows), Ok(least));
    }
}
