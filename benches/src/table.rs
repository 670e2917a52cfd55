//! The table: a row for each workload and function.

use crate::contender::Contender;
use crate::function::Function;
use crate::goal::Goal;
use crate::measure::{ByContender, Time};
use crate::workload::Workload;

/// A function on a workload.
#[derive(Debug)]
pub struct Row<'a> {
    /// What was released.
    pub workload: &'a Workload,
    /// By which function.
    pub function: Function,
    /// How fast.
    pub times: ByContender<Time>,
}

/// Prints what the columns are.
pub fn print_head() {
    println!("Nanoseconds an entry, least and median of the rounds; the ratio is of the least.\n");
    print!("{:28} {:26}", "workload", "function");
    for contender in Contender::ALL {
        print!("{:>16}", contender.name());
    }
    println!("   ratio, goal");
}

impl Row<'_> {
    /// What the library is to reach here.
    pub fn goal(&self) -> Goal {
        Goal::of(self.workload, self.function)
    }

    /// Prints the row.
    pub fn print(&self) {
        print!("{:28} {:26}", self.workload.name, self.function.name());
        for Time { least, median } in self.times {
            print!("{least:>8.2}{median:>8.2}");
        }
        let goal = self.goal();
        let missed = if goal.is_met(&self.times) { "" } else { "  missed" };
        println!("   {:>5.2}, {goal}{missed}", goal.ratio(&self.times));
    }
}
