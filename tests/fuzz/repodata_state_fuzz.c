/*
 * State files of cached repodata: any text either parses, and prints and parses again to the same,
 * or is refused.
 */
#include "fetch/repodata_cache.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_arena arena = {0};
	struct lk_buf text = LK_BUF_INIT(1 << 20);
	struct lk_repodata_state state;
	struct lk_repodata_state again;
	lk_str input = lk_str_n((const char *)data, size);
	if (lk_repodata_state_parse(input, "input", &arena, &state, &err) == 0) {
		lk_repodata_state_print(&state, &text);
		if (lk_repodata_state_parse(lk_buf_view(&text), "again", &arena, &again, &err) <
				0 ||
			strcmp(state.url, again.url) != 0 || strcmp(state.etag, again.etag) != 0 ||
			state.size != again.size || state.mtime_ns != again.mtime_ns ||
			state.absent != again.absent || strcmp(state.content, again.content) != 0 ||
			(state.has_zst.checked > 0 &&
				(state.has_zst.there != again.has_zst.there ||
					state.has_zst.checked != again.has_zst.checked))) {
			abort();
		}
		(void)lk_repodata_state_is_fresh(&state, 1, 1700000000);
	}
	lk_buf_done(&text);
	lk_arena_done(&arena);
	return 0;
}
