//! A kernel's unpin functions as a candidate: cut out of a source, compiled as they are, and held
//! against the reference.

mod common;

use common::{Directory, repository};
use put_user_page_kernel::{Release, gup_source};
use put_user_page_targets::profiles::{DEBIAN_6_1, DEBIAN_6_12, Profile};

/// A made-up mm/gup.c: some of the functions, a helper, and what is not looked for.
const SOURCE: &str = "\
#include <linux/mm.h>

static void
mine_count(struct folio *folio, int refs, unsigned int flags)
{
	if (WARN_ON_ONCE(!(flags & FOLL_PIN)))
		return;
	node_stat_mod_folio(folio, NR_FOLL_PIN_RELEASED, refs);
	if (folio_test_large(folio))
		atomic_sub(refs, folio_pincount_ptr(folio));
}

int other(void)
{
	return not_in_the_header();
}

static void gup_put_folio(struct folio *folio, int refs, unsigned int flags)
{
	mine_count(folio, refs, flags);
	folio_put_refs(folio, refs * (folio_test_large(folio) ? 1 : GUP_PIN_COUNTING_BIAS));
}

void unpin_user_page(struct page *page)
{
	gup_put_folio(page_folio(page), 1, FOLL_PIN);
}
EXPORT_SYMBOL_GPL(unpin_user_page);
";

const CASE: &str = "folio a\nfolio b order=1 refs=1\npins a b[1] b[0]\nunpin_user_page\n";

const CUT: [&str; 3] = ["candidate", "from-kernel", "tree"];

#[test]
fn functions_are_cut_out_of_a_tree_and_compiled_as_they_are() {
    let directory = Directory::new();
    directory.write("tree/mm/gup.c", SOURCE);
    directory.write("1.case", CASE);
    let cut = [&CUT[..], &["--also", "mine_count", "-o", "mine.c"]].concat();
    directory.run(&cut).code(0).out(&[
        "mine.c has 3 functions of tree/mm/gup.c\n",
        "not those that the profile debian-6.1 was read from, Debian's linux-source-6.1 6.1.192-2",
        "  gup_put_folio() has changed\n",
        "  unpin_user_pages() is not there\n",
        "pagediff replay --backend mine.c --profile debian-6.1 corpus/\n",
    ]);
    let text = String::from_utf8(directory.read("mine.c")).unwrap();
    assert!(text.contains("from tree/mm/gup.c") && !text.contains("not_in_the_header"), "{text}");
    let replay = ["replay", "--backend", "mine.c", "--profile", "debian-6.1", "1.case"];
    let ran = directory.run(&replay).code(0).out(&["1 case, 0 divergences, 0 skipped"]);
    assert!(!ran.err.contains("warning"), "{}", ran.err);

    // The same with a mistake: a large folio's pincount stays.
    let wrong = text.replace("atomic_sub(refs", "atomic_sub(0");
    directory.write("mine.c", wrong);
    directory.run(&replay).code(1).out(&["order 1", "pincount"]);

    // The file itself, and the profile by its name.
    let cut = ["candidate", "from-kernel", "tree/mm/gup.c", "-o", "other.c"];
    let ran = directory.run(&[&cut[..], &["--profile", "debian-6.12"]].concat()).code(0);
    ran.out(&["other.c has 2 functions", "6.12.117", "  unpin_folios() is not there\n"]);
}

#[test]
fn what_is_missing_is_named() {
    let directory = Directory::new();
    let cut =
        |options: &[&str]| directory.run(&[&CUT[..], &["-o", "mine.c"], options].concat()).code(2);
    cut(&[]).err(&["there is no file tree"]);
    directory.write("tree/mm/gup.c", "int other(void)\n{\n\treturn 0;\n}\n");
    cut(&[]).err(&["tree/mm/gup.c defines none of unpin_user_page(), unpin_folio()", "mm/gup.c"]);
    directory.write("tree/mm/gup.c", SOURCE);
    cut(&["--also", "gup_new"]).err(&["tree/mm/gup.c defines no gup_new()"]);
    cut(&["--profile", "v5.7"]).err(&["v5.7 is rules alone", "debian-6.1, debian-6.12"]);
    directory.write("tree/mm/gup.c", SOURCE.repeat(2));
    cut(&[]).err(&["gup_put_folio() is defined twice", "line 46"]);
}

/// Debian's kernels, the profile that was read from the source of each, and how many functions
/// release pins there.
const KERNELS: [(Release, &Profile, usize); 2] =
    [(Release::V6_1, &DEBIAN_6_1, 8), (Release::V6_12, &DEBIAN_6_12, 11)];

#[test]
#[ignore = "fetches 290 MB: the source packages of two of Debian's kernels"]
fn the_functions_of_debians_kernels_do_as_the_reference_does() {
    let corpus = repository().join("corpus");
    for (release, &Profile { name: profile, package_version, .. }, count) in KERNELS {
        let source = gup_source(release, package_version.unwrap()).unwrap();
        let source = source.to_str().unwrap();
        let directory = Directory::new();
        let cut = directory.run(&["candidate", "from-kernel", source, "-o", "mine.c"]).code(0);
        cut.out(&[
            &format!("mine.c has {count} functions of {source}\n"),
            &format!("they are those that the profile {profile} was read from"),
        ]);
        let replay = |rest: &[&str]| {
            let arguments = ["replay", "--backend", "mine.c", "--profile", profile];
            let ran = directory.run(&[&arguments[..], rest].concat()).code(0);
            let ran = ran.out(&[" cases, 0 divergences, "]);
            assert!(!ran.err.contains("warning"), "{}", ran.err);
        };
        replay(&[corpus.to_str().unwrap()]);
        replay(&["--generated", "20000"]);
    }
}
