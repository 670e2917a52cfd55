//! What is changed from one run of the inputs to the next.

use fastrand::Rng;

use crate::corpus::measure::Surroundings;

/// What inputs are run in, and in which order.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) name: &'static str,
    /// What it is, in the docs' words.
    pub(super) what: &'static str,
    order: Order,
    memory: Memory,
}

/// In which order the inputs come.
#[derive(Clone, Copy, Debug)]
enum Order {
    AsNamed,
    Reversed,
    Shuffled,
}

/// Where a process finds its memory, and what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Memory {
    /// At addresses that the system draws for each process.
    AsUsual,
    /// At the same addresses each time.
    Fixed,
    /// Elsewhere, and not zero when it is new.
    Other,
}

/// What the others are held against.
const FIRST: Setting = Setting {
    name: "first",
    what: "in the order of their names",
    order: Order::AsNamed,
    memory: Memory::AsUsual,
};

/// All settings, each with what it changes of the first.
const SETTINGS: [Setting; 6] = [
    FIRST,
    Setting {
        name: "again",
        what: "the same again, at other addresses: the system draws some for each process",
        ..FIRST
    },
    Setting {
        name: "fixed",
        what: "at the addresses that a process has if none are drawn",
        memory: Memory::Fixed,
        ..FIRST
    },
    Setting {
        name: "heap",
        what: "stack and heap elsewhere, and no new or freed memory left as it was",
        memory: Memory::Other,
        ..FIRST
    },
    Setting {
        name: "reversed",
        what: "in reversed order, so that others came before",
        order: Order::Reversed,
        ..FIRST
    },
    Setting {
        name: "shuffled",
        what: "in an order that is drawn, the same each time",
        order: Order::Shuffled,
        ..FIRST
    },
];

/// The settings that there can be here: in some containers, a process always gets its addresses
/// drawn.
pub(super) fn settings() -> Vec<&'static Setting> {
    let mut settings: Vec<&Setting> = SETTINGS.iter().collect();
    if !Surroundings::can_fix_addresses() {
        eprintln!("note: without `setarch --addr-no-randomize`, addresses are never fixed");
        settings.retain(|setting| setting.memory != Memory::Fixed);
    }
    settings
}

impl Setting {
    /// So many inputs by their numbers, in the order in which they are run.
    pub(super) fn order(&self, inputs: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..inputs).collect();
        match self.order {
            Order::AsNamed => {}
            Order::Reversed => order.reverse(),
            Order::Shuffled => Rng::with_seed(0).shuffle(&mut order),
        }
        order
    }

    /// Whether it says anything of this process, whose memory is as it is.
    pub(super) fn is_for_this_process(&self) -> bool {
        self.memory == Memory::AsUsual
    }

    /// What programs are run in.
    pub(super) fn surroundings(&self) -> Surroundings {
        // As large as one variable can be, and a page more would not be taken.
        let much = "x".repeat(100_000);
        let environment = match self.memory {
            Memory::AsUsual | Memory::Fixed => Vec::new(),
            // The others are for the C library's allocator, which is Rust's too.
            Memory::Other => vec![
                ("PUT_USER_PAGE_MOVES_THE_STACK", much.into()),
                ("MALLOC_PERTURB_", "165".into()),
                ("MALLOC_MMAP_THRESHOLD_", "4096".into()),
            ],
        };
        Surroundings { has_fixed_addresses: self.memory == Memory::Fixed, environment }
    }
}
