/*
 * The fast reader of YAML: whatever it takes, libyaml takes too, and gives the same tree.
 */
#include "tests/support/yaml_same.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct lk_yaml_limits limits = {1 << 20, 16, 0};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of its own size, so that one byte too far is seen. */
	char *text = lk_reallocarray(NULL, size, 1);
	if (size > 0) {
		memcpy(text, data, size);
	}
	(void)yaml_block_compare(lk_str_n(text, size), &limits);
	lk_free(text);
	return 0;
}
