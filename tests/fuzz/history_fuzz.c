/*
 * Any bytes as a conda-meta/history: what is asked for has a name and a spec, each name once.
 */
#include <stdlib.h>

#include "base/map.h"
#include "conda/history.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is noted is read again as it was, but for what conda could not read. */
static void check_note(const struct lk_askeds *asked, struct lk_arena *arena)
{
	lk_str *items = lk_arena_calloc(arena, asked->len, sizeof(*items));
	for (size_t i = 0; i < asked->len; i++) {
		items[i] = asked->items[i].spec;
	}
	const struct lk_str_list specs = {items, asked->len};
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_HISTORY_MAX);
	struct lk_askeds again = {0};
	lk_history_note((lk_str){NULL, 0}, &specs, &text);
	lk_history_asked(lk_buf_view(&text), arena, &again);
	size_t at = 0;
	for (size_t i = 0; i < again.len; i++, at++) {
		while (at < asked->len && !lk_str_eq(asked->items[at].name, again.items[i].name)) {
			at++;
		}
		if (at == asked->len || !lk_str_eq(asked->items[at].spec, again.items[i].spec)) {
			abort();
		}
	}
	lk_vec_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_map LK_CLEANUP(lk_map_done) names = {0};
	struct lk_askeds asked = {0};
	lk_history_asked(lk_str_n((const char *)data, size), &arena, &asked);
	for (uint32_t i = 0; i < asked.len; i++) {
		const struct lk_asked *one = &asked.items[i];
		if (one->name.len == 0 || one->spec.len == 0 ||
			lk_map_add(&names, one->name, i) != i) {
			abort();
		}
	}
	check_note(&asked, &arena);
	lk_vec_done(&asked);
	return 0;
}
