//! Changes of cases, record by record, for engines that let a target change its own inputs.

use std::cell::RefCell;

use fastrand::Rng;
use put_user_page_case::{Case, RECORD_SIZE, Record};
use put_user_page_targets::answers::Input;
use put_user_page_targets::generator;

thread_local! {
    /// The case that is changed, in memory that is kept.
    static CASE: RefCell<Case> = RefCell::default();
}

/// Changes a case in place: adds, drops, doubles, moves or redraws a record. An answer behind it
/// stays. `data` holds the input in its first `size` bytes, and has room for `data.len()`; returns the new size,
/// at most `max_size`. Of this, no memory is allocated once warm.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, rng: &mut Rng) -> usize {
    let before = Input::of(&data[..size]).case.len();
    let answer = size - before;
    let room = max_size.min(data.len()).saturating_sub(answer) / RECORD_SIZE;
    CASE.with_borrow_mut(|case| {
        case.decode_from(&data[..before]);
        change(&mut case.records, rng);
        case.records.truncate(room);
        let after = case.records.len() * RECORD_SIZE;
        // The answer first: the case may grow over it.
        data.copy_within(before..size, after);
        case.encode_to(&mut data[..after]);
        after + answer
    })
}

fn change(records: &mut Vec<Record>, rng: &mut Rng) {
    for _ in 0..rng.u8(1..=3) {
        let at = rng.usize(..=records.len());
        let other = rng.usize(..records.len().max(1));
        match rng.u8(..5) {
            _ if records.is_empty() => records.push(generator::record(rng)),
            0 => records.insert(at, generator::record(rng)),
            1 => drop(records.remove(other)),
            2 => records.insert(at, records[other]),
            3 => {
                let to = rng.usize(..records.len());
                records.swap(other, to);
            }
            _ => records[other] = generator::record(rng),
        }
    }
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use put_user_page_targets::answers::{Form, Input};

    use super::mutate;

    #[test]
    fn changed_cases_stay_within_their_room() {
        let mut rng = Rng::with_seed(7);
        let mut data = [0; 100];
        let mut size = 0;
        for _ in 0..2_000 {
            size = mutate(&mut data, size, 90, &mut rng);
            assert!(size <= 90 && size % 8 == 0);
        }
    }

    #[test]
    fn an_answer_stays_behind_its_case() {
        let mut rng = Rng::with_seed(8);
        let answer = [&Form::Kernel.marker()[..], b"an answer"].concat();
        let mut data = [0; 100];
        data[..answer.len()].copy_from_slice(&answer);
        let mut size = answer.len();
        for _ in 0..2_000 {
            size = mutate(&mut data, size, 90, &mut rng);
            assert!(size <= 90);
            assert_eq!(Input::of(&data[..size]).answer, answer);
        }
    }
}
