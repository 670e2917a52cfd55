//! Prints the table of times, with the goals beside them: of all workloads, or of those whose
//! name has one of the arguments in it.

use put_user_page_benches::function::Function;
use put_user_page_benches::measure::measure;
use put_user_page_benches::pages::Pages;
use put_user_page_benches::table::{self, Row};
use put_user_page_benches::workload::{self, Workload};

fn main() {
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
    table::print_head();
    let mut missed = 0;
    for workload in &workloads {
        let pages = Pages::of(workload);
        for function in Function::ALL {
            let row = Row { workload, function, times: measure(workload, function, &pages) };
            missed += usize::from(!row.goal().is_met(&row.times));
            row.print();
        }
    }
    println!("\n{missed} of {} goals missed", workloads.len() * Function::ALL.len());
}
