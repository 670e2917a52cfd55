//! What this process sees of inputs: named states, bugs that they find, and
//! whether they diverge.

use pagediff_terminal::error::Stop;
use put_user_page_bugs::finder::Finder;
use put_user_page_bugs::{BUGS, Bug};
use put_user_page_targets::divergence::Divergence;
use put_user_page_targets::harness::{CheckError, Harness};
use put_user_page_targets::registry::{Check, Target, target};
use put_user_page_targets::states::{STATES, State, StateSet};

/// The target that a target's inputs are measured with: itself, but for `kernel`, whose inputs
/// are programs. A kernel is slow, and what it does besides is not the same each time.
pub(super) fn stands_for(of: &'static Target) -> &'static Target {
    match of.check {
        Check::Kernel => target("program").expect("there is a target for programs"),
        _ => of,
    }
}

/// The named states that each input reaches, or its divergence.
pub(crate) fn looks<'a>(
    target: &'static Target,
    inputs: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<Result<StateSet, Box<Divergence>>>, Stop> {
    let mut harness = Harness::new(stands_for(target))?;
    let look = |bytes: &[u8]| match harness.check(bytes) {
        Ok(checked) => Ok(Ok(checked.states)),
        Err(CheckError::Diverges(divergence)) => Ok(Err(divergence)),
        Err(CheckError::Broken(error)) => Err(error.into()),
    };
    inputs.into_iter().map(look).collect()
}

/// The numbers of states.
pub(crate) fn numbers(states: StateSet) -> Vec<u32> {
    let number = |state: &State| STATES.iter().position(|one| std::ptr::eq(one, state));
    states.iter().filter_map(number).map(|number| number as u32).collect()
}

/// The bugs of the bank that each input finds and no earlier one does, where earlier are
/// those of `first`, and then the smaller ones. One input is enough for each.
pub(super) fn bugs(target: &Target, inputs: &[&[u8]], first: &[usize]) -> Vec<Vec<u32>> {
    let mut found = vec![Vec::new(); inputs.len()];
    let mut rest: Vec<usize> = (0..inputs.len()).collect();
    rest.sort_by_key(|&input| inputs[input].len());
    let mut finder = finder(target);
    for &input in first.iter().chain(&rest) {
        if finder.missing().next().is_none() {
            break;
        }
        let bugs = finder.find(&Harness::case(target, inputs[input]));
        let number = |bug: &Bug| BUGS.iter().position(|one| std::ptr::eq(*one, bug));
        found[input].extend(bugs.into_iter().filter_map(number).map(|number| number as u32));
    }
    found
}

/// Looks for the bugs that a target's inputs can find.
pub(crate) fn finder(target: &Target) -> Finder {
    match target.check {
        Check::Decode => Finder::new(&[]),
        check => Finder::new(check.functions()),
    }
}

/// The named states that a target's inputs can reach.
pub(crate) fn findable_states(target: &Target) -> impl Iterator<Item = &'static State> {
    let functions = target.check.functions();
    STATES.iter().filter(move |state| state.needs.met_by(functions))
}
