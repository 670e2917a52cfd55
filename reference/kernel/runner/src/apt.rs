//! apt: what it knows of packages, and where it gets them. Nothing of the machine's is changed,
//! and nothing needs to be root.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use crate::Error;
use crate::place::{Place, make_folder};
use crate::tool;

pub(crate) const NO_APT: &str = "this fetches packages as Debian has them. Elsewhere, put a \
                                 qemu-system-x86_64 on the PATH, and give a kernel with \
                                 `--kernel IMAGE --kdir BUILD`";
const FAILED: &str = "see what apt says; it asks the mirrors that /etc/apt/sources.list and \
                      /etc/apt/sources.list.d name, which must be Debian's";

/// apt with lists of packages.
pub(crate) struct Apt {
    options: Vec<OsString>,
}

impl Apt {
    /// With the lists of this machine, however old they are.
    pub(crate) fn of_this_machine() -> Result<Apt, Error> {
        if tool::installed("apt-get", &[]).is_none() {
            return Err(Error::new("there is no apt-get to be run", NO_APT));
        }
        Ok(Apt { options: Vec::new() })
    }

    /// With lists of what the mirrors have now.
    pub(crate) fn with_own_lists(&self, place: &Place) -> Result<Apt, Error> {
        let folder = place.kernel().join("apt");
        let (lists, cache) = (folder.join("lists"), folder.join("cache"));
        make_folder(&lists.join("partial"))?;
        make_folder(&cache.join("archives/partial"))?;
        let mut options = Vec::new();
        for (name, path) in [("Dir::State::Lists", &lists), ("Dir::Cache", &cache)] {
            let mut option = OsString::from(format!("{name}="));
            option.push(path);
            options.extend(["-o".into(), option]);
        }
        // Where this is root, apt would fetch as a user who may not be let in there.
        options.extend(["-o", "APT::Sandbox::User=root"].map(OsString::from));
        let apt = Apt { options };
        eprintln!("fetching apt's lists");
        if let Err(why) = tool::run(apt.get().args(["-q", "update"]), FAILED) {
            // One mirror of many may be gone, and not the one that is needed.
            eprintln!("{}", why.message);
        }
        Ok(apt)
    }

    /// Downloads packages into a folder.
    pub(crate) fn download(&self, packages: &[String], folder: &Path) -> Result<(), Error> {
        let mut command = self.get();
        command.current_dir(folder).args(["-q", "download"]).args(packages);
        tool::run(&mut command, FAILED).map(drop)
    }

    /// A package and what it needs beyond what is installed.
    pub(crate) fn missing_for(&self, package: &str) -> Result<Vec<String>, Error> {
        let mut simulation = self.get();
        simulation.args(["install", "-s", "--no-install-recommends", package]);
        let text = tool::run(&mut simulation, FAILED)?;
        let installed = text.lines().filter_map(|line| line.strip_prefix("Inst "));
        Ok(installed.filter_map(|rest| Some(rest.split(' ').next()?.to_owned())).collect())
    }

    /// The packages that a package depends on.
    pub(crate) fn depends(&self, package: &str) -> Result<Vec<String>, Error> {
        let text = tool::run(self.command("apt-cache").args(["depends", package]), FAILED)?;
        let names = text.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
        Ok(names.map(str::to_owned).collect())
    }

    fn get(&self) -> Command {
        self.command("apt-get")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        // What it says is read.
        command.env("LC_ALL", "C").args(&self.options);
        command
    }
}
