//! Shapes, and the cases of each by their numbers.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::Case;
use put_user_page_record::{
    Backing, Direction, EntriesRecord, FolioRecord, Function, Kind, Record, Source,
};

/// What the functions of a case release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Released {
    /// References, by the functions of 2018.
    References,
    /// Pins, by those that came after.
    Pins,
}

impl Released {
    /// The functions that release it.
    pub const fn functions(self) -> &'static [Function] {
        match self {
            Released::References => &Function::PUT,
            Released::Pins => Function::UNPIN,
        }
    }
}

/// The state of a compound page when the first call begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PageState {
    /// Its references, but for those of pins: those that entries took, and all others.
    pub references: u16,
    /// Its pins, each of an entry; none where references are released.
    pub pins: u16,
    /// What it holds.
    pub in_file: bool,
    /// Whether it is marked dirty.
    pub dirty: bool,
    /// Whether somebody holds its lock, and with it one of the references.
    pub locked: bool,
}

/// Cases that differ in states of pages and in functions alone.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The order of each compound page, as they lie in the memory map.
    pub orders: Vec<u8>,
    /// For each call, the array that it is on: numbers of pages.
    pub arrays: Vec<Vec<u8>>,
    /// For each compound page, the states that it is tried in.
    pub states: Vec<Vec<PageState>>,
    /// What each call releases, by each of the functions that do.
    pub released: Released,
}

impl Shape {
    /// How many cases it has.
    pub fn cases(&self) -> u64 {
        let states: u64 = self.states.iter().map(|states| states.len() as u64).product();
        states * (self.released.functions().len() as u64).pow(self.arrays.len() as u32)
    }

    /// How many pages all compound pages have together.
    pub fn pages(&self) -> usize {
        self.orders.iter().map(|order| 1 << order).sum()
    }

    /// How many entries all arrays have together.
    pub fn entries(&self) -> usize {
        self.arrays.iter().map(Vec::len).sum()
    }

    /// The number of the compound page that a page is of.
    pub(super) fn compound_page(&self, page: u8) -> usize {
        compound_page(&self.orders, page)
    }

    /// Becomes the case with this number, in the memory that `case` has.
    fn write(&self, mut number: u64, case: &mut Case) {
        let mut digit = |radix: usize| {
            let digit = number % radix as u64;
            number /= radix as u64;
            digit as usize
        };
        let records = &mut case.records;
        records.clear();
        let calls = self.arrays.len();
        let of_call = self.released.functions();
        let functions = digit(of_call.len().pow(calls as u32));
        // How many of a compound page's entries are still to take a reference, or a pin.
        let mut to_take = [0_u16; MAX_PAGES];
        for (number, (&order, states)) in self.orders.iter().zip(&self.states).enumerate() {
            let state = states[digit(states.len())];
            let others = self.others(number, state);
            to_take[number] = state.references - others + state.pins;
            records.push(Record::Folio(FolioRecord {
                order,
                kind: if state.in_file { Kind::File } else { Kind::Anon },
                dirty: state.dirty,
                locked: state.locked,
                refs: i32::from(others),
                repeat: 1,
                from: Source::Kernel,
            }));
        }
        for array in &self.arrays {
            for (index, &page) in array.iter().enumerate() {
                let left = &mut to_take[self.compound_page(page)];
                let backing = match self.released {
                    _ if *left == 0 => Backing::Unbacked,
                    Released::References => Backing::Got,
                    Released::Pins => Backing::Pinned,
                };
                *left = left.saturating_sub(1);
                records.push(Record::Entries(EntriesRecord {
                    first: u16::from(page),
                    length: 1,
                    direction: Direction::Up,
                    backing,
                    also: index > 0,
                }));
            }
        }
        for call in 0..calls {
            let function = of_call[functions / of_call.len().pow(call as u32) % of_call.len()];
            let earlier = (calls - 1 - call) as u16;
            records.push(Record::Call { function, earlier, first: 0, length: 0 });
        }
    }

    /// How many of a compound page's references no entry takes.
    fn others(&self, number: usize, state: PageState) -> u16 {
        if self.released == Released::Pins {
            return state.references;
        }
        let named = self.arrays.iter().flatten();
        let named = named.filter(|page| self.compound_page(**page) == number).count() as u16;
        state.references.saturating_sub(named).max(u16::from(state.locked))
    }
}

/// Pages, and so compound pages, that a shape has at most.
pub(super) const MAX_PAGES: usize = 32;

/// The number of the compound page that a page is of.
pub(super) fn compound_page(orders: &[u8], page: u8) -> usize {
    let mut end = 0;
    let ends = orders.iter().map(|order| {
        end += 1 << order;
        end
    });
    ends.take_while(|end: &usize| *end <= usize::from(page)).count()
}

/// A list of shapes, and the cases of all of them by their numbers.
#[derive(Clone, Debug, Default)]
pub struct Shapes {
    shapes: Vec<Shape>,
    /// For each shape, the number of the case after its last.
    ends: Vec<u64>,
}

impl Shapes {
    /// These shapes: those with fewer entries come first, and of those, those with fewer pages.
    pub fn new(mut shapes: Vec<Shape>) -> Shapes {
        shapes.sort_by_key(|shape| (shape.entries(), shape.pages()));
        let mut end = 0;
        let ends = shapes.iter().map(|shape| {
            end += shape.cases();
            end
        });
        Shapes { ends: ends.collect(), shapes }
    }

    /// The shapes of both lists.
    pub fn and(self, others: Shapes) -> Shapes {
        Shapes::new(self.shapes.into_iter().chain(others.shapes).collect())
    }

    /// The shapes in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Shape> {
        self.shapes.iter()
    }

    /// How many cases there are.
    pub fn cases(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    /// How many layouts with arrays there are.
    pub fn arrays(&self) -> usize {
        self.shapes.len()
    }

    /// How many different worlds there are: layouts with a state of each compound page.
    pub fn worlds(&self) -> u64 {
        let different: HashSet<_> =
            self.shapes.iter().map(|shape| (&shape.orders, &shape.states)).collect();
        // Worlds with equal layouts, references and pins, as products of states of compound pages.
        let mut worlds: HashMap<_, HashSet<Vec<Vec<PageState>>>> = HashMap::new();
        for (orders, states) in different {
            for (counts, states) in by_counts(states) {
                worlds.entry((orders, counts)).or_default().insert(states);
            }
        }
        worlds.values().map(count_union).sum()
    }

    /// Becomes the case with this number, in the memory that `case` has.
    ///
    /// # Panics
    ///
    /// There is none.
    pub fn write(&self, number: u64, case: &mut Case) {
        let index = self.ends.partition_point(|end| *end <= number);
        let shape = &self.shapes[index];
        shape.write(number - (self.ends[index] - shape.cases()), case);
    }

    /// The case with this number.
    ///
    /// # Panics
    ///
    /// There is none.
    pub fn case(&self, number: u64) -> Case {
        let mut case = Case::default();
        self.write(number, &mut case);
        case
    }
}

/// The references of a compound page, and its pins.
type Counts = (u16, u16);

/// All references and pins that compound pages can have together, and the states that each has
/// with them.
fn by_counts(states: &[Vec<PageState>]) -> Vec<(Vec<Counts>, Vec<Vec<PageState>>)> {
    let mut all = vec![(Vec::new(), Vec::new())];
    for states in states {
        let mut of_page: BTreeMap<Counts, Vec<PageState>> = BTreeMap::new();
        for state in states {
            of_page.entry((state.references, state.pins)).or_default().push(*state);
        }
        let with = |(counts, before): (Vec<Counts>, Vec<Vec<PageState>>)| {
            let longer = move |(count, states): (&Counts, &Vec<PageState>)| {
                (
                    [&counts[..], &[*count]].concat(),
                    [&before[..], std::slice::from_ref(states)].concat(),
                )
            };
            of_page.iter().map(longer).collect::<Vec<_>>()
        };
        all = all.into_iter().flat_map(with).collect();
    }
    all
}

/// How many rows of states there are that one of these products has.
fn count_union(products: &HashSet<Vec<Vec<PageState>>>) -> u64 {
    let size = |product: &Vec<Vec<PageState>>| -> u64 {
        product.iter().map(|states| states.len() as u64).product()
    };
    if products.len() == 1 {
        return products.iter().map(size).sum();
    }
    let mut union: HashSet<Vec<PageState>> = HashSet::new();
    for product in products {
        let mut rows = vec![Vec::new()];
        for states in product {
            let longer = |row: Vec<PageState>| {
                states.iter().map(move |state| [&row[..], &[*state]].concat())
            };
            rows = rows.into_iter().flat_map(longer).collect();
        }
        union.extend(rows);
    }
    union.len() as u64
}
