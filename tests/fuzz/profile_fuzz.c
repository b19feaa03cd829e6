/*
 * Any text as a node's profile: read, or refused.
 */
#include <stdint.h>
#include <stdlib.h>

#include "conda/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error err = LK_ERROR_INIT;
	struct lk_profile profile;
	int rc = lk_profile_parse(
		lk_str_n((const char *)data, size), "input", &arena, &profile, &err);
	if (rc < 0 && (rc != LK_E_FORMAT || !*err.message || !*err.file)) {
		abort();
	}
	for (size_t i = 0; rc == 0 && i < profile.virtuals.len; i++) {
		const struct lk_virtual *v = &profile.virtuals.items[i];
		if (lk_virtuals_find(&profile.virtuals, v->name) != v || v->version.len == 0) {
			abort();
		}
	}
	lk_profile_done(&profile);
	return 0;
}
