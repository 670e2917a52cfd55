//! The files beside a target: its dictionary, its options and its seeds.

use std::fs::File;
use std::path::Path;

use configparser::ini::Ini;
use zip::ZipArchive;

/// The longest token that AFL++ takes.
const MAX_TOKEN: usize = 128;

/// How many tokens a dictionary has; the error names the line that is not of the form
/// `name="token"`, which libFuzzer, AFL++ and honggfuzz read.
pub(super) fn count_tokens(text: &str) -> Result<usize, String> {
    let mut tokens = 0;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let length = token_length(line).ok_or_else(|| format!("line {number} is no token"))?;
        if !(1..=MAX_TOKEN).contains(&length) {
            return Err(format!("the token in line {number} has {length} bytes, not 1 to 128"));
        }
        tokens += 1;
    }
    if tokens == 0 { Err("it has no token".to_owned()) } else { Ok(tokens) }
}

/// The length in bytes of the token that a line is; `None` if it is none.
fn token_length(line: &str) -> Option<usize> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let quoted = line.trim_start_matches(is_of_name).trim_start();
    let quoted = quoted.strip_prefix('=').unwrap_or(quoted).trim_start();
    let mut rest = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let mut length = 0;
    while let Some(first) = rest.chars().next() {
        rest = match (first, rest.get(1..)?) {
            ('\\', after) if after.starts_with(['\\', '"']) => &after[1..],
            ('\\', after) => {
                let digits = after.strip_prefix('x')?.get(..2)?;
                u8::from_str_radix(digits, 16).ok()?;
                &after[3..]
            }
            ('"', _) => return None,
            (' '..='~', after) => after,
            _ => return None,
        };
        length += 1;
    }
    Some(length)
}

/// The options for libFuzzer as its arguments; the error says what is wrong with them.
/// Those that name the dictionary must name `dictionary`.
pub(super) fn libfuzzer_arguments(text: &str, dictionary: &str) -> Result<Vec<String>, String> {
    let sections = Ini::new_cs().read(text.to_owned())?;
    let options = sections.get("libfuzzer").ok_or("it has no section [libfuzzer]")?;
    let known = ["libfuzzer", "asan", "env"];
    if let Some(section) = sections.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("nothing reads its section [{section}]"));
    }
    let mut arguments = Vec::new();
    for (name, value) in options {
        let value = value.as_ref().ok_or_else(|| format!("`{name}` has no value"))?;
        if name == "dict" && value != dictionary {
            return Err(format!("`dict` names {value}, not {dictionary}"));
        }
        arguments.push(format!("-{name}={value}"));
    }
    arguments.sort();
    Ok(arguments)
}

/// Unpacks seeds into a directory and returns how many there are; the error says what is
/// wrong with the archive.
pub(super) fn unpack(archive: &Path, directory: &Path) -> Result<usize, String> {
    let file = File::open(archive).map_err(|why| why.to_string())?;
    let mut archive = ZipArchive::new(file).map_err(|why| why.to_string())?;
    archive.extract(directory).map_err(|why| why.to_string())?;
    if archive.is_empty() { Err("it is empty".to_owned()) } else { Ok(archive.len()) }
}

#[cfg(test)]
mod tests {
    use super::{count_tokens, libfuzzer_arguments};

    #[test]
    fn dictionaries_are_read_as_engines_read_them() {
        let good = "# folio\nfolio=\"\\x00\\xff\"\n\n\"bare\"\n  a_1 = \"quote \\\" and \\\\\"\n";
        assert_eq!(count_tokens(good), Ok(3));
        let broken = [
            "a=b",
            "a=\"b",
            "a=b\"",
            "a=\"\\x0\"",
            "a=\"\\xzz\"",
            "a=\"\\n\"",
            "a-b=\"c\"",
            "a=\"b\"c\"",
            "a=\"é\"",
        ];
        for line in broken {
            let text = format!("ok=\"ok\"\n{line}\n");
            assert_eq!(count_tokens(&text), Err("line 2 is no token".to_owned()), "{line}");
        }
        assert!(count_tokens("a=\"\"").is_err());
        assert!(count_tokens(&format!("a=\"{}\"", "b".repeat(129))).is_err());
        assert_eq!(count_tokens("# nothing\n"), Err("it has no token".to_owned()));
    }

    #[test]
    fn options_become_arguments_of_libfuzzer() {
        let arguments = |text| libfuzzer_arguments(text, "a.dict");
        let good = "# why\n[libfuzzer]\nmax_len = 8\ndict = a.dict\n[asan]\nx=1\n";
        assert_eq!(arguments(good), Ok(vec!["-dict=a.dict".to_owned(), "-max_len=8".to_owned()]));
        assert!(arguments("max_len = 8\n").is_err());
        assert!(arguments("[libfuzzer\nmax_len = 8\n").is_err());
        assert!(arguments("[libfuzzer]\nmax_len\n").is_err());
        assert!(arguments("[libfuzzer]\ndict = b.dict\n").is_err());
        assert!(arguments("[libfuzzer]\n[libfuzer]\nmax_len = 8\n").is_err());
    }
}
