/*
 * Any bytes as the info files of an archive: seven texts with a NUL between, "-" for an absent one.
 * What is accepted holds no path that could leave the prefix.
 */
#include <stdlib.h>

#include "base/fs.h"
#include "conda/package.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static lk_str next_text(lk_str *rest)
{
	lk_str text;
	if (!lk_str_split(rest, '\0', &text) || lk_str_is(text, "-")) {
		return (lk_str){0};
	}
	return text;
}

static void check(const struct lk_package *package)
{
	for (size_t i = 0; i < package->n_paths; i++) {
		lk_str path = package->paths[i].path;
		bool ordered = i == 0 || lk_str_cmp(package->paths[i - 1].path, path) < 0;
		if (!lk_path_is_contained(path) || !ordered ||
			lk_str_starts(path, LK_STR("conda-meta/"))) {
			abort();
		}
	}
	for (size_t i = 0; i < package->n_entry_points; i++) {
		if (!lk_path_is_component(package->entry_points[i].command)) {
			abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lk_str rest = lk_str_n((const char *)data, size);
	struct lk_package_texts texts;
	lk_str *const members[] = {&texts.index_json, &texts.paths_json, &texts.link_json,
		&texts.files, &texts.has_prefix, &texts.no_link, &texts.no_softlink};
	for (size_t i = 0; i < LK_COUNTOF(members); i++) {
		*members[i] = next_text(&rest);
	}
	struct lk_package *package;
	struct lk_error err = LK_ERROR_INIT;
	if (lk_package_parse(&texts, "a-1-0.conda", &package, &err) == 0) {
		check(package);
		lk_package_free(package);
	} else if (err.code != LK_E_INTEGRITY) {
		abort();
	}
	return 0;
}
