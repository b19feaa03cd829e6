/*
 * Profiles of nodes: what is read, and where what is wrong stands.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conda/profile.h"

static void test_good(void **state)
{
	(void)state;
	struct lk_arena arena = {0};
	struct lk_profile profile;
	struct lk_error err = LK_ERROR_INIT;
	int rc = lk_profile_parse(
		LK_STR("{\"platform\": \"linux-64\", \"cache\": \"/c\", \"virtual_packages\": ["
		       "{\"name\": \"__glibc\", \"version\": \"2.28\", \"build\": \"0\"},"
		       "{\"name\": \"__archspec\", \"version\": \"1\", \"build\": \"x86_64_v3\"},"
		       "{\"name\": \"__cuda\", \"version\": \"12.4\"}]}"),
		"node.json", &arena, &profile, &err);
	assert_int_equal(rc, 0);
	assert_true(lk_str_is(profile.platform, "linux-64"));
	assert_int_equal(profile.virtuals.len, 3);
	assert_true(lk_str_is(profile.virtuals.items[0].name, "__archspec"));
	assert_true(lk_str_is(profile.virtuals.items[0].build, "x86_64_v3"));
	assert_true(lk_str_is(profile.virtuals.items[1].version, "12.4"));
	lk_profile_done(&profile);
	rc = lk_profile_parse(
		LK_STR("{\"virtual_packages\": []}"), "node.json", &arena, &profile, &err);
	assert_int_equal(rc, 0);
	assert_int_equal(profile.platform.len, 0);
	lk_profile_done(&profile);
	lk_arena_done(&arena);
}

static const struct {
	const char *text;
	unsigned line;
	const char *message;
} bad[] = {
	{"", 1, ""},
	{"[1,", 1, ""},
	{"{\"error\": {\"code\": 2}}", 1, "it has no list 'virtual_packages'"},
	{"[]", 1, "it has no list 'virtual_packages'"},
	{"{\n\"virtual_packages\":\n {}}", 3, "it has no list"},
	{"{\"virtual_packages\": [],\n \"platform\": \"Linux\"}", 2, "'platform' is none"},
	{"{\"virtual_packages\": [],\n \"platform\": 64}", 2, "'platform' is none"},
	{"{\"virtual_packages\": [\n\"__cuda\"]}", 2, "must be an object"},
	{"{\"virtual_packages\": [{},\n{\"version\": \"1\"}]}", 1, "must have a name"},
	{"{\"virtual_packages\": [\n{\"name\": 1, \"version\": \"1\"}]}", 2, "must have a name"},
	{"{\"virtual_packages\": [{\"name\": \"__cuda\",\n\"version\": 12.4}]}", 2,
		"a version, as text"},
	{"{\"virtual_packages\": [\n{\"name\": \"__cuda\", \"version\": \"\"}]}", 2,
		"a version, as text"},
	{"{\"virtual_packages\": [\n\n{\"name\": \"__cuda\"}]}", 3, "a version, as text"},
	{"{\"virtual_packages\": [{\"name\": \"__cuda\", \"version\": \"1\",\n\"build\": 0}]}", 2,
		"build of a virtual package"},
	{"{\"virtual_packages\": [\n{\"name\": \"cuda\", \"version\": \"1\"}]}", 2, "cuda"},
	{"{\"virtual_packages\": [\n{\"name\": \"__cuda\", \"version\": \"a b\"}]}", 2, ""},
	{"{\"virtual_packages\": [{\"name\": \"__a\", \"version\": \"1\"},\n"
	 "{\"name\": \"__a\", \"version\": \"2\"}]}",
		2, "stands twice"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(bad); i++) {
		struct lk_arena arena = {0};
		struct lk_profile profile;
		struct lk_error err = LK_ERROR_INIT;
		int rc = lk_profile_parse(
			lk_str_of(bad[i].text), "node.json", &arena, &profile, &err);
		if (rc != LK_E_FORMAT || err.line != bad[i].line ||
			!strstr(err.message, bad[i].message) ||
			strcmp(err.file, "node.json") != 0) {
			fail_msg("case %zu: %d %s:%u:%u: %s", i, rc, err.file, err.line, err.column,
				err.message);
		}
		lk_profile_done(&profile);
		lk_arena_done(&arena);
	}
	struct lk_arena arena = {0};
	struct lk_profile profile;
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(
		lk_profile_read("/nonexistent/node.json", &arena, &profile, &err), LK_E_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
