//! The fast implementation as a backend.

use put_user_page::{
    PageRef, ReleaseError, put_user_page, put_user_pages, put_user_pages_dirty,
    put_user_pages_dirty_lock,
};
use put_user_page_case::Function;

use super::in_process::InProcess;
use super::page_map::{PageMap, Recorder, Release};

/// The four functions of `put_user_page`.
#[derive(Debug, Default)]
pub struct Fast;

/// The fast implementation as the backend `fast`.
pub fn fast() -> InProcess<PageMap<Fast>> {
    InProcess::new("fast", PageMap::new(Fast))
}

impl Release for Fast {
    fn release(
        &mut self,
        function: Function,
        pages: &[PageRef<'static>],
        recorder: &Recorder,
    ) -> Option<usize> {
        let result = match function {
            Function::PutUserPage => put_each(pages, recorder),
            Function::PutUserPages => put_user_pages(pages, recorder),
            Function::PutUserPagesDirty => put_user_pages_dirty(pages, recorder),
            Function::PutUserPagesDirtyLock => put_user_pages_dirty_lock(pages, recorder),
        };
        result.err().map(|ReleaseError { entry }| entry)
    }
}

/// put_user_page() for each entry by itself, as callers of the patch's time did.
fn put_each(pages: &[PageRef<'static>], recorder: &Recorder) -> Result<(), ReleaseError> {
    for (entry, &page) in pages.iter().enumerate() {
        put_user_page(page, recorder).map_err(|_| ReleaseError { entry })?;
    }
    Ok(())
}
