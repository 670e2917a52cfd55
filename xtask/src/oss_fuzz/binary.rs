//! What a fuzz target's executable tells of itself: its architecture, its entry point, and
//! what it was instrumented with.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use object::{Architecture, Object, ObjectSection, ObjectSymbol, SectionKind};

/// The function that libFuzzer calls with each input.
const ENTRY: &str = "LLVMFuzzerTestOneInput";

/// Where a coverage build keeps its counters.
const PROFILE_COUNTERS: &str = "__llvm_prf_cnts";

/// An executable, read.
#[derive(Debug)]
pub(super) struct Binary {
    pub(super) architecture: Architecture,
    /// Whether it has [`ENTRY`].
    pub(super) has_entry: bool,
    /// How many call instructions name each of the sanitizers' functions.
    calls: BTreeMap<String, usize>,
    /// Whether it counts for coverage reports.
    pub(super) has_profile: bool,
}

impl Binary {
    /// Reads an executable; the error says what is wrong with it.
    pub(super) fn read(path: &Path) -> Result<Binary, String> {
        let bytes = std::fs::read(path).map_err(|why| why.to_string())?;
        if !bytes.starts_with(&object::elf::ELFMAG) {
            return Err("it is no ELF file".to_owned());
        }
        let file = object::File::parse(&*bytes).map_err(|why| why.to_string())?;
        Ok(Binary {
            architecture: file.architecture(),
            has_entry: file.symbols().any(|s| s.is_definition() && s.name() == Ok(ENTRY)),
            calls: sanitizer_calls(&file),
            has_profile: file.section_by_name(PROFILE_COUNTERS).is_some_and(|s| s.size() > 0),
        })
    }

    /// How many call instructions name a sanitizer's function whose name starts so.
    pub(super) fn calls(&self, prefix: &str) -> usize {
        let named = self.calls.iter().filter(|(name, _)| name.starts_with(prefix));
        named.map(|(_, calls)| calls).sum()
    }
}

/// Counts direct calls. In any other architecture's code than x86-64's it finds none.
fn sanitizer_calls(file: &object::File<'_>) -> BTreeMap<String, usize> {
    let mut functions = HashMap::new();
    for symbol in file.symbols().filter(ObjectSymbol::is_definition) {
        if let Some(name) = symbol.name().ok().and_then(sanitizer_function) {
            functions.insert(symbol.address(), name);
        }
    }
    let mut calls = BTreeMap::new();
    for section in file.sections().filter(|section| section.kind() == SectionKind::Text) {
        let code = section.data().unwrap_or_default();
        for (offset, window) in code.windows(CALL_LENGTH).enumerate() {
            let [CALL, distance @ ..] = window else { continue };
            let Ok(distance) = distance.try_into().map(i32::from_le_bytes) else { continue };
            let next = section.address().wrapping_add((offset + CALL_LENGTH) as u64);
            let callee = next.wrapping_add_signed(i64::from(distance));
            if let Some(&name) = functions.get(&callee) {
                *calls.entry(name.to_owned()).or_default() += 1;
            }
        }
    }
    calls
}

/// x86-64's near call: this byte, and the distance from the next instruction in 4 bytes. That
/// other bytes look like one and meet a sanitizer's function by chance is next to impossible.
const CALL: u8 = 0xe8;
const CALL_LENGTH: usize = 5;

/// The name without C++'s mangling of namespaces, if it is of a sanitizer.
fn sanitizer_function(symbol: &str) -> Option<&str> {
    let name = symbol.strip_prefix("_ZN").map_or(symbol, |mangled| {
        mangled.trim_start_matches('K').trim_start_matches(|c: char| c.is_ascii_digit())
    });
    let is_one = ["__asan", "__dfsan", "__msan", "__ubsan"].iter().any(|p| name.starts_with(p));
    is_one.then_some(name)
}
