//! `pagediff kernel`: sets up the kernel backend, and tells what it runs on.

mod about;
mod bench;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use pagediff_terminal::error::Stop;
use put_user_page_kernel::OwnKernel;

/// Sets up the kernel backend, and tells what it runs on
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Fetch a kernel and a QEMU into target/kernel/, and build what goes into the guest
    Setup(KernelArguments),
    About(about::Arguments),
    Bench(bench::Arguments),
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
}

impl KernelArguments {
    /// The kernel, if it is not the one that was set up.
    pub(crate) fn own(&self) -> Option<OwnKernel> {
        let (image, kdir) = self.kernel.clone().zip(self.kdir.clone())?;
        Some(OwnKernel { image, kdir })
    }

    /// The arguments that name this kernel again.
    pub(crate) fn again(&self) -> Vec<String> {
        let options = [("--kernel", &self.kernel), ("--kdir", &self.kdir)];
        let given = options.into_iter().filter_map(|(name, path)| Some((name, path.as_ref()?)));
        given.flat_map(|(name, path)| [name.to_owned(), path.display().to_string()]).collect()
    }
}

pub(crate) fn run(command: &Command, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    match command {
        Command::About(arguments) => about::run(arguments, out),
        Command::Bench(arguments) => bench::run(arguments, out),
        Command::Setup(arguments) => {
            put_user_page_kernel::setup(arguments.own().as_ref())?;
            writeln!(out, "the kernel backend is set up")?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
