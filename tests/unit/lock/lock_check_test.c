/*
 * Consistency of a lock and the comparison with a host.
 */
#include "lock_sample.h"

/* A lock of one platform: SOLVED_WITH, SPECS and PACKAGES are YAML. */
static void lock_of(const char *members, struct lk_lock *ret)
{
	char *text = lk_asprintf("version: 1\nchannels: [{name: c, url: 'https://h/c'}]\n"
				 "channel-priority: strict\nplatforms:\n  linux-64:\n%s",
		members);
	parse_ok(text, ret);
	lk_free(text);
}

static void test_requires(void **state)
{
	(void)state;
	static const lk_str first[] = {{"__cuda  >=12.9", 14}, {"__glibc >=2.17,<3.0.a0", 22},
		{" __cuda", 7}, {"numpy", 5}, {"_openmp_mutex", 13}};
	static const lk_str second[] = {
		{"__glibc >=2.17,<3.0.a0", 22}, {"__cuda >=12.9", 13}, {"__cuda\t>= 12.9 ", 15}};
	struct lk_record packages[] = {
		{.name = LK_STR("a"), .depends = {first, LK_COUNTOF(first)}},
		{.name = LK_STR("b"),
			.depends = {second, LK_COUNTOF(second)},
			.constrains = {first, 1}},
	};
	struct lk_lock_platform platform = {.packages = packages, .n_packages = 2};
	struct lk_arena arena = {0};
	lk_lock_requires(&platform, &arena);
	assert_int_equal(platform.requires_depends.n, 4);
	assert_text(platform.requires_depends.items[0], "__cuda");
	assert_text(platform.requires_depends.items[1], "__cuda >= 12.9");
	assert_text(platform.requires_depends.items[2], "__cuda >=12.9");
	assert_text(platform.requires_depends.items[3], "__glibc >=2.17,<3.0.a0");
	assert_int_equal(platform.requires_constrains.n, 1);
	assert_text(platform.requires_constrains.items[0], "__cuda >=12.9");
	platform.n_packages = 0;
	lk_lock_requires(&platform, &arena);
	assert_int_equal(platform.requires_depends.n + platform.requires_constrains.n, 0);
	lk_arena_done(&arena);
}

static void set_virtuals(struct lk_virtuals *set, const char *text, struct lk_arena *arena)
{
	lk_str rest = lk_str_of(text);
	lk_str part;
	while (lk_str_split(&rest, ' ', &part)) {
		struct lk_error err = LK_ERROR_INIT;
		if (part.len > 0) {
			assert_int_equal(lk_virtuals_set_text(set, part, arena, &err), 0);
		}
	}
}

/* The sample asks for __glibc >=2.17,<3.0.a0 and, if there, __cuda >=12.9. */
static const struct {
	const char *host;
	const char *message; /* NULL: fine; else parts divided by '|' */
	const char *hint;
} hosts[] = {
	{"__glibc=2.28 __cuda=12.9 __unix=0", NULL, NULL},
	{"__glibc=2.17", NULL, NULL},
	{"__glibc=2.39 __cuda=13.1", NULL, NULL},
	{"__glibc=2.28 __cuda=12.6",
		"__cuda >=12.9 (asked for by cuda-version; this host has 12.6)", "--cuda 12.6"},
	{"__glibc=2.12", "__glibc >=2.17,<3.0.a0 (asked for by numpy; this host has 2.12)",
		"--glibc 2.12"},
	{"", "__glibc >=2.17,<3.0.a0 (asked for by numpy; this host has none)", "--host"},
	{"__glibc=2.12 __cuda=11.8=x",
		"this host has 2.12), __cuda >=12.9 (asked for by cuda-version; this "
		"host has 11.8=x)",
		"--glibc 2.12"},
};

static void test_hosts(void **state)
{
	(void)state;
	struct lk_lock lock;
	parse_ok(sample, &lock);
	for (size_t i = 0; i < LK_COUNTOF(hosts); i++) {
		struct lk_arena arena = {0};
		struct lk_virtuals host = {0};
		set_virtuals(&host, hosts[i].host, &arena);
		struct lk_error err = LK_ERROR_INIT;
		int rc = lk_lock_check_host(&lock.platforms[0], &host, &err);
		assert_int_equal(rc, hosts[i].message ? LK_E_HOST : 0);
		if (hosts[i].message && !strstr(err.message, hosts[i].message)) {
			fail_msg("host '%s': %s", hosts[i].host, err.message);
		}
		if (hosts[i].hint && !strstr(err.hint, hosts[i].hint)) {
			fail_msg("host '%s': hint %s", hosts[i].host, err.hint);
		}
		lk_vec_done(&host);
		lk_arena_done(&arena);
	}
	lk_lock_done(&lock);
}

#define PACKAGE(name, version, rest)                                                               \
	"    - {name: " name ", version: '" version "', build: b_0, from: c/linux-64/" name        \
	"-" version "-b_0.conda, sha256: " HASH_A ", " rest "}\n"

static const struct {
	const char *requires_; /* YAML lines of `requires` */
	const char *package;   /* the package x */
	const char *host;
	const char *message; /* NULL: fine */
} needs[] = {
	/* a plain __cuda: must be there */
	{"{depends: [__cuda]}", "depends: [__cuda]", "__cuda=12.0", NULL},
	{"{depends: [__cuda]}", "depends: [__cuda]", "__glibc=2.0",
		"__cuda (asked for by x; this host has none)"},
	{"{depends: [__cuda >=13]}", "depends: [__cuda >=13]", "__cuda=12.2",
		"__cuda >=13 (asked for by x; this host has 12.2)"},
	/* build of a virtual package */
	{"{depends: ['__archspec 1 x86_64_v3']}", "depends: ['__archspec 1 x86_64_v3']",
		"__archspec=1=x86_64_v3", NULL},
	{"{depends: ['__archspec 1 x86_64_v3']}", "depends: ['__archspec 1 x86_64_v3']",
		"__archspec=1=x86_64_v2", "this host has 1=x86_64_v2"},
	/* conditional on the host and on a package */
	{"{depends: ['__cuda >=12[when=\"__cuda_arch\"]']}",
		"depends: ['__cuda >=12[when=\"__cuda_arch\"]']", "__cuda=11", NULL},
	{"{depends: ['__cuda >=12[when=\"x>=1\"]']}", "depends: ['__cuda >=12[when=\"x>=1\"]']",
		"__cuda=11", "this host has 11"},
	{"{depends: ['__cuda >=12[when=\"x>=2\"]']}", "depends: ['__cuda >=12[when=\"x>=2\"]']",
		"__cuda=11", NULL},
};

static void test_needs(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(needs); i++) {
		char *members = lk_asprintf("    specs: []\n    solved-with: {}\n    requires: %s\n"
					    "    packages:\n"
					    "    - {name: x, version: '1.0', build: b_0, from: "
					    "c/linux-64/x-1.0-b_0.conda, sha256: " HASH_A ", %s}\n",
			needs[i].requires_, needs[i].package);
		struct lk_lock lock;
		lock_of(members, &lock);
		struct lk_arena arena = {0};
		struct lk_virtuals host = {0};
		set_virtuals(&host, needs[i].host, &arena);
		struct lk_error err = LK_ERROR_INIT;
		int rc = lk_lock_check_host(&lock.platforms[0], &host, &err);
		if (rc != (needs[i].message ? LK_E_HOST : 0) ||
			(needs[i].message && !strstr(err.message, needs[i].message))) {
			fail_msg("case %zu: %d %s", i, rc, err.message);
		}
		lk_vec_done(&host);
		lk_arena_done(&arena);
		lk_lock_done(&lock);
		lk_free(members);
	}
}

static void count_warning(void *ctx, const char *message)
{
	(void)message;
	++*(unsigned *)ctx;
}

static const struct {
	const char *members;
	unsigned findings;
	const char *first;
} worlds[] = {
	{"    specs: [x, 'y >=1']\n    pins: ['z 9']\n    solved-with: {}\n    packages:\n" PACKAGE(
		 "x", "1.0", "depends: [y, 'y <2']") PACKAGE("y", "1.5", ""),
		0, NULL},
	{"    specs: ['x >=2', q]\n    solved-with: {}\n    packages:\n" PACKAGE("x", "1.0", ""), 2,
		"linux-64: the specs ask for 'x >=2', but the lock has x 1.0 b_0"},
	{"    specs: []\n    pins: ['x 2.*']\n    solved-with: {}\n    packages:\n" PACKAGE(
		 "x", "1.0", ""),
		1, "a pin allows only 'x 2.*', but the lock has x 1.0"},
	{"    specs: []\n    solved-with: {}\n    packages:\n" PACKAGE(
		 "x", "1.0", "depends: ['y >=1'], constrains: [x <1]"),
		2, "x depends on 'y >=1', but no such package is in the lock"},
	{"    specs: []\n    solved-with: {__cuda: 12.6=0}\n    requires: {depends: [__cuda "
	 ">=13]}\n    packages:\n" PACKAGE("x", "1.0", "depends: [__cuda >=13]"),
		1, "x depends on '__cuda >=13', but the lock is solved with __cuda 12.6"},
	{"    specs: []\n    solved-with: {}\n    requires: {constrains: [__cuda "
	 ">=13]}\n    packages:\n" PACKAGE("x", "1.0", "constrains: [__cuda >=13]"),
		0, NULL},
	{"    specs: []\n    solved-with: {}\n    packages:\n" PACKAGE(
		 "x", "1.0", "depends: ['y >=']"),
		1, "which is no valid spec"},
	/* channels of specs: the lock's name, the alias, another */
	{"    specs: ['c::x', 'https://h/c::x']\n    solved-with: {}\n    packages:\n" PACKAGE(
		 "x", "1.0", ""),
		0, NULL},
	{"    specs: ['d::x']\n    solved-with: {}\n    packages:\n" PACKAGE("x", "1.0", ""), 1,
		"the specs ask for 'd::x'"},
	/* what a lock does not hold is not judged */
	{"    specs: ['x[build_number=3]', 'x[flags=[cuda]]', 'x[license_family=mit]']\n"
	 "    solved-with: {}\n    packages:\n" PACKAGE("x", "1.0", ""),
		0, NULL},
	/* conditions */
	{"    specs: []\n    solved-with: {__unix: 0=0}\n    packages:\n" PACKAGE(
		 "x", "1.0", "depends: ['y[when=\"__win\"]', 'z[when=\"__unix and x\"]']"),
		1, "x depends on 'z[when="},
	/* name patterns */
	{"    specs: ['lib*']\n    solved-with: {}\n    packages:\n" PACKAGE("libx", "1.0", ""), 0,
		NULL},
	{"    specs: ['lib*']\n    solved-with: {}\n    packages:\n" PACKAGE("x", "1.0", ""), 1,
		"'lib*', but no such package"},
};

static void test_consistency(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(worlds); i++) {
		struct lk_lock lock;
		lock_of(worlds[i].members, &lock);
		unsigned warnings = 0;
		struct lk_report report = {.ctx = &warnings, .warn = count_warning};
		struct lk_error err = LK_ERROR_INIT;
		int rc = lk_lock_check_consistent(&lock.platforms[0], &report, &err);
		if (rc != (worlds[i].findings ? LK_E_FINDING : 0) ||
			warnings != worlds[i].findings ||
			(worlds[i].first && !strstr(err.message, worlds[i].first))) {
			fail_msg("world %zu: %d, %u findings: %s", i, rc, warnings, err.message);
		}
		lk_lock_done(&lock);
	}
}

static void test_sample_is_consistent(void **state)
{
	(void)state;
	struct lk_lock lock;
	parse_ok(sample, &lock);
	struct lk_error err = LK_ERROR_INIT;
	int rc = lk_lock_check_consistent(&lock.platforms[0], NULL, &err);
	assert_string_equal(err.message, "");
	assert_int_equal(rc, 0);
	lk_lock_done(&lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requires),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_consistency),
		cmocka_unit_test(test_sample_is_consistent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
