//! The kernel backend where something fails: the module, the guest, QEMU, or what they
//! need. Where the backend is not set up, the tests fail.

mod attempts;
mod candidates;
#[path = "../common/mod.rs"]
mod common;
mod deaths;
mod fast;
mod leftovers;
mod minimize;
mod misbehaviour;
mod mistakes;
mod module_copy;
mod mutations;
mod outputs;
mod processes;
mod set_up;
mod test_case;
mod told;
