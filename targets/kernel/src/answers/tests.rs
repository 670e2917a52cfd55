use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use fastrand::Rng;
use put_user_page_case::Case;
use put_user_page_case::layout::{MAX_FRAMES, MAX_RECORDS};
use put_user_page_case::world::World;
use put_user_page_targets::answers::{Form, Input, take_through};
use put_user_page_targets::backends::{Reference, naive};
use put_user_page_targets::divergence::Divergence;
use put_user_page_targets::outcome::{
    Accounting, Counter, Event, EventKind, FolioState, Imbalance, MAX_EVENTS, Outcome, StrayWrite,
};
use put_user_page_targets::trial::Trial;

use super::{answer, read, seeds};

/// What differs, as the target finds out.
fn check(bytes: &[u8], reference: &mut Reference) -> Option<Box<Divergence>> {
    let input = Input::of(bytes);
    let trial = Trial::of(&Case::decode(input.case), reference);
    take_through(&trial, read(input, trial.world())?, reference)
}

/// All seeds of the scenarios.
fn of_scenarios() -> Vec<(Form, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/scenarios");
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "case"));
    files.sort();
    let case = |path| Case::from_text(&fs::read_to_string(path).unwrap()).unwrap();
    files.into_iter().map(case).flat_map(|case| seeds(&case)).collect()
}

#[test]
fn what_the_reference_does_is_an_answer_in_each_form_that_does_not_differ() {
    let mut reference = naive();
    let seeds = of_scenarios();
    for form in Form::ALL {
        assert!(seeds.iter().filter(|(of, _)| *of == form).count() > 12, "{form:?}");
    }
    for (_, seed) in seeds {
        let input = Input::of(&seed);
        let trial = Trial::of(&Case::decode(input.case), &mut reference);
        let answering = read(input, trial.world()).expect("it is an answer");
        let differs = take_through(&trial, answering, &mut reference);
        assert!(differs.is_none(), "{differs:?}");
    }
}

/// An answer with so many of all that answers have many of, each of them wrong.
fn answer_of(folios: usize, events: usize, others: usize) -> Vec<u8> {
    let free = |number: usize| number >= events / 2;
    let event = |number: usize| Event {
        frame: number % MAX_FRAMES,
        kind: if free(number) { EventKind::Free } else { EventKind::Lock },
        refcount: 7,
        call: 0,
    };
    let live = FolioState::Live {
        refcount: 7,
        pincount: 2,
        pinned: true,
        dirty: true,
        locked: true,
        accounting: Accounting::default(),
    };
    let outcome = Outcome {
        folios: vec![live; folios],
        events: (0..events).map(event).collect(),
        acquired: vec![usize::MAX; others.min(MAX_RECORDS)],
        stray_writes: (0..others)
            .map(|number| StrayWrite { frame: number % MAX_FRAMES, word: 1, expected: 0, found: 1 })
            .collect(),
        imbalances: (0..others)
            .map(|number| Imbalance {
                counter: Counter::Lacking,
                folio: Some(number % MAX_FRAMES),
                expected: 0,
                found: 1,
            })
            .collect(),
        ..Outcome::default()
    };
    serde_json::to_vec(&outcome).unwrap()
}

#[test]
fn the_longest_answers_are_told_in_time() {
    let pages: String = (0..32).map(|n| format!("folio p{n} repeat=256\n")).collect();
    let entries: String = (0..16).map(|n| format!(" p{n}[0..256]")).collect();
    let case = Case::from_text(&format!("{pages}entries{entries}\nput_user_pages\n")).unwrap();
    let answer = answer_of(MAX_FRAMES, MAX_EVENTS, MAX_FRAMES);
    let start = Instant::now();
    let bytes = Input::encode(&case, Form::Process, &answer);
    assert!(check(&bytes, &mut naive()).is_some());
    // Many times what it takes.
    assert!(start.elapsed() < Duration::from_secs(60), "it took {:?}", start.elapsed());
}

#[test]
fn more_than_any_outcome_has_is_no_answer() {
    let case = Case::from_text("folio a\nentries a\nput_user_page").unwrap();
    let is_read = |folios, events, others| {
        let line = answer_of(folios, events, others);
        let bytes = Input::encode(&case, Form::Process, &line);
        read(Input::of(&bytes), &World::of(&case)).is_some()
    };
    assert!(is_read(MAX_FRAMES, 4 * MAX_EVENTS, MAX_FRAMES));
    assert!(!is_read(MAX_FRAMES + 1, 0, 0));
    assert!(!is_read(0, 4 * MAX_EVENTS + 1, 0));
    assert!(!is_read(0, 0, 8 * MAX_FRAMES + 1));
    // As many, in the kernel's form.
    let outcome = Outcome { orders: vec![0; MAX_RECORDS + 1], ..Outcome::default() };
    let bytes = Input::encode(&case, Form::Kernel, &answer::write(&outcome));
    assert!(read(Input::of(&bytes), &World::of(&case)).is_none());
}

/// Numbers that are wrong in their own way.
const TELLING: [u64; 8] =
    [0, 1, 255, 8192, u16::MAX as u64, i32::MAX as u64, u32::MAX as u64, u64::MAX];

/// Changes some bytes of an input.
fn change(bytes: &mut Vec<u8>, rng: &mut Rng) {
    for _ in 0..rng.u8(1..=2) {
        let at = rng.usize(..=bytes.len());
        let end = rng.usize(at..=bytes.len().min(at + 24));
        let number = TELLING[rng.usize(..TELLING.len())];
        match rng.u8(..16) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => bytes.extend_from_within(at..end),
            3..8 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = rng.u8(..)),
            8..12 => {
                let bytes = bytes.iter_mut().skip(at).zip(number.to_le_bytes());
                bytes.take(1 << rng.u8(..4)).for_each(|(byte, new)| *byte = new);
            }
            _ => change_digits(bytes, at, number),
        }
    }
}

/// Puts a number in place of the next one in decimals.
fn change_digits(bytes: &mut Vec<u8>, at: usize, number: u64) {
    let Some(start) = bytes[at..].iter().position(u8::is_ascii_digit) else { return };
    let start = at + start;
    let digits = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    bytes.splice(start..start + digits, number.to_string().into_bytes());
}

#[test]
fn no_answer_makes_the_host_panic() {
    let seeds = of_scenarios();
    let (mut rng, mut reference) = (Rng::with_seed(1), naive());
    let mut differ = 0;
    for _ in 0..20_000 {
        let (_, seed) = &seeds[rng.usize(..seeds.len())];
        let mut bytes = seed.clone();
        change(&mut bytes, &mut rng);
        differ += usize::from(check(&bytes, &mut reference).is_some());
    }
    // Else most would end where they are read.
    assert!(differ > 3_000, "only {differ} of them differ");
}
