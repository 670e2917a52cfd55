//! What a patch touches: the functions whose text it changes.

use std::collections::BTreeMap;

use put_user_page_kernel::{Patched, PatchedFile};
use serde::Serialize;

use crate::candidate::functions;
use crate::candidate::kernel_sources::Difference;

/// What a patch changes in a file.
#[derive(Serialize)]
pub(super) struct Touched {
    /// Its path in the source.
    file: String,
    /// The functions that change, in words.
    functions: Vec<String>,
    /// Whether lines outside of functions change.
    elsewhere: bool,
}

impl Touched {
    /// What is told of a file.
    fn of(file: &PatchedFile) -> Touched {
        let text = |bytes: &Option<Vec<u8>>| {
            String::from_utf8_lossy(bytes.as_deref().unwrap_or_default()).into_owned()
        };
        let (before, after) = (text(&file.before), text(&file.after));
        let differences = differences(&before, &after);
        Touched {
            file: file.path.display().to_string(),
            functions: differences.iter().map(Difference::to_string).collect(),
            elsewhere: outside(&before) != outside(&after),
        }
    }

    /// For people, in a line.
    pub(super) fn line(&self) -> String {
        let elsewhere = self.elsewhere.then(|| "lines outside of functions".to_owned());
        let parts: Vec<String> = self.functions.iter().cloned().chain(elsewhere).collect();
        format!("{}: {}", self.file, parts.join(", "))
    }
}

/// What a patch changes in each file.
pub(super) fn touched(patched: &Patched) -> Vec<Touched> {
    patched.files.iter().map(Touched::of).collect()
}

/// The functions whose text differs, by their names.
fn differences(before: &str, after: &str) -> Vec<Difference> {
    let (before, after) = (texts(before), texts(after));
    let gone = before.iter().filter_map(|(name, text)| match after.get(name) {
        None => Some(Difference::Missing((*name).to_owned())),
        Some(other) if other == text => None,
        Some(_) => Some(Difference::Changed((*name).to_owned())),
    });
    let new = after.keys().filter(|name| !before.contains_key(*name));
    gone.chain(new.map(|name| Difference::New((*name).to_owned()))).collect()
}

/// The texts of functions; of one that is defined for several configurations all of them.
fn texts(source: &str) -> BTreeMap<&str, Vec<String>> {
    let mut texts: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for function in functions::all(source) {
        texts.entry(function.name).or_default().push(function.text);
    }
    texts
}

/// A source without its functions.
fn outside(source: &str) -> String {
    let mut rest: String = source.lines().flat_map(|line| [line, "\n"]).collect();
    for function in functions::all(source) {
        rest = rest.replacen(&function.text, "", 1);
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "#define N 1\nvoid a(void)\n{\n\tb();\n}\n\nvoid c(void)\n{\n}\n";

    fn told(after: &str) -> (Vec<String>, bool) {
        let told = differences(BEFORE, after).iter().map(Difference::to_string).collect();
        (told, outside(BEFORE) != outside(after))
    }

    #[test]
    fn functions_are_told_by_their_names() {
        assert_eq!(told(BEFORE), (vec![], false));
        let changed = BEFORE.replace("b();", "d();");
        assert_eq!(told(&changed), (vec!["a() has changed".to_owned()], false));
        let renamed = BEFORE.replace("c(void)", "e(void)");
        let both = ["c() is not there", "e() is new"].map(str::to_owned).to_vec();
        assert_eq!(told(&renamed), (both, false));
        assert_eq!(told(&BEFORE.replace("N 1", "N 2")), (vec![], true));
    }
}
