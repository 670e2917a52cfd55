//! The bank: which functions a bug shows in, and that is looked for in no others.

mod common;

use std::collections::BTreeSet;

use common::{fields, written_scenarios};
use put_user_page_bugs::finder::Finder;
use put_user_page_bugs::{BUGS, Bug, Run, Scale};
use put_user_page_case::Function;

#[test]
fn only_bugs_that_calls_can_show_are_looked_for() {
    for function in Function::ALL {
        let mut cases = written_scenarios();
        cases.iter_mut().for_each(|case| case.call_only(function));
        // Bugs of releasing references have no code for pins, nor the reverse.
        let of_its_kind =
            |bug: &&&Bug| matches!(bug.run, Run::Unpins(_) | Run::Nulls(_)) == function.unpins();
        for bug in BUGS.iter().filter(of_its_kind).filter(|bug| !bug.can_show_in(&[function])) {
            assert_eq!(fields(Some(bug), &cases), BTreeSet::new(), "{}", bug.name);
        }
        let mut finder = Finder::new(&[function]);
        let expected =
            BUGS.iter().filter(|bug| bug.can_show_in(&[function]) && bug.scale != Scale::Long);
        assert_eq!(finder.missing().count(), expected.count());
        cases.iter().for_each(|case| drop(finder.find(case)));
        let missing: Vec<&str> = finder.missing().map(|bug| bug.name).collect();
        assert_eq!(missing, [""; 0], "{}", function.name());
    }
}
