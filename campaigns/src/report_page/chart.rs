//! Line charts, as SVG that takes its colours from the page.

use maud::{Markup, html};

/// A line: one engine's figures over time.
pub(super) struct Series<'a> {
    /// What it is.
    pub(super) name: &'a str,
    /// Its colour, dashes and markers, below [`LOOKS`].
    pub(super) look: usize,
    /// Seconds and percent, in the order of time.
    pub(super) points: Vec<(f64, f64)>,
}

/// How many looks there are: a line is told from others by its dashes and markers too, not
/// by its colour alone.
pub(super) const LOOKS: usize = 4;

/// Points that are left of a line: more than there is room to tell apart.
const MAX_POINTS: usize = 100;

/// Markers on a line.
const MARKERS: usize = 5;

/// The drawing, and in it the place of the lines.
const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 190.0;
const LEFT: f64 = 40.0;
const RIGHT: f64 = 350.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 164.0;

/// What the drawing's sides stand for.
struct Scale {
    /// Seconds at the right side; 0 at the left.
    seconds: f64,
    /// Percent at the lower side; 100 at the upper.
    lowest: f64,
}

impl Scale {
    fn of(series: &[Series<'_>]) -> Scale {
        let points = || series.iter().flat_map(|series| &series.points);
        let lowest = points().fold(90.0, |lowest: f64, &(_, percent)| lowest.min(percent));
        let seconds = points().fold(1.0, |longest: f64, &(seconds, _)| longest.max(seconds));
        Scale { seconds, lowest: ((lowest / 10.0).floor() * 10.0).max(0.0) }
    }

    fn x(&self, seconds: f64) -> f64 {
        LEFT + (seconds / self.seconds).clamp(0.0, 1.0) * (RIGHT - LEFT)
    }

    fn y(&self, percent: f64) -> f64 {
        let share = (percent - self.lowest) / (100.0 - self.lowest);
        BOTTOM - share.clamp(0.0, 1.0) * (BOTTOM - TOP)
    }

    /// Where the times are that are written below.
    fn times(&self) -> Vec<(f64, String)> {
        const MINUTE: f64 = 60.0;
        const HOUR: f64 = 3600.0;
        const STEPS: [f64; 18] = [
            1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0,
            7200.0, 10800.0, 14400.0, 21600.0, 43200.0,
        ];
        let fits = |step: &f64| self.seconds / step <= 5.0;
        let step = STEPS.into_iter().find(fits).unwrap_or((self.seconds / 5.0).ceil());
        let (unit, name) = match step {
            ..MINUTE => (1.0, "s"),
            ..HOUR => (MINUTE, "min"),
            _ => (HOUR, "h"),
        };
        let times = (0..).map(|number| f64::from(number) * step);
        let times = times.take_while(|&time| time <= self.seconds);
        times.map(|time| (self.x(time), format!("{:.0} {name}", time / unit))).collect()
    }

    /// Where the percentages are that are written at the left.
    fn percentages(&self) -> Vec<(f64, String)> {
        let range = 100.0 - self.lowest;
        let step = match range {
            ..=20.0 => 5.0,
            ..=50.0 => 10.0,
            _ => 20.0,
        };
        let percentages = (0..).map(|number| 100.0 - f64::from(number) * step);
        let percentages = percentages.take_while(|&percent| percent >= self.lowest);
        percentages.map(|percent| (self.y(percent), format!("{percent:.0} %"))).collect()
    }
}

/// The lines in one drawing. `what` tells those who do not see it what it shows.
pub(super) fn line_chart(what: &str, series: &[Series<'_>]) -> Markup {
    let scale = Scale::of(series);
    html! {
        svg.chart viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(what) {
            @for (y, percent) in scale.percentages() {
                line.grid x1=(LEFT) x2=(RIGHT) y1=(place(y)) y2=(place(y)) {}
                text x=(LEFT - 5.0) y=(place(y + 3.5)) text-anchor="end" { (percent) }
            }
            @for (x, time) in scale.times() {
                line.grid x1=(place(x)) x2=(place(x)) y1=(BOTTOM) y2=(BOTTOM + 4.0) {}
                text x=(place(x)) y=(BOTTOM + 17.0) text-anchor="middle" { (time) }
            }
            @for series in series { (line(series, &scale)) }
        }
    }
}

fn line(series: &Series<'_>, scale: &Scale) -> Markup {
    let place_of = |&(seconds, percent): &(f64, f64)| (scale.x(seconds), scale.y(percent));
    let places: Vec<(f64, f64)> = thinned(&series.points).iter().map(place_of).collect();
    let points: Vec<String> =
        places.iter().map(|&(x, y)| format!("{},{}", place(x), place(y))).collect();
    // Lines that lie on each other show their markers at different places.
    let step = places.len().div_ceil(MARKERS).max(1);
    let first = step * series.look / LOOKS;
    let last = places.len().checked_sub(1);
    let marked = (first..places.len()).step_by(step).chain(last);
    html! {
        g class=(look(series.look)) {
            title { (series.name) }
            polyline points=(points.join(" ")) {}
            @for index in marked { (marker(series.look, places[index])) }
        }
    }
}

/// What a line looks like, for a legend.
pub(super) fn swatch(number: usize) -> Markup {
    html! {
        svg.swatch viewBox="0 0 32 12" aria-hidden="true" {
            g class=(look(number)) {
                polyline points="1,6 31,6" {}
                (marker(number, (16.0, 6.0)))
            }
        }
    }
}

/// The class of a look, in style.css.
fn look(number: usize) -> String {
    format!("look-{}", number % LOOKS)
}

fn marker(look: usize, (x, y): (f64, f64)) -> Markup {
    let corners = match look % LOOKS {
        0 => return html! { circle cx=(place(x)) cy=(place(y)) r="3" {} },
        1 => [(-2.7, -2.7), (2.7, -2.7), (2.7, 2.7), (-2.7, 2.7)],
        2 => [(0.0, -3.6), (0.0, -3.6), (3.4, 2.6), (-3.4, 2.6)],
        _ => [(0.0, -3.8), (3.8, 0.0), (0.0, 3.8), (-3.8, 0.0)],
    };
    let corners = corners.map(|(right, down)| format!("{},{}", place(x + right), place(y + down)));
    html! { polygon points=(corners.join(" ")) {} }
}

/// A place in the drawing, no finer than can be seen.
fn place(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

/// As many of the points as are drawn, evenly taken, the first and the last among them.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    if points.len() <= MAX_POINTS {
        return points.to_vec();
    }
    let last = points.len() - 1;
    (0..MAX_POINTS).map(|number| points[number * last / (MAX_POINTS - 1)]).collect()
}

#[cfg(test)]
mod tests {
    use super::{MAX_POINTS, Scale, Series, line_chart, thinned};

    fn series(points: Vec<(f64, f64)>) -> Series<'static> {
        Series { name: "afl", look: 1, points }
    }

    #[test]
    fn thinning_keeps_both_ends() {
        let points: Vec<(f64, f64)> = (0..1000).map(|n| (f64::from(n), 1.0)).collect();
        let thin = thinned(&points);
        assert_eq!(thin.len(), MAX_POINTS);
        assert_eq!((thin[0].0, thin[MAX_POINTS - 1].0), (0.0, 999.0));
        assert!(thin.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(thinned(&points[..MAX_POINTS]), &points[..MAX_POINTS]);
    }

    #[test]
    fn axes_are_labelled_with_round_figures() {
        let labels = |points| {
            let scale = Scale::of(&[series(points)]);
            let texts = |labels: Vec<(f64, String)>| -> Vec<String> {
                labels.into_iter().map(|(_, text)| text).collect()
            };
            (texts(scale.times()), texts(scale.percentages()))
        };
        let (times, percentages) = labels(vec![(0.0, 97.0), (300.0, 100.0)]);
        assert_eq!(times, ["0 min", "1 min", "2 min", "3 min", "4 min", "5 min"]);
        assert_eq!(percentages, ["100 %", "95 %", "90 %"]);
        let (times, percentages) = labels(vec![(0.0, 12.0), (9.0, 100.0)]);
        assert_eq!(times, ["0 s", "2 s", "4 s", "6 s", "8 s"]);
        assert_eq!(percentages, ["100 %", "80 %", "60 %", "40 %", "20 %"]);
    }

    #[test]
    fn lines_go_from_corner_to_corner() {
        let chart = line_chart("", &[series(vec![(0.0, 0.0), (10.0, 100.0)])]).into_string();
        assert!(chart.contains(r#"points="40,164 350,10""#), "{chart}");
    }

    #[test]
    fn a_single_point_is_a_marker_and_none_is_nothing() {
        let markers =
            |points| line_chart("", &[series(points)]).into_string().matches("<polygon").count();
        assert_eq!(markers(vec![(3.0, 100.0)]), 2);
        assert_eq!(markers(vec![]), 0);
    }
}
