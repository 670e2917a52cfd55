//! Which named states a case reaches. The states themselves are where engines see them.

mod watch;

pub use put_user_page_watched::states::{Needs, STATES, State, StateSet};
pub(crate) use watch::CallWatch;
