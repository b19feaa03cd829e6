/*
 * Runs a fuzz target over files and folders of files without libFuzzer, so that every corpus entry
 * is replayed in each test run, with any compiler.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned replayed;

static int run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file) {
		perror(path);
		return 1;
	}
	uint8_t *bytes = NULL;
	size_t len = 0;
	size_t cap = 0;
	for (;;) {
		if (len == cap) {
			cap = cap ? cap * 2 : 4096;
			uint8_t *grown = realloc(bytes, cap);
			if (!grown) {
				abort();
			}
			bytes = grown;
		}
		size_t got = fread(bytes + len, 1, cap - len, file);
		if (got == 0) {
			break;
		}
		len += got;
	}
	fclose(file);
	/* An exact allocation lets the address sanitizer see a read past the end. */
	uint8_t *exact = malloc(len ? len : 1);
	if (!exact) {
		abort();
	}
	memcpy(exact, bytes, len);
	LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	free(bytes);
	replayed++;
	return 0;
}

static int run_path(const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0) {
		perror(path);
		return 1;
	}
	if (!S_ISDIR(st.st_mode)) {
		return run_file(path);
	}
	struct dirent **entries;
	int n = scandir(path, &entries, NULL, alphasort);
	if (n < 0) {
		perror(path);
		return 1;
	}
	int failed = 0;
	for (int i = 0; i < n; i++) {
		char name[4096];
		if (entries[i]->d_name[0] != '.') {
			snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
			failed |= run_path(name);
		}
		free(entries[i]);
	}
	free(entries);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0;
	for (int i = 1; i < argc; i++) {
		failed |= run_path(argv[i]);
	}
	printf("%u inputs replayed\n", replayed);
	return failed || replayed == 0;
}
