//! Bugs as backends.

use put_user_page::PageRef;
use put_user_page_case::Function;
use put_user_page_targets::backend::BackendError;
use put_user_page_targets::backends::{InProcess, PageMap, Recorder, Release};
use put_user_page_targets::harness::Harness;
use put_user_page_targets::profiles::Profile;
use put_user_page_targets::registry::Target;

use crate::base::{Call, NULLS};
use crate::{Bug, Run, bug};

/// Names the bug that an entry point of the bank has.
pub const BUG_VARIABLE: &str = "PUT_USER_PAGE_BUG";

/// An implementation that has a bug, or none.
#[derive(Debug)]
pub struct Faulty {
    bug: Option<&'static Bug>,
    /// What the bug keeps from one call of a case to the next.
    kept: Vec<PageRef<'static>>,
}

/// A backend that has a bug.
pub type FaultyBackend = InProcess<PageMap<Faulty>>;

/// The bug as the backend of its name; with no bug it does what the reference does.
pub fn backend(bug: Option<&'static Bug>) -> FaultyBackend {
    let name = bug.map_or("no-bug", |bug| bug.name);
    let profile = Profile::newest();
    let machine = PageMap::new(Faulty { bug, kept: Vec::new() }, profile);
    let mut backend = InProcess::new(name, machine, profile);
    backend.takes_nulls = true;
    backend
}

/// Lets a backend have another bug, with the memory that it has.
pub(crate) fn become_bug(backend: &mut FaultyBackend, bug: &'static Bug) {
    bug.name.clone_into(&mut backend.name);
    backend.machine.implementation_mut().bug = Some(bug);
}

/// The target's harness for entry points: it holds the bug that [`BUG_VARIABLE`] names against
/// the reference.
///
/// # Errors
///
/// It names none.
pub fn harness(target: &'static Target) -> Result<Harness, BackendError> {
    let name = std::env::var(BUG_VARIABLE).unwrap_or_default();
    match bug(&name) {
        Some(bug) => Ok(Harness::with_backends(target, vec![Box::new(backend(Some(bug)))])),
        None => Err(BackendError::new(
            format!("{BUG_VARIABLE} names no bug of the bank: `{name}`"),
            "`pagediff bugs` lists them",
        )),
    }
}

impl Faulty {
    /// Whether calls of a function go through the code with the bug.
    fn has_bug(&self, function: Function) -> bool {
        self.bug.is_some_and(|bug| bug.can_show_in(&[function]))
    }

    /// Forgets what was kept in the case before.
    fn start_call(&mut self, recorder: &Recorder) {
        if recorder.call() == 0 {
            self.kept.clear();
        }
    }
}

impl Release for Faulty {
    fn release(
        &mut self,
        function: Function,
        pages: &[PageRef<'static>],
        recorder: &Recorder,
    ) -> Option<usize> {
        self.start_call(recorder);
        let call = Call::new(function, pages, recorder);
        // What has no mistake in it is what ships.
        match self.bug.map(|bug| &bug.run) {
            Some(Run::Unpins(unpins)) if self.has_bug(function) => unpins.run(&call),
            None | Some(Run::Unpins(_) | Run::Nulls(_)) => call.release(pages),
            Some(_) if function.unpins() => call.release(pages),
            Some(Run::Entries(steps)) => steps.run(&call),
            Some(Run::Runs(runs)) => runs.run(&call),
            Some(Run::Hooks(hooks)) => hooks.run(&call),
            Some(Run::Whole(run)) => run(&call, &mut self.kept),
        }
    }

    fn release_nulls(
        &mut self,
        function: Function,
        pages: impl ExactSizeIterator<Item = Option<PageRef<'static>>>,
        errno: Option<u8>,
        recorder: &Recorder,
    ) -> Option<usize> {
        self.start_call(recorder);
        let nulls = match self.bug.map(|bug| &bug.run) {
            Some(Run::Nulls(nulls)) => nulls,
            _ => &NULLS,
        };
        match errno {
            Some(_) => (!(nulls.guards)(function)).then_some(0),
            None => nulls.run(function, &pages.collect::<Vec<_>>(), recorder),
        }
    }
}
