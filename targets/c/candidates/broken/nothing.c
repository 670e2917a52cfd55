// SPDX-License-Identifier: MIT OR Apache-2.0
/* For tests of failures: none of the functions is defined. */
#include "put_user_page.h"
