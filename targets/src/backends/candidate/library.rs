//! A candidate in this process: the functions of a shared object, or of the example that
//! is built in.

use std::ffi::c_ulong;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use libloading::Library;
use libloading::os::unix::{self, RTLD_LOCAL, RTLD_NOW};
use put_user_page::{Page, PageRef};
use put_user_page_case::Function;
use put_user_page_case::world::MAX_LONG_ENTRIES;
use put_user_page_reference::Profile;

use super::hooks::HooksTable;
use crate::backend::{BackendError, Observes};
use crate::backends::in_process::InProcess;
use crate::backends::page_map::{PageMap, Recorder, Release};
use crate::guarded::GuardedArray;
use crate::profiles;

type OnePage = unsafe extern "C" fn(page: *mut Page);
type ManyPages = unsafe extern "C" fn(pages: *mut *mut Page, npages: c_ulong);
type ManyPagesMaybeDirty =
    unsafe extern "C" fn(pages: *mut *mut Page, npages: c_ulong, make_dirty: bool);
type RangeMaybeDirty = unsafe extern "C" fn(page: *mut Page, npages: c_ulong, make_dirty: bool);
type PagesOfFolio = unsafe extern "C" fn(folio: *mut Page, npages: c_ulong);

/// What the `candidate` target runs where no other is named, for messages.
pub const BUILT_IN_CANDIDATE: &str = "the built-in example, targets/c/candidates/per_run.c";

unsafe extern "C" {
    static mut example_put_user_page_hooks: *const HooksTable;
    fn example_put_user_page(page: *mut Page);
    fn example_put_user_pages(pages: *mut *mut Page, npages: c_ulong);
    fn example_put_user_pages_dirty(pages: *mut *mut Page, npages: c_ulong);
    fn example_put_user_pages_dirty_lock(pages: *mut *mut Page, npages: c_ulong);
    fn example_unpin_user_page(page: *mut Page);
    fn example_unpin_user_pages(pages: *mut *mut Page, npages: c_ulong);
    fn example_unpin_user_pages_dirty_lock(
        pages: *mut *mut Page,
        npages: c_ulong,
        make_dirty: bool,
    );
    fn example_unpin_user_page_range_dirty_lock(page: *mut Page, npages: c_ulong, make_dirty: bool);
    fn example_unpin_folio(folio: *mut Page);
    fn example_unpin_folios(folios: *mut *mut Page, nfolios: c_ulong);
    fn example_unpin_user_folio(folio: *mut Page, npages: c_ulong);
}

/// Held while a candidate runs: its variable `put_user_page_hooks` is one for the process,
/// however often it was loaded.
static HOOKS_IN_USE: Mutex<()> = Mutex::new(());

/// The functions of a candidate; none for those that it does not have. C's `struct folio *` is the
/// address of the head page.
#[derive(Clone, Copy, Debug, Default)]
struct Defined {
    put_user_page: Option<OnePage>,
    put_user_pages: Option<ManyPages>,
    put_user_pages_dirty: Option<ManyPages>,
    put_user_pages_dirty_lock: Option<ManyPages>,
    unpin_user_page: Option<OnePage>,
    unpin_user_pages: Option<ManyPages>,
    unpin_user_pages_dirty_lock: Option<ManyPagesMaybeDirty>,
    unpin_user_page_range_dirty_lock: Option<RangeMaybeDirty>,
    unpin_folio: Option<OnePage>,
    unpin_folios: Option<ManyPages>,
    unpin_user_folio: Option<PagesOfFolio>,
}

/// A candidate's functions, and where it looks for its hooks.
#[derive(Debug)]
pub struct Candidate {
    defined: Defined,
    /// The candidate's variable `put_user_page_hooks`.
    hooks: *mut *const HooksTable,
    /// The array of a call, which the candidate may write to. A candidate that goes on behind the
    /// last entry crashes; before the first it finds nulls, and no entry of the case before.
    arguments: GuardedArray<*mut Page>,
    /// Keeps the functions loaded; `None` for those that are built in.
    _library: Option<Library>,
}

impl Candidate {
    /// The example that is built in.
    pub fn built_in() -> Self {
        Candidate {
            defined: Defined {
                put_user_page: Some(example_put_user_page),
                put_user_pages: Some(example_put_user_pages),
                put_user_pages_dirty: Some(example_put_user_pages_dirty),
                put_user_pages_dirty_lock: Some(example_put_user_pages_dirty_lock),
                unpin_user_page: Some(example_unpin_user_page),
                unpin_user_pages: Some(example_unpin_user_pages),
                unpin_user_pages_dirty_lock: Some(example_unpin_user_pages_dirty_lock),
                unpin_user_page_range_dirty_lock: Some(example_unpin_user_page_range_dirty_lock),
                unpin_folio: Some(example_unpin_folio),
                unpin_folios: Some(example_unpin_folios),
                unpin_user_folio: Some(example_unpin_user_folio),
            },
            hooks: &raw mut example_put_user_page_hooks,
            arguments: GuardedArray::new(MAX_LONG_ENTRIES),
            _library: None,
        }
    }

    /// Loads a shared object, which may run code of its own while it is loaded.
    ///
    /// # Errors
    ///
    /// It cannot be loaded, was not compiled with `put_user_page.h`, or has none of the
    /// functions.
    pub fn load(path: &Path) -> Result<Self, BackendError> {
        // A path without a slash would be looked for in the system's folders.
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        // All of its symbols at once: one that is missing is told of now, not in a case.
        let flags = RTLD_NOW | RTLD_LOCAL;
        // SAFETY: what a candidate does while it is loaded is its author's to answer for,
        // who asked for it to be run.
        let library = unsafe { unix::Library::open(Some(absolute), flags) };
        let library = library.map(Library::from).map_err(|error| {
            let message = format!("{} does not load: {}", path.display(), reason(&error));
            let help = "build it with `cc -O2 -fPIC -shared -I targets/c FILE.c -o FILE.so`, \
                        without a sanitizer, or name FILE.c, and with --cflags the sanitizer; \
                        put_user_page.h has all the functions that there are";
            BackendError::new(message, help)
        })?;
        let candidate = Candidate {
            defined: Defined {
                put_user_page: symbol(&library, "put_user_page"),
                put_user_pages: symbol(&library, "put_user_pages"),
                put_user_pages_dirty: symbol(&library, "put_user_pages_dirty"),
                put_user_pages_dirty_lock: symbol(&library, "put_user_pages_dirty_lock"),
                unpin_user_page: symbol(&library, "unpin_user_page"),
                unpin_user_pages: symbol(&library, "unpin_user_pages"),
                unpin_user_pages_dirty_lock: symbol(&library, "unpin_user_pages_dirty_lock"),
                unpin_user_page_range_dirty_lock: symbol(
                    &library,
                    "unpin_user_page_range_dirty_lock",
                ),
                unpin_folio: symbol(&library, "unpin_folio"),
                unpin_folios: symbol(&library, "unpin_folios"),
                unpin_user_folio: symbol(&library, "unpin_user_folio"),
            },
            hooks: symbol(&library, "put_user_page_hooks").unwrap_or(std::ptr::null_mut()),
            arguments: GuardedArray::new(MAX_LONG_ENTRIES),
            _library: Some(library),
        };
        if candidate.functions().is_empty() {
            let mut names = Function::ALL.map(|function| format!("{}()", function.name())).to_vec();
            names.dedup();
            let names = names.join(", ");
            let help = format!("define at least one of {names}, and do not make them static");
            let message = format!("{} has none of the functions", path.display());
            return Err(BackendError::new(message, help));
        }
        if candidate.hooks.is_null() {
            let message = format!("{} has no variable put_user_page_hooks", path.display());
            let help = "include put_user_page.h, which defines it, and do not hide its symbols";
            return Err(BackendError::new(message, help));
        }
        Ok(candidate)
    }

    /// The functions that it has.
    pub fn functions(&self) -> Vec<Function> {
        Function::ALL.into_iter().filter(|function| self.defined.has(*function)).collect()
    }

    /// The candidate as a backend in this process, where a crash is this process's.
    pub fn into_backend(
        self,
        name: &str,
        profile: &'static Profile,
    ) -> InProcess<PageMap<Candidate>> {
        let has = |function: &Function| profiles::has(profile, *function);
        let functions = self.functions().into_iter().filter(has).collect();
        let mut backend = InProcess::new(name, PageMap::new(self, profile), profile);
        backend.functions = functions;
        backend.over_release = false;
        backend.takes_nulls = true;
        backend.observes = Observes { errors: false, ..Observes::ALL };
        backend
    }
}

impl Defined {
    fn has(&self, function: Function) -> bool {
        match function {
            Function::PutUserPage => self.put_user_page.is_some(),
            Function::PutUserPages => self.put_user_pages.is_some(),
            Function::PutUserPagesDirty => self.put_user_pages_dirty.is_some(),
            Function::PutUserPagesDirtyLock => self.put_user_pages_dirty_lock.is_some(),
            Function::UnpinUserPage => self.unpin_user_page.is_some(),
            Function::UnpinUserPages => self.unpin_user_pages.is_some(),
            Function::UnpinUserPagesDirtyLock { .. } => self.unpin_user_pages_dirty_lock.is_some(),
            Function::UnpinUserPageRangeDirtyLock { .. } => {
                self.unpin_user_page_range_dirty_lock.is_some()
            }
            Function::UnpinFolio => self.unpin_folio.is_some(),
            Function::UnpinFolios => self.unpin_folios.is_some(),
            Function::UnpinUserFolio => self.unpin_user_folio.is_some(),
        }
    }

    /// Calls the function on an array that holds these pages, or heads where it takes folios.
    /// `npages` is what it is told of their number.
    ///
    /// # Safety
    ///
    /// All are of the map, or null. `npages` is their number, but where that is the negative of an
    /// errno: then there are none.
    unsafe fn call(
        &self,
        function: Function,
        arguments: &mut GuardedArray<*mut Page>,
        npages: c_ulong,
    ) -> Option<()> {
        let array = arguments.as_mut_ptr();
        let many = match function {
            Function::PutUserPage => {
                return self.put_user_page.map(|put| each(arguments.as_slice(), put));
            }
            Function::UnpinUserPage => {
                return self.unpin_user_page.map(|unpin| each(arguments.as_slice(), unpin));
            }
            Function::UnpinFolio => {
                return self.unpin_folio.map(|unpin| each(arguments.as_slice(), unpin));
            }
            Function::UnpinUserFolio => {
                return self.unpin_user_folio.map(|unpin| each_run(arguments.as_slice(), unpin));
            }
            Function::PutUserPages => self.put_user_pages?,
            Function::PutUserPagesDirty => self.put_user_pages_dirty?,
            Function::PutUserPagesDirtyLock => self.put_user_pages_dirty_lock?,
            Function::UnpinUserPages => self.unpin_user_pages?,
            Function::UnpinFolios => self.unpin_folios?,
            Function::UnpinUserPagesDirtyLock { make_dirty } => {
                let unpin = self.unpin_user_pages_dirty_lock?;
                // SAFETY: what the caller owes, and the header's types.
                unsafe { unpin(array, npages, make_dirty) };
                return Some(());
            }
            Function::UnpinUserPageRangeDirtyLock { make_dirty } => {
                let unpin = self.unpin_user_page_range_dirty_lock?;
                let first = arguments.as_slice().first().copied().unwrap_or(std::ptr::null_mut());
                // SAFETY: so many pages of the map side by side, or none and no page.
                unsafe { unpin(first, npages, make_dirty) };
                return Some(());
            }
        };
        // SAFETY: what the caller owes, and the header's types.
        unsafe { many(array, npages) };
        Some(())
    }
}

/// Calls unpin_user_folio() for each run.
fn each_run(folios: &[*mut Page], unpin: PagesOfFolio) {
    for run in folios.chunk_by(|one, other| one == other) {
        // SAFETY: a head page of the map, with provenance over all of it; a null is for it to find.
        unsafe { unpin(run[0], run.len() as c_ulong) };
    }
}

/// Calls a function of one page for each entry by itself.
fn each(pages: &[*mut Page], release: OnePage) {
    for page in pages {
        // SAFETY: a page of the map, with provenance over all of it; a null is for it to find.
        unsafe { release(*page) };
    }
}

/// What dlopen() has to say.
fn reason(error: &libloading::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// The address of a name that `T`, a function pointer or a pointer to a variable, is for.
fn symbol<T: Copy>(library: &Library, name: &str) -> Option<T> {
    // SAFETY: the header declares the names with the types that the callers ask for; a
    // candidate that defines them otherwise is its author's to answer for.
    unsafe { library.get::<T>(name) }.ok().map(|symbol| *symbol)
}

impl Candidate {
    /// Calls the function on these pages, as C has them. `npages` is what it is told of their
    /// number, which is that or, of none, the negative of an errno.
    fn call(
        &mut self,
        function: Function,
        pages: impl ExactSizeIterator<Item = *mut Page>,
        npages: c_ulong,
        recorder: &Recorder,
    ) {
        let length_before = self.arguments.as_slice().len();
        self.arguments.fill(pages);
        self.arguments.blank_before(length_before);
        let table = HooksTable::new(recorder.map(), recorder);
        // Nothing is left half done by who panicked with it.
        let _in_use = HOOKS_IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the variable is the candidate's own, and nobody else uses it now.
        unsafe { self.hooks.write(&raw const table) };
        // SAFETY: the arguments are those pages, which are of the map or null.
        unsafe { self.defined.call(function, &mut self.arguments, npages) }.expect(LACKING);
        // The table ends here: a hook that is called later shall not find it.
        // SAFETY: as above.
        unsafe { self.hooks.write(std::ptr::null()) };
    }
}

/// A page as the function gets it: of a folio the head page.
fn argument(function: Function, page: PageRef<'_>) -> *mut Page {
    match function {
        Function::UnpinFolio | Function::UnpinFolios | Function::UnpinUserFolio => {
            page.compound_head().as_ptr()
        }
        _ => page.as_ptr(),
    }
}

impl Release for Candidate {
    const IS_FOREIGN: bool = true;

    fn release(
        &mut self,
        function: Function,
        pages: &[PageRef<'static>],
        recorder: &Recorder,
    ) -> Option<usize> {
        let arguments = pages.iter().map(|page| argument(function, *page));
        self.call(function, arguments, pages.len() as c_ulong, recorder);
        None
    }

    fn release_nulls(
        &mut self,
        function: Function,
        pages: impl ExactSizeIterator<Item = Option<PageRef<'static>>>,
        errno: Option<u8>,
        recorder: &Recorder,
    ) -> Option<usize> {
        let npages =
            errno.map_or(pages.len() as c_ulong, |errno| c_ulong::from(errno).wrapping_neg());
        let arguments =
            pages.map(|page| page.map_or(std::ptr::null_mut(), |page| argument(function, page)));
        self.call(function, arguments, npages, recorder);
        None
    }
}

const LACKING: &str = "cases that call a function which the candidate lacks are skipped";
