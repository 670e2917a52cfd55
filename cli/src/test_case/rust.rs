//! The test in Rust, on the pages of put_user_page.

use std::ops::Range;

use put_user_page_case::{Function, Kind, Source};
use put_user_page_targets::outcome::{Accounting, FolioState};

use super::story::{Run, Story, Told, indented};

/// Entries that are written one by one, frame by frame.
const FEW: usize = 16;

/// The hooks of a test.
const HOOKS: &str = "\
/// Writes down what is done to pages, and gives a lock back that is waited for.
struct Watch<'map> {
    map: MemoryMap<'map>,
    steps: RefCell<Vec<(usize, String)>>,
}

impl<'map> Watch<'map> {
    fn write(&self, head: PageRef<'_>, step: &str) {
        let frame = self.map.frame(head);
        self.steps.borrow_mut().push((frame, format!(\"{step} at {}\", head.refcount())));
    }

    /// What was done to a page, and the refcount that it had then.
    fn steps_of(&self, head: PageRef<'map>) -> Vec<String> {
        let steps = self.steps.borrow();
        let of_page = steps.iter().filter(|(frame, _)| *frame == self.map.frame(head));
        of_page.map(|(_, step)| step.clone()).collect()
    }
}

impl Hooks for Watch<'_> {
    fn set_page_dirty(&self, head: PageRef<'_>) {
        if !head.is_dirty() {
            self.write(head, \"dirty\");
        }
        ().set_page_dirty(head);
    }

    fn lock_page(&self, head: PageRef<'_>) {
        if head.is_locked() {
            self.write(head, \"wait\");
            head.unlock();
        }
        ().lock_page(head);
        self.write(head, \"lock\");
    }

    fn unlock_page(&self, head: PageRef<'_>) {
        self.write(head, \"unlock\");
        ().unlock_page(head);
    }

    fn free_page(&self, head: PageRef<'_>) {
        self.write(head, if head.is_dirty() { \"free dirty\" } else { \"free\" });
        ().free_page(head);
    }
}
";

/// The hooks of a test of this story: they know the zero page, if it has one.
fn hooks(story: &Story) -> String {
    let world = story.trial.world();
    let Some(zero) = world.folios.iter().position(|folio| folio.from == Source::Zero) else {
        return HOOKS.to_owned();
    };
    let frame = world.layout.places[zero].frame;
    let end = HOOKS.rfind('}').unwrap_or(HOOKS.len());
    format!(
        "{}
    fn is_zero_page(&self, head: PageRef<'_>) -> bool {{
        self.map.frame(head) == {frame}
    }}
}}
",
        &HOOKS[..end]
    )
}

/// The test, with all that it needs.
pub(super) fn test(story: &Story) -> String {
    let (hooks, body) = (hooks(story), body(story));
    let known = [
        "AddressSpace",
        "Hooks",
        "MemoryMap",
        "Page",
        "PageRef",
        "get_user_pages",
        "pin_user_pages",
        "put_user_page",
        "put_user_pages",
        "put_user_pages_dirty",
        "put_user_pages_dirty_lock",
        "unpin_folio",
        "unpin_folios",
        "unpin_user_folio",
        "unpin_user_page",
        "unpin_user_page_range_dirty_lock",
        "unpin_user_pages",
        "unpin_user_pages_dirty_lock",
    ];
    let is_used = |name: &&str| {
        let is_rest = |c: char| !c.is_alphanumeric() && c != '_';
        [&hooks, &body].iter().any(|code| code.split(is_rest).any(|word| word == *name))
    };
    let used: Vec<&str> = known.into_iter().filter(is_used).collect();
    let (name, used) = (&story.name, used.join(", "));
    let relaxed = "use std::sync::atomic::Ordering::Relaxed;\n";
    let relaxed = if body.contains("Relaxed") { relaxed } else { "" };
    let case: String = story.text.lines().map(|line| format!("// {line}\n")).collect();
    format!(
        "\
// Printed by `pagediff test-case`. In src/tests put_user_page is `crate`.
use std::cell::RefCell;
{relaxed}
use put_user_page::{{{used}}};

{hooks}
{case}#[test]
fn {name}() {{
{body}}}
"
    )
}

fn body(story: &Story) -> String {
    let mut lines = world(story);
    for step in &story.steps {
        tell(&mut lines, story, step);
    }
    lines.push(String::new());
    for folio in 0..story.folios.len() {
        expect(&mut lines, story, folio);
    }
    if story.trial.world().layout.frames() > story.folios.len() {
        lines.push("assert_eq!(others(), before, \"no page but a head page changes\");".to_owned());
    }
    indented(&lines, "    ")
}

/// The world, before anything is done in it.
fn world(story: &Story) -> Vec<String> {
    let layout = &story.trial.world().layout;
    let frames = layout.frames();
    let mut lines = vec![
        format!("let mut pages: Vec<Page> = (0..{frames}).map(|_| Page::new()).collect();"),
        "let map = MemoryMap::new(&mut pages);".to_owned(),
    ];
    if story.arrays.iter().any(|length| *length > 0) || frames > layout.places.len() {
        lines.push("let page = |frame| map.page(frame).expect(\"a frame of the map\");".to_owned());
    }
    for folio in 0..story.folios.len() {
        make(&mut lines, story, folio);
    }
    if frames > layout.places.len() {
        // Every head page has its owner's reference.
        let others = format!(
            "\
let no_head = |&frame: &usize| page(frame).refcount() == 0;
let frames: Vec<usize> = (0..{frames}).filter(no_head).collect();
// SAFETY: a page is eight aligned words, and nobody else writes to it.
let read = |page: PageRef<'_>| unsafe {{ page.as_ptr().cast::<[u64; 8]>().read() }};
let words = |&frame: &usize| read(page(frame));
let others = || frames.iter().map(words).collect::<Vec<_>>();
let before = others();"
        );
        lines.extend(others.lines().map(str::to_owned));
    }
    lines.push("let watch = Watch { map, steps: RefCell::default() };".to_owned());
    for (array, length) in story.arrays.iter().enumerate() {
        if *length > 0 {
            lines.push(format!("let mut array_{array} = Vec::new();"));
        } else if story.reads(array) {
            lines.push(format!("let array_{array}: [PageRef<'_>; 0] = [];"));
        }
    }
    lines.push(String::new());
    lines
}

/// Makes the compound page what it is at the start.
fn make(lines: &mut Vec<String>, story: &Story, folio: usize) {
    let (name, of) = (&story.folios[folio], story.trial.world().folios[folio]);
    let place = story.trial.world().layout.places[folio];
    let (frame, order) = (place.frame, place.pages.ilog2());
    if of.kind == Kind::File {
        // First, so that it is there for as long as the map.
        lines.insert(0, format!("let file_of_{name} = AddressSpace::new();"));
    }
    lines.push(format!(
        "let {name} = map.prep_compound_page({frame}, {order}).expect(\"it has room\");"
    ));
    lines.push(format!("{name}.set_refcount({}); // one is its owner's", of.refs + 1));
    if of.kind == Kind::File {
        lines.push(format!("{name}.set_mapping(&file_of_{name});"));
    }
    if of.dirty {
        lines.push(format!("().set_page_dirty({name});"));
    }
    if of.locked {
        lines.push(format!("assert!({name}.try_lock());"));
    }
}

fn tell(lines: &mut Vec<String>, story: &Story, step: &Told) {
    match step {
        Told::Fill { array, runs, .. } => fill(lines, story, *array, runs),
        Told::Take { array, entries, pins, got } => {
            let slice = format!("array_{array}[{}..{}]", entries.start, entries.end);
            lines.push(match pins {
                true => format!("assert_eq!(pin_user_pages(&{slice}, &watch), {got});"),
                false => format!("assert_eq!(get_user_pages(&{slice}), {got});"),
            });
        }
        Told::Cut { array, length } => lines.push(format!("array_{array}.truncate({length});")),
        Told::DropOwners => {
            lines.push("// The owners drop their references.".to_owned());
            for name in &story.folios {
                lines.push(format!("{name}.set_refcount({name}.refcount() - 1);"));
            }
            lines.push(String::new());
        }
        Told::Call { function, array, entries, stopped } => {
            call(lines, story, *function, *array, entries, *stopped);
        }
        Told::CallWithErrno { .. } => unreachable!("a case with an errno has no test in Rust"),
        Told::Clean { folios } => {
            for name in &story.folios[folios.clone()] {
                lines.push(format!("if {name}.refcount() > 0 {{"));
                lines.push(format!("    {name}.clear_dirty();"));
                lines.push("}".to_owned());
            }
        }
    }
}

fn fill(lines: &mut Vec<String>, story: &Story, array: usize, runs: &[Run]) {
    let frame = |run: &Run, index: usize| {
        let folio = run.folio.expect("a case with a NULL has no test in Rust");
        let first = story.trial.world().layout.places[folio].frame + run.page;
        (first as i64 + run.step * index as i64).to_string()
    };
    let length: usize = runs.iter().map(|run| run.length).sum();
    if (1..=FEW).contains(&length) {
        let frames = runs.iter().flat_map(|run| (0..run.length).map(|index| frame(run, index)));
        let frames = frames.collect::<Vec<_>>().join(", ");
        lines.push(format!("array_{array}.extend([{frames}].map(page));"));
        return;
    }
    for run in runs {
        let (first, last) = (frame(run, 0), frame(run, run.length - 1));
        lines.push(match run.step {
            1 => format!("array_{array}.extend(({first}..={last}).map(page));"),
            -1 => format!("array_{array}.extend(({last}..={first}).rev().map(page));"),
            _ => {
                format!("array_{array}.extend(std::iter::repeat_n(page({first}), {}));", run.length)
            }
        });
    }
}

fn call(
    lines: &mut Vec<String>,
    story: &Story,
    function: Function,
    array: Option<usize>,
    entries: &Range<usize>,
    stopped: Option<usize>,
) {
    let slice = match array {
        Some(array) => format!("array_{array}[{}..{}]", entries.start, entries.end),
        None => "[]".to_owned(),
    };
    let name = function.name();
    match (function, array) {
        (Function::PutUserPage | Function::UnpinUserPage | Function::UnpinFolio, _) => {
            call_each(lines, name, &slice, stopped);
        }
        (Function::UnpinUserFolio, Some(array)) => {
            for (first, length) in story.runs(array, entries) {
                let before = first - entries.start;
                let stopped = stopped.and_then(|entry| entry.checked_sub(before));
                let stopped = stopped.filter(|entry| *entry < length);
                lines.push(expect_call(
                    name,
                    &format!("array_{array}[{first}], {length}"),
                    stopped,
                ));
                if stopped.is_some() {
                    break;
                }
            }
        }
        (Function::UnpinUserPageRangeDirtyLock { make_dirty }, Some(array))
            if !entries.is_empty() =>
        {
            let pages = format!("&map, array_{array}[{}], {}", entries.start, entries.len());
            lines.push(expect_call(name, &format!("{pages}, {make_dirty}"), stopped));
        }
        (Function::UnpinUserFolio | Function::UnpinUserPageRangeDirtyLock { .. }, _) => {}
        (Function::UnpinUserPagesDirtyLock { make_dirty }, _) => {
            lines.push(expect_call(name, &format!("&{slice}, {make_dirty}"), stopped));
        }
        _ => lines.push(expect_call(name, &format!("&{slice}"), stopped)),
    }
}

fn expect_call(name: &str, arguments: &str, stopped: Option<usize>) -> String {
    match stopped {
        Some(entry) => format!(
            "assert_eq!({name}({arguments}, &watch).map_err(|error| error.entry), Err({entry}));"
        ),
        None => format!("assert_eq!({name}({arguments}, &watch), Ok(()));"),
    }
}

/// A function of one page, called for each entry.
fn call_each(lines: &mut Vec<String>, name: &str, slice: &str, stopped: Option<usize>) {
    let released = stopped.map_or_else(String::new, |entry| format!("[..{entry}]"));
    if slice != "[]" {
        lines.push(format!("for &page in &{slice}{released} {{"));
        lines.push(format!("    {}", expect_call(name, "page", None)));
        lines.push("}".to_owned());
    }
    if let Some(entry) = stopped {
        lines.push(expect_call(name, &format!("{slice}[{entry}]"), Some(0)));
    }
}

/// What the compound page must be like at the end.
fn expect(lines: &mut Vec<String>, story: &Story, folio: usize) {
    let (name, state) = (&story.folios[folio], story.trial.expected().folios[folio]);
    let steps: Vec<String> = story
        .events(folio)
        .map(|event| match event.describe() {
            freed if matches!(state, FolioState::Freed { dirty: true, .. }) => {
                freed.replace("free", "free dirty")
            }
            other => other,
        })
        .map(|step| format!("{step:?}"))
        .collect();
    lines.push(match steps.len() {
        0 => format!("assert!(watch.steps_of({name}).is_empty());"),
        _ => format!("assert_eq!(watch.steps_of({name}), [{}]);", steps.join(", ")),
    });
    if let Some(pincount) = state.pincount().filter(|pincount| *pincount != 0) {
        lines.push(format!("assert_eq!({name}.pincount(), {pincount});"));
        lines.push(format!("{name}.set_pincount(0); // it lies in a tail page"));
    }
    let FolioState::Live { refcount, dirty, locked, accounting, .. } = state else {
        lines.push(format!("assert_eq!({name}.refcount(), 0, \"it is free\");"));
        return;
    };
    lines.push(format!("assert_eq!({name}.refcount(), {refcount});"));
    let not = |yes: bool| if yes { "" } else { "!" };
    lines.push(format!("assert!({}{name}.is_dirty());", not(dirty)));
    lines.push(format!("assert!({}{name}.is_locked());", not(locked)));
    if story.trial.world().folios[folio].kind == Kind::File {
        let Accounting { dirty_count, dirty_tags } = accounting;
        for (field, value) in [("dirty_count", dirty_count), ("dirty_tags", dirty_tags)] {
            lines.push(format!("assert_eq!(file_of_{name}.{field}.load(Relaxed), {value});"));
        }
    }
}
