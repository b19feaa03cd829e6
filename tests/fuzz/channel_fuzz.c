/*
 * Any bytes as a channel reference: what is accepted resolves to itself and holds no credentials.
 */
#include <stdlib.h>

#include "conda/channel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_arena arena;
	struct lk_error err = LK_ERROR_INIT;
	struct lk_channel channel;
	struct lk_channel again;
	lk_str alias = LK_STR(LK_CHANNEL_ALIAS);
	lk_str text = lk_str_n((const char *)data, size);
	lk_arena_init(&arena);
	lk_url_join(LK_STR("https://h/c"), text, &arena);
	if (lk_channel_resolve(text, alias, &arena, &channel, &err) == 0) {
		if (!lk_str_eq(lk_url_without_credentials(channel.url, &arena), channel.url) ||
			channel.name.len == 0 ||
			lk_channel_resolve(channel.url, alias, &arena, &again, &err) < 0 ||
			!lk_str_eq(again.url, channel.url)) {
			abort();
		}
	} else if (err.code != LK_E_USAGE) {
		abort();
	}
	struct lk_artifact artifact;
	struct lk_artifact same;
	if (lk_artifact_resolve(text, alias, &arena, &artifact, &err) == 0) {
		if (!lk_str_eq(lk_url_without_credentials(artifact.url, &arena), artifact.url) ||
			lk_artifact_resolve(artifact.url, alias, &arena, &same, &err) < 0 ||
			!lk_str_eq(same.url, artifact.url) || !lk_str_eq(same.fn, artifact.fn)) {
			abort();
		}
	} else if (err.code != LK_E_USAGE) {
		abort();
	}
	lk_arena_done(&arena);
	return 0;
}
