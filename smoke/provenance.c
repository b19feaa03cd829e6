/*
 * Where the mapped libraries come from, by the dynamic linker's own list.
 */
#include "smoke/provenance.h"

#include <limits.h>
#include <link.h>
#include <stdlib.h>

#include "base/str.h"

struct walk {
	struct lk_arena *arena;
	struct lk_smoke_libraries *found;
	const char *prefix;
	char real_prefix[PATH_MAX];
	lk_str exempt_folder;
};

static lk_str folder_of(lk_str path)
{
	size_t slash = lk_str_rfind_char(path, '/');
	return slash == SIZE_MAX ? (lk_str){0} : lk_str_slice(path, 0, slash);
}

static lk_str name_of(lk_str path)
{
	size_t slash = lk_str_rfind_char(path, '/');
	return slash == SIZE_MAX ? path : lk_str_skip(path, slash + 1);
}

/* ld.so, libc and their siblings belong to the host: they must match its kernel and each other. */
static bool is_libc_family(lk_str name)
{
	static const char *const stems[] = {"ld-linux", "ld64.so", "ld.so", "libc.so", "libm.so",
		"libmvec.so", "libdl.so", "libpthread.so", "librt.so", "libresolv.so", "libc-", "libm-",
		"libdl-", "libpthread-", "librt-", "libresolv-", "linux-vdso", "linux-gate"};
	for (size_t i = 0; i < LK_COUNTOF(stems); i++) {
		if (lk_str_starts(name, lk_str_of(stems[i]))) {
			return true;
		}
	}
	return false;
}

static bool is_below(lk_str path, lk_str folder)
{
	return folder.len > 0 && path.len > folder.len && lk_str_starts(path, folder) &&
			path.ptr[folder.len] == '/';
}

/* A link in the prefix may lead into a package cache, but not into the system's folders. */
static bool is_inside(const struct walk *w, lk_str path, lk_str real)
{
	if (!w->prefix) {
		return false;
	}
	if (is_below(real, lk_str_of(w->real_prefix))) {
		return true;
	}
	bool named_inside = is_below(path, lk_str_of(w->prefix)) ||
			is_below(path, lk_str_of(w->real_prefix));
	return named_inside && !lk_str_starts(real, LK_STR("/usr/")) &&
			!lk_str_starts(real, LK_STR("/lib"));
}

static int on_object(struct dl_phdr_info *info, size_t size, void *ctx)
{
	(void)size;
	struct walk *w = ctx;
	lk_str path = lk_str_of(info->dlpi_name);
	if (path.len == 0 || is_libc_family(name_of(path))) {
		return 0; /* this program itself, or the C library's family */
	}
	char real[PATH_MAX];
	lk_str resolved = realpath(info->dlpi_name, real) ? lk_str_of(real) : path;
	if (lk_str_eq(folder_of(path), w->exempt_folder) && w->exempt_folder.len > 0) {
		return 0;
	}
	lk_vec_push(w->found, (struct lk_smoke_library){
					      .path = lk_str_dup(w->arena, path),
					      .version = lk_str_dup(w->arena, lk_library_version(resolved)),
					      .inside = is_inside(w, path, resolved),
			      });
	return 0;
}

static int by_path(const void *a, const void *b)
{
	const struct lk_smoke_library *x = a;
	const struct lk_smoke_library *y = b;
	return lk_str_cmp(x->path, y->path);
}

void lk_provenance(const char *prefix, const char *exempt_folder, struct lk_arena *arena,
		struct lk_smoke_libraries *ret)
{
	struct walk w = {
			.arena = arena,
			.found = ret,
			.prefix = prefix,
			.exempt_folder = lk_str_of(exempt_folder),
	};
	if (!prefix || !realpath(prefix, w.real_prefix)) {
		w.real_prefix[0] = '\0';
	}
	dl_iterate_phdr(on_object, &w);
	if (ret->len > 0) {
		qsort(ret->items, ret->len, sizeof(*ret->items), by_path);
	}
}

lk_str lk_library_version(lk_str path)
{
	lk_str name = name_of(path);
	lk_str best = {0};
	size_t start = 0;
	for (size_t i = 0; i <= name.len; i++) {
		if (i < name.len && (lk_is_digit(name.ptr[i]) || (name.ptr[i] == '.' && i > start))) {
			continue;
		}
		lk_str run = lk_str_slice(name, start, i);
		while (run.len > 0 && run.ptr[run.len - 1] == '.') {
			run.len--;
		}
		if (run.len > best.len) {
			best = run;
		}
		start = i + 1;
	}
	return best;
}
