//! What a case diverges on: a backend, or the forms of a case.

use pagediff_terminal::error::{Stop, does_not_hold};
use pagediff_terminal::inputs::Input;
use put_user_page_case::Case;
use put_user_page_targets::backend::Backend;
use put_user_page_targets::backends::{Reference, reference_of};
use put_user_page_targets::divergence::Divergence;
use put_user_page_targets::forms::Forms;
use put_user_page_targets::registry::Check;
use put_user_page_targets::trial::{Trial, Verdict};

/// A case that diverges.
pub(super) struct Diverging {
    side: Side,
    reference: Reference,
    /// What diverges: what the target gets, or the case that it makes of it.
    pub(super) bytes: Vec<u8>,
    pub(super) divergence: Box<Divergence>,
}

enum Side {
    Forms(Box<Forms>),
    Backend(Box<dyn Backend>),
}

impl Diverging {
    /// Holds a case against the reference on the backends, and for the target `decode` its
    /// forms against each other. The first that diverges counts.
    pub(super) fn find(input: &Input, backends: Vec<Box<dyn Backend>>) -> Result<Diverging, Stop> {
        let mut reference = reference_of(backends.iter().map(|backend| &**backend));
        let mut sides = Vec::new();
        if input.target.is_some_and(|target| target.check == Check::Decode) {
            sides.push((Side::Forms(Box::default()), input.bytes.clone()));
        }
        for backend in backends {
            sides.push((Side::Backend(backend), input.case.encode()));
        }
        let mut why = Vec::new();
        for (mut side, bytes) in sides {
            why.push(match side.run(&bytes, &mut reference)? {
                Verdict::Differs(divergence) => {
                    return Ok(Diverging { side, reference, bytes, divergence });
                }
                Verdict::Same => format!("{} does as it should", side.name()),
                Verdict::Skipped(skip) => format!("{} skips it, for {skip}", side.name()),
            });
        }
        if why.is_empty() {
            why.push("there is nothing but the reference to run it".to_owned());
        }
        let path = input.path.as_ref().map_or_else(String::new, |path| path.display().to_string());
        Err(does_not_hold(
            format!("{path} does not diverge: {}", why.join("; ")),
            "name what it diverges on with `--backend`, and its target with `--target`",
        ))
    }

    /// What comes of other bytes.
    pub(super) fn run(&mut self, bytes: &[u8]) -> Result<Verdict, Stop> {
        self.side.run(bytes, &mut self.reference)
    }
}

impl Side {
    fn name(&self) -> &str {
        match self {
            Side::Forms(_) => "decode",
            Side::Backend(backend) => backend.name(),
        }
    }

    fn run(&mut self, bytes: &[u8], reference: &mut Reference) -> Result<Verdict, Stop> {
        let case = Case::decode(bytes);
        match self {
            Side::Forms(forms) => Ok(match forms.check(bytes) {
                Ok(()) => Verdict::Same,
                Err(differ) => Verdict::Differs(Divergence::of_forms(&case, differ)),
            }),
            Side::Backend(backend) => {
                Ok(Trial::of(&case, reference).run_on(&mut **backend, reference)?)
            }
        }
    }
}
