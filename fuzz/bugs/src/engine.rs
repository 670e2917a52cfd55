// The engine of this package, for the entry point.
use put_user_page_fuzz as engine;
