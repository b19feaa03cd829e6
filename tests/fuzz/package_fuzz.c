/*
 * Any bytes as the info files of an archive: seven texts with a NUL between, "-" for an absent one.
 * What is accepted holds no path that could leave the prefix, and reads the same whether paths.json
 * is scanned or made a tree of.
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

static bool same_path(const struct lk_package_path *a, const struct lk_package_path *b)
{
	return lk_str_eq(a->path, b->path) && a->type == b->type &&
		a->prefix_mode == b->prefix_mode && lk_str_eq(a->placeholder, b->placeholder) &&
		a->no_link == b->no_link && a->has_sha256 == b->has_sha256 &&
		(!a->has_sha256 || lk_sha256_eq(&a->sha256, &b->sha256)) &&
		a->has_size == b->has_size && a->size == b->size;
}

/* A member that nobody knows makes the reader take the long way. */
static void check_long_way(const struct lk_package *package, struct lk_package_texts texts)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT((size_t)1 << 30);
	size_t open = lk_str_find_char(texts.paths_json, '{');
	bool empty = lk_str_find(texts.paths_json, LK_STR("\"paths\"")) == SIZE_MAX;
	if (!texts.paths_json.ptr || open == SIZE_MAX || empty ||
		lk_str_find(texts.paths_json, LK_STR("lk-fuzz")) != SIZE_MAX) {
		return;
	}
	lk_buf_puts(&text, "{\"lk-fuzz\":0,");
	lk_buf_put(&text, lk_str_skip(texts.paths_json, open + 1));
	texts.paths_json = lk_buf_view(&text);
	struct lk_package *other;
	struct lk_error err = LK_ERROR_INIT;
	if (lk_package_parse(&texts, "a-1-0.conda", &other, &err) < 0 ||
		other->n_paths != package->n_paths) {
		abort();
	}
	for (size_t i = 0; i < package->n_paths; i++) {
		if (!same_path(&package->paths[i], &other->paths[i])) {
			abort();
		}
	}
	lk_package_free(other);
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
		check_long_way(package, texts);
		lk_package_free(package);
	} else if (err.code != LK_E_INTEGRITY) {
		abort();
	}
	return 0;
}
