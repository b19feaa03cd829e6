/*
 * Any text as a private key: refused with its place, or a key whose signatures hold and whose file
 * has nothing of it in an error.
 */
#include <stdint.h>
#include <stdlib.h>

#include "store/sign_key.h"
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
	struct lk_sign_key key;
	if (lk_sign_key_parse(lk_str_n((const char *)data, size), "input", &key, &err) < 0) {
		must(err.code == LK_E_FORMAT && err.hint[0] != '\0' && err.excerpt[0] == '\0');
		return 0;
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_SIGNATURE_MAX_BYTES);
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_signature signature;
	lk_signature_put(&text, &key, LK_STR("message"));
	must(lk_signature_parse(lk_buf_view(&text), "s", &arena, &signature, &err) == 0);
	must(lk_signature_holds(&signature, &key.public, LK_STR("message")));
	must(!lk_signature_holds(&signature, &key.public, LK_STR("massage")));
	return 0;
}
