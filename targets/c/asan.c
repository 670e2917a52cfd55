// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The address sanitizer's runtime, where the program has one. Weak, because stable Rust
 * cannot ask at build time whether it does.
 */
#include <stddef.h>

__attribute__((weak)) void __asan_poison_memory_region(const volatile void *start, size_t size);
__attribute__((weak)) void __asan_unpoison_memory_region(const volatile void *start, size_t size);

void put_user_page_asan_poison(const void *start, size_t size)
{
	if (__asan_poison_memory_region)
		__asan_poison_memory_region(start, size);
}

void put_user_page_asan_unpoison(const void *start, size_t size)
{
	if (__asan_unpoison_memory_region)
		__asan_unpoison_memory_region(start, size);
}
