/*
 * Path names as text.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"

#define COMPONENT_MAX 255

bool lk_path_is_component(lk_str name)
{
	return name.len > 0 && name.len <= COMPONENT_MAX && !lk_str_is(name, ".") &&
		!lk_str_is(name, "..") && lk_str_find_char(name, '/') == SIZE_MAX &&
		lk_str_find_char(name, '\0') == SIZE_MAX;
}

bool lk_path_is_contained(lk_str path)
{
	if (path.len == 0 || path.len >= PATH_MAX || lk_str_find_char(path, '\0') != SIZE_MAX) {
		return false;
	}
	for (size_t from = 0, at = 0; at <= path.len; at++) {
		if (at < path.len && path.ptr[at] != '/') {
			continue;
		}
		size_t len = at - from;
		const char *name = path.ptr + from;
		if (len == 0 || len > COMPONENT_MAX || (len == 1 && name[0] == '.') ||
			(len == 2 && name[0] == '.' && name[1] == '.')) {
			return false;
		}
		from = at + 1;
	}
	return true;
}

lk_str lk_path_dirname(lk_str path)
{
	size_t slash = lk_str_rfind_char(path, '/');
	if (slash == 0) {
		return lk_str_slice(path, 0, 1);
	}
	return lk_str_slice(path, 0, slash == SIZE_MAX ? 0 : slash);
}

lk_str lk_path_basename(lk_str path)
{
	size_t slash = lk_str_rfind_char(path, '/');
	return lk_str_skip(path, slash == SIZE_MAX ? 0 : slash + 1);
}

/* Appends the components of PATH to OUT, which holds "" for the root or "/a/b". */
static void put_components(struct lk_buf *out, lk_str path)
{
	lk_str component;
	while (lk_str_split(&path, '/', &component)) {
		if (lk_str_is(component, "..")) {
			size_t slash = lk_str_rfind_char(lk_buf_view(out), '/');
			lk_buf_truncate(out, slash == SIZE_MAX ? 0 : slash);
		} else if (component.len > 0 && !lk_str_is(component, ".")) {
			lk_buf_putc(out, '/');
			lk_buf_put(out, component);
		}
	}
}

int lk_path_absolute(const char *path, char **ret, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(SIZE_MAX);
	if (path[0] == '\0') {
		return lk_fail(err, LK_E_FS, "a path is empty");
	}
	if (path[0] != '/') {
		char *cwd = getcwd(NULL, 0);
		if (!cwd) {
			int errnum = errno;
			lk_fail_errno(err, LK_E_FS, errnum,
				"cannot tell the working directory, which '%s' starts from", path);
			if (errnum == ENOENT) {
				lk_error_hint(
					err, "it was removed or replaced: go to it anew with cd");
			}
			return err->code;
		}
		put_components(&out, lk_str_of(cwd));
		free(cwd);
	}
	put_components(&out, lk_str_of(path));
	*ret = lk_strdup(out.len > 0 ? lk_buf_cstr(&out) : "/");
	return LK_OK;
}
