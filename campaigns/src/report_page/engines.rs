//! What each engine did with each target, and how its coverage came about.

use indicatif::HumanCount;
use maud::{Markup, html};
use pagediff_terminal::table::Align::{Left, Right};

use super::chart::{self, LOOKS, Series};
use super::parts::{head, nothing, scrolling};
use crate::record::{EngineRecord, TargetRecord};

/// The engines that have a look of their own.
const ENGINES: [&str; LOOKS] = ["libfuzzer", "afl", "honggfuzz", "bolero"];

pub(super) fn section(targets: &[TargetRecord]) -> Markup {
    if targets.is_empty() {
        return nothing("No target was fuzzed.");
    }
    html! {
        p {
            "Each engine counts edges in its own way, so that its line is drawn as a share of "
            "the most that it covered itself: lines tell when an engine stopped finding more, "
            "not which one covers more."
        }
        div.cards { @for target in targets { (card(target)) } }
    }
}

fn card(target: &TargetRecord) -> Markup {
    html! {
        article {
            h3 { code { (target.name) } }
            @if target.engines.is_empty() {
                (nothing("No engine ran it."))
            } @else {
                (scrolling(&format!("Engines on {}", target.name), table(&target.engines)))
                (coverage(target))
            }
        }
    }
}

fn table(engines: &[EngineRecord]) -> Markup {
    html! {
        table {
            (head(&[
                ("engine", Left), ("time", Right), ("executions", Right), ("exec/s", Right),
                ("edges", Right),
            ]))
            tbody {
                @for (number, engine) in engines.iter().enumerate() {
                    tr {
                        th scope="row" { (chart::swatch(look(engine, number))) (engine.engine) }
                        td.number { (format!("{:.0} s", engine.seconds)) }
                        td.number { (HumanCount(engine.executions)) }
                        td.number { (HumanCount(engine.per_second.round() as u64)) }
                        td.number {
                            (engine.coverage.map_or("–".to_owned(), |n| HumanCount(n).to_string()))
                        }
                    }
                }
            }
        }
    }
}

fn coverage(target: &TargetRecord) -> Markup {
    let engines = target.engines.iter().enumerate();
    let series: Vec<Series<'_>> =
        engines.filter_map(|(number, engine)| series(engine, number)).collect();
    if series.is_empty() {
        return nothing("Its coverage over time was not measured.");
    }
    let what = format!("Coverage of {} over time, by engine", target.name);
    html! {
        figure {
            (chart::line_chart(&what, &series))
            figcaption { "edges over time, in % of the engine's own most" }
        }
    }
}

/// An engine's coverage in percent of the most that it had.
fn series(engine: &EngineRecord, number: usize) -> Option<Series<'_>> {
    let seen = engine.samples.iter().map(|sample| sample.coverage);
    let most = seen.chain(engine.coverage).max().filter(|&most| most > 0)?;
    let percent = |coverage| coverage as f64 * 100.0 / most as f64;
    let points = engine.samples.iter().map(|sample| (sample.seconds, percent(sample.coverage)));
    let (points, look) = (points.collect::<Vec<_>>(), look(engine, number));
    (!points.is_empty()).then_some(Series { name: &engine.engine, look, points })
}

/// An engine looks the same on every target.
fn look(engine: &EngineRecord, number: usize) -> usize {
    ENGINES.iter().position(|&name| name == engine.engine).unwrap_or(number % LOOKS)
}

#[cfg(test)]
mod tests {
    use super::{section, series};
    use crate::record::{EngineRecord, Sample, TargetRecord};

    fn engine(coverages: &[u64], last: Option<u64>) -> EngineRecord {
        let sample = |(number, &coverage): (usize, &u64)| Sample {
            seconds: number as f64,
            coverage,
            ..Sample::default()
        };
        let samples = coverages.iter().enumerate().map(sample).collect();
        EngineRecord { engine: "afl".to_owned(), coverage: last, samples, ..Default::default() }
    }

    #[test]
    fn lines_are_relative_to_the_most() {
        let points = |engine: &EngineRecord| series(engine, 0).map(|series| series.points);
        assert_eq!(points(&engine(&[5, 10], None)), Some(vec![(0.0, 50.0), (1.0, 100.0)]));
        assert_eq!(points(&engine(&[5, 10], Some(20))), Some(vec![(0.0, 25.0), (1.0, 50.0)]));
        assert_eq!(points(&engine(&[0], None)), None);
        assert_eq!(points(&engine(&[], Some(20))), None);
    }

    #[test]
    fn what_is_missing_is_said() {
        assert!(section(&[]).into_string().contains("No target was fuzzed"));
        let target = TargetRecord { name: "decode".to_owned(), ..TargetRecord::default() };
        assert!(section(&[target]).into_string().contains("No engine ran it"));
        let engines = vec![engine(&[], None)];
        let target = TargetRecord { engines, ..TargetRecord::default() };
        assert!(section(&[target]).into_string().contains("over time was not measured"));
    }
}
