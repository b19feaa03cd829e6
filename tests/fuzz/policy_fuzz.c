/*
 * Any text as a policy: it is read, and can be asked anything, or refused with its place. Any text
 * as a licence is judged, and an exception only ever lets more pass.
 */
#include <stdint.h>
#include <stdlib.h>

#include "lock/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition) {
		abort();
	}
}

static void ask(const struct lk_policy *policy, lk_str text)
{
	static const struct lk_license_patterns none;
	const struct lk_policy_licenses *licenses = &policy->licenses;
	for (unsigned kind = 0; kind < LK_CHANGE_COUNT; kind++) {
		must(lk_policy_fails(policy, kind, LK_STR("")) ||
			!lk_policy_fails(policy, kind, text));
	}
	must(!lk_policy_allows_channel(policy, LK_STR(""), text) ||
		lk_policy_allows_channel(policy, LK_STR("x"), text));
	must(!lk_policy_allows_license(policy, LK_STR(""), text) ||
		lk_policy_allows_license(policy, LK_STR("x"), text));
	/* Less allowed or more denied never lets more pass. */
	must(!lk_license_passes(text, &licenses->allow, &licenses->deny, NULL) ||
		licenses->allow.n == 0 || lk_license_passes(text, &none, &none, NULL));
	for (size_t i = 0; i < policy->n_denied; i++) {
		must(policy->denied[i].spec != NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_policy policy;
	lk_str source = lk_str_n((const char *)data, size);
	if (lk_policy_parse(source, "input", &policy, &err) < 0) {
		must(err.code == LK_E_FORMAT && err.line > 0);
		return 0;
	}
	ask(&policy, LK_STR("MIT OR (GPL-3.0-only WITH GCC-exception-3.1 AND BSD-3-Clause)"));
	ask(&policy, LK_STR("GPL (>= 2) | file LICENSE"));
	lk_str rest = source;
	lk_str line;
	while (lk_str_split(&rest, '\n', &line)) {
		ask(&policy, line);
	}
	lk_policy_done(&policy);
	return 0;
}
