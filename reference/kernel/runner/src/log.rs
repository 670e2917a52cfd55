//! What a kernel's log tells.

/// What the first telling line of a log has in it.
const TELLING: [&str; 7] = [
    "BUG:",
    "kernel BUG at",
    "WARNING:",
    "Oops",
    "general protection fault",
    "UBSAN:",
    "Kernel panic",
];

/// The line of a log that tells best what the kernel complains of.
pub(crate) fn complaint(log: &str) -> Option<String> {
    let line = log.lines().find(|line| TELLING.iter().any(|telling| line.contains(telling)))?;
    Some(without_time(line).to_owned())
}

/// The number of the job that the kernel panicked in, which the module tells then.
pub(crate) fn job(log: &str) -> Option<usize> {
    let line = log.lines().rev().find_map(|line| line.split_once("pagediff: in job "))?;
    line.1.trim().parse().ok()
}

/// A line without the kernel's time stamp.
fn without_time(line: &str) -> &str {
    let stamped = line.strip_prefix('[').and_then(|rest| rest.split_once("] "));
    match stamped {
        Some((time, rest)) if time.trim_start().parse::<f64>().is_ok() => rest,
        _ => line,
    }
}

/// The end of a text, for an error.
pub(crate) fn tail(text: &str) -> String {
    const LINES: usize = 20;
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_told_without_its_time() {
        let log = "[    0.1] fine\n[    1.234567] BUG: Bad page state in process init\n[ 2.0] Kernel panic - not syncing";
        assert_eq!(complaint(log).as_deref(), Some("BUG: Bad page state in process init"));
        assert_eq!(complaint("[    0.1] fine\n"), None);
        assert_eq!(complaint("Kernel panic").as_deref(), Some("Kernel panic"));
    }

    #[test]
    fn a_panic_tells_its_job() {
        let log = "[ 1.0] Kernel panic - not syncing\n[ 1.0] pagediff: in job 42\n[ 1.1] Rebooting";
        assert_eq!(job(log), Some(42));
        assert_eq!(job("[ 1.0] Kernel panic - not syncing"), None);
    }

    #[test]
    fn a_tail_is_the_last_lines() {
        assert_eq!(tail("one\ntwo\n\n"), "one\ntwo");
        assert_eq!(tail(&"line\n".repeat(100)).lines().count(), 20);
    }
}
