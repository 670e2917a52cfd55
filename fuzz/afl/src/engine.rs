// The engine of this package, for the entry points.
use put_user_page_afl as engine;
