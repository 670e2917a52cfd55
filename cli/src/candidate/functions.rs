//! Functions cut out of C that is laid out as the kernel's is: a definition starts in the first
//! column, and so does the brace that ends it.

use std::ops::Range;

use pagediff_terminal::error::{Stop, error};
use sha1_smol::Sha1;

/// A function of a source.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function<'a> {
    pub(crate) name: &'a str,
    /// Its definition, and the line behind it that exports it. Each line ends in a line feed.
    pub(crate) text: String,
}

impl Function<'_> {
    /// What tells two texts apart: the SHA-1 of its bytes, in hexadecimal digits.
    pub(super) fn hash(&self) -> String {
        Sha1::from(&self.text).digest().to_string()
    }
}

/// The functions that a source defines, in its order. One that is defined twice, as for two
/// configurations, is there twice; what does not end is left out.
pub(crate) fn all(source: &str) -> Vec<Function<'_>> {
    let lines: Vec<&str> = source.lines().collect();
    let mut functions = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let name = declared(lines[at]).filter(|name| defines(&lines[at..], name));
        match name.and_then(|name| Some((name, extent(&lines, at, name).ok()?))) {
            Some((name, extent)) => {
                at = extent.end;
                functions.push(Function { name, text: text(&lines[extent]) });
            }
            None => at += 1,
        }
    }
    functions
}

/// The functions with these names that a source defines, in its order.
///
/// # Errors
///
/// One is defined twice, or does not end.
pub(super) fn cut<'a>(source: &str, names: &[&'a str]) -> Result<Vec<Function<'a>>, Stop> {
    let lines: Vec<&str> = source.lines().collect();
    let mut functions: Vec<Function<'a>> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let name = names.iter().find(|name| defines(&lines[at..], name)).copied();
        let Some(name) = name else {
            at += 1;
            continue;
        };
        if functions.iter().any(|function| function.name == name) {
            return Err(error(
                format!("{name}() is defined twice, the second time in line {}", at + 1),
                "copy the source, and leave only the one in it that your configuration has",
            ));
        }
        let extent = extent(&lines, at, name)?;
        at = extent.end;
        functions.push(Function { name, text: text(&lines[extent]) });
    }
    Ok(functions)
}

/// The lines of a definition that has its name in this line.
fn extent(lines: &[&str], at: usize, name: &str) -> Result<Range<usize>, Stop> {
    let start = if has_type_above(lines, at, name) { at - 1 } else { at };
    Ok(start..end(lines, at, name)?)
}

fn text(lines: &[&str]) -> String {
    lines.iter().flat_map(|line| [*line, "\n"]).collect()
}

/// The name in front of the first parameters of a line that starts in the first column.
fn declared(line: &str) -> Option<&str> {
    let (before, _) = line.split_once('(').filter(|_| starts_in_first_column(line))?;
    let start = before.rfind(|character| !is_of_name(character)).map_or(0, |place| place + 1);
    Some(&before[start..]).filter(|name| !name.is_empty())
}

/// Whether a definition of the function starts at the first of these lines, or the line with its
/// name does.
fn defines(lines: &[&str], name: &str) -> bool {
    if !starts_in_first_column(lines[0]) || !declares(lines[0], name) {
        return false;
    }
    // A declaration ends before a body starts.
    let decides = lines.iter().find(|line| line.contains(['{', ';']));
    decides.and_then(|line| line.chars().find(|of| ['{', ';'].contains(of))) == Some('{')
}

/// Whether a line has the name as a whole word and parameters behind it.
fn declares(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(place, _)| {
        let goes_on = line[..place].chars().next_back().is_some_and(is_of_name);
        !goes_on && line[place + name.len()..].starts_with('(')
    })
}

fn starts_in_first_column(line: &str) -> bool {
    line.chars().next().is_some_and(is_of_name)
}

fn is_of_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// Whether what a function returns stands in a line of its own, above its name.
fn has_type_above(lines: &[&str], at: usize, name: &str) -> bool {
    let above = at.checked_sub(1).map(|above| lines[above]);
    let is_type = |line: &str| starts_in_first_column(line) && !line.contains([';', ':', '(']);
    lines[at].starts_with(name) && above.is_some_and(is_type)
}

/// The line behind a definition, and behind the line that exports it.
fn end(lines: &[&str], at: usize, name: &str) -> Result<usize, Stop> {
    let body = at + lines[at..].iter().take_while(|line| !line.contains('{')).count();
    let closes = |line: &&str| line.starts_with('}');
    let length =
        if lines[body].ends_with('}') { Some(0) } else { lines[body..].iter().position(closes) };
    let Some(length) = length else {
        return Err(error(
            format!("{name}() starts in line {}, and no brace in a first column ends it", at + 1),
            "name the whole file, laid out as the kernel's is",
        ));
    };
    let end = body + length + 1;
    let exports =
        |line: &&str| line.starts_with("EXPORT_SYMBOL") && line.contains(&format!("({name})"));
    Ok(end + usize::from(lines.get(end).is_some_and(exports)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "\
/*
 * release(page) {
 */
static void release(struct page *page);

static void prerelease(struct page *page)
{
\trelease(page);
}

static struct page *
next(struct page **pages,
     unsigned long i)
{
\tfor (;;) {
\t\trelease(pages[i]);
\t}
retry:
\treturn NULL;
}

static void release(struct page *page)
{
}
EXPORT_SYMBOL_GPL(release);
EXPORT_SYMBOL(prerelease);

static inline bool one_line(int x) { return x; }
int other;
";

    fn texts(source: &str, names: &[&str]) -> Vec<String> {
        cut(source, names).unwrap().into_iter().map(|function| function.text).collect()
    }

    #[test]
    fn functions_come_in_the_order_of_the_source_with_what_exports_them() {
        let release = "static void release(struct page *page)\n{\n}\nEXPORT_SYMBOL_GPL(release);\n";
        let found = texts(SOURCE, &["release", "next", "nowhere"]);
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("static struct page *\nnext("), "{}", found[0]);
        assert!(found[0].ends_with("retry:\n\treturn NULL;\n}\n"), "{}", found[0]);
        assert_eq!(found[1], release);
        assert_eq!(
            texts(SOURCE, &["one_line"]),
            ["static inline bool one_line(int x) { return x; }\n"]
        );
    }

    #[test]
    fn all_functions_are_found_by_their_names() {
        let names = |source| all(source).iter().map(|function| function.name).collect::<Vec<_>>();
        assert_eq!(names(SOURCE), ["prerelease", "next", "release", "one_line"]);
        let data = "struct a {\n\tint b;\n};\nint c[] = {\n\tf(1),\n};\nEXPORT_SYMBOL(c);\n";
        assert_eq!(names(data), [""; 0]);
        assert_eq!(names(&SOURCE.repeat(2)).len(), 8);
    }

    #[test]
    fn only_line_ends_are_made_equal() {
        assert_eq!(texts(&SOURCE.replace('\n', "\r\n"), &["next"]), texts(SOURCE, &["next"]));
        assert_ne!(texts(&SOURCE.replace("i)", "i )"), &["next"]), texts(SOURCE, &["next"]));
    }

    #[test]
    fn what_is_defined_twice_or_does_not_end_is_an_error() {
        assert!(cut(&SOURCE.repeat(2), &["next"]).is_err());
        assert!(cut("void next(void)\n{\n\treturn;\n", &["next"]).is_err());
        assert_eq!(cut("void next(void);\n", &["next"]).unwrap(), []);
    }
}
