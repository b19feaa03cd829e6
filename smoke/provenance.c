/*
 * Where the mapped libraries come from, by the dynamic linker's own list.
 */
#include "smoke/provenance.h"

#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"

struct walk {
	struct lk_arena *arena;
	struct lk_smoke_libraries *found;
	lk_str prefix;
	lk_str driver_folder;
	char libc[PATH_MAX]; /* its real path; "" when unknown */
};

static bool starts_with_any(lk_str name, const char *const *stems, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (lk_str_starts(name, lk_str_of(stems[i]))) {
			return true;
		}
	}
	return false;
}

/* Are both files in the same folder? False when that is unknown. */
static bool is_in_folder(lk_str real, lk_str folder)
{
	return folder.len > 0 && lk_str_eq(lk_path_dirname(real), folder);
}

/* ld.so, libc and their siblings belong to the host: they must match its kernel and each other. The
 * name alone is not enough, for anyone can give it to a file. */
static bool is_libc_family(const struct walk *w, lk_str path, lk_str real)
{
	static const char *const stems[] = {"ld-linux", "ld64.so", "ld.so", "libc.so.", "libm.so.",
		"libmvec.so.", "libdl.so.", "libpthread.so.", "librt.so.", "libresolv.so.",
		"libutil.so."};
	return starts_with_any(lk_path_basename(path), stems, LK_COUNTOF(stems)) &&
		is_in_folder(real, lk_path_dirname(lk_str_of(w->libc)));
}

/* The driver's folder is often the system's library folder, so that its name counts too. */
static bool is_driver(const struct walk *w, lk_str path, lk_str real)
{
	static const char *const stems[] = {"libcuda.so", "libcudadebugger.so", "libnvidia-"};
	return starts_with_any(lk_path_basename(path), stems, LK_COUNTOF(stems)) &&
		is_in_folder(real, w->driver_folder);
}

static bool is_below(lk_str path, lk_str folder)
{
	return folder.len > 0 && path.len > folder.len && lk_str_starts(path, folder) &&
		path.ptr[folder.len] == '/';
}

/* An extracted package has info/index.json at its root. */
static bool is_in_package(lk_str real)
{
	for (lk_str folder = lk_path_dirname(real); folder.len > 1;
		folder = lk_path_dirname(folder)) {
		char index[PATH_MAX];
		int len = snprintf(
			index, sizeof(index), LK_STR_FMT "/info/index.json", LK_STR_ARG(folder));
		if (len < (int)sizeof(index) && access(index, F_OK) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_inside(const struct walk *w, lk_str path, lk_str real)
{
	return is_below(real, w->prefix) || (is_below(path, w->prefix) && is_in_package(real)) ||
		is_driver(w, path, real);
}

static void judge(struct walk *w, lk_str path)
{
	char resolved[PATH_MAX];
	lk_str real = realpath(path.ptr, resolved) ? lk_str_of(resolved) : path;
	if (is_libc_family(w, path, real)) {
		return;
	}
	char *LK_AUTO_FREE plain = NULL; /* $ORIGIN/../lib is the usual way to a library */
	struct lk_error ignored = LK_ERROR_INIT;
	if (lk_path_absolute(path.ptr, &plain, &ignored) != 0) {
		plain = NULL;
	}
	lk_vec_push(w->found,
		(struct lk_smoke_library){
			.path = lk_str_dup(w->arena, plain ? lk_str_of(plain) : path),
			.version = lk_str_dup(w->arena, lk_library_version(real)),
			.inside = is_inside(w, path, real),
		});
}

static int on_object(struct dl_phdr_info *info, size_t size, void *ctx)
{
	(void)size;
	lk_str path = lk_str_of(info->dlpi_name);
	/* Not this program itself, nor the kernel's part of it. */
	if (path.len > 0 && !lk_str_starts(path, LK_STR("linux-vdso")) &&
		!lk_str_starts(path, LK_STR("linux-gate"))) {
		judge(ctx, path);
	}
	return 0;
}

static int by_path(const void *a, const void *b)
{
	const struct lk_smoke_library *x = a;
	const struct lk_smoke_library *y = b;
	return lk_str_cmp(x->path, y->path);
}

static void find_libc(struct walk *w)
{
	Dl_info info;
	void *symbol = dlsym(RTLD_DEFAULT, "gnu_get_libc_version");
	if (!symbol || dladdr(symbol, &info) == 0 || !realpath(info.dli_fname, w->libc)) {
		w->libc[0] = '\0';
	}
}

static void sort(struct lk_smoke_libraries *libraries)
{
	if (libraries->len > 0) {
		qsort(libraries->items, libraries->len, sizeof(*libraries->items), by_path);
	}
}

static struct walk walk_of(const char *prefix, const char *driver_folder, struct lk_arena *arena,
	struct lk_smoke_libraries *ret)
{
	struct walk w = {
		.arena = arena,
		.found = ret,
		.prefix = lk_str_of(prefix),
		.driver_folder = lk_str_of(driver_folder),
	};
	find_libc(&w);
	return w;
}

void lk_provenance(const char *prefix, const char *driver_folder, struct lk_arena *arena,
	struct lk_smoke_libraries *ret)
{
	struct walk w = walk_of(prefix, driver_folder, arena, ret);
	dl_iterate_phdr(on_object, &w);
	sort(ret);
}

/* proc(5): "FROM-TO PERMISSIONS OFFSET DEVICE INODE   PATH", with an absolute path for a file. */
static lk_str mapped_code(lk_str line)
{
	lk_str permissions = lk_str_skip(line, lk_str_find_char(line, ' ') + 1);
	size_t slash = lk_str_find_char(line, '/');
	bool code = permissions.len > 4 && permissions.ptr[2] == 'x' && slash != SIZE_MAX;
	return code ? lk_str_skip(line, slash) : (lk_str){0};
}

static bool is_found(const struct lk_smoke_libraries *found, lk_str path)
{
	for (size_t i = 0; i < found->len; i++) {
		if (lk_str_eq(found->items[i].path, path)) {
			return true;
		}
	}
	return false;
}

void lk_provenance_of_maps(const char *maps, const char *prefix, const char *driver_folder,
	struct lk_arena *arena, struct lk_smoke_libraries *ret)
{
	struct walk w = walk_of(prefix, driver_folder, arena, ret);
	lk_str rest = lk_str_of(maps);
	lk_str line;
	while (lk_str_split(&rest, '\n', &line)) {
		lk_str path = mapped_code(line);
		if (path.len > 0 && !is_found(ret, path)) {
			judge(&w, lk_str_dup(arena, path));
		}
	}
	sort(ret);
}

/* The length of the digits and dots at AT, without trailing dots. */
static size_t run_length(lk_str name, size_t at)
{
	size_t end = at;
	while (end < name.len && (lk_is_digit(name.ptr[end]) || name.ptr[end] == '.')) {
		end++;
	}
	while (end > at && name.ptr[end - 1] == '.') {
		end--;
	}
	return end - at;
}

/* Digits without a dot belong to the name (libc10.so, libfoo_sm90.so) unless they are set off from
 * it: after ".so." or a dash, and not the beginning of a word. */
static bool is_set_off(lk_str name, size_t at, size_t len)
{
	bool before = lk_str_ends(lk_str_slice(name, 0, at), LK_STR(".so.")) ||
		lk_str_ends(lk_str_slice(name, 0, at), LK_STR("-"));
	return before && (at + len == name.len || !lk_is_alnum(name.ptr[at + len]));
}

lk_str lk_library_version(lk_str path)
{
	lk_str name = lk_path_basename(path);
	/* "_ssl.cpython-311-x86_64-linux-gnu.so": that is python's version. */
	name = lk_str_slice(name, 0, lk_str_find(name, LK_STR(".cpython-")));
	lk_str best = {0};
	bool best_dotted = false;
	for (size_t i = 0; i < name.len; i++) {
		if (!lk_is_digit(name.ptr[i])) {
			continue;
		}
		lk_str run = lk_str_slice(name, i, i + run_length(name, i));
		bool dotted = lk_str_find_char(run, '.') != SIZE_MAX;
		if ((dotted || (!best_dotted && is_set_off(name, i, run.len))) &&
			(dotted > best_dotted || run.len > best.len)) {
			best = run;
			best_dotted = dotted;
		}
		i += run.len;
	}
	return best;
}
