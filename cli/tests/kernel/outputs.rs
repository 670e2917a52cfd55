//! What replay and explain print of a case that a kernel dies of.

use super::misbehaviour::{Misbehaviour, misbehaving};

#[test]
fn a_case_that_the_kernel_dies_of_is_shown_and_explained() {
    let Some(place) = misbehaving() else { return };
    place.directory.write("bug.case", Misbehaviour::Bug.case());
    let ran = place.run(&["replay", "--backend", "kernel", "bug.case"]).code(1);
    eprintln!("{}", ran.out);
    let ran = ran.out(&[
        "put_user_pages(): kernel differs from reference\n",
        "  call 0   put_user_pages on 137 entries of array 0\n",
        "  the backend\n",
        "crashed: kernel BUG at ",
        "  the end of the kernel's log:\n",
        "Kernel panic - not syncing: Fatal exception",
        "  reproduce: ",
        "explain --backend kernel bug.case\n",
        "  saved, with the kernel's log beside it: ",
        "/fuzz/artifacts/kernel/crash-",
        "1 cases, 1 divergences, 0 skipped\n",
    ]);
    let (_, rest) = ran.out.split_once("beside it: ").unwrap();
    let artifact = rest.lines().next().unwrap();
    place.run(&["explain", "--backend", "kernel", artifact]).code(1).out(&[
        "as kernel sees it",
        "kernel crashed: kernel BUG at ",
        "put_user_pages(): kernel differs from reference\n",
        "  the end of the kernel's log:\n",
    ]);
    let explained = place.run(&["explain", "--json", "--backend", "kernel", "bug.case"]).code(1);
    let explained = explained.json();
    let kernel = &explained["backends"][1];
    assert_eq!(kernel["name"], "kernel");
    assert!(kernel["outcome"].is_null() && kernel["skipped"].is_null(), "{kernel}");
    assert!(kernel["failed"].as_str().unwrap().starts_with("crashed: kernel BUG at "), "{kernel}");
    assert_eq!(kernel["differences"][0]["subject"], "backend");
    assert!(kernel["report"]["log"].as_str().unwrap().contains("kernel BUG at"), "{kernel}");
}
