//! `pagediff kernel about`: which kernel a guest runs, and how it lays out struct page.

use std::io::Write;
use std::process::ExitCode;

use pagediff_terminal::error::{DIVERGENCE, Stop};
use pagediff_terminal::output::write_json;
use pagediff_terminal::table::{self, Align};
use put_user_page_kernel::Options;
use put_user_page_targets_kernel::{KernelGuest, KernelOptions, LayoutDifference};
use serde::Serialize;

use super::KernelArguments;

/// Boot a guest, and show what it is and where its struct page differs from that in src/
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    kernel: KernelArguments,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The kernel whose struct page `src/` has.
const MODEL: &str = "6.1.";

#[derive(Serialize)]
struct About {
    release: String,
    accelerator: &'static str,
    boot_seconds: f64,
    /// `mounted`, or why cases with pages of real files are skipped.
    disk: String,
    struct_page: Vec<LayoutDifference>,
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let guest = Options { kernel: arguments.kernel.own(), ..Options::default() };
    let guest = KernelGuest::start(KernelOptions { guest, ..KernelOptions::default() })?;
    let about = About {
        release: guest.release(),
        accelerator: guest.accelerator(),
        boot_seconds: guest.boot_time().as_secs_f64(),
        disk: guest.disk(),
        struct_page: guest.layout_differences(),
    };
    if arguments.json {
        write_json(out, &about)?;
    } else {
        write(out, &about)?;
    }
    // Other kernels may lay it out as they like: the module has their own headers.
    let is_wrong = about.release.starts_with(MODEL) && !about.struct_page.is_empty();
    Ok(ExitCode::from(if is_wrong { DIVERGENCE } else { 0 }))
}

fn write(out: &mut dyn Write, about: &About) -> std::io::Result<()> {
    let About { release, accelerator, boot_seconds, disk, struct_page } = about;
    writeln!(out, "Linux {release}, run by {accelerator}, ready after {boot_seconds:.1} s")?;
    writeln!(out, "disk for pages of real files: {disk}")?;
    if struct_page.is_empty() {
        return writeln!(out, "its struct page is the one in src/");
    }
    writeln!(out, "its struct page differs from the one in src/; the module has the kernel's own")?;
    writeln!(out)?;
    let mut rows = vec![["field", "src/", "kernel"].map(str::to_owned).to_vec()];
    rows.extend(struct_page.iter().map(|LayoutDifference { field, ours, kernels }| {
        let kernels = kernels.clone().unwrap_or_else(|| "none".to_owned());
        vec![(*field).to_owned(), ours.to_string(), kernels]
    }));
    let aligns = [Align::Left, Align::Right, Align::Right];
    table::write(out, &rows, &aligns)
}
