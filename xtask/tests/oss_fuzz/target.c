// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A fuzz target with an engine that only plays one: prints what libFuzzer would, and runs
 * what it is given. How it is compiled says what is wrong with it.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef EDGES
#define EDGES 100
#endif
#ifndef ENTRY
#define ENTRY LLVMFuzzerTestOneInput
#endif
#ifndef AT_START
#define AT_START
#endif

int ENTRY(const char *data, size_t size)
{
	return size > 0 && data[0] == '!';
}

static const char *artifact_prefix = "";

static void run_file(const char *directory, const char *name)
{
	char path[4096], data[4096];
	FILE *file;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "r");
	size = fread(data, 1, sizeof(data), file);
	fclose(file);
	if (ENTRY(data, size)) {
		snprintf(path, sizeof(path), "%scrash-1", artifact_prefix);
		file = fopen(path, "w");
		fwrite(data, 1, size, file);
		fclose(file);
		fprintf(stderr, "==1== ERROR: libFuzzer: deadly signal\n");
		abort();
	}
}

/* A file, or all files of a directory. */
static void run(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;

	if (!directory) {
		run_file("", path);
		return;
	}
	while ((entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			run_file(path, entry->d_name);
	closedir(directory);
}

static int starts(const char *word, const char *with)
{
	return strncmp(word, with, strlen(with)) == 0;
}

int main(int argc, char **argv)
{
	const char *runs = "";
	int i;

	AT_START;
	fprintf(stderr, "INFO: Loaded 1 modules   (%d inline 8-bit counters): %d [0x1, 0x2), \n",
		EDGES, EDGES);
	for (i = 1; i < argc; i++) {
		if (starts(argv[i], "-runs="))
			runs = argv[i] + strlen("-runs=");
		else if (starts(argv[i], "-artifact_prefix="))
			artifact_prefix = argv[i] + strlen("-artifact_prefix=");
		else if (starts(argv[i], "-typo="))
			fprintf(stderr, "WARNING: unrecognized flag '%s'\n", argv[i]);
		else if (argv[i][0] != '-')
			run(argv[i]);
	}
	fprintf(stderr, "Done %s runs in 0 second(s)\n", runs);
	return 0;
}
