//! The table: a row for each workload and function.

use crate::contender::CONTENDERS;
use crate::function::Function;
use crate::goal::Goal;
use crate::workload::Workload;

/// Nanoseconds an entry.
#[derive(Clone, Copy)]
pub(crate) struct Time {
    pub(crate) least: f64,
    pub(crate) median: f64,
}

impl Time {
    pub(crate) fn of(mut samples: Vec<f64>) -> Time {
        samples.sort_unstable_by(f64::total_cmp);
        Time { least: samples[0], median: samples[samples.len() / 2] }
    }
}

pub(crate) struct Row<'a> {
    pub(crate) workload: &'a Workload,
    pub(crate) function: Function,
    /// Of each contender, in their order.
    pub(crate) times: [Time; CONTENDERS.len()],
}

pub(crate) fn head() {
    println!("Nanoseconds an entry, least and median of the rounds; the ratio is of the least.\n");
    println!(
        "{:28} {:26}{:>16}{:>16}{:>16}{:>16}   ratio, goal",
        "workload", "function", "per_entry", "per_run", "limit", "ours"
    );
}

impl Row<'_> {
    fn goal(&self) -> Goal {
        Goal::of(self.workload, self.function)
    }

    /// The time of whom the goal names, divided by ours.
    fn ratio(&self) -> f64 {
        let [per_entry, per_run, limit, ours] = self.times.map(|time| time.least);
        match self.goal() {
            Goal::OfPeers(_) => per_entry.min(per_run) / ours,
            Goal::OfLimit(_) => limit / ours,
        }
    }

    pub(crate) fn meets_its_goal(&self) -> bool {
        let (Goal::OfPeers(least) | Goal::OfLimit(least)) = self.goal();
        self.ratio() >= least
    }

    pub(crate) fn print(&self) {
        print!("{:28} {:26}", self.workload.name, self.function.name());
        for Time { least, median } in self.times {
            print!("{least:>8.2}{median:>8.2}");
        }
        let missed = if self.meets_its_goal() { "" } else { "  missed" };
        println!("   {:>5.2}, {}{missed}", self.ratio(), self.goal());
    }
}
