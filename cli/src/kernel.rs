//! `pagediff kernel`: sets up the kernel backend, and tells what it runs on.

pub(crate) mod attempt;
mod bench;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use pagediff_terminal::error::{DIVERGENCE, Stop};
use pagediff_terminal::output::write_json;
use pagediff_terminal::table::{self, Align};
use put_user_page_kernel::{Options, OwnKernel, Release, Which};
use put_user_page_targets::backend::BackendError;
use put_user_page_targets::profiles::Profile;
use put_user_page_targets_kernel::{KernelGuest, KernelOptions, LayoutDifference};
use serde::Serialize;

use crate::candidate::from_kernel;

/// Sets up the kernel backend, and tells what it runs on
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Fetches a kernel and a QEMU into target/kernel/, and builds what goes into the guest
    Setup(KernelArguments),
    About(AboutArguments),
    Bench(bench::Arguments),
    Try(attempt::Arguments),
}

/// Which kernel.
#[derive(Clone, clap::Args)]
pub(crate) struct KernelArguments {
    /// A kernel of your own to boot: a bzImage or a vmlinux
    #[arg(long, value_name = "IMAGE", requires = "kdir")]
    kernel: Option<PathBuf>,
    /// Where it was built, or its headers
    #[arg(long, value_name = "BUILD", requires = "kernel")]
    kdir: Option<PathBuf>,
    /// One of Debian's kernels: 6.1 or 6.12
    #[arg(long, value_name = "RELEASE", conflicts_with = "kernel", value_parser = release_named)]
    #[arg(default_value = Release::V6_1.name())]
    release: Release,
    /// More of the kernel's command line, such as hugetlb_free_vmemmap=on
    #[arg(long, value_name = "ARGUMENTS", default_value = "", allow_hyphen_values = true)]
    append: String,
    /// How much memory a guest has; kernels that watch theirs need more
    #[arg(long, value_name = "MIB", default_value_t = Options::MEMORY)]
    #[arg(value_parser = clap::value_parser!(u32).range(64..))]
    memory: u32,
}

fn release_named(name: &str) -> Result<Release, String> {
    let known = Release::ALL.into_iter().find(|release| release.name() == name);
    known.ok_or_else(|| "Debian's kernels are 6.1 and 6.12".to_owned())
}

/// Boots a guest, and shows what it is and where its struct page differs from that in src/
#[derive(clap::Args)]
pub(crate) struct AboutArguments {
    #[command(flatten)]
    kernel: KernelArguments,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl KernelArguments {
    /// The kernel.
    pub(crate) fn which(&self) -> Which {
        match self.kernel.clone().zip(self.kdir.clone()) {
            Some((image, kdir)) => Which::Own(OwnKernel { image, kdir }),
            None => Which::Debian(self.release),
        }
    }

    /// How guests of it are booted.
    pub(crate) fn options(&self) -> Options {
        let (append, memory) = (self.append.clone(), self.memory);
        Options { kernel: self.which(), append, memory, ..Options::default() }
    }

    /// Boots it.
    fn start(&self) -> Result<KernelGuest, Stop> {
        let guest = self.options();
        let options = KernelOptions { guest, ..KernelOptions::default() };
        Ok(KernelGuest::start(options).map_err(BackendError::from)?)
    }

    /// The arguments that name this kernel again.
    pub(crate) fn again(&self) -> Vec<String> {
        let options = [("--kernel", &self.kernel), ("--kdir", &self.kdir)];
        let given = options.into_iter().filter_map(|(name, path)| Some((name, path.as_ref()?)));
        let mut words: Vec<String> =
            given.flat_map(|(name, path)| [name.to_owned(), path.display().to_string()]).collect();
        if self.release != Release::V6_1 {
            words.extend(["--release".to_owned(), self.release.name().to_owned()]);
        }
        if !self.append.is_empty() {
            words.extend(["--append".to_owned(), self.append.clone()]);
        }
        if self.memory != Options::MEMORY {
            words.extend(["--memory".to_owned(), self.memory.to_string()]);
        }
        words
    }
}

pub(crate) fn run(command: &Command, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    match command {
        Command::About(arguments) => about(arguments, out),
        Command::Bench(arguments) => bench::run(arguments, out),
        Command::Try(arguments) => Ok(attempt::run(arguments, out)),
        Command::Setup(arguments) => {
            put_user_page_kernel::setup(&arguments.options())?;
            writeln!(out, "the kernel backend is set up")?;
            if let Some(note) = other_source(arguments)? {
                writeln!(out, "{note}")?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// What is to be known of a kernel of Debian's that is of another package than the profile that it is
/// held to was read from: which of its functions have changed, and may follow other rules.
fn other_source(arguments: &KernelArguments) -> Result<Option<String>, Stop> {
    let Which::Debian(release) = arguments.which() else { return Ok(None) };
    let version = put_user_page_kernel::package_version(&arguments.which())?;
    let profile = Profile::named(&format!("debian-{}", release.name()));
    let read_from = profile.and_then(|profile| Some((profile, profile.package_version?)));
    let Some((version, (profile, read_from))) = version.zip(read_from) else { return Ok(None) };
    if version == read_from {
        return Ok(None);
    }
    let note = format!(
        "note: the kernel is of {version}, and the profile {} was read from {read_from}",
        profile.name
    );
    // Its source may be gone from the mirrors, and the kernel is set up all the same.
    let compared = put_user_page_kernel::gup_source(release, &version)
        .map_err(Stop::from)
        .and_then(|file| from_kernel::differences(&file, profile));
    Ok(Some(match compared {
        Ok(differences) if differences.is_empty() => format!("{note}: its functions are the same"),
        Ok(differences) => {
            let lines = differences.iter().map(|difference| format!("\n  {difference}"));
            format!("{note}; its functions are not the same:{}", lines.collect::<String>())
        }
        Err(Stop::Error(why) | Stop::DoesNotHold(why)) => {
            format!("{note}; whether its functions are the same cannot be told: {why}")
        }
        Err(stop) => return Err(stop),
    }))
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

fn about(arguments: &AboutArguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let guest = arguments.kernel.start()?;
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
        write_about(out, &about)?;
    }
    // Other kernels may lay it out as they like: the module has their own headers.
    let is_wrong = about.release.starts_with(MODEL) && !about.struct_page.is_empty();
    Ok(ExitCode::from(if is_wrong { DIVERGENCE } else { 0 }))
}

fn write_about(out: &mut dyn Write, about: &About) -> std::io::Result<()> {
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
