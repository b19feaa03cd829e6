/*
 * Sets of virtual packages as values.
 */
#include "conda/virtual.h"

#include "conda/record.h"
#include "conda/subdir.h"
#include "conda/version.h"

/* Where NAME stands, or should stand, in the sorted set. */
static size_t position(const struct lk_virtuals *set, lk_str name, bool *ret_found)
{
	size_t i = 0;
	int order = 1;
	while (i < set->len && (order = lk_str_cmp(set->items[i].name, name)) < 0) {
		i++;
	}
	*ret_found = i < set->len && order == 0;
	return i;
}

const struct lk_virtual *lk_virtuals_find(const struct lk_virtuals *set, lk_str name)
{
	bool found;
	size_t at = position(set, name, &found);
	return found ? &set->items[at] : NULL;
}

static void store(struct lk_virtuals *set, const char *name, const char *version, lk_str build)
{
	struct lk_virtual entry = {lk_str_of(name), lk_str_of(version), build};
	bool found;
	size_t at = position(set, entry.name, &found);
	if (!found) {
		lk_vec_push(set, entry);
		memmove(&set->items[at + 1], &set->items[at],
			(set->len - 1 - at) * sizeof(set->items[0]));
	}
	set->items[at] = entry;
}

void lk_virtuals_default(lk_str subdir, struct lk_arena *arena, struct lk_virtuals *ret)
{
	lk_vec_clear(ret);
	lk_str os = lk_subdir_os(subdir);
	lk_str arch = lk_subdir_arch(subdir);
	if (arch.len == 0) {
		return;
	}
	lk_str none = LK_STR("0");
	store(ret, "__archspec", "0", lk_str_dup(arena, arch));
	if (lk_str_is(os, "linux")) {
		store(ret, "__linux", "4.18", none);
		store(ret, "__glibc", "2.28", none);
	} else if (lk_str_is(os, "osx")) {
		store(ret, "__osx", "13.0", none);
	} else if (lk_str_is(os, "win")) {
		store(ret, "__win", "10.0", none);
	}
	if (lk_str_is(os, "linux") || lk_str_is(os, "osx") || lk_str_is(os, "freebsd") ||
		lk_str_is(os, "emscripten")) {
		store(ret, "__unix", "0", none);
	}
}

int lk_virtuals_set(struct lk_virtuals *set, lk_str name, lk_str version, lk_str build,
	struct lk_arena *arena, struct lk_error *err)
{
	if (!lk_name_is_virtual(name)) {
		return lk_fail(err, LK_E_USAGE,
			"'" LK_STR_FMT "' is not the name of a virtual package", LK_STR_ARG(name));
	}
	bool found;
	size_t at = position(set, name, &found);
	if (version.len == 0) {
		if (found) {
			set->len--;
			memmove(&set->items[at], &set->items[at + 1],
				(set->len - at) * sizeof(set->items[0]));
		}
		return 0;
	}
	const struct lk_version *parsed;
	int rc = lk_version_parse(version, arena, &parsed, err);
	if (rc < 0) {
		return lk_wrap(err, "virtual package '" LK_STR_FMT "'", LK_STR_ARG(name));
	}
	if (build.len > 0 && !lk_build_is_valid(build)) {
		return lk_fail(err, LK_E_USAGE,
			"virtual package '" LK_STR_FMT "': bad build '" LK_STR_FMT "'",
			LK_STR_ARG(name), LK_STR_ARG(build));
	}
	store(set, lk_str_dup(arena, name).ptr, lk_str_dup(arena, version).ptr,
		build.len > 0 ? lk_str_dup(arena, build) : LK_STR("0"));
	return 0;
}

int lk_virtuals_set_text(
	struct lk_virtuals *set, lk_str text, struct lk_arena *arena, struct lk_error *err)
{
	lk_str version = lk_str_trim(text);
	size_t equal = lk_str_find_char(version, '=');
	if (equal == SIZE_MAX) {
		lk_fail(err, LK_E_USAGE, "virtual package '" LK_STR_FMT "' has no version",
			LK_STR_ARG(text));
		lk_error_hint(
			err, "write it as NAME=VERSION or NAME=VERSION=BUILD; NAME= removes it");
		return err->code;
	}
	lk_str name = lk_str_slice(version, 0, equal);
	version = lk_str_skip(version, equal + 1);
	lk_str build = LK_STR("");
	equal = lk_str_find_char(version, '=');
	if (equal != SIZE_MAX) {
		build = lk_str_skip(version, equal + 1);
		version = lk_str_slice(version, 0, equal);
	}
	return lk_virtuals_set(set, name, version, build, arena, err);
}
