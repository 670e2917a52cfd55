//! What several crates here need, and what knows of none of them.

mod error;
mod file;
#[cfg(unix)]
mod signal;

pub use error::Error;
pub use file::{target_folder, write_whole, write_whole_from};
#[cfg(unix)]
pub use signal::signal_name;
