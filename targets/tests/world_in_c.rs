//! The world that C builds is the one that Rust builds: for every committed file, for cases
//! drawn at random, and for both with the orders that a kernel might choose.

use std::fs;
use std::path::Path;

use fastrand::Rng;
use put_user_page_case::world::World;
use put_user_page_case::world_in_c::WorldInC;
use put_user_page_case::{Case, FolioRecord, Record, Source};
use put_user_page_targets::generator;
use put_user_page_targets::registry::TARGETS;

/// Both sides, each in memory that has seen other cases before.
#[derive(Default)]
struct Sides {
    in_c: WorldInC,
    in_rust: World,
}

impl Sides {
    /// Compares the case's worlds, and those with orders drawn at random: some smaller, some
    /// not, some left out.
    fn compare(&mut self, case: &Case, rng: &mut Rng) -> Result<(), String> {
        self.in_c.build(&case.encode()).expect("encoded bytes are canonical");
        self.in_rust.build(case);
        self.in_c.compare(&self.in_rust)?;
        let drawn: [u8; 40] = std::array::from_fn(|_| rng.u8(..=10));
        let orders = &drawn[..rng.usize(..drawn.len())];
        self.in_c.build_with_orders(orders);
        self.in_rust.build(&case.with_orders(orders));
        self.in_c.compare(&self.in_rust).map_err(|what| format!("with orders {orders:?}: {what}"))
    }

    #[track_caller]
    fn check(&mut self, case: &Case, rng: &mut Rng) {
        if let Err(what) = self.compare(case, rng) {
            panic!("{what}\n{case:?}");
        }
    }
}

#[test]
fn every_committed_file_has_one_world() {
    let (mut sides, mut rng) = (Sides::default(), Rng::with_seed(1));
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus");
    for target in &TARGETS {
        for file in fs::read_dir(corpus.join(target.name)).expect("the corpus is there") {
            let bytes = fs::read(file.expect("readable").path()).expect("readable");
            sides.check(&Case::decode(&bytes), &mut rng);
        }
    }
}

#[test]
fn drawn_cases_have_one_world() {
    let (mut sides, mut rng) = (Sides::default(), Rng::with_seed(2));
    for _ in 0..5_000 {
        sides.check(&generator::case(&mut rng), &mut rng);
    }
}

/// More entries than 16 bits can count, of pages that more than 16 bits can count name.
#[test]
fn long_cases_have_one_world() {
    let (mut sides, mut rng) = (Sides::default(), Rng::with_seed(3));
    for text in ["long\n", "", "entries a\nlong\n"] {
        let entries = "also a*4000 !a*1 @[0..9]\n".repeat(30);
        let text = format!(
            "folio a refs=max\nfolio b order=3 from=anon\n{text}{entries}\
             put_user_pages slice=65000..\nput_user_pages\nacquire\nagain 65530..65540\n"
        );
        sides.check(&Case::from_text(&text).expect("a good text"), &mut rng);
    }
}

/// What a record becomes in a case of one sort of records; `None` leaves it out.
type Sort = fn(Record) -> Option<Record>;

/// Each sort reaches limits that others do not.
const SORTS: [Sort; 5] = [
    Some,
    // Small enough for more records than count.
    |record| match record {
        Record::Gap { frames } => Some(Record::Gap { frames: frames % 2 }),
        Record::Folio(folio) if folio.from == Source::Kernel => {
            Some(Record::Folio(FolioRecord { order: folio.order / 8, repeat: 1, ..folio }))
        }
        _ => None,
    },
    |record| match record {
        Record::Folio(folio) => folio.from.is_mapping().then_some(record),
        _ => None,
    },
    |record| (!record.is_of_world()).then_some(record),
    |record| matches!(record, Record::Entries(_) | Record::Call { .. }).then_some(record),
];

#[test]
fn drawn_cases_beyond_the_limits_have_one_world() {
    let (mut sides, mut rng) = (Sides::default(), Rng::with_seed(3));
    for number in 0..300 {
        let mut records: Vec<Record> =
            (0..rng.usize(..4)).map(|_| generator::record(&mut rng)).collect();
        for _ in 0..rng.usize(..5_000) {
            records.extend(SORTS[number % SORTS.len()](generator::record(&mut rng)));
        }
        sides.check(&Case { records }, &mut rng);
    }
}

#[test]
fn random_bytes_have_one_world() {
    let (mut sides, mut rng) = (Sides::default(), Rng::with_seed(4));
    for _ in 0..2_000 {
        let mut bytes = vec![0; rng.usize(..400)];
        rng.fill(&mut bytes);
        sides.check(&Case::decode(&bytes), &mut rng);
    }
}

#[test]
fn worlds_that_differ_are_told_apart() {
    let mut in_c = WorldInC::default();
    let case = |text| Case::from_text(text).expect("a good text");
    let cases = [
        ("folio a", "folio a\nfolio b", "frames 0"),
        ("folio a refs=1", "folio a refs=2", "compound page 0"),
        ("folio a from=anon", "folio a refs=1", "compound page 0"),
        ("folio a order=1", "folio a repeat=2", "place of compound page 0"),
        ("folio a repeat=2", "folio a\nfolio b", "record of compound page 1"),
        ("folio a\nentries a", "folio a\nentries !a", "entry 0"),
        ("entries", "folio a\ngap 3", "frames 0"),
        ("entries -\nentries -", "entries -", "array 1"),
        ("acquire", "put_user_pages", "step 1"),
        ("put_user_page", "put_user_pages", "step 1"),
    ];
    for (ours, theirs, what) in cases {
        in_c.build(&case(ours).encode()).expect("encoded bytes are canonical");
        let told = in_c.compare(&World::of(&case(theirs))).expect_err("two worlds");
        assert!(told.starts_with(&format!("{what} is ")), "{told}");
    }
}
