//! Candidates as C files, which pagediff compiles: with warnings, with mistakes, with sanitizers,
//! and with processes that do not keep to what is agreed.

mod common;

use std::time::{Duration, Instant};

use common::{Directory, Ran, put_user_pages};

/// A page that is freed, and one that is not.
const CASE: &str = "folio a\nfolio b refs=1\nentries a b\nput_user_pages\n";

const RIGHT: &str = "\t\tput_page(pages[i]);";

/// Replays [`CASE`] with a candidate of this code.
fn replay(code: &str, options: &[&str]) -> Ran {
    replay_case(CASE, code, options)
}

/// Replays a case with a candidate of this code.
fn replay_case(case: &str, code: &str, options: &[&str]) -> Ran {
    let directory = Directory::new();
    directory.write("mine.c", code);
    directory.write("1.case", case);
    let arguments = [&["replay", "--backend", "mine.c", "1.case"], options].concat();
    let mut command = directory.command(&arguments);
    command.env_remove("CARGO_TARGET_DIR").env_remove("CC").output().unwrap().into()
}

#[test]
fn a_c_file_is_compiled_and_held_against_the_reference() {
    let ran = replay(&put_user_pages(RIGHT), &[]).code(0);
    ran.out(&["1 case, 0 divergences, 0 skipped"]);
    let skips = format!("\t\tif (i > 0)\n\t{RIGHT}");
    replay(&put_user_pages(&skips), &[]).code(1).out(&["mine.c differs from reference"]);
}

/// Indices and lengths of 16 bits, which no array of the usual length tells from wider ones.
#[test]
fn an_index_of_16_bits_is_found_and_the_report_is_short() {
    let directory = Directory::new();
    directory.write(
        "mine.c",
        put_user_pages(RIGHT).replace("long i = 0; i < npages", "short i = 0, n = npages; i < n"),
    );
    let scenarios = concat!(env!("CARGO_MANIFEST_DIR"), "/../corpus/scenarios");
    let ran = directory.run(&["replay", "--backend", "mine.c", scenarios]).code(1);
    let ran =
        ran.out(&["1 diverge, 1 distinct finding", "put_user_pages on 65536 entries of array 0"]);
    assert!(ran.out.len() < 1 << 14, "{} bytes of report", ran.out.len());
}

#[test]
fn warnings_of_the_compiler_are_shown() {
    let ran = replay(&put_user_pages(&format!("\t\tint unused;\n{RIGHT}")), &[]).code(0);
    ran.err(&["mine.c:5:", "warning: unused variable"]);
}

#[test]
fn a_file_that_does_not_compile_is_told_of_with_the_compilers_words() {
    let ran = replay(&put_user_pages("\t\tput_pages(pages[i]);"), &["--cflags=-Werror"]).code(2);
    assert_eq!(ran.out, "");
    ran.err(&["mine.c:5:", "put_pages", "mine.c does not compile", "-Werror", "help: mend what"]);
    // A name that is nowhere is the compiler's to tell, not that of whoever loads the object.
    let ran = replay(&put_user_pages("\t\tput_pages(pages[i]);"), &[]).code(2);
    ran.err(&["mine.c:5:", "put_pages", "mine.c does not compile"]);
}

#[test]
fn a_compiler_that_is_missing_is_named() {
    let directory = Directory::new();
    directory.write("mine.c", put_user_pages(RIGHT));
    directory.write("1.case", CASE);
    let mut command = directory.command(&["replay", "--backend", "mine.c", "1.case"]);
    let ran = Ran::from(command.env("CC", "no-compiler").output().unwrap()).code(2);
    ran.err(&["the compiler no-compiler does not start", "name one with CC="]);
}

#[test]
fn the_address_sanitizer_sees_reads_that_change_nothing() {
    let unnamed = "folio a\nfolio b refs=1\nentries a\nput_user_pages\n";
    // A freed page, a gap, and a page that no entry of the call names.
    let reads = [(CASE, "pages[i]"), (CASE, "(pages[i] + 2)"), (unnamed, "(pages[i] + 1)")];
    for (case, page) in reads {
        let body = format!("put_page(pages[i]); if (READ_ONCE({page}->flags) == 12345) return;");
        let code = put_user_pages(&body);
        replay_case(case, &code, &[]).code(0);
        let ran = replay_case(case, &code, &["--cflags=-fsanitize=address"]).code(1);
        ran.out(&["mine.c differs from reference", "use-after-poison", "mine.c:5"]);
    }
    replay(&put_user_pages(RIGHT), &["--cflags=-fsanitize=address -O1"]).code(0);
}

#[test]
fn a_read_behind_the_array_is_a_crash_and_the_sanitizer_names_its_line() {
    let body = "put_page(pages[i]); if (READ_ONCE(pages[i + 1]) == (void *)1) return;";
    let code = put_user_pages(body);
    replay(&code, &[]).code(1).out(&["mine.c differs from reference", "SIGSEGV"]);
    let ran = replay(&code, &["--cflags=-fsanitize=address"]).code(1);
    ran.out(&["mine.c differs from reference", "use-after-poison", "mine.c:5"]);
    // Nothing else is amiss with arrays that end there.
    replay(&code.replace("i + 1", "npages - 1"), &["--cflags=-fsanitize=address"]).code(0);
}

#[test]
fn undefined_behaviour_is_a_finding_with_its_sanitizer() {
    let code = put_user_pages(&format!(
        "\t\tint n = npages;\n\t\tif (1 << (n + 40) == 3) return;\n{RIGHT}"
    ));
    let ran = replay(&code, &["--cflags=-fsanitize=undefined"]).code(1);
    ran.out(&["mine.c differs from reference", "shift exponent 4", "mine.c:6"]);
}

/// Candidates that break off what their process has to say, and go on.
#[test]
fn a_process_that_gives_no_answer_is_not_waited_for() {
    let go_on = "for (;;) sleep(1);";
    for (what, says) in [
        ("for (int fd = 0; fd < 64; fd++) close(fd);", "closed the connection, and went on"),
        ("write(0, \"no answer\\n\", 10);", "gave no answer but garbage"),
        (
            "static char more[4096] = \"no answer\"; for (;;) write(0, more, sizeof more);",
            "gave no answer but garbage",
        ),
    ] {
        let code = format!("#include <unistd.h>\n{}", put_user_pages(&format!("{what} {go_on}")));
        let started = Instant::now();
        replay(&code, &["--time-limit=100"]).code(1).out(&[says]);
        assert!(started.elapsed() < Duration::from_secs(50), "{what}");
    }
}
