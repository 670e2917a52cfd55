//! The ways out of the guest.

use rustix::system::{RebootCommand, reboot};

/// Why the guest ends. QEMU's exit code is twice the number, plus one.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum End {
    /// The host asked for it, or has gone.
    Quit = 8,
    /// The guest cannot work.
    Broken = 9,
}

/// Ends the machine, so that its end differs from that of a kernel which panics.
pub(crate) fn leave(end: End) -> ! {
    #[cfg(target_arch = "x86_64")]
    debug_exit(end);
    // Where QEMU has no such device.
    let _ = reboot(RebootCommand::PowerOff);
    let _ = end;
    std::process::exit(0)
}

/// The port of QEMU's isa-debug-exit.
#[cfg(target_arch = "x86_64")]
const DEBUG_EXIT: u16 = 0xf4;

#[cfg(target_arch = "x86_64")]
fn debug_exit(end: End) {
    // SAFETY: gives this process access to one port; touches no memory.
    if unsafe { libc::ioperm(DEBUG_EXIT.into(), 1, 1) } != 0 {
        return;
    }
    // SAFETY: the port is either isa-debug-exit's, which ends the machine, or nobody's.
    unsafe {
        std::arch::asm!(
            "out dx, al",
            in("dx") DEBUG_EXIT,
            in("al") end as u8,
            options(nomem, nostack, preserves_flags),
        );
    }
}
