/*
 * The store without the command line, for tests of real archives:
 *
 *     tree_tool CACHE ARCHIVE NAME VERSION BUILD SUBDIR [strict] [verify] [warn]
 *
 * takes ARCHIVE into CACHE, makes its tree and prints the tree's path, then each path that would be
 * installed as "<file|symlink|directory> <path>". Exit 1 with "error CODE: message" on failure.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "store/tree.h"

static void warn(void *ctx, const char *message)
{
	(void)ctx;
	fprintf(stderr, "warning: %s\n", message);
}

static int run(char **argv, const struct lk_tree_options *options, struct lk_error *err)
{
	char *path LK_AUTO_FREE = NULL;
	int rc = lk_path_absolute(argv[2], &path, err);
	if (rc < 0) {
		return rc;
	}
	struct lk_record record = {
		.fn = lk_path_basename(lk_str_of(path)),
		.name = lk_str_of(argv[3]),
		.version = lk_str_of(argv[4]),
		.build = lk_str_of(argv[5]),
		.subdir = lk_str_of(argv[6]),
		.has_sha256 = true,
	};
	int fd LK_AUTO_CLOSE = open(path, O_RDONLY | O_CLOEXEC);
	rc = lk_sha256_fd(fd, path, &record.sha256, NULL, err);
	if (rc < 0) {
		return rc;
	}
	struct lk_cache *cache;
	rc = lk_cache_open(argv[1], true, &cache, err);
	if (rc < 0) {
		return rc;
	}
	lk_str dir = lk_path_dirname(lk_str_of(path));
	char *from LK_AUTO_FREE = lk_strndup(dir.ptr, dir.len);
	rc = lk_cache_import(cache, from, &record, err);
	struct lk_tree tree;
	struct lk_report report = {.warn = warn};
	if (rc == 0) {
		rc = lk_tree_ensure(cache, &record, options, &report, &tree, err);
	}
	if (rc == 0) {
		printf("%s\n", tree.path);
		static const char *const types[] = {"file", "symlink", "directory"};
		for (size_t i = 0; i < tree.package->n_paths; i++) {
			printf("%s " LK_STR_FMT "\n", types[tree.package->paths[i].type],
				LK_STR_ARG(tree.package->paths[i].path));
		}
		lk_tree_done(&tree);
	}
	lk_cache_free(cache);
	return rc;
}

int main(int argc, char **argv)
{
	if (argc < 7) {
		fprintf(stderr,
			"usage: tree_tool CACHE ARCHIVE NAME VERSION BUILD SUBDIR [OPTION]...\n");
		return 2;
	}
	struct lk_tree_options options = {0};
	for (int i = 7; i < argc; i++) {
		options.strict = options.strict || strcmp(argv[i], "strict") == 0;
		options.verify = options.verify || strcmp(argv[i], "verify") == 0;
		options.safety_warn = options.safety_warn || strcmp(argv[i], "warn") == 0;
	}
	struct lk_error err = LK_ERROR_INIT;
	if (run(argv, &options, &err) < 0) {
		printf("error %d: %s\n", err.code, err.message);
		return 1;
	}
	return 0;
}
