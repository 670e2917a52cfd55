//! Plots, as SVG.

use std::error::Error;
use std::path::Path;

use plotters::coord::ranged1d::{KeyPointHint, Ranged, ValueFormatter};
use plotters::prelude::*;

use crate::contender::Contender;
use crate::function::Function;
use crate::measure::ByContender;

type Plotted = Result<(), Box<dyn Error>>;

const WHITE_WITH_TEXT: (RGBColor, &str) = (WHITE, "sans-serif");

/// A line of [`plot_times`].
#[derive(Debug)]
pub struct Line {
    /// What is said of it beside the contender's name.
    pub of: String,
    /// Distinct pages plus entries, and nanoseconds a call, of each contender.
    pub points: Vec<(f64, ByContender<f64>)>,
}

/// Times of a call against distinct pages plus entries, both by decades: a line up at 45 degrees
/// is linear.
///
/// # Errors
///
/// The file cannot be written.
pub fn plot_times(file: &Path, lines: &[Line], contenders: &[Contender]) -> Plotted {
    let area = SVGBackend::new(file, (900, 600)).into_drawing_area();
    let (background, font) = WHITE_WITH_TEXT;
    area.fill(&background)?;
    let points = || lines.iter().flat_map(|line| &line.points);
    let times =
        || points().flat_map(|(_, times)| contenders.iter().map(|&who| times[who as usize]));
    let sizes = least(points().map(|point| point.0))..most(points().map(|point| point.0));
    let mut chart = ChartBuilder::on(&area)
        .caption(format!("{}: nanoseconds a call", Function::Many.name()), (font, 20))
        .margin(15)
        .x_label_area_size(45)
        .y_label_area_size(70)
        .build_cartesian_2d(sizes.log_scale(), (least(times())..most(times())).log_scale())?;
    chart
        .configure_mesh()
        .x_desc("distinct pages + entries")
        .y_desc("ns")
        .x_label_formatter(&|number| format!("{number:e}"))
        .y_label_formatter(&|number| format!("{number:e}"))
        .draw()?;
    let looks = lines.iter().flat_map(|line| contenders.iter().map(move |who| (line, *who)));
    for (number, (line, who)) in looks.enumerate() {
        let style = Palette99::pick(number).stroke_width(2);
        let points = line.points.iter().map(|(size, times)| (*size, times[who as usize]));
        chart
            .draw_series(LineSeries::new(points, style).point_size(2))?
            .label(format!("{}, {}", who.name(), line.of))
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(background)
        .border_style(BLACK)
        .label_font((font, 14))
        .draw()?;
    Ok(area.present()?)
}

/// A workload of [`plot_ratios`]: what the better peer takes, divided by what the library
/// takes, of each function.
#[derive(Debug)]
pub struct Ratios {
    /// The workload's name.
    pub workload: String,
    /// In the order of [`Function::ALL`].
    pub ratios: [f64; Function::ALL.len()],
}

/// The rows of a plot, each with its name in the middle of its height.
struct Rows(Vec<String>);

impl Ranged for Rows {
    type FormatOption = plotters::coord::ranged1d::NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, row: &f64, (start, end): (i32, i32)) -> i32 {
        let share = (row + 0.5) / self.0.len() as f64;
        start + (share * f64::from(end - start)) as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        (0..self.0.len()).map(|row| row as f64).collect()
    }

    fn range(&self) -> std::ops::Range<f64> {
        0.0..self.0.len() as f64
    }
}

impl ValueFormatter<f64> for Rows {
    fn format(row: &f64) -> String {
        row.to_string()
    }

    fn format_ext(&self, row: &f64) -> String {
        self.0[*row as usize].clone()
    }
}

/// Ratios by workload: right of 1 the library is faster.
///
/// # Errors
///
/// The file cannot be written.
pub fn plot_ratios(file: &Path, rows: &[Ratios]) -> Plotted {
    let height = 110 + 22 * u32::try_from(rows.len())?;
    let area = SVGBackend::new(file, (900, height)).into_drawing_area();
    let (background, font) = WHITE_WITH_TEXT;
    area.fill(&background)?;
    let ratios = || rows.iter().flat_map(|row| row.ratios);
    let names = Rows(rows.iter().rev().map(|row| row.workload.clone()).collect());
    let mut chart = ChartBuilder::on(&area)
        .caption("Time of the better peer, divided by ours", (font, 20))
        .margin(15)
        .x_label_area_size(45)
        .y_label_area_size(210)
        .build_cartesian_2d((least(ratios()).min(0.9)..most(ratios()) * 1.1).log_scale(), names)?;
    chart
        .configure_mesh()
        .y_labels(rows.len())
        .x_label_formatter(&|ratio| format!("{ratio}"))
        .draw()?;
    let sides = [(1.0, -0.5), (1.0, rows.len() as f64 - 0.5)];
    chart.draw_series(LineSeries::new(sides, BLACK.stroke_width(2)))?;
    for (number, function) in Function::ALL.into_iter().enumerate() {
        let style = Palette99::pick(number).filled();
        let points = rows.iter().rev().enumerate();
        let points = points.map(|(row, ratios)| (ratios.ratios[number], row as f64));
        chart
            .draw_series(points.map(|point| Circle::new(point, 4, style)))?
            .label(function.name())
            .legend(move |(x, y)| Circle::new((x + 10, y), 4, style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(background)
        .border_style(BLACK)
        .label_font((font, 14))
        .draw()?;
    Ok(area.present()?)
}

fn least(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.fold(f64::INFINITY, f64::min)
}

fn most(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.fold(0.0, f64::max)
}
