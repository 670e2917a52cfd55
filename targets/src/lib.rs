//! Backends, oracle and reports: implementations of put_user_page*() held against each other.
//! Knows nothing of any fuzzing engine.
//!
//! Data flows one way: a case and its world, built once per backend → [`backends`] →
//! [`outcome`] → [`oracle`] → [`divergence`] → [`findings`] and [`report`]. A [`trial`] is
//! that way for one case, a [`harness`] for one fuzz target of the [`registry`].
//!
//! ```
//! use put_user_page_case::Case;
//! use put_user_page_targets::{harness::Harness, registry};
//!
//! let case = Case::from_text(
//!     "folio a order=2 kind=file
//!      entries a[0..4] a[1]
//!      put_user_pages_dirty_lock",
//! )?;
//! let mut harness = Harness::new(registry::target("program").unwrap())?;
//! let checked = harness.check(&case.encode()).expect("fast and reference agree");
//! assert!(checked.states.contains("freed-by-last-of-run"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod answers;
mod asan;
pub mod backend;
pub mod backends;
pub mod comparer;
pub mod divergence;
pub mod exhaust;
pub mod findings;
pub mod forms;
pub mod generator;
mod guarded;
pub mod harness;
pub mod known_differences;
#[cfg(test)]
mod layout_tests;
pub mod machine;
pub mod oracle;
pub mod outcome;
pub mod profiles;
pub mod registry;
pub mod report;
pub mod states;
pub mod trial;
pub mod written;
