/*
 * Path mapping of noarch python packages.
 */
#include "install/noarch.h"

#include "base/fs.h"
#include "conda/subdir.h"

bool lk_path_is_installable(lk_str path)
{
	lk_str top = lk_str_slice(path, 0, lk_str_find_char(path, '/'));
	return lk_path_is_contained(path) && !lk_str_has_control(path) &&
		!lk_str_eq_nocase(top, LK_STR("conda-meta")) &&
		!lk_str_eq_nocase(top, LK_STR(LK_CLOBBER_DIR));
}

/* "3.12" of "3.12.4", "3.13.0rc1", "3.12"; empty when there is no such start. */
static lk_str major_minor(lk_str version)
{
	size_t at = 0;
	while (at < version.len && lk_is_digit(version.ptr[at])) {
		at++;
	}
	size_t dot = at;
	if (dot == 0 || dot == version.len || version.ptr[dot] != '.') {
		return lk_str_n(NULL, 0);
	}
	for (at = dot + 1; at < version.len && lk_is_digit(version.ptr[at]);) {
		at++;
	}
	return at == dot + 1 ? lk_str_n(NULL, 0) : lk_str_slice(version, 0, at);
}

int lk_python_init(lk_str version, lk_str site_packages_path, lk_str subdir, struct lk_arena *arena,
	struct lk_python *ret, struct lk_error *err)
{
	lk_str short_version = major_minor(version);
	if (short_version.len == 0) {
		return lk_fail(err, LK_E_INTEGRITY,
			"version '" LK_STR_FMT "' of package 'python' has no major.minor",
			LK_STR_ARG(version));
	}
	while (lk_str_ends(site_packages_path, LK_STR("/")) && site_packages_path.len > 1) {
		site_packages_path.len--;
	}
	if (site_packages_path.len > 0 && !lk_path_is_installable(site_packages_path)) {
		return lk_fail(err, LK_E_INTEGRITY,
			"python_site_packages_path '" LK_STR_FMT
			"' of package 'python' is not a directory inside the prefix",
			LK_STR_ARG(site_packages_path));
	}
	ret->windows = lk_str_is(lk_subdir_os(subdir), "win");
	ret->version = lk_str_dup(arena, short_version);
	ret->scripts = ret->windows ? LK_STR("Scripts") : LK_STR("bin");
	ret->program = ret->windows
		? LK_STR("python.exe")
		: lk_str_printf(arena, "bin/python" LK_STR_FMT, LK_STR_ARG(short_version));
	if (site_packages_path.len > 0) {
		ret->site_packages = lk_str_dup(arena, site_packages_path);
	} else if (ret->windows) {
		ret->site_packages = LK_STR("Lib/site-packages");
	} else {
		ret->site_packages = lk_str_printf(
			arena, "lib/python" LK_STR_FMT "/site-packages", LK_STR_ARG(short_version));
	}
	return 0;
}

lk_str lk_noarch_target(const struct lk_python *python, lk_str path, struct lk_arena *arena)
{
	const lk_str from[] = {LK_STR("site-packages/"), LK_STR("python-scripts/")};
	const lk_str to[] = {python->site_packages, python->scripts};
	for (size_t i = 0; i < LK_COUNTOF(from); i++) {
		if (lk_str_starts(path, from[i])) {
			return lk_str_printf(arena, LK_STR_FMT "/" LK_STR_FMT, LK_STR_ARG(to[i]),
				LK_STR_ARG(lk_str_skip(path, from[i].len)));
		}
	}
	return path;
}

lk_str lk_noarch_pyc(const struct lk_python *python, lk_str path, struct lk_arena *arena)
{
	if (lk_str_starts(python->version, LK_STR("2."))) {
		return lk_str_printf(arena, LK_STR_FMT "c", LK_STR_ARG(path));
	}
	lk_str dir = lk_path_dirname(path);
	lk_str stem = lk_path_basename(path);
	stem.len -= strlen(".py");
	size_t dot = lk_str_find_char(python->version, '.');
	return lk_str_printf(arena,
		LK_STR_FMT "%s__pycache__/" LK_STR_FMT ".cpython-" LK_STR_FMT LK_STR_FMT ".pyc",
		LK_STR_ARG(dir), dir.len > 0 ? "/" : "", LK_STR_ARG(stem),
		LK_STR_ARG(lk_str_slice(python->version, 0, dot)),
		LK_STR_ARG(lk_str_skip(python->version, dot + 1)));
}
