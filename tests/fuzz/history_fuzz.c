/*
 * Any bytes as a conda-meta/history: what is asked for has a name and a spec, each name once.
 */
#include <stdlib.h>

#include "base/map.h"
#include "conda/history.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
	lk_vec_done(&asked);
	return 0;
}
