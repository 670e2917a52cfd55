//! Prints the table of times, with the goals beside them: of all workloads, or of those whose
//! name has one of the arguments in it. Of all, it also writes the plots, into `docs/bench/`.

use std::error::Error;
use std::fs;
use std::path::Path;

use put_user_page_benches::contender::Contender;
use put_user_page_benches::function::Function;
use put_user_page_benches::goal::Goal;
use put_user_page_benches::measure::measure;
use put_user_page_benches::pages::Pages;
use put_user_page_benches::plot::{self, Line, Ratios};
use put_user_page_benches::table::{self, Row};
use put_user_page_benches::workload::{self, Workload};

fn main() -> Result<(), Box<dyn Error>> {
    let parts: Vec<String> = std::env::args().skip(1).collect();
    let chosen = |workload: &Workload| {
        parts.is_empty() || parts.iter().any(|part| workload.name.contains(part.as_str()))
    };
    let workloads: Vec<Workload> = workload::all().into_iter().filter(chosen).collect();
    if workloads.is_empty() {
        eprintln!("error: no workload has `{}` in its name", parts.join("` or `"));
        eprintln!("name a part of one, such as `random`, or nothing for all");
        std::process::exit(2);
    }
    let ratios = print_table(&workloads);
    if parts.is_empty() {
        let plots = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/bench");
        fs::create_dir_all(&plots)?;
        plot::plot_ratios(&plots.join("ratios.svg"), &ratios)?;
        let contenders = [Contender::PerEntry, Contender::PerRun, Contender::Ours];
        plot::plot_times(&plots.join("linear.svg"), &[line(0), line(4)], &contenders)?;
    }
    Ok(())
}

fn print_table(workloads: &[Workload]) -> Vec<Ratios> {
    table::print_head();
    let mut missed = 0;
    let ratios = workloads.iter().map(|workload| {
        let pages = Pages::of(workload);
        let ratios = Function::ALL.map(|function| {
            let row = Row { workload, function, times: measure(workload, function, &pages) };
            missed += usize::from(!row.goal().is_met(&row.times));
            row.print();
            Goal::ratio_to_peers(&row.times)
        });
        Ratios { workload: workload.name.clone(), ratios }
    });
    let ratios = ratios.collect();
    println!("\n{missed} of {} goals missed", workloads.len() * Function::ALL.len());
    ratios
}

/// Arrays of 2^8 to 2^22 entries, of pages of this order.
fn line(order: u32) -> Line {
    let point = |entries: usize| {
        let workload = workload::in_order(order, entries);
        let times = measure(&workload, Function::Many, &Pages::of(&workload));
        let size = (workload.folios.len() + entries) as f64;
        (size, times.map(|time| time.least * entries as f64))
    };
    Line { of: format!("order {order}"), points: (8..=22).map(|power| point(1 << power)).collect() }
}
