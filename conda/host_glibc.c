/*
 * Which glibc does this host have?
 */
#include "conda/host.h"

#ifdef __linux__
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <sys/auxv.h>

#include "base/fs.h"

#define IMAGE_MAX ((size_t)64 << 20)

static const char *const libc_files[] = {
	"/lib64/libc.so.6",
	"/usr/lib64/libc.so.6",
	"/lib/x86_64-linux-gnu/libc.so.6",
	"/lib/aarch64-linux-gnu/libc.so.6",
	"/usr/lib/libc.so.6",
	"/lib/libc.so.6",
};

/* A program that the dynamic linker started has the linker mapped somewhere. */
static bool is_static(void)
{
	return getauxval(AT_BASE) == 0;
}

/* "2.36" of "2.36" and of "2.36.9000". */
static lk_str major_minor(lk_str version)
{
	size_t dot = lk_str_find_char(version, '.');
	if (dot == SIZE_MAX) {
		return version;
	}
	size_t more = lk_str_find_char(lk_str_skip(version, dot + 1), '.');
	return more == SIZE_MAX ? version : lk_str_slice(version, 0, dot + 1 + more);
}

static lk_str glibc_of_file(const char *file, struct lk_arena *arena)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) image = LK_BUF_INIT(IMAGE_MAX);
	struct lk_error ignored = LK_ERROR_INIT; /* no such file: another one may be there */
	if (lk_fs_read_file(AT_FDCWD, file, &image, &ignored) < 0) {
		return (lk_str){0};
	}
	return lk_str_dup(arena, major_minor(lk_host_glibc_of_image(lk_buf_view(&image))));
}

lk_str lk_host_glibc(struct lk_arena *arena)
{
	if (!is_static()) {
		return lk_str_dup(arena, major_minor(lk_str_of(gnu_get_libc_version())));
	}
	lk_str found = {0};
	for (size_t i = 0; i < LK_COUNTOF(libc_files) && found.len == 0; i++) {
		found = glibc_of_file(libc_files[i], arena);
	}
	return found;
}
#else
lk_str lk_host_glibc(struct lk_arena *arena)
{
	(void)arena;
	return (lk_str){0};
}
#endif

lk_str lk_host_glibc_of_image(lk_str image)
{
	size_t at = lk_str_find(image, LK_STR("GNU C Library"));
	if (at == SIZE_MAX) {
		return (lk_str){0};
	}
	lk_str line = lk_str_slice(image, at, at + 256);
	line = lk_str_slice(line, 0, lk_str_find_char(line, '\n'));
	const lk_str word = LK_STR("version ");
	size_t version = lk_str_find(line, word);
	if (version == SIZE_MAX) {
		return (lk_str){0};
	}
	lk_str rest = lk_str_skip(line, version + word.len);
	size_t len = 0;
	while (len < rest.len && (lk_is_digit(rest.ptr[len]) || rest.ptr[len] == '.')) {
		len++;
	}
	while (len > 0 && rest.ptr[len - 1] == '.') {
		len--;
	}
	return lk_str_slice(rest, 0, len);
}
