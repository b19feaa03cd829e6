/*
 * bench_links LIST FROM TO: what an install cannot do without, and no more.
 *
 * Makes the directory TO and, relative to it, each directory of LIST and a hard link to each file's
 * namesake in FROM. LIST has one entry after the other, each ending in NUL, a directory before what
 * is in it and with a "/" at its end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"

static int fail(const char *what)
{
	(void)fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) list = LK_BUF_INIT((size_t)1 << 30);
	struct lk_error err = LK_ERROR_INIT;
	if (argc != 4 || lk_fs_read_file(AT_FDCWD, argv[1], &list, &err) < 0) {
		(void)fprintf(stderr, "usage: bench_links LIST FROM TO\n%s\n", err.message);
		return 2;
	}
	int LK_AUTO_CLOSE from = open(argv[2], O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (from < 0 || mkdir(argv[3], 0755) < 0) {
		return fail(argv[2]);
	}
	int LK_AUTO_CLOSE to = open(argv[3], O_PATH | O_DIRECTORY | O_CLOEXEC);
	lk_str rest = lk_buf_view(&list);
	lk_str path;
	while (rest.len > 0 && lk_str_split(&rest, '\0', &path)) {
		bool is_dir = lk_str_ends(path, LK_STR("/"));
		if ((is_dir ? mkdirat(to, path.ptr, 0755)
			    : linkat(from, path.ptr, to, path.ptr, 0)) < 0) {
			return fail(path.ptr);
		}
	}
	return 0;
}
