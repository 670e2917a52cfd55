//! How fast the library is to be.

use std::fmt;

use crate::contender::Contender;
use crate::function::Function;
use crate::measure::{ByContender, Time};
use crate::workload::{Order, Size, Workload};

/// At least so many times as fast.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    /// As the better of `per_entry` and `per_run`.
    OfPeers(f64),
    /// As `limit`.
    OfLimit(f64),
}

impl Goal {
    /// What this function is to reach there.
    pub fn of(workload: &Workload, function: Function) -> Goal {
        use Goal::{OfLimit, OfPeers};
        let many = function == Function::Many;
        let alone = !workload.threads;
        match (workload.order, workload.size) {
            (Order::All(0), Size::Hot) if many && alone => OfLimit(0.97),
            (Order::All(0), Size::Hot) if function == Function::DirtyLock && alone => OfPeers(1.3),
            (Order::Random, _) if many => OfPeers(1.4),
            (Order::Random, _) if function == Function::Dirty => OfLimit(0.9),
            (Order::All(2 | 3), _) | (Order::Mixed, _) if many => OfPeers(1.0),
            (Order::All(4), Size::Million) if many => OfPeers(2.0),
            (Order::All(9), Size::Hot) if many => OfPeers(6.0),
            (Order::All(9), Size::Million) if many => OfPeers(11.0),
            _ => OfPeers(0.97),
        }
    }

    /// The least time of the better peer, divided by ours.
    pub fn ratio_to_peers(times: &ByContender<Time>) -> f64 {
        Goal::OfPeers(1.0).ratio(times)
    }

    /// The least time of whom it names, divided by ours.
    pub fn ratio(self, times: &ByContender<Time>) -> f64 {
        let time = |contender: Contender| times[contender as usize].least;
        let other = match self {
            Goal::OfPeers(_) => time(Contender::PerEntry).min(time(Contender::PerRun)),
            Goal::OfLimit(_) => time(Contender::Limit),
        };
        other / time(Contender::Ours)
    }

    /// Whether the library reached it.
    pub fn is_met(self, times: &ByContender<Time>) -> bool {
        let (Goal::OfPeers(least) | Goal::OfLimit(least)) = self;
        self.ratio(times) >= least
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Goal::OfPeers(least) => write!(formatter, "{least} of the better peer"),
            Goal::OfLimit(least) => write!(formatter, "{least} of limit"),
        }
    }
}
