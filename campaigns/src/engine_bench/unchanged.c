/* A mutator for AFL++ that leaves inputs as they are. */
#include <stddef.h>

void *afl_custom_init(void *afl, unsigned int seed)
{
	(void)seed;
	return afl;
}

void afl_custom_deinit(void *data)
{
	(void)data;
}

size_t afl_custom_fuzz(void *data, unsigned char *input, size_t size, unsigned char **output,
		       unsigned char *other, size_t other_size, size_t most)
{
	(void)data, (void)other, (void)other_size, (void)most;
	*output = input;
	return size;
}
