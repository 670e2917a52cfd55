//! The same C file twice, in the process and in the kernel: both are told, whichever differs, and the
//! kernel's own functions stay the kernel's.

use super::common::{Ran, put_user_pages, repository};
use super::module_copy::{Place, outside};

/// As many entries as the candidate that sleeps minds, ...
const LARGE: &str = "folio a repeat=64 refs=1\nentries a[0..64]\nput_user_pages\n";
/// ... and pages that are freed, and that are not.
const CASE: &str = "folio a order=1\nfolio b refs=1\nentries a b a[1]\nput_user_pages\n";
const PINS: &str = "folio a order=2 refs=1\nfolio b\npins a a b\nunpin_user_pages\n";

const RIGHT: &str = "put_page(pages[i]);";

/// A place with the cases.
fn place() -> Place {
    let place = outside();
    for (name, text) in [("large", LARGE), ("put", CASE), ("pins", PINS)] {
        place.directory.write(&format!("cases/{name}.case"), text);
    }
    place
}

/// Replays the cases with this candidate in both places.
fn replay(place: &Place, code: &str, options: &[&str]) -> Ran {
    place.directory.write("mine.c", code);
    let arguments = ["replay", "--backend", "mine.c", "--in-kernel", "cases"];
    place.run(&[&arguments[..], options].concat())
}

fn committed(name: &str) -> String {
    let path = repository().join("targets/c/candidates").join(name);
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn a_right_candidate_agrees_in_both_places() {
    for release in ["6.1", "6.12"] {
        if release == "6.12" && !put_user_page_kernel::is_set_up(&debian_6_12()) {
            eprintln!("skipped: `scripts/kernel setup --release 6.12` has not run");
            continue;
        }
        for name in ["per_entry.c", "per_run.c", "fast.c"] {
            let ran = replay(&place(), &committed(name), &["--release", release]).code(0);
            let ran = ran.out(&["mine.c: agrees in the model, agrees on the kernel's pages\n"]);
            assert!(!ran.err.contains("warning"), "{}", ran.err);
        }
    }
}

fn debian_6_12() -> put_user_page_kernel::Which {
    put_user_page_kernel::Which::Debian(put_user_page_kernel::Release::V6_12)
}

#[test]
fn what_only_the_kernel_minds_is_told_and_the_next_guest_is_clean() {
    let place = place();
    let ran = replay(&place, &committed("wrong/sleep.c"), &[]).code(1);
    ran.out(&[
        "mine.c: agrees in the model, differs on the kernel's pages\n",
        "mine.c in the kernel differs from reference",
        "scheduling while atomic",
        "explain --backend mine.c --in-kernel ",
    ]);
    replay(&place, &put_user_pages(RIGHT), &[]).code(0).out(&["0 divergences"]);
}

#[test]
fn what_only_the_model_sees_is_told() {
    let locks = format!("if (trylock_page(pages[i])) unlock_page(pages[i]); {RIGHT}");
    let ran = replay(&place(), &put_user_pages(&locks), &[]).code(1);
    ran.out(&["mine.c: differs in the model, agrees on the kernel's pages\n", "order of events"]);
}

#[test]
fn what_the_kernel_does_not_compile_is_told_with_the_files_name_and_line() {
    let code = put_user_pages("#ifdef __KERNEL__\nnot_in_the_kernel(pages[i]);\n#endif");
    let ran = replay(&place(), &code, &[]).code(2);
    assert_eq!(ran.out, "");
    ran.err(&[
        "mine.c:6:1: error: implicit declaration of function ‘not_in_the_kernel’",
        "mine.c does not compile in Linux 6.1.",
        "`#ifdef __KERNEL__`",
    ]);
    // What only the linking shows.
    let code = format!("void in_no_kernel(void);\n{}", put_user_pages("in_no_kernel();"));
    let code = format!("#ifdef __KERNEL__\n{code}\n#else\n{}\n#endif\n", put_user_pages(RIGHT));
    replay(&place(), &code, &[]).code(2).err(&["\"in_no_kernel\"", "undefined!"]);
}

#[test]
fn the_kernels_own_functions_are_never_the_candidates() {
    let place = place();
    // It has a helper that is called as something of the kernel's, and drops nothing.
    let code = "#include \"put_user_page.h\"\n\
                void kernel_init(struct page **pages);\n\
                void kernel_init(struct page **pages) { (void)pages; }\n\
                void unpin_user_pages(struct page **pages, unsigned long npages)\n\
                { (void)npages; kernel_init(pages); }\n\
                EXPORT_SYMBOL(unpin_user_pages);\n";
    let ran = replay(&place, code, &["--backend", "kernel-unpin", "--json"]).code(1).json();
    let differing: Vec<&str> = ran["divergences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|divergence| divergence["report"]["backend"].as_str().unwrap())
        .collect();
    assert_eq!(differing, ["mine.c", "mine.c in the kernel"]);
    assert_eq!(ran["in_kernel"][0]["kernel"], "differs");
}

#[test]
fn without_a_file_in_c_there_is_nothing_to_compile() {
    let arguments = ["replay", "--backend", "kernel", "--in-kernel", "cases"];
    place().run(&arguments).code(2).err(&["none is named", "add `--backend FILE.c`"]);
}
