//! Campaigns: what fuzzing with several engines takes beyond one case. Engines are built and run,
//! what they find becomes small corpora, and a record and a page tell what came of it.

mod again;
pub mod bugs;
pub mod corpus;
pub mod engine_bench;
mod engines;
pub mod fuzz;
pub mod lcov;
pub mod nightly;
mod record;
pub mod report_page;
pub mod stability;
