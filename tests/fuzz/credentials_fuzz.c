/*
 * Any text as a credentials file, its first byte telling of which kind: read, or refused without a
 * word of it in the message; what is read holds nothing that could end a header or a path.
 */
#include <stdint.h>
#include <stdlib.h>

#include "fetch/credentials.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int add(struct lk_credentials *credentials, char kind, lk_str text, struct lk_error *err)
{
	const char *const variables[] = {text.ptr};
	lk_str rest = text;
	lk_str name;
	switch (kind) {
	case 'r':
		return lk_credentials_add_rattler(credentials, text, err);
	case 'm':
		return lk_credentials_add_mamba(credentials, text, err);
	case 'n':
		return lk_credentials_add_netrc(credentials, text, err);
	case 'a':
		(void)lk_str_split(&rest, '\n', &name);
		return lk_credentials_add_anaconda(credentials, name, rest, err);
	default:
		return lk_credentials_add_environment(credentials, variables, 1, err);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error err = LK_ERROR_INIT;
	struct lk_credentials credentials;
	if (size == 0) {
		return 0;
	}
	lk_credentials_init(&credentials);
	lk_credentials_begin(&credentials, "input", false);
	lk_str text = lk_str_dup(&arena, lk_str_n((const char *)data + 1, size - 1));
	int rc = add(&credentials, (char)data[0], text, &err);
	if (rc < 0 &&
		(rc != LK_E_FORMAT || !*err.message || credentials.items.len > 0 || *err.excerpt)) {
		abort();
	}
	for (size_t i = 0; i < credentials.items.len; i++) {
		const struct lk_credential *item = &credentials.items.items[i];
		if (lk_str_has_control(lk_str_of(item->user)) ||
			lk_str_has_control(lk_str_of(item->secret)) ||
			lk_str_has_control(item->host) ||
			(item->kind == LK_CREDENTIAL_TOKEN && strpbrk(item->secret, "/?#%\\@:"))) {
			abort();
		}
		lk_str url = lk_str_printf(&arena, LK_STR_FMT "://" LK_STR_FMT LK_STR_FMT "/x",
			LK_STR_ARG(item->scheme), LK_STR_ARG(item->host), LK_STR_ARG(item->path));
		(void)lk_credentials_find(&credentials, url);
	}
	lk_credentials_done(&credentials);
	return 0;
}
