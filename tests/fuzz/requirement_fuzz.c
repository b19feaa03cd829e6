/*
 * Requirements of wheels from hostile text: read or refused with a column inside, and a marker
 * holds or does not, without end or harm.
 */
#include <stdlib.h>

#include "wheel/requirement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error err;
	lk_str text = lk_str_n((const char *)data, size);
	struct lk_requirement r;
	if (lk_requirement_parse(text, &arena, &r, &err) < 0) {
		if (err.column > text.len + 1) {
			abort();
		}
		return 0;
	}
	struct lk_marker_environment environment = {0};
	for (int i = 0; i < LK_MARKER_N_VARIABLES; i++) {
		environment.values[i] = i % 2 ? LK_STR("3.11") : r.name;
	}
	(void)lk_marker_holds(r.marker, &environment);
	if (r.url.len > 0 && r.specifiers.n > 0) {
		abort();
	}
	return 0;
}
