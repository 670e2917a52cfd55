//! Stack overflows that libFuzzer can save. Its own handler of SIGSEGV would run on the
//! stack that has overflown, and the input would be lost. Under the address sanitizer,
//! which has a stack for signals, there is nothing to do.

use std::mem::MaybeUninit;
use std::ptr;

/// Enough for what libFuzzer does on SIGABRT: it prints, and writes the input.
const STACK_SIZE: usize = 512 << 10;

/// From here on a stack overflow in this thread aborts the process, unless somebody handles
/// SIGSEGV already. libFuzzer leaves a handler alone that it finds, and saves what aborts.
pub(crate) fn abort_on_it() {
    if is_handled() {
        return;
    }
    let stack = Box::leak(Box::new([MaybeUninit::<u8>::uninit(); STACK_SIZE]));
    let stack =
        libc::stack_t { ss_sp: stack.as_mut_ptr().cast(), ss_flags: 0, ss_size: STACK_SIZE };
    // SAFETY: the memory is leaked, so that it is there for as long as the thread is.
    let installed = unsafe { libc::sigaltstack(&raw const stack, ptr::null_mut()) };
    assert_eq!(installed, 0, "a stack for signals: {}", std::io::Error::last_os_error());
    // SAFETY: all zeros is an action: the default one, no flags, no signals blocked.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_flags = libc::SA_ONSTACK;
    action.sa_sigaction = abort as extern "C" fn(libc::c_int) as usize;
    // SAFETY: the action is whole, and what it calls is allowed in a handler.
    let installed = unsafe { libc::sigaction(libc::SIGSEGV, &raw const action, ptr::null_mut()) };
    assert_eq!(installed, 0, "a handler of SIGSEGV: {}", std::io::Error::last_os_error());
}

fn is_handled() -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: asks only, and there is room for the answer.
    let asked = unsafe { libc::sigaction(libc::SIGSEGV, ptr::null(), action.as_mut_ptr()) };
    assert_eq!(asked, 0, "the handler of SIGSEGV: {}", std::io::Error::last_os_error());
    // SAFETY: sigaction() has filled it.
    let action = unsafe { action.assume_init() };
    action.sa_sigaction != libc::SIG_DFL
}

extern "C" fn abort(_signal: libc::c_int) {
    std::process::abort();
}
