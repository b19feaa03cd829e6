/*
 * What the kernel tells of mounts: /proc/self/mountinfo, see proc(5).
 */
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fs.h"

#define MAX_BYTES ((size_t)16 << 20)
#define MOUNT_POINT 4 /* the field of a line that has it, from 0 */
#define ESCAPE 4      /* bytes of a backslash and three octal digits */

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* Blanks, tabs, newlines and backslashes are written as octal numbers. */
static lk_str unescape(lk_str text, struct lk_arena *arena)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) plain = LK_BUF_INIT(MAX_BYTES);
	while (text.len > 0) {
		bool escaped = text.len >= ESCAPE && text.ptr[0] == '\\' && is_octal(text.ptr[1]) &&
			is_octal(text.ptr[2]) && is_octal(text.ptr[3]);
		char c = text.ptr[0];
		if (escaped) {
			c = (char)((text.ptr[1] - '0') * 64 + (text.ptr[2] - '0') * 8 +
				(text.ptr[3] - '0'));
		}
		lk_buf_putc(&plain, c);
		text = lk_str_skip(text, escaped ? ESCAPE : 1);
	}
	return lk_str_dup(arena, lk_buf_view(&plain));
}

void lk_fs_mounts_below(int dirfd, struct lk_arena *arena, struct lk_strs *ret)
{
	char link[64];
	char dir[PATH_MAX];
	struct lk_error ignored = LK_ERROR_INIT;
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(MAX_BYTES);
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", dirfd);
	ssize_t len = readlink(link, dir, sizeof(dir) - 1);
	if (len < 0 || lk_fs_read_file(AT_FDCWD, "/proc/self/mountinfo", &text, &ignored) < 0) {
		return;
	}
	lk_str rest = lk_buf_view(&text);
	lk_str line;
	while (rest.len > 0 && lk_str_split(&rest, '\n', &line)) {
		lk_str field = lk_str_n(NULL, 0);
		for (int i = 0; i <= MOUNT_POINT && lk_str_split(&line, ' ', &field); i++) {
		}
		lk_str path = unescape(field, arena);
		if (lk_str_starts(path, lk_str_n(dir, (size_t)len)) && path.len > (size_t)len + 1 &&
			path.ptr[len] == '/') {
			lk_vec_push(ret, lk_str_skip(path, (size_t)len + 1));
		}
	}
}
