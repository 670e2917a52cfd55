//! Answers of kernels and of candidates' processes as inputs of a fuzz target: read, and taken
//! through all that is done with them.

use std::borrow::Cow;

use put_user_page_case::Case;
use put_user_page_case::world::World;
use put_user_page_targets::answers::{Answering, Form, Input};
use put_user_page_targets::backend::{BackendError, Ran};
use put_user_page_targets::backends::naive;
use put_user_page_targets::harness::Harness;
use put_user_page_targets::outcome::Outcome;
use put_user_page_targets::registry::Target;
use put_user_page_targets::trial::Trial;

use crate::answer;
use crate::backend::OBSERVES;

/// The harness of the target: it needs no kernel.
///
/// # Errors
///
/// Never: it is what makes of the other targets return.
pub fn harness(target: &'static Target) -> Result<Harness, BackendError> {
    Ok(Harness::with_answers(target, read))
}

/// The backend that gives the answer of an input; `None` if it is no answer for this world.
fn read(input: Input<'_>, world: &World) -> Option<Answering> {
    let (Form::Kernel, bytes) = input.answer()? else {
        return Answering::as_process(input, world);
    };
    let mut outcome = Outcome::default();
    let ran = match answer::read(bytes, world, &mut outcome).ok()? {
        None => Ran::Outcome(Cow::Owned(outcome)),
        Some(skip) => Ran::Skipped(skip),
    };
    Some(Answering { name: "kernel", observes: OBSERVES, ran })
}

/// The largest input that is made of a scenario, in bytes.
const MAX_SEED: usize = 2048;

/// Inputs of what the reference makes of a case, in each form; none if they were too large.
pub fn seeds(case: &Case) -> Vec<(Form, Vec<u8>)> {
    let outcome = Trial::of(case, &mut naive()).expected().clone();
    let json = serde_json::to_vec(&outcome).expect("an outcome is JSON");
    let answers = [(Form::Kernel, answer::write(&outcome)), (Form::Process, json)];
    let seeds = answers.map(|(form, answer)| (form, Input::encode(case, form, &answer)));
    if seeds.iter().any(|(_, seed)| seed.len() > MAX_SEED) { Vec::new() } else { seeds.into() }
}

#[cfg(test)]
mod tests;
