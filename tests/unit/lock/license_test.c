/*
 * Licences judged by the lists of a policy.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lock/license.h"

#define MAX_PATTERNS 8

struct list {
	struct lk_arena arena;
	struct lk_license_pattern items[MAX_PATTERNS];
	struct lk_license_patterns patterns;
};

/* TEXT: patterns divided by '|'. */
static void list_of(const char *text, struct list *ret)
{
	*ret = (struct list){.patterns = {ret->items, 0}};
	lk_str rest = lk_str_of(text);
	lk_str part;
	while (text && lk_str_split(&rest, '|', &part)) {
		assert_true(ret->patterns.n < MAX_PATTERNS);
		ret->items[ret->patterns.n++] = lk_license_pattern_of(part, &ret->arena);
	}
}

static const struct {
	const char *license, *allow, *deny, *extra;
	bool passes;
} cases[] = {
	/* no rules, single licences, case */
	{"MIT", NULL, NULL, NULL, true},
	{"", NULL, NULL, NULL, true},
	{"MIT", "MIT|BSD-*", NULL, NULL, true},
	{"mit", "MIT", NULL, NULL, true},
	{"BSD-3-Clause", "MIT|bsd-*", NULL, NULL, true},
	{"ISC", "MIT|BSD-*", NULL, NULL, false},
	{"ISC", NULL, "GPL-*", NULL, true},
	{"GPL-2.0+", NULL, "GPL-*", NULL, false},
	{"GPL-2.0+", "GPL-2.0", NULL, NULL, false},
	{"LGPL-2.1-only", NULL, "GPL-*", NULL, true},
	{"LicenseRef-NVIDIA-End-User-License-Agreement", "LicenseRef-NVIDIA*", NULL, NULL, true},
	{"DocumentRef-a:LicenseRef-b", "DocumentRef-*", NULL, NULL, true},
	/* deny is stronger than allow, extra than both */
	{"MIT", "MIT", "MIT", NULL, false},
	{"MIT", "ISC", "MIT", "MIT", true},
	{"MIT", "ISC", "MIT", "BSD-*", false},
	/* OR needs one side, AND needs both, AND binds tighter */
	{"MIT OR Apache-2.0", "MIT", NULL, NULL, true},
	{"GPL-2.0-only OR MIT", NULL, "GPL-*", NULL, true},
	{"GPL-2.0-only OR AGPL-3.0-only", NULL, "*GPL-*", NULL, false},
	{"MIT AND Apache-2.0", "MIT", NULL, NULL, false},
	{"MIT AND Apache-2.0", "MIT|Apache-2.0", NULL, NULL, true},
	{"Apache-2.0 AND MIT", "MIT", NULL, NULL, false},
	{"MIT and Apache-2.0", "MIT|Apache-2.0", NULL, NULL, true},
	{"MIT OR GPL-2.0-only AND ISC", NULL, "GPL-*", NULL, true},
	{"(MIT OR GPL-2.0-only) AND ISC", NULL, "GPL-*", NULL, true},
	{"(MIT OR GPL-2.0-only) AND ISC", "MIT", NULL, NULL, false},
	{"(MIT OR GPL-2.0-only) AND (ISC)", "MIT|ISC", NULL, NULL, true},
	{"GPL-2.0-only AND (MIT OR ISC)", NULL, "GPL-*", NULL, false},
	{"MIT AND LicenseRef-x", "MIT", NULL, "LicenseRef-x", true},
	/* WITH: the plain name speaks of it too, unless a pattern names the exception */
	{"GPL-3.0-only WITH GCC-exception-3.1", "GPL-3.0-only", NULL, NULL, true},
	{"GPL-3.0-only WITH GCC-exception-3.1", NULL, "GPL-*", NULL, false},
	{"GPL-3.0-only WITH GCC-exception-3.1", "GPL-3.0-only WITH GCC-exception-3.1", "GPL-*",
		NULL, true},
	{"GPL-3.0-only", "GPL-3.0-only WITH GCC-exception-3.1", NULL, NULL, false},
	{"GPL-3.0-only WITH GCC-exception-3.1", "GPL-* with gcc-*", "GPL-*", NULL, true},
	{"Apache-2.0 WITH LLVM-exception", "Apache-2.0", "* WITH LLVM-exception", NULL, false},
	{"Apache-2.0 WITH LLVM-exception AND MIT", "Apache-2.0|MIT", NULL, NULL, true},
	/* a pattern that is no single licence is for whole texts */
	{"MIT  OR Apache-2.0", "MIT OR Apache-2.0", NULL, NULL, true},
	{"MIT OR Apache-2.0 OR ISC", "MIT OR Apache-2.0", NULL, NULL, false},
	{"GPL-2.0-only OR MIT", NULL, "GPL-2.0-only OR MIT", NULL, false},
	{"Apache 2.0", "Apache 2.0", NULL, NULL, true},
	{"apache  2.0 ", "Apache 2.0", NULL, NULL, true},
	{"Apache 2.0", NULL, NULL, "apache 2.*", true},
	/* free text: names are of licences that stand alone; a denied word is enough */
	{"Apache 2.0", "Apache*", NULL, NULL, false},
	{"Apache 2.0", "*", NULL, NULL, true},
	{"MIT, AGPL-3.0", "MIT*", NULL, NULL, false},
	{"MIT, AGPL-3.0", NULL, "AGPL-*", NULL, false},
	{"GPL-2 | GPL-3", NULL, "GPL-3*", NULL, false},
	{"GPL (>= 2)", NULL, "GPL*", NULL, false},
	{"MIT + file LICENSE", NULL, "GPL*", NULL, true},
	{"MIT + file LICENSE", "MIT + file LICEN?E|MIT + file LICENSE", NULL, NULL, true},
	{"BSD 3-clause", "MIT", NULL, "*", true},
	/* what only looks like an expression is free text */
	{"MIT AND", "MIT", NULL, NULL, false},
	{"AND MIT", "MIT|AND", NULL, NULL, false},
	{"(MIT", "MIT", NULL, NULL, false},
	{"MIT)", "MIT", NULL, NULL, false},
	{"MIT WITH", "MIT|WITH", NULL, NULL, false},
	{"MIT WITH OR", "MIT", NULL, NULL, false},
	{"()", "MIT", NULL, NULL, false},
	{"MIT WITH (x)", "MIT", NULL, NULL, false},
	/* none */
	{"", "MIT", NULL, NULL, false},
	{"", "NONE", NULL, NULL, true},
	{"None", "NONE", NULL, NULL, true},
	{" ", NULL, "NONE", NULL, false},
	{"MIT", NULL, "NONE", NULL, true},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		struct list allow;
		struct list deny;
		struct list extra;
		list_of(cases[i].allow, &allow);
		list_of(cases[i].deny, &deny);
		list_of(cases[i].extra, &extra);
		bool passes = lk_license_passes(lk_str_of(cases[i].license), &allow.patterns,
			&deny.patterns, cases[i].extra ? &extra.patterns : NULL);
		if (passes != cases[i].passes) {
			fail_msg("case %zu: '%s' %s", i, cases[i].license,
				passes ? "passes" : "does not pass");
		}
		lk_arena_done(&allow.arena);
		lk_arena_done(&deny.arena);
		lk_arena_done(&extra.arena);
	}
}

/* Nested deeper than anybody writes: free text, and no stack is lost. */
static void test_depth(void **state)
{
	(void)state;
	enum {
		DEPTH = 100000
	};
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT((size_t)4 * DEPTH);
	for (unsigned depth = 31; depth <= DEPTH; depth += depth < 34 ? 1 : DEPTH - 34) {
		lk_buf_clear(&text);
		for (unsigned i = 0; i < depth; i++) {
			lk_buf_putc(&text, '(');
		}
		lk_buf_puts(&text, "MIT");
		for (unsigned i = 0; i < depth; i++) {
			lk_buf_putc(&text, ')');
		}
		struct list allow;
		struct list deny;
		list_of("MIT", &allow);
		list_of(NULL, &deny);
		assert_int_equal(lk_license_passes(
					 lk_buf_view(&text), &allow.patterns, &deny.patterns, NULL),
			depth <= 32);
		lk_arena_done(&allow.arena);
		lk_arena_done(&deny.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_depth),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
