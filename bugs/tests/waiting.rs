//! What the model has, as its types say: a bug that waits for some of it waits no more.
//!
//! The matches and patterns below name every variant and field: whoever adds to the model is asked
//! here which bugs can be stated now.

use std::collections::BTreeSet;

use put_user_page_bugs::waiting::{Capability, WAITING};
use put_user_page_case::world::{Step, World};
use put_user_page_case::{Case, EntriesRecord, FolioRecord, Function, Kind, Record, Source};
use put_user_page_targets::backend::Observes;
use put_user_page_targets::outcome::EventKind;
use put_user_page_targets::profiles::{Null, PROFILES, Profile};
use strum::VariantArray;

/// What a function brings.
fn of_function(function: Function) -> Option<Capability> {
    match function {
        Function::PutUserPage
        | Function::PutUserPages
        | Function::PutUserPagesDirty
        | Function::PutUserPagesDirtyLock
        | Function::UnpinUserPage
        | Function::UnpinUserPages
        | Function::UnpinUserPagesDirtyLock { .. }
        | Function::UnpinUserPageRangeDirtyLock { .. }
        | Function::UnpinFolio
        | Function::UnpinFolios
        | Function::UnpinUserFolio => None,
    }
}

/// What compound pages bring.
fn of_folio(folio: &FolioRecord) -> Option<Capability> {
    let FolioRecord { order: _, kind, dirty: _, locked: _, refs: _, repeat: _, from } = folio;
    match (kind, from) {
        (Kind::Anon | Kind::File, Source::Kernel) => None,
        // Of these the model has pages, and not what is mapped where.
        (
            Kind::Anon | Kind::File,
            Source::Anon | Source::Memfd | Source::Hugetlb | Source::File,
        ) => None,
        (Kind::Anon | Kind::File, Source::Zero | Source::HugeZero) => None,
    }
}

/// What a record brings.
fn of_record(record: &Record) -> Option<Capability> {
    match record {
        Record::Folio(folio) => of_folio(folio),
        Record::Entries(EntriesRecord {
            first: _,
            length: _,
            direction: _,
            backing: _,
            also: _,
        }) => None,
        // References are taken by the harness.
        Record::Acquire { earlier: _ } => None,
        Record::Call { function, earlier: _, first: _, length: _ }
        | Record::CallWithErrno { function, earlier: _, errno: _ } => of_function(*function),
        Record::Gap { frames: _ }
        | Record::Again { start: _, length: _, backing: _ }
        | Record::Clean { first: _, length: _ }
        | Record::Long => None,
    }
}

/// What a step of the program brings.
fn of_step(step: &Step) -> Option<Capability> {
    match step {
        Step::Fill { array: _, entries: _ }
        | Step::Acquire { array: _ }
        | Step::DropOwners
        | Step::Call { function: _, array: _, entries: _, errno: _ }
        | Step::Clean { folios: _ } => None,
    }
}

/// What is seen of an event.
fn of_event(event: EventKind) -> Option<Capability> {
    match event {
        EventKind::Wait
        | EventKind::Lock
        | EventKind::Unlock
        | EventKind::Dirty
        | EventKind::Free => None,
    }
}

/// What the rules of a kernel bring.
fn of_profile(profile: &Profile) -> Option<Capability> {
    let Profile {
        name: _,
        source: _,
        package_version: _,
        pins: _,
        zero_page: _,
        null,
        guards_errno: _,
        has_unpin: _,
        has_range: _,
        has_folios: _,
    } = profile;
    match null {
        Null::Dereferenced | Null::SkippedAtRunStart => None,
    }
}

/// What is observed.
fn of_observed(observes: Observes) -> Option<Capability> {
    let Observes { errors: _, stray_writes: _, events: _, node_pins: _ } = observes;
    None
}

/// Every record that bytes can hold: each tag and each flag.
fn records() -> Vec<Record> {
    let flags = (0..8).map(|bit| 1 << bit).chain([0]);
    let bytes =
        flags.flat_map(|flags| (0..=u8::MAX).map(move |tag| [tag, flags, 2, 0, 2, 0, 0, 0]));
    bytes.flat_map(|bytes| Case::decode(&bytes).records).collect()
}

#[test]
fn no_bug_waits_for_what_the_model_has() {
    let records = records();
    assert!(records.len() > 100);
    let mut has: BTreeSet<Capability> = records.iter().filter_map(of_record).collect();
    has.extend(Function::ALL.into_iter().filter_map(of_function));
    let steps = World::of(&Case { records }).steps;
    assert!(steps.iter().any(|step| matches!(step, Step::Clean { .. })));
    has.extend(steps.iter().chain([&Step::DropOwners]).filter_map(of_step));
    has.extend(EventKind::VARIANTS.iter().copied().filter_map(of_event));
    has.extend(of_observed(Observes::ALL));
    has.extend(PROFILES.iter().filter_map(of_profile));
    for waiting in WAITING {
        let lacks = waiting.needs.iter().any(|needs| !has.contains(needs));
        assert!(lacks, "{} can be stated now: add it to the bank", waiting.name);
    }
}
