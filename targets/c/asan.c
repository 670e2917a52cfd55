// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The address sanitizer's runtime, where the process has one: linked into the
 * program, which stable Rust cannot ask at build time, or preloaded for a
 * candidate that is built with it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>

typedef void mark_memory(const volatile void *start, size_t size);

__attribute__((weak)) mark_memory __asan_poison_memory_region;
__attribute__((weak)) mark_memory __asan_unpoison_memory_region;

static mark_memory *poison;
static mark_memory *unpoison;

__attribute__((constructor)) static void find_runtime(void)
{
	poison = __asan_poison_memory_region;
	unpoison = __asan_unpoison_memory_region;
	if (!poison || !unpoison) {
		poison = (mark_memory *)dlsym(RTLD_DEFAULT, "__asan_poison_memory_region");
		unpoison = (mark_memory *)dlsym(RTLD_DEFAULT, "__asan_unpoison_memory_region");
	}
}

int put_user_page_asan_is_present(void)
{
	return poison && unpoison;
}

void put_user_page_asan_poison(const void *start, size_t size)
{
	if (poison)
		poison(start, size);
}

void put_user_page_asan_unpoison(const void *start, size_t size)
{
	if (unpoison)
		unpoison(start, size);
}
