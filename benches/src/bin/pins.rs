//! `pins`: nanoseconds an entry of unpin_user_pages() and unpin_user_pages_dirty_lock(), the least
//! of the rounds, beside the kernel's batching in C.

use put_user_page_benches::pages::Pages;
use put_user_page_benches::pins::{NAMES, measure};
use put_user_page_benches::workload;

fn main() {
    println!("| workload | marked | {} |", NAMES.join(" | "));
    println!("|---|---|---|---|---|");
    let orders = [0, 1, 2, 3, 4, 6, 9];
    let hot = orders.map(|order| workload::in_order(order, if order == 0 { 256 } else { 512 }));
    let out_of_cache = [0, 2, 9].map(|order| workload::in_order(order, workload::MILLION));
    for workload in hot.into_iter().chain(out_of_cache).chain([workload::at_random()]) {
        let pages = Pages::of(&workload);
        for (make_dirty, marked) in [(false, "no"), (true, "yes")] {
            let times = measure(&pages, make_dirty).map(|time| format!("{time:.2}"));
            println!("| {} | {marked} | {} |", workload.name, times.join(" | "));
        }
    }
}
