//! A corpus that one engine has grown from nothing is taken up by every other: each runs all
//! of it, unchanged, and covers more by it than by what it would start from.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::copy::Copy;
use crate::{ENGINES, TARGET};

/// Enough for each to find many inputs, on a slow machine too.
const SECONDS: u64 = 5;

const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// What an engine made of a corpus, before changing any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Taken {
    executions: u64,
    coverage: u64,
    /// Inputs that it goes on from.
    kept: u64,
}

#[test]
#[ignore = "builds a copy of the repository for every engine"]
fn a_corpus_grown_by_each_engine_is_taken_up_by_every_other() {
    let copy = Copy::new();
    let corpora = ENGINES.map(|engine| grow(&copy, engine));
    copy.start_from_nothing();
    let nothing = copy.path("fuzz/corpus").join(TARGET);
    for taker in ENGINES {
        let before = take(&copy, taker, &nothing);
        for (grower, corpus) in ENGINES.iter().zip(&corpora).filter(|(grower, _)| **grower != taker)
        {
            let inputs = fs::read_dir(corpus).unwrap().count() as u64;
            let taken = take(&copy, taker, corpus);
            eprintln!("{taker} takes {inputs} inputs of {grower}: {before:?}, then {taken:?}");
            assert!(taken.executions >= inputs, "{taker} runs all inputs of {grower}");
            assert!(taken.coverage > before.coverage, "{taker} covers more with {grower}");
            assert!(taken.kept > before.kept, "{taker} keeps inputs of {grower}");
        }
    }
}

/// Fuzzes from nothing for a while, and returns where what was found is.
fn grow(copy: &Copy, engine: &str) -> PathBuf {
    copy.start_from_nothing();
    let status = copy.fuzz(engine, SECONDS).status().unwrap();
    assert!(status.success(), "{engine} finds nothing wrong where nothing is");
    let grown = copy.path("target/grown").join(engine);
    let _ = fs::remove_dir_all(&grown);
    fs::create_dir_all(grown.parent().unwrap()).unwrap();
    fs::rename(copy.path("fuzz/corpus").join(TARGET), &grown).unwrap();
    assert!(fs::read_dir(&grown).unwrap().count() > 50, "{engine} has grown a corpus");
    grown
}

/// Starts an engine on a corpus, and ends it when it has run that.
fn take(copy: &Copy, engine: &str, corpus: &Path) -> Taken {
    let own = copy.path("target/taken");
    let _ = fs::remove_dir_all(&own);
    fs::create_dir_all(&own).unwrap();
    match engine {
        "libfuzzer" => {
            let folder = copy.path("target/libfuzzer-none").join(TRIPLE);
            let mut command = copy.command(folder.join("release").join(TARGET));
            initial(&output(command.arg("-runs=0").arg(corpus)))
        }
        "bolero" => {
            let mut command = copy.command("cargo");
            command.current_dir(copy.path("fuzz/bolero")).args(["bolero", "test", TARGET]);
            command.args(["--sanitizer", "NONE", "--target", TRIPLE, "--runs", "1"]);
            command.arg("--corpus-dir").arg(corpus).arg("--crashes-dir").arg(&own);
            initial(&output(&mut command))
        }
        "afl" => take_with_afl(copy, corpus, &own),
        "honggfuzz" => take_with_honggfuzz(copy, corpus, &own),
        _ => panic!("there is no engine {engine}"),
    }
}

fn take_with_afl(copy: &Copy, corpus: &Path, own: &Path) -> Taken {
    let program = copy.path("target/afl").join(TRIPLE).join("release").join(TARGET);
    let mut command = copy.command("cargo");
    command.args(["afl", "fuzz", "-c", "-", "-t", "30000", "-E", "1", "-i"]).arg(corpus);
    command.arg("-o").arg(own).arg("--").arg(program);
    let on = ["AFL_NO_AFFINITY", "AFL_SKIP_CPUFREQ", "AFL_NO_UI", "AFL_IGNORE_SEED_PROBLEMS"];
    command.envs(on.map(|variable| (variable, "1")));
    command.env("AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES", "1");
    output(&mut command);
    let stats = fs::read_to_string(own.join("default/fuzzer_stats")).unwrap();
    let number = |name: &str| {
        let line = stats.lines().find(|line| line.starts_with(name)).unwrap();
        line.split(':').nth(1).unwrap().trim().parse().unwrap()
    };
    Taken {
        executions: number("execs_done"),
        coverage: number("edges_found"),
        kept: number("corpus_count"),
    }
}

fn take_with_honggfuzz(copy: &Copy, corpus: &Path, own: &Path) -> Taken {
    let folder = copy.path("fuzz/honggfuzz/hfuzz_target");
    let mut command = copy.command(folder.join("honggfuzz"));
    command.arg("--workspace").arg(own).arg("--crashdir").arg(own).arg("--input").arg(corpus);
    command.arg("--output").arg(own.join("output")).arg("--statsfile").arg(own.join("stats"));
    let inputs = fs::read_dir(corpus).unwrap().count();
    command.args(["--persistent", "--threads", "1", "--verbose", "--mutations_per_run", "0"]);
    command.args(["--iterations", &inputs.to_string(), "--"]);
    command.arg(folder.join(TRIPLE).join("release").join(TARGET));
    fs::create_dir(own.join("output")).unwrap();
    let log = output(&mut command);
    let executions =
        log.split("Summary iterations:").nth(1).and_then(|rest| rest.split(' ').next());
    let stats = fs::read_to_string(own.join("stats")).unwrap();
    let columns: Vec<&str> = stats.lines().next_back().unwrap().split(", ").collect();
    Taken {
        executions: executions.unwrap().parse().unwrap(),
        coverage: columns[7].parse().unwrap(),
        kept: columns[9].parse().unwrap(),
    }
}

/// Reads what libFuzzer prints when it has run a corpus:
/// `#522 INITED cov: 1116 ft: 5574 corp: 521/13441b ...`
fn initial(log: &str) -> Taken {
    let line = log.lines().find(|line| line.contains("INITED")).expect("it runs the corpus");
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let after = |name: &str| {
        let at = words.iter().position(|word| *word == name).unwrap();
        words[at + 1].split('/').next().unwrap().parse().unwrap()
    };
    let executions = words[0].trim_start_matches('#').parse().unwrap();
    Taken { executions, coverage: after("cov:"), kept: after("corp:") }
}

/// All that a command writes, if it succeeds.
fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let [out, err] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{command:?}\n{out}\n{err}");
    out + &err
}
