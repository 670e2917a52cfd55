//! The first process of the kernel backend's guest: maps memory for jobs, hands them to
//! the module, and sends its answers to the host.

// Elsewhere there is no such guest, and nothing to build.
#![cfg_attr(not(target_os = "linux"), allow(missing_docs))]

#[cfg(target_os = "linux")]
mod boot;
#[cfg(target_os = "linux")]
mod device;
#[cfg(target_os = "linux")]
mod disk;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod modules;
#[cfg(target_os = "linux")]
mod serve;

#[cfg(target_os = "linux")]
fn main() {
    // It mounts and it ends the machine: never by mistake.
    if std::process::id() != 1 || !std::path::Path::new(modules::ORDER).exists() {
        eprintln!("this is the first process of a guest; `pagediff kernel` boots it");
        std::process::exit(2);
    }
    if let Err(why) = serve::run() {
        // Without the port to the host there is only the console.
        eprintln!("pagediff agent: {why}");
    }
    boot::end();
}

#[cfg(not(target_os = "linux"))]
fn main() {}
