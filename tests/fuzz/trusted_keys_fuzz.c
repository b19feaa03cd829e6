/*
 * Any text as a file of trusted keys: refused with its line, or read; then a signature counts only
 * when its key stands in the text.
 */
#include <stdint.h>
#include <stdlib.h>

#include "store/trusted_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct lk_ed25519_seed seed = {{1, 2, 3}};
	struct lk_error err = LK_ERROR_INIT;
	struct lk_trusted_keys LK_CLEANUP(lk_trusted_keys_done) keys = {0};
	lk_str text = lk_str_n((const char *)data, size);
	if (lk_trusted_keys_parse(&keys, text, "input", &err) < 0) {
		must(err.code == LK_E_FORMAT && err.line > 0 && err.hint[0] != '\0');
		return 0;
	}
	struct lk_signature signature = {.bytes = lk_ed25519_sign(&seed, "m", 1)};
	struct lk_ed25519_key key = lk_ed25519_public(&seed);
	const struct lk_trusted_key *found;
	bool there = false;
	for (size_t i = 0; i < keys.len && i < 64; i++) {
		there = there || lk_ed25519_key_eq(&keys.items[i].key, &key);
	}
	keys.len = keys.len < 64 ? keys.len : 64;
	enum lk_trust trust =
		lk_trusted_keys_judge(&keys, &signature, LK_STR("m"), 20260131000000u, &found);
	must(there == (found != NULL));
	must(there == (trust == LK_TRUST_HOLDS || trust == LK_TRUST_EXPIRED));
	return 0;
}
