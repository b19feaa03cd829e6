/*
 * Files by the way they went and the layer they came from.
 */
#include "cli/install_links.h"

#include "install/link.h"

static size_t total(const size_t ways[LK_LINK_WAYS])
{
	size_t n = 0;
	for (size_t way = 0; way < LK_LINK_WAYS; way++) {
		n += ways[way];
	}
	return n;
}

static size_t count_layers(const struct lk_install_result *result)
{
	size_t n = 0;
	for (size_t i = 0; i < LK_CACHE_MAX_LAYERS; i++) {
		n += total(result->linked[i]) > 0;
	}
	return n;
}

static size_t most(const size_t ways[LK_LINK_WAYS])
{
	size_t best = LK_LINK_HARD;
	for (size_t way = LK_LINK_HARD; way < LK_LINK_WAYS; way++) {
		best = ways[way] > ways[best] ? way : best;
	}
	return best;
}

static void put_ways(const size_t ways[LK_LINK_WAYS], const char *from, struct lk_buf *text)
{
	size_t best = most(ways);
	size_t others = 0;
	lk_buf_appendf(text, ", by %s", lk_link_name((enum lk_link_mode)best));
	if (from) {
		lk_buf_appendf(text, " from '%s'", from);
	}
	for (size_t way = LK_LINK_HARD; way < LK_LINK_WAYS; way++) {
		if (way != best && ways[way] > 0) {
			lk_buf_appendf(text, "%s%s for %zu file%s", others++ == 0 ? " (" : ", ",
				lk_link_name((enum lk_link_mode)way), ways[way],
				ways[way] == 1 ? "" : "s");
		}
	}
	lk_buf_puts(text, others > 0 ? ")" : "");
}

void lk_install_links_text(
	const struct lk_install_result *result, const struct lk_cache *cache, struct lk_buf *text)
{
	bool several = count_layers(result) > 1;
	for (size_t i = 0; i < LK_CACHE_MAX_LAYERS; i++) {
		if (total(result->linked[i]) > 0) {
			put_ways(result->linked[i], several ? lk_cache_layer_path(cache, i) : NULL,
				text);
		}
	}
}

static void put_counts(struct lk_jw *w, const size_t ways[LK_LINK_WAYS])
{
	lk_jw_key(w, "linked");
	lk_jw_object(w);
	for (size_t way = LK_LINK_HARD; way < LK_LINK_WAYS; way++) {
		lk_jw_key_uint(w, lk_link_name((enum lk_link_mode)way), ways[way]);
	}
	lk_jw_end(w);
}

void lk_install_links_json(
	const struct lk_install_result *result, const struct lk_cache *cache, struct lk_jw *w)
{
	size_t all[LK_LINK_WAYS] = {0};
	if (!result->link_mode) {
		return;
	}
	for (size_t i = 0; i < LK_CACHE_MAX_LAYERS; i++) {
		for (size_t way = 0; way < LK_LINK_WAYS; way++) {
			all[way] += result->linked[i][way];
		}
	}
	lk_jw_key_string(w, "link_mode", lk_str_of(result->link_mode));
	put_counts(w, all);
	if (count_layers(result) < 2) {
		return;
	}
	lk_jw_key(w, "layers");
	lk_jw_array(w);
	for (size_t i = 0; i < LK_CACHE_MAX_LAYERS; i++) {
		if (total(result->linked[i]) > 0) {
			lk_jw_object(w);
			lk_jw_opt_string(w, "cache", lk_str_of(lk_cache_layer_path(cache, i)));
			put_counts(w, result->linked[i]);
			lk_jw_end(w);
		}
	}
	lk_jw_end(w);
}
