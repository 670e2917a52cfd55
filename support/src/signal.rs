//! The names of signals.

use nix::sys::signal::Signal;

/// The name of a signal, as `SIGSEGV`; none for those without one, as those for real time.
pub fn signal_name(number: i32) -> Option<&'static str> {
    Signal::try_from(number).ok().map(Signal::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_their_names() {
        assert_eq!(signal_name(9), Some("SIGKILL"));
        assert_eq!(signal_name(34), None);
    }
}
