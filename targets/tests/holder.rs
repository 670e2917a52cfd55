//! The fast implementation as it ships, waiting for page locks: committed cases in which another
//! thread holds locks, and gives back those that a call waits for.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use put_user_page::{PageRef, ReleaseError, put_user_pages, put_user_pages_dirty_lock};
use put_user_page_case::{Case, Function};
use put_user_page_targets::backend::{Events, Observes};
use put_user_page_targets::backends::{InProcess, PageMap, Recorder, Release, naive};
use put_user_page_targets::outcome::EventKind;
use put_user_page_targets::profiles::Profile;
use put_user_page_targets::trial::{Trial, Verdict};

/// put_user_pages_dirty_lock() with `()`, and a thread that unlocks the pages it waits for.
struct WithHolder;

impl Release for WithHolder {
    const TELLS: bool = false;

    fn release(
        &mut self,
        function: Function,
        pages: &[PageRef<'static>],
        _recorder: &Recorder,
    ) -> Option<usize> {
        let result = match function {
            Function::PutUserPagesDirtyLock => under_locks(pages),
            _ => put_user_pages(pages, &()),
        };
        result.err().map(|error| error.entry)
    }
}

fn under_locks(pages: &[PageRef<'static>]) -> Result<(), ReleaseError> {
    // A page that is dirty already is not waited for.
    let is_waited_for = |head: &PageRef<'_>| head.is_locked() && !head.is_dirty();
    let mut held: Vec<_> = pages.iter().map(|page| page.compound_head()).collect();
    held.sort();
    held.dedup();
    held.retain(is_waited_for);
    assert!(!held.is_empty(), "nothing is waited for");
    let returned = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            // Late enough for the call to find the first of them locked, as a rule; each after
            // the other.
            for head in held {
                thread::sleep(std::time::Duration::from_millis(2));
                assert!(!returned.load(Ordering::Acquire), "it did not wait for the lock");
                head.unlock();
            }
        });
        let result = put_user_pages_dirty_lock(pages, &());
        returned.store(true, Ordering::Release);
        result
    })
}

#[test]
fn the_functions_as_they_ship_wait_for_page_locks() {
    let scenarios =
        ["waits-for-the-page-lock", "waits-once-for-a-run", "file-mapping-locked-by-writeback"];
    for name in scenarios {
        let path = format!("../corpus/scenarios/{name}.case");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let case = Case::from_text(&std::fs::read_to_string(path).unwrap()).unwrap();
        let trial = Trial::of(&case, &mut naive());
        let waits = trial.expected().events.iter().filter(|event| event.kind == EventKind::Wait);
        assert!(waits.count() > 0, "{name} waits for nothing");
        let profile = Profile::newest();
        let machine = PageMap::new(WithHolder, profile);
        let mut backend = InProcess::new("with-holder", machine, profile);
        backend.observes = Observes { events: Events::None, ..Observes::ALL };
        let verdict = trial.run_on(&mut backend, &mut naive()).unwrap();
        assert!(matches!(verdict, Verdict::Same), "{name}: {verdict:?}");
    }
}
