/*
 * Any bytes as a signature: refused as such, or read; then it holds for what was signed at most.
 */
#include <stdint.h>
#include <stdlib.h>

#include "store/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_signature signature;
	lk_str text = lk_str_n((const char *)data, size);
	if (lk_signature_parse(text, "input", &arena, &signature, &err) < 0) {
		must(err.code == LK_E_INTEGRITY && err.hint[0] != '\0');
		return 0;
	}
	must(size == sizeof(signature.bytes) || signature.is_ssh);
	bool holds = lk_signature_holds(&signature, &signature.key, LK_STR("a message\n"));
	must(!lk_signature_holds(&signature, &signature.key, LK_STR("a message")) || !holds);
	if (signature.is_ssh) {
		signature.key.bytes[0] ^= 1;
		must(!lk_signature_holds(&signature, &signature.key, LK_STR("a message\n")) ||
			!holds);
	}
	return 0;
}
