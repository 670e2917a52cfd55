//! How many bugs are left after how long: survival curves, as an SVG by itself.

use maud::{Markup, html};

use super::record::Summary;

/// The drawing, and in it the place of the curves.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 50.0;
const RIGHT: f64 = 510.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 252.0;

/// The times at both sides, in powers of ten of a second.
const FIRST: i32 = -2;
const LAST: i32 = 2;

/// Colours and dashes, in the order of the curves: told apart without colour, too.
const LOOKS: [(&str, &str); 4] =
    [("#0969da", "none"), ("#bc4c00", "7 3"), ("#1a7f37", "2 3"), ("#8250df", "9 3 2 3")];

/// A curve for each, in one drawing.
pub(crate) fn survival(finders: &[Summary]) -> Markup {
    let decades = (FIRST..=LAST).map(|power| (x(10_f64.powi(power)), label(power)));
    html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {WIDTH} {HEIGHT}"))
            role="img" aria-label="Bugs that are left after so many seconds, by engine"
            font-family="sans-serif" font-size="12" fill="#57606a" {
            rect width=(WIDTH) height=(HEIGHT) fill="#ffffff" {}
            @for percent in [0, 25, 50, 75, 100] {
                @let y = place(y(f64::from(percent)));
                line x1=(LEFT) x2=(RIGHT) y1=(y) y2=(y) stroke="#d0d7de" {}
                text x=(LEFT - 6.0) y=(y + 4.0) text-anchor="end" { (percent) " %" }
            }
            @for (x, label) in decades {
                line x1=(place(x)) x2=(place(x)) y1=(TOP) y2=(BOTTOM + 5.0) stroke="#d0d7de" {}
                text x=(place(x)) y=(BOTTOM + 20.0) text-anchor="middle" { (label) }
            }
            text x=((LEFT + RIGHT) / 2.0) y=(HEIGHT - 8.0) text-anchor="middle" {
                "seconds from an empty corpus; bugs not found yet"
            }
            @for (number, finder) in finders.iter().enumerate() { (line(number, finder)) }
        }
    }
}

fn line(number: usize, finder: &Summary) -> Markup {
    let (colour, dashes) = LOOKS[number % LOOKS.len()];
    let key = TOP + 20.0 * number as f64 + 8.0;
    html! {
        polyline points=(points(&finder.found_after)) fill="none" stroke=(colour)
            stroke-width="2" stroke-dasharray=(dashes) {}
        line x1=(RIGHT + 14.0) x2=(RIGHT + 40.0) y1=(key) y2=(key) stroke=(colour)
            stroke-width="2" stroke-dasharray=(dashes) {}
        text x=(RIGHT + 46.0) y=(key + 4.0) { (finder.finder) }
    }
}

/// A step down for each that was found.
fn points(found_after: &[Option<f64>]) -> String {
    let mut times: Vec<f64> = found_after.iter().copied().flatten().collect();
    times.sort_by(f64::total_cmp);
    let all = found_after.len() as f64;
    let mut left = all;
    let mut points = vec![(LEFT, y(100.0))];
    for time in times {
        points.push((x(time), y(100.0 * left / all)));
        left -= 1.0;
        points.push((x(time), y(100.0 * left / all)));
    }
    points.push((RIGHT, y(100.0 * left / all)));
    let texts = points.into_iter().map(|(x, y)| format!("{},{}", place(x), place(y)));
    texts.collect::<Vec<_>>().join(" ")
}

fn x(seconds: f64) -> f64 {
    let share = (seconds.log10() - f64::from(FIRST)) / f64::from(LAST - FIRST);
    LEFT + share.clamp(0.0, 1.0) * (RIGHT - LEFT)
}

fn y(percent: f64) -> f64 {
    BOTTOM - percent / 100.0 * (BOTTOM - TOP)
}

fn label(power: i32) -> String {
    format!("{}", 10_f64.powi(power))
}

/// A place in the drawing, no finer than can be seen.
fn place(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::points;

    #[test]
    fn a_curve_steps_down_once_for_each_and_stays_above_zero_for_what_is_left() {
        let steps = points(&[Some(1.0), None]);
        assert_eq!(steps, "50,14 280,14 280,133 510,133");
    }
}
