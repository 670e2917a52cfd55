//! One target's loop body: bytes in, agreement or a report out. No memory is allocated
//! once the largest case was seen, and nothing is formatted unless something differs.

use std::fmt;
use std::path::PathBuf;

use put_user_page_kernel::{Options, OwnKernel};

use crate::backend::{Backend, BackendError, Class, Ran};
use crate::backends::{
    Candidate, Fast, InProcess, Kernel, KernelGuest, KernelOptions, Naive, PageMap, Way, fast,
    naive,
};
use crate::case::{Case, Function};
use crate::comparer::{Comparer, Verdict};
use crate::forms::Forms;
use crate::machine::Machine;
use crate::oracle::{self, Comparison};
use crate::registry::{CANDIDATE_VARIABLE, Check, KDIR_VARIABLE, KERNEL_VARIABLE, Target};
use crate::report::{Found, Report, investigate};
use crate::states::StateSet;
use crate::world::World;

/// A target, ready to check cases.
#[derive(Debug)]
pub struct Harness {
    target: &'static Target,
    case: Case,
    world: World,
    reference: InProcess<Naive>,
    subject: Subject,
}

/// What the reference is held against.
#[derive(Debug)]
enum Subject {
    Fast(InProcess<PageMap<Fast>>),
    Candidate(InProcess<PageMap<Candidate>>),
    Forms(Forms),
    Kernel(Box<[Kernel; 3]>),
}

/// What a case was, if nothing diverged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The case's class.
    pub class: Class,
    /// The named states that it reached.
    pub states: StateSet,
}

/// Why there is no agreement.
#[derive(Clone, Debug)]
pub enum CheckError {
    /// The two sides diverge.
    Diverges(Box<Report>),
    /// The backend does not work any more.
    Broken(BackendError),
}

impl From<Box<Report>> for CheckError {
    fn from(report: Box<Report>) -> CheckError {
        CheckError::Diverges(report)
    }
}

impl From<BackendError> for CheckError {
    fn from(error: BackendError) -> CheckError {
        CheckError::Broken(error)
    }
}

impl fmt::Display for CheckError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CheckError::Diverges(report) => report.fmt(formatter),
            CheckError::Broken(error) => write!(formatter, "{error}\n{}", error.help),
        }
    }
}

impl Harness {
    /// The target's backends. The `candidate` target takes the shared object that the
    /// environment variable [`CANDIDATE_VARIABLE`] names, or the example that is built in;
    /// the `kernel` target boots the kernel that [`KERNEL_VARIABLE`] and [`KDIR_VARIABLE`]
    /// name, or the one that was set up.
    ///
    /// # Errors
    ///
    /// The shared object does not load; the kernel is not set up, or does not boot.
    pub fn new(target: &'static Target) -> Result<Self, BackendError> {
        let subject = match target.check {
            Check::OneFunction(_) | Check::Program => Subject::Fast(fast()),
            Check::Decode => Subject::Forms(Forms::default()),
            Check::Candidate => Subject::Candidate(match candidate_path() {
                Some(path) => Candidate::load(&path)?.into_backend(&path.display().to_string()),
                None => Candidate::built_in().into_backend("candidate"),
            }),
            Check::Kernel => {
                let guest = KernelGuest::start(KernelOptions {
                    guest: Options { kernel: own_kernel()?, ..Options::default() },
                    ..KernelOptions::default()
                })?;
                Subject::Kernel(Box::new(Way::ALL.map(|way| guest.backend(way))))
            }
        };
        Ok(Harness {
            target,
            case: Case::default(),
            world: World::default(),
            reference: naive(),
            subject,
        })
    }

    /// The case that the target makes of these bytes.
    pub fn case(target: &Target, bytes: &[u8]) -> Case {
        let mut case = Case::decode(bytes);
        target.check.adapt(&mut case);
        case
    }

    /// Runs a case on the reference, so that none that is no larger needs more memory. What it
    /// is held against has room already, and is not run: it may have bugs, and nobody waits
    /// for its report yet.
    pub fn warm_up(&mut self, case: &Case) {
        self.case.records.clone_from(&case.records);
        self.world.build(case);
        self.reference.run_world(&self.world, Class::OverRelease);
        if let Subject::Forms(forms) = &mut self.subject {
            forms.make_room(case);
        }
    }

    /// Runs a case on both sides and compares.
    ///
    /// # Errors
    ///
    /// They diverge, or the backend does not work any more.
    pub fn check(&mut self, bytes: &[u8]) -> Result<Checked, CheckError> {
        self.case.decode_from(bytes);
        self.target.check.adapt(&mut self.case);
        self.world.build(&self.case);
        self.reference.run_world(&self.world, Class::OverRelease);
        let class = oracle::classify(&self.world, self.reference.last());
        let states = self.reference.machine.states();
        states.take_branches();
        match &mut self.subject {
            Subject::Fast(fast) => {
                compare(&self.case, &self.world, class, &mut self.reference, fast)?;
            }
            Subject::Candidate(candidate) => {
                compare(&self.case, &self.world, class, &mut self.reference, candidate)?;
            }
            Subject::Kernel(ways) => check_in_kernel(&self.case, &mut **ways)?,
            Subject::Forms(forms) => {
                forms.check(bytes).map_err(|what| Report::of_forms(&self.case, what))?;
            }
        }
        Ok(Checked { class, states })
    }

    /// The functions that the target's backend has.
    pub fn functions(&self) -> &[Function] {
        match &self.subject {
            Subject::Fast(fast) => &fast.functions,
            Subject::Candidate(candidate) => &candidate.functions,
            Subject::Kernel(_) => &Function::ALL,
            Subject::Forms(_) => &[],
        }
    }
}

/// The shared object that the environment names for the `candidate` target.
pub fn candidate_path() -> Option<PathBuf> {
    std::env::var_os(CANDIDATE_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// That shared object as `pagediff --backend` takes it: a path with a slash.
pub fn candidate_argument() -> Option<String> {
    let path = candidate_path()?.display().to_string();
    Some(if path.contains('/') { path } else { format!("./{path}") })
}

/// The kernel that the environment names, if it names one.
fn own_kernel() -> Result<Option<OwnKernel>, BackendError> {
    let path = |name| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    match (path(KERNEL_VARIABLE), path(KDIR_VARIABLE)) {
        (None, None) => Ok(None),
        (Some(image), Some(kdir)) => Ok(Some(OwnKernel { image, kdir })),
        _ => Err(BackendError {
            message: format!("of {KERNEL_VARIABLE} and {KDIR_VARIABLE} only one is set"),
            help: "set both: the kernel's image, and the directory that it was built in".to_owned(),
        }),
    }
}

/// Holds a case in the kernel against the reference, in each way of releasing.
fn check_in_kernel(case: &Case, ways: &mut [Kernel]) -> Result<(), CheckError> {
    let backends = ways.iter_mut().map(|way| way as &mut dyn Backend);
    let mut report = None;
    Comparer::new(backends.collect()).compare(
        std::slice::from_ref(case),
        &mut |_, _, verdict| {
            if let Verdict::Differs(found) = verdict {
                report.get_or_insert(found);
            }
        },
    )?;
    for way in ways {
        let unexplained = way.unexplained().into_iter();
        report = report.or(unexplained.map(|f| Report::of_unexplained(way.name(), f)).next());
    }
    report.map_or(Ok(()), |report| Err(report.into()))
}

fn compare(
    case: &Case,
    world: &World,
    class: Class,
    reference: &mut InProcess<Naive>,
    backend: &mut InProcess<impl Machine>,
) -> Result<(), Box<Report>> {
    if backend.skips(world, class).is_some() {
        return Ok(());
    }
    let observed = reference.observes.and(backend.observes);
    let outcome = backend.run_world(world, class);
    let comparison = oracle::compare(world, reference.last(), Ran::Outcome(outcome), observed);
    let Comparison::Differs(differences) = comparison else { return Ok(()) };
    let found = Found { differences, as_made: world, log: String::new() };
    Err(Box::new(investigate(case, world, reference, backend, found)))
}
