//! The test in C, for KUnit, on pages of the kernel that it runs in.

use std::ops::Range;

use put_user_page_case::{Function, Kind};
use put_user_page_targets::outcome::FolioState;

use super::story::{Run, Story, Told, indented};

const HEAD: &str = "\
// SPDX-License-Identifier: GPL-2.0
/*
 * Printed by `pagediff test-case`. Functions of the patch of 2018 are for you to bring:
 * mainline has unpin_user_page*() in their place since Linux 5.6, for references that
 * pin_user_pages() took. Counts, marks and locks are checked, the order of events is not.
 *
";

/// Lets the holder of a page lock give it back while a call waits for it.
const HOLDER: &str = "\
#include <linux/workqueue.h>

struct holder {
	struct delayed_work work;
	struct page *page;
};

static void let_go(struct work_struct *work)
{
	unlock_page(container_of(to_delayed_work(work), struct holder, work)->page);
}
";

/// As pin_user_pages() does, for pages that are in no mapping.
const PIN: &str = "
/* As pin_user_pages() does; struct folio has its pincount since Linux 6.2. */
static void pin_page(struct page *page)
{
	struct folio *folio = page_folio(page);

	if (folio_test_large(folio)) {
		folio_ref_inc(folio);
		atomic_inc(&folio->_pincount);
	} else {
		folio_ref_add(folio, GUP_PIN_COUNTING_BIAS);
	}
}
";

const GIVE_BACK: &str = "
/* Whatever the functions made of the page, it goes as alloc_pages() gave it. */
static void give_back(struct page *page)
{
	if (PageLocked(page))
		unlock_page(page);
	ClearPageDirty(page);
	set_page_count(page, 1);
	put_page(page);
}
";

/// The test, as a file of its own.
pub(super) fn test(story: &Story) -> String {
    let waits = (0..story.folios.len()).any(|folio| story.is_waited_for(folio));
    let holder = if waits { HOLDER } else { "" };
    let pin = if story.has_pins() { PIN } else { "" };
    let give_back = if story.folios.is_empty() { "" } else { GIVE_BACK };
    let case: String = story.text.lines().map(|line| format!(" *   {line}\n")).collect();
    let (name, body) = (&story.name, body(story));
    format!(
        "\
{HEAD}{case} */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
{holder}{pin}{give_back}
static void {name}(struct kunit *test)
{{
{body}}}

static struct kunit_case cases[] = {{
	KUNIT_CASE({name}),
	{{}}
}};

static struct kunit_suite suite = {{
	.name = \"put_user_page_{name}\",
	.test_cases = cases,
}};
kunit_test_suite(suite);

MODULE_LICENSE(\"GPL\");
"
    )
}

fn body(story: &Story) -> String {
    let mut lines = Vec::new();
    for step in &story.steps {
        tell(&mut lines, story, step);
    }
    let mut all = declarations(story, &lines);
    for folio in 0..story.folios.len() {
        make(&mut all, story, folio);
    }
    all.extend(lines);
    all.push(String::new());
    for folio in 0..story.folios.len() {
        expect(&mut all, story, folio);
    }
    all.extend(story.folios.iter().map(|name| format!("give_back({name});")));
    indented(&all, "\t")
}

/// What the lines of a body need.
fn declarations(story: &Story, body: &[String]) -> Vec<String> {
    let mentions = |text: &str| body.iter().any(|line| line.contains(text));
    let mut lines = Vec::new();
    for (array, length) in story.arrays.iter().enumerate() {
        if mentions(&format!("array_{array}[")) || mentions(&format!("(array_{array}")) {
            // Long arrays have no place on a kernel's stack.
            lines.push(format!("static struct page *array_{array}[{}];", length.max(&1)));
        }
    }
    for (folio, name) in story.folios.iter().enumerate() {
        let order = story.trial.world().layout.places[folio].pages.ilog2();
        let flags = if order > 0 { "GFP_KERNEL | __GFP_COMP" } else { "GFP_KERNEL" };
        lines.push(format!("struct page *{name} = alloc_pages({flags}, {order});"));
        if story.is_waited_for(folio) {
            lines.push(format!("struct holder holder_of_{name} = {{ .page = {name} }};"));
        }
    }
    if mentions("for (i = ") {
        lines.push("unsigned long i;".to_owned());
    }
    lines.push(String::new());
    lines
}

/// Makes the compound page what it is at the start.
fn make(lines: &mut Vec<String>, story: &Story, folio: usize) {
    let (name, of) = (&story.folios[folio], story.trial.world().folios[folio]);
    lines.push(format!("KUNIT_ASSERT_NOT_NULL(test, {name});"));
    if of.from.is_mapping() {
        let from = of.from.name();
        lines.push(format!("/* In the case of a user mapping ({from}), which has a reference. */"));
    } else if of.kind == Kind::File {
        lines.push("/* In the case of a file, which counts and tags it. */".to_owned());
    }
    if of.refs > 0 {
        lines.push(format!("page_ref_add({name}, {});", of.refs));
    }
    if of.dirty {
        lines.push(format!("SetPageDirty({name});"));
    }
    if of.locked {
        lines.push(format!("lock_page({name});"));
    }
    if story.is_waited_for(folio) {
        lines.push(format!("INIT_DELAYED_WORK_ONSTACK(&holder_of_{name}.work, let_go);"));
        lines.push(format!("schedule_delayed_work(&holder_of_{name}.work, HZ);"));
    }
}

fn tell(lines: &mut Vec<String>, story: &Story, step: &Told) {
    match step {
        Told::Fill { array, first, runs } => {
            let mut index = *first;
            for run in runs {
                let page = run.folio.map_or("NULL", |folio| &story.folios[folio]);
                fill(lines, page, *array, index, run);
                index += run.length;
            }
        }
        Told::Take { array, entries, pins, got } => {
            let take = if *pins { "pin_page" } else { "get_page" };
            for_each(lines, *array, &(entries.start..entries.start + got), take);
        }
        Told::Cut { array, length } => {
            lines.push(format!("/* No reference for entry {length}: array_{array} ends there. */"));
        }
        // Kept: it is what keeps a page here that is freed.
        Told::DropOwners => lines.push(String::new()),
        Told::Call { function, array, entries, .. } => {
            call(lines, story, *function, *array, entries);
        }
        Told::CallWithErrno { function, array, errno } => {
            call_with_errno(lines, *function, *array, *errno);
        }
        Told::Clean { folios } => {
            let clean = |name: &String| format!("ClearPageDirty({name});");
            lines.extend(story.folios[folios.clone()].iter().map(clean));
        }
    }
}

fn call(
    lines: &mut Vec<String>,
    story: &Story,
    function: Function,
    array: Option<usize>,
    entries: &Range<usize>,
) {
    let (name, npages) = (function.name(), entries.len());
    let start = match (array, entries.start) {
        (None, _) => "NULL".to_owned(),
        (Some(array), 0) => format!("array_{array}"),
        (Some(array), start) => format!("array_{array} + {start}"),
    };
    match (function, array) {
        (Function::PutUserPage | Function::UnpinUserPage, Some(array)) => {
            for_each(lines, array, entries, name);
        }
        (Function::UnpinFolio | Function::UnpinUserFolio, Some(array)) => {
            for (first, length) in story.runs(array, entries) {
                let folio = format!("page_folio(array_{array}[{first}])");
                lines.push(format!("unpin_user_folio({folio}, {length});"));
            }
        }
        (Function::UnpinFolios, Some(array)) => {
            lines.push(format!("for (i = {}; i < {}; i++)", entries.start, entries.end));
            let head = format!("array_{array}[i] = compound_head(array_{array}[i]);");
            if story.trial.world().has_nulls {
                lines.push(format!("\tif (array_{array}[i])"));
                lines.push(format!("\t\t{head}"));
            } else {
                lines.push(format!("\t{head}"));
            }
            lines.push(format!("{name}((struct folio **){start}, {npages});"));
        }
        (
            Function::PutUserPage
            | Function::UnpinUserPage
            | Function::UnpinFolio
            | Function::UnpinFolios
            | Function::UnpinUserFolio
            | Function::UnpinUserPageRangeDirtyLock { .. },
            None,
        ) => {}
        // Pages of two folios do not lie side by side here.
        (Function::UnpinUserPageRangeDirtyLock { make_dirty }, Some(array)) => {
            for (first, length) in story.runs(array, entries) {
                lines.push(format!("{name}(array_{array}[{first}], {length}, {make_dirty});"));
            }
        }
        (Function::UnpinUserPagesDirtyLock { make_dirty }, _) => {
            lines.push(format!("{name}({start}, {npages}, {make_dirty});"));
        }
        _ => lines.push(format!("{name}({start}, {npages});")),
    }
}

/// A call that warns and does nothing else. One that is made for each entry is not made.
fn call_with_errno(lines: &mut Vec<String>, function: Function, array: Option<usize>, errno: u8) {
    let array = array.map_or("NULL".to_owned(), |array| format!("array_{array}"));
    let name = function.name();
    match function {
        Function::UnpinUserPages => lines.push(format!("{name}({array}, -{errno}L);")),
        Function::UnpinFolios => {
            lines.push(format!("{name}((struct folio **){array}, -{errno}L);"));
        }
        Function::UnpinUserPagesDirtyLock { make_dirty } => {
            lines.push(format!("{name}({array}, -{errno}L, {make_dirty});"));
        }
        _ => {}
    }
}

fn fill(lines: &mut Vec<String>, folio: &str, array: usize, index: usize, run: &Run) {
    let plus = |number: usize| if number == 0 { String::new() } else { format!(" + {number}") };
    if run.length == 1 {
        lines.push(format!("array_{array}[{index}] = {folio}{};", plus(run.page)));
        return;
    }
    let step = match run.step {
        1 => " + i",
        -1 => " - i",
        _ => "",
    };
    let first = if index == 0 { String::new() } else { format!("{index} + ") };
    lines.push(format!("for (i = 0; i < {}; i++)", run.length));
    lines.push(format!("\tarray_{array}[{first}i] = {folio}{}{step};", plus(run.page)));
}

/// Calls a function on some entries, one after the other.
fn for_each(lines: &mut Vec<String>, array: usize, entries: &Range<usize>, call: &str) {
    match entries.len() {
        0 => {}
        1 => lines.push(format!("{call}(array_{array}[{}]);", entries.start)),
        _ => {
            lines.push(format!("for (i = {}; i < {}; i++)", entries.start, entries.end));
            lines.push(format!("\t{call}(array_{array}[i]);"));
        }
    }
}

/// What the compound page must be like at the end: it has the owner's reference still.
fn expect(lines: &mut Vec<String>, story: &Story, folio: usize) {
    let name = &story.folios[folio];
    if story.is_waited_for(folio) {
        lines.push(format!("flush_delayed_work(&holder_of_{name}.work);"));
        lines.push(format!("destroy_delayed_work_on_stack(&holder_of_{name}.work);"));
    }
    let state = story.trial.expected().folios[folio];
    let (refcount, why) = match state {
        FolioState::Live { refcount, .. } => (i64::from(refcount), ""),
        FolioState::Freed { .. } => (0, "freed, but for the reference of its owner"),
        FolioState::Free => (0, "its owner's reference alone"),
    };
    if !why.is_empty() {
        lines.push(format!("/* {name}: {why}. */"));
    }
    lines.push(format!("KUNIT_EXPECT_EQ(test, page_ref_count({name}), {});", refcount + 1));
    let mut is = |test: &str, yes: bool| {
        let expect = if yes { "KUNIT_EXPECT_TRUE" } else { "KUNIT_EXPECT_FALSE" };
        lines.push(format!("{expect}(test, {test}({name}));"));
    };
    match state {
        FolioState::Free => {}
        FolioState::Freed { dirty, .. } => is("PageDirty", dirty),
        FolioState::Live { refcount, pinned, dirty, locked, .. } => {
            // Its owner's reference may make it look pinned.
            if story.has_pins() && refcount + 1 != 1024 {
                is("page_maybe_dma_pinned", pinned);
            }
            is("PageDirty", dirty);
            is("PageLocked", locked);
        }
    }
}
