//! Answers of kernels and of candidates' processes as inputs of a fuzz target: read, and taken
//! through all that is done with them.

use std::borrow::Cow;

use put_user_page_case::Case;
use put_user_page_case::world::World;
use put_user_page_targets::answers::{Answering, Form, Input, take_through};
use put_user_page_targets::backend::Ran;
use put_user_page_targets::backends::{Reference, naive};
use put_user_page_targets::divergence::Divergence;
use put_user_page_targets::outcome::Outcome;
use put_user_page_targets::trial::Trial;

use crate::answer;
use crate::backend::OBSERVES;

/// Reads the answer of an input, and takes it through all that is done with one. Returns what
/// differs.
///
/// # Panics
///
/// There is a bug: nobody outside may make this process panic.
pub fn check(bytes: &[u8], reference: &mut Reference) -> Option<Box<Divergence>> {
    let input = Input::of(bytes);
    let trial = Trial::of(&Case::decode(input.case), reference);
    let answering = read(input, trial.world())?;
    take_through(&trial, answering, reference)
}

/// The backend that gives the answer of an input; `None` if it is no answer for this world.
fn read(input: Input<'_>, world: &World) -> Option<Answering> {
    if input.form == Form::Process {
        return Answering::as_process(input.answer);
    }
    let mut outcome = Outcome::default();
    let ran = match answer::read(input.answer, world, &mut outcome).ok()? {
        None => Ran::Outcome(Cow::Owned(outcome)),
        Some(skip) => Ran::Skipped(skip),
    };
    Some(Answering { name: "kernel", observes: OBSERVES, ran })
}

/// The largest input that is made of a scenario, in bytes.
const MAX_SEED: usize = 2048;

/// Inputs of what the reference makes of a case, in each form; none if they were too large.
pub fn seeds(case: &Case) -> Vec<(Form, Vec<u8>)> {
    if case.records.len() > usize::from(u8::MAX) {
        return Vec::new();
    }
    let outcome = Trial::of(case, &mut naive()).expected().clone();
    let json = serde_json::to_vec(&outcome).expect("an outcome is JSON");
    let forms = [(Form::Kernel, answer::write(&outcome)), (Form::Process, json)];
    let seeds = forms.map(|(form, answer)| (form, Input::encode(form, case, &answer)));
    if seeds.iter().any(|(_, seed)| seed.len() > MAX_SEED) { Vec::new() } else { seeds.into() }
}

#[cfg(test)]
mod tests;
