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

/// The function that the kernel was in when it complained so, where its log says: in the line itself
/// (`in unpin_user_pages+0x124/0x180`), or behind it, as the instruction pointer.
pub(crate) fn function<'a>(log: &'a str, complaint: &str) -> Option<&'a str> {
    let mut lines = log[log.find(complaint)?..].lines();
    let line = lines.next()?;
    symbol(line).or_else(|| symbol(lines.find(|line| line.contains("RIP: "))?))
}

/// The first of the symbols in a line, which the kernel prints as `name+0xoffset/0xsize`; without
/// what a compiler appends to a part of a function.
fn symbol(line: &str) -> Option<&str> {
    let name = line.split_whitespace().find_map(|word| word.split_once("+0x"))?.0;
    // `0010:name` is an instruction pointer.
    let name = name.rsplit(':').next()?;
    name.split('.').next().filter(|name| !name.is_empty())
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
    fn a_complaint_tells_its_function() {
        let kasan = "BUG: KASAN: slab-out-of-bounds in unpin_user_pages+0x124/0x180";
        assert_eq!(function(&format!("[ 1.0] {kasan}\n"), kasan), Some("unpin_user_pages"));
        let bug = "kernel BUG at mm/gup.c:31!";
        let log = format!("[ 0.1] old+0x1/0x2\n[ 1.0] {bug}\nRIP: 0010:put.part.0+0x34/0x490\n");
        assert_eq!(function(&log, bug), Some("put"));
        assert_eq!(function("[ 1.0] BUG: Bad page state in process init", "BUG: Bad page"), None);
        assert_eq!(function("", bug), None);
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
