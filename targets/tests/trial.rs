//! Trials on backends that do not answer as they should, and on two threads at once.

use std::borrow::Cow;

use put_user_page_case::world::World;
use put_user_page_case::{Case, Function};
use put_user_page_targets::backend::{
    Backend, BackendError, Class, Failure, HowFailed, Job, Observes, Ran, Skip,
};
use put_user_page_targets::backends::{Candidate, naive};
use put_user_page_targets::divergence::{Call, Divergence};
use put_user_page_targets::findings::Signature;
use put_user_page_targets::oracle::{
    Difference, Field, PageField, Sides, Subject, function_of_call,
};
use put_user_page_targets::outcome::{FolioState, Outcome, Pinned, StrayWrite};
use put_user_page_targets::profiles::Profile;
use put_user_page_targets::report::Report;
use put_user_page_targets::trial::{Trial, Verdict};

/// Of each case, what this tells came of it.
struct Told<F> {
    name: &'static str,
    tell: F,
}

impl<F: FnMut(&Job<'_>) -> Ran<'static>> Backend for Told<F> {
    fn name(&self) -> &str {
        self.name
    }

    fn observes(&self) -> Observes {
        Observes::ALL
    }

    fn skips(&self, _world: &World, _class: Class) -> Option<Skip> {
        None
    }

    fn run(
        &mut self,
        jobs: &[Job<'_>],
        deliver: &mut dyn FnMut(usize, Ran<'_>),
    ) -> Result<(), BackendError> {
        for (index, job) in jobs.iter().enumerate() {
            deliver(index, (self.tell)(job));
        }
        Ok(())
    }
}

/// Gives the pages of a mapping another order each time that it runs, as a kernel may, and
/// loses a reference of the last. The orders are taken from the end.
fn fickle(mut orders: Vec<u8>) -> impl Backend {
    let tell = move |job: &Job<'_>| {
        let order = orders.pop().expect("it runs as often as there are orders");
        let mut world = World::of(&job.case.with_orders(&[order]));
        world.steps.truncate(job.world.steps.len());
        let mut outcome: Outcome = naive().run_world(&world, Some(job.class)).clone();
        outcome.orders = vec![order];
        if let Some(FolioState::Live { refcount, .. }) = outcome.folios.last_mut() {
            *refcount -= 1;
        }
        Ran::Outcome(Cow::Owned(outcome))
    };
    Told { name: "fickle", tell }
}

#[test]
fn what_differs_is_told_in_the_world_that_it_was_found_in() {
    let text = "folio a order=3 from=anon repeat=4\nentries @[0..32]\n\
                put_user_pages slice=0..1\nput_user_pages slice=1..32\n";
    let trial = Trial::of(&Case::from_text(text).unwrap(), &mut naive());
    // Four compound pages when all of it runs, and 32 when it is cut after a call.
    let mut backend = fickle(vec![0, 3]);
    let verdict = trial.run_on(&mut backend, &mut naive()).unwrap();
    let Verdict::Differs(divergence) = verdict else { panic!("{verdict:?}") };
    assert_eq!(divergence.world.folios.len(), 32);
    let report = Report::of(&divergence);
    assert_eq!(report.subjects[0].subject, "page a[31], order 0, anon, frame 31");
    assert_eq!(
        Signature::of(&divergence).to_string(),
        "fickle-put_user_pages-refcount-low-unnamed"
    );
}

/// How a case with this program differs where this is told of what the reference does.
fn told(program: &str, told: fn(Outcome) -> Ran<'static>) -> Divergence {
    let text = format!("folio a kind=file refs=2\nentries a\n{program}");
    let trial = Trial::of(&Case::from_text(&text).unwrap(), &mut naive());
    let tell = |job: &Job<'_>| told(naive().run_world(job.world, Some(job.class)).clone());
    match trial.run_on(&mut Told { name: "told", tell }, &mut naive()).unwrap() {
        Verdict::Differs(divergence) => *divergence,
        verdict => panic!("{verdict:?}"),
    }
}

/// One reference too few, and no page is dirty.
fn one_reference_and_no_mark(mut outcome: Outcome) -> Ran<'static> {
    for state in &mut outcome.folios {
        if let FolioState::Live { refcount, dirty, .. } = state {
            (*refcount, *dirty) = (*refcount - 1, false);
        }
    }
    Ran::Outcome(Cow::Owned(outcome))
}

#[test]
fn what_differs_is_that_after_the_first_call_that_shows_it() {
    let refcount = Field::Refcount(Sides { reference: Some(2), backend: Some(1) });
    let dirty = Field::Dirty(Sides { reference: Some(true), backend: Some(false) });
    let call = |number, step| Some(Call { number, step });
    let fields = |divergence: &Divergence| -> Vec<Field> {
        divergence.differences.iter().map(|difference| difference.field.clone()).collect()
    };
    // Steps 0 and 1 fill the array and drop the owners' references.
    let last = told("put_user_pages_dirty\n", one_reference_and_no_mark);
    assert_eq!((last.call, fields(&last)), (call(0, 2), vec![dirty.clone(), refcount.clone()]));
    // In the end nothing is dirty, written back by somebody else.
    let written_back = told("put_user_pages_dirty\nclean a\n", one_reference_and_no_mark);
    assert_eq!((written_back.call, fields(&written_back)), (call(0, 2), vec![dirty, refcount]));
    let two = told("acquire\nput_user_pages\nput_user_pages\n", |mut outcome| {
        outcome.errors.iter_mut().skip(1).for_each(|error| *error = Some(0));
        Ran::Outcome(Cow::Owned(outcome))
    });
    let stopped = Field::StoppedAt(Sides { reference: Some(None), backend: Some(Some(0)) });
    assert_eq!((two.call, fields(&two)), (call(1, 4), vec![stopped]));
}

#[test]
fn a_page_that_is_pinned_after_a_call_is_told_if_nothing_else_differs() {
    let kept = told("put_user_pages\n", |mut outcome| {
        outcome.pinned.push(Pinned { call: 0, folio: 0 });
        Ran::Outcome(Cow::Owned(outcome))
    });
    let field = Field::PinnedAfter { call: 0, reference: false, backend: true };
    assert_eq!(kept.differences, [Difference { subject: Subject::Folio(0), field }]);
}

#[test]
fn an_array_of_another_length_is_told_if_nothing_else_differs() {
    let shorter = told("put_user_pages\n", |mut outcome| {
        outcome.acquired[0] = 0;
        Ran::Outcome(Cow::Owned(outcome))
    });
    let field = Field::Length(Sides { reference: Some(1), backend: Some(0) });
    assert_eq!(shorter.differences, [Difference { subject: Subject::Acquire(0), field }]);
}

#[test]
fn a_stray_write_is_told_by_its_field_and_the_page_that_it_is_to() {
    let written = told("put_user_pages\n", |mut outcome| {
        let write = |word| StrayWrite { frame: 0, word, expected: 0, found: u64::MAX };
        outcome.stray_writes.extend((0..8).map(write));
        let behind = StrayWrite { frame: 9, word: 4, expected: 1, found: 2 };
        outcome.stray_writes.push(behind);
        Ran::Outcome(Cow::Owned(outcome))
    });
    let (word, half) = (u64::MAX, u64::from(u32::MAX));
    let fields = [
        (PageField::Flags, word),
        (PageField::CompoundHead, word),
        (PageField::OrderAndMapcount, word),
        (PageField::Mapping, word),
        (PageField::Index, word),
        (PageField::Private, word),
        (PageField::Mapcount, half),
        (PageField::Refcount, half),
        (PageField::MemcgData, word),
    ];
    let mut expected: Vec<Difference> = fields
        .map(|(written, backend)| Difference {
            subject: Subject::Folio(0),
            field: Field::StrayWrite { written, reference: 0, backend },
        })
        .into();
    let field = Field::StrayWrite { written: PageField::Index, reference: 1, backend: 2 };
    expected.push(Difference { subject: Subject::Frame(9), field });
    assert_eq!(written.differences, expected);
}

#[test]
fn a_write_to_a_tail_is_no_write_to_its_head() {
    let case = Case::from_text("folio a order=1\nentries a\nput_user_pages\n").unwrap();
    let trial = Trial::of(&case, &mut naive());
    let tell = |job: &Job<'_>| {
        let mut outcome: Outcome = naive().run_world(job.world, Some(job.class)).clone();
        outcome.stray_writes.push(StrayWrite { frame: 1, word: 4, expected: 0, found: 1 });
        Ran::Outcome(Cow::Owned(outcome))
    };
    let verdict = trial.run_on(&mut Told { name: "told", tell }, &mut naive()).unwrap();
    let Verdict::Differs(divergence) = verdict else { panic!("{verdict:?}") };
    assert_eq!(divergence.differences[0].subject, Subject::Frame(1));
    assert_eq!(*trial.case(), case);
    let functions = [0, 1].map(|call| function_of_call(&divergence.world, call));
    assert_eq!(functions, [Some(Function::PutUserPages), None]);
}

#[test]
fn what_a_kernel_logged_is_told() {
    let crashed = told("put_user_pages\n", |_| {
        let how = HowFailed::Crashed("it crashed".to_owned());
        Ran::Failed(Failure { log: "Oops".to_owned(), ..Failure::from(how) })
    });
    assert_eq!(crashed.log, "Oops");
}

#[test]
fn what_a_program_of_one_call_shows_is_not_run_again() {
    let text = "folio a order=3 from=anon repeat=4\nentries @[0..32]\nput_user_pages\n";
    let trial = Trial::of(&Case::from_text(text).unwrap(), &mut naive());
    // There is no order for a second run, which would panic.
    let verdict = trial.run_on(&mut fickle(vec![3]), &mut naive()).unwrap();
    assert!(matches!(verdict, Verdict::Differs(_)), "{verdict:?}");
}

#[test]
fn candidates_on_several_threads_do_not_meet() {
    let text = "folio a order=2 kind=file\nentries a[0..4]*9\nput_user_pages_dirty_lock\n";
    let text = text.replace("a[0..4]*9", &"a[0..4] ".repeat(9));
    let run = || {
        let mut backend = Candidate::built_in().into_backend("candidate", Profile::newest());
        let trial = Trial::of(&Case::from_text(&text).unwrap(), &mut naive());
        for _ in 0..3000 {
            let verdict = trial.run_on(&mut backend, &mut naive()).unwrap();
            assert!(matches!(verdict, Verdict::Same), "{verdict:?}");
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(run);
        }
    });
}
