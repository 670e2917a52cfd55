//! A record such as a nightly job writes, with as much in it as there can be.

use std::fmt::Write;

use put_user_page_targets::registry::TARGETS;
use serde_json::{Value, json};

/// All engines on all targets, 1,000 samples each, and 17 divergences. One corpus lost
/// something, and all that can be left out was.
pub(crate) fn record() -> Value {
    let targets: Vec<Value> = TARGETS.iter().enumerate().map(|(n, t)| target(t.name, n)).collect();
    let findings: Vec<Value> = (0..17).map(finding).collect();
    json!({
        "started": 1_795_568_400, "seconds": 1207, "cores": 2,
        "targets": targets, "findings": findings, "left_out": ["kernel", "line-coverage"],
    })
}

fn target(name: &str, number: usize) -> Value {
    let number = number as u64;
    let engines = [
        ("libfuzzer", 1842, 0.55),
        ("afl", 611, 0.86),
        ("honggfuzz", 2790, 0.7),
        ("bolero", 1797, 0.5),
    ];
    let engines: Vec<Value> = engines
        .into_iter()
        .map(|(engine, edges, from)| engine_record(engine, edges + 31 * number, from))
        .collect();
    let after = if name == "candidate" { 1841 } else { 1842 };
    let kept = |what: &str, before: u64, merged: u64, after: u64| json!({"what": what, "before": before, "merged": merged, "after": after});
    json!({
        "name": name,
        "engines": engines,
        "corpus": {
            "before": {"inputs": 310 + number, "bytes": 61_234},
            "merged": {"inputs": 12_904 + 17 * number, "bytes": 3_912_345},
            "after": {"inputs": 342 + number, "bytes": 58_120},
            "kept": [
                kept("libfuzzer features", 6120, 6423, 6423),
                kept("afl tuples", 1790, 1842, after),
                kept("honggfuzz edges", 2781, 2790, 2790),
                kept("named states", 96, 97, 97),
                kept("bugs", 41, 41, 41),
            ],
        },
    })
}

/// An engine that finds less and less.
fn engine_record(engine: &str, edges: u64, from: f64) -> Value {
    let sample = |number: u64| {
        let seconds = number as f64 * 0.3;
        let share = from + (1.0 - from) * (1.0 - (-seconds / 60.0).exp());
        json!({
            "seconds": seconds,
            "executions": 4_012 * number,
            "coverage": (edges as f64 * share).round() as u64,
            "corpus": 300 + number / 9,
        })
    };
    let samples: Vec<Value> = (0..1000).map(sample).collect();
    json!({
        "engine": engine, "seconds": 300.2, "executions": 4_012_117 * 3, "per_second": 40_121.7,
        "coverage": edges, "samples": samples,
    })
}

fn finding(number: usize) -> Value {
    let target = TARGETS[number % TARGETS.len()].name;
    let functions = ["put_user_pages_dirty_lock", "put_user_pages", "put_user_page"];
    let fields = ["refcount-high", "dirty-no", "events-no-lock", "state-live"];
    let function = functions[number % functions.len()];
    let field = fields[number % fields.len()];
    let backend = if number == 5 {
        "a-shared-object-whose-file-has-a-name-of-a-length-that-nobody-expects-but-that-some-build-makes.so"
    } else {
        "fast"
    };
    let signature = format!("{backend}-{function}-{field}-compound-tails-{number}");
    json!({
        "target": target,
        "signature": signature,
        "file": format!("fuzz/artifacts/{target}/divergence-{signature}"),
        "size": 24 + 8 * number,
        "report": {},
        "text": REPORT,
        "drawing": WORLD,
    })
}

const REPORT: &str = "\
put_user_pages_dirty_lock() <fast>: fast differs from reference

  call 0   put_user_pages_dirty_lock on 693 entries of array 0
  page a[0], order 0, anon, frame 0, named by entries 0, 192, 384, 576

    events
      reference   call 0: lock at 4, dirty at 4, unlock at 4, free at 0
      fast        call 0: lock at 4, dirty at 4, unlock at 4, lock at 3, unlock at 3, lock at 2, unlock at 2, free at 0

  page b[3], order 9, file, frame 512, named by entries 1, 193

    refcount
      reference   0
      fast        1

  and 186 more

  the case:
    also a[0..693]
    put_user_pages_dirty_lock earlier=1
    folio a repeat=192
";

const WORLD: &str = "\
frame 0..512    a  order 9  anon refs 1 from anon  [H|t t t …511 tails]  entries 0..513
frame 512       gap
frame 513..515  b  order 1  file dirty locked      [H|t]                 entries 1, 193, !3

H head page, t tail page, p page of order 0; !3: no reference is taken for entry 3
";

/// Files of our own, some with many places that are not covered.
pub(crate) fn lcov() -> String {
    let mut text = String::new();
    let long = "reference/kernel/runner/src/a_module_with_a_very_long_name/of_which_one_part.rs";
    let paths =
        ["src/lib.rs", "src/release.rs", "reference/src/lib.rs", long, "targets/src/world.rs"];
    for (number, path) in paths.into_iter().enumerate() {
        writeln!(text, "SF:{path}").unwrap();
        for line in 1..(40 + 90 * number) {
            let ran = number == 0 || line % 29 > number;
            writeln!(text, "DA:{line},{}", if ran { 17 * line } else { 0 }).unwrap();
        }
        text.push_str("end_of_record\n");
    }
    text
}
