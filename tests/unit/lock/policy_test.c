/*
 * The policy file: what it means, and that nothing misspelt gets past the reader.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lock/policy.h"

static const char whole[] =
	"# for all our locks\n"
	"version: 1\n"
	"diff:\n"
	"  fail:\n"
	"  - severity: high\n"
	"  - license-changed\n"
	"  except:\n"
	"  - package: our-*\n"
	"    kinds: [channel-*]\n"
	"channels:\n"
	"  allow: [conda-forge, 'nvidia/label/*', https://conda.example.org/ours/]\n"
	"  deny: [defaults, 'http://*', conda-forge/label/broken]\n"
	"  except:\n"
	"  - {package: our-*, allow: [file:///srv/ours]}\n"
	"licenses:\n"
	"  allow: [MIT, BSD-*]\n"
	"  deny: [AGPL-*]\n"
	"  except:\n"
	"  - {package: cuda-*, allow: [LicenseRef-NVIDIA*]}\n"
	"packages:\n"
	"  deny:\n"
	"  - openssl <3.0.8\n"
	"  - {spec: 'conda-forge::our-*', reason: ours come from us}\n"
	"requires:\n"
	"- __cuda <=12.4\n"
	"- __glibc<=2.28\n"
	"- __osx none\n"
	"integrity: [sha256, size]\n";

static void parse_ok(const char *text, struct lk_policy *ret)
{
	struct lk_error err = LK_ERROR_INIT;
	int rc = lk_policy_parse(lk_str_of(text), "policy.yml", ret, &err);
	if (rc < 0) {
		print_error("%s:%u:%u: %s\n", err.file, err.line, err.column, err.message);
	}
	assert_int_equal(rc, 0);
}

static void test_whole(void **state)
{
	(void)state;
	struct lk_policy policy;
	parse_ok(whole, &policy);
	assert_true(lk_str_is(policy.file, "policy.yml"));
	assert_int_equal(policy.n_denied, 2);
	assert_true(lk_str_is(policy.denied[0].spec->name, "openssl"));
	assert_int_equal(policy.denied[0].reason.len, 0);
	assert_true(lk_str_is(policy.denied[1].reason, "ours come from us"));
	assert_int_equal(policy.n_requires, 3);
	assert_true(lk_str_is(policy.requires_[0].name, "__cuda"));
	assert_true(lk_str_is(policy.requires_[0].version, "12.4"));
	assert_true(lk_str_is(policy.requires_[1].name, "__glibc"));
	assert_true(lk_str_is(policy.requires_[1].version, "2.28"));
	assert_int_equal(policy.requires_[2].version.len, 0);
	assert_true(policy.integrity.size);
	assert_false(policy.integrity.md5);
	lk_policy_done(&policy);
}

static bool fails(const struct lk_policy *policy, enum lk_change kind, const char *package)
{
	return lk_policy_fails(policy, kind, lk_str_of(package));
}

static void test_diff(void **state)
{
	(void)state;
	struct lk_policy policy;
	parse_ok(whole, &policy);
	assert_true(fails(&policy, LK_CHANGE_HASH, "our-tool"));
	assert_true(fails(&policy, LK_CHANGE_CHANNEL, "numpy"));
	assert_true(fails(&policy, LK_CHANGE_CHANNEL, ""));
	assert_false(fails(&policy, LK_CHANGE_CHANNEL, "our-tool"));
	assert_true(fails(&policy, LK_CHANGE_LICENSE, "our-tool"));
	assert_false(fails(&policy, LK_CHANGE_REBUILT, "numpy"));
	assert_false(fails(&policy, LK_CHANGE_ORIGIN, ""));
	lk_policy_done(&policy);

	/* Without the section every difference fails; an empty list is none. */
	parse_ok("version: 1\n", &policy);
	assert_true(fails(&policy, LK_CHANGE_ORIGIN, "numpy"));
	lk_policy_done(&policy);
	parse_ok("version: 1\ndiff: {fail: []}\n", &policy);
	assert_false(fails(&policy, LK_CHANGE_HASH, "numpy"));
	lk_policy_done(&policy);
	parse_ok("version: 1\ndiff: {fail: ['*'], except: [{package: '*', kinds: [added]}]}\n",
		&policy);
	assert_true(fails(&policy, LK_CHANGE_ORIGIN, "numpy"));
	assert_false(fails(&policy, LK_CHANGE_ADDED, "numpy"));
	lk_policy_done(&policy);
	parse_ok("version: 1\ndiff: {fail: [severity: info]}\n", &policy);
	for (unsigned kind = 0; kind < LK_CHANGE_COUNT; kind++) {
		assert_true(fails(&policy, kind, ""));
	}
	lk_policy_done(&policy);
	parse_ok("version: 1\ndiff: {fail: [severity: critical]}\n", &policy);
	for (unsigned kind = 0; kind < LK_CHANGE_COUNT; kind++) {
		assert_int_equal(fails(&policy, kind, ""), kind == LK_CHANGE_HASH);
	}
	lk_policy_done(&policy);
}

static const struct {
	const char *package, *url;
	bool allowed;
} channels[] = {
	{"", "https://conda.anaconda.org/conda-forge", true},
	{"", "https://conda.anaconda.org/nvidia/label/cuda-12.4.0", true},
	{"", "https://conda.anaconda.org/nvidia", false},
	{"", "https://evil.example.org/conda-forge", false},
	{"", "https://conda.anaconda.org/conda-forge/label/broken", false},
	{"", "https://conda.example.org/ours", true},
	{"", "https://conda.example.org/ours2", false},
	{"", "https://repo.anaconda.com/pkgs/main", false},
	{"", "http://conda.anaconda.org/conda-forge", false},
	{"", "file:///srv/ours", false},
	{"our-tool", "file:///srv/ours", true},
	{"numpy", "file:///srv/ours", false},
	{"our-tool", "https://conda.anaconda.org/conda-forge", true},
};

static void test_channels(void **state)
{
	(void)state;
	struct lk_policy policy;
	parse_ok(whole, &policy);
	for (size_t i = 0; i < LK_COUNTOF(channels); i++) {
		bool allowed = lk_policy_allows_channel(
			&policy, lk_str_of(channels[i].package), lk_str_of(channels[i].url));
		if (allowed != channels[i].allowed) {
			fail_msg("%s", channels[i].url);
		}
	}
	lk_policy_done(&policy);
	parse_ok("version: 1\nchannels: {deny: [defaults]}\n", &policy);
	assert_true(lk_policy_allows_channel(&policy, LK_STR(""), LK_STR("https://h/any")));
	assert_false(lk_policy_allows_channel(
		&policy, LK_STR(""), LK_STR("https://repo.anaconda.com/pkgs/r")));
	lk_policy_done(&policy);
}

static void test_licenses(void **state)
{
	(void)state;
	struct lk_policy policy;
	parse_ok(whole, &policy);
	assert_true(lk_policy_allows_license(&policy, LK_STR("x"), LK_STR("MIT")));
	assert_false(lk_policy_allows_license(&policy, LK_STR("x"), LK_STR("AGPL-3.0-only")));
	assert_false(lk_policy_allows_license(&policy, LK_STR("x"), LK_STR("LicenseRef-NVIDIA")));
	assert_true(lk_policy_allows_license(
		&policy, LK_STR("cuda-nvcc"), LK_STR("LicenseRef-NVIDIA")));
	assert_false(
		lk_policy_allows_license(&policy, LK_STR("cuda-nvcc"), LK_STR("AGPL-3.0-only")));
	lk_policy_done(&policy);
}

static const struct {
	const char *text;
	unsigned line, column;
	const char *message;
} bad[] = {
	{"", 1, 1, "must be a mapping"},
	{"[]", 1, 1, "must be a mapping"},
	{"{}", 1, 1, "has no key 'version'"},
	{"version: 2\n", 1, 10, "policy version '2'"},
	{"version: [1]\n", 1, 10, "policy version"},
	{"version: 1\nlicences: {}\n", 2, 1, "unknown key 'licences'"},
	{"version: 1\nversion: 1\n", 2, 1, "version"},
	{"version: 1\ndiff:\n", 2, 6, "'diff' must be a mapping"},
	{"version: 1\ndiff: {}\n", 2, 7, "'diff' has no key 'fail'"},
	{"version: 1\ndiff: {fail: all}\n", 2, 14, "'fail' must be a list"},
	{"version: 1\ndiff: {fail: [licence-changed]}\n", 2, 15,
		"'licence-changed' is no kind of difference"},
	{"version: 1\ndiff: {fail: ['licence*']}\n", 2, 15, "is no kind of difference"},
	{"version: 1\ndiff: {fail: [[added]]}\n", 2, 15, "one line of text"},
	{"version: 1\ndiff: {fail: [severity: higher]}\n", 2, 25, "'higher' is no severity"},
	{"version: 1\ndiff: {fail: [severity: [high]]}\n", 2, 25, "is no severity"},
	{"version: 1\ndiff: {fail: [{}]}\n", 2, 15, "has no key 'severity'"},
	{"version: 1\ndiff: {fail: [{severity: high, above: no}]}\n", 2, 32, "unknown key 'above'"},
	{"version: 1\ndiff: {fail: [], except: [our-*]}\n", 2, 27,
		"an exception must be a mapping"},
	{"version: 1\ndiff: {fail: [], except: [{package: a}]}\n", 2, 27, "no key 'kinds'"},
	{"version: 1\ndiff: {fail: [], except: [{kinds: [added]}]}\n", 2, 27, "no key 'package'"},
	{"version: 1\ndiff: {fail: [], except: [{package: a, kinds: []}]}\n", 2, 47,
		"'kinds' names nothing"},
	{"version: 1\ndiff: {fail: [], except: [{package: a b, kinds: [added]}]}\n", 2, 37,
		"'a b' cannot name packages"},
	{"version: 1\nchannels: [conda-forge]\n", 2, 11, "'channels' must be a mapping"},
	{"version: 1\nchannels: {allow: []}\n", 2, 19, "'allow' names nothing"},
	{"version: 1\nchannels: {allow: conda-forge}\n", 2, 19, "must be a list"},
	{"version: 1\nchannels: {allow: [a, ~]}\n", 2, 23, "one line of text"},
	{"version: 1\nchannels: {deny: [./here]}\n", 2, 19, "neither the name of a channel"},
	{"version: 1\nchannels: {deny: ['http:*']}\n", 2, 19, "neither the name of a channel"},
	{"version: 1\nchannels: {deny: [/srv/c]}\n", 2, 19, "neither the name of a channel"},
	{"version: 1\nchannels: {deny: ['https://u:p@h/c']}\n", 2, 19, "credentials"},
	{"version: 1\nchannels: {except: [{package: a, allow: []}]}\n", 2, 41,
		"'allow' names nothing"},
	{"version: 1\nlicenses: {allow: []}\n", 2, 19, "'allow' names nothing"},
	{"version: 1\nlicenses: {allow: [' ']}\n", 2, 20, "one line of text"},
	{"version: 1\nlicenses: {allow: [\"MIT\\e[1m\"]}\n", 2, 20, "one line of text"},
	{"version: 1\nlicenses: {refuse: [MIT]}\n", 2, 12, "unknown key 'refuse'"},
	{"version: 1\npackages: [openssl]\n", 2, 11, "'packages' must be a mapping"},
	{"version: 1\npackages: {deny: ['openssl >=']}\n", 2, 19, ""},
	{"version: 1\npackages: {deny: ['openssl[build_number=3]']}\n", 2, 19,
		"does not hold what 'build_number' asks for"},
	{"version: 1\npackages: {deny: ['openssl[when=\"__cuda\"]']}\n", 2, 19,
		"does not hold what 'when' asks for"},
	{"version: 1\npackages: {deny: [{reason: bad}]}\n", 2, 19, "no key 'spec'"},
	{"version: 1\nrequires: {__cuda: 12.4}\n", 2, 11, "must be a list"},
	{"version: 1\nrequires: [__cuda <12.4]\n", 2, 12, "'__cuda <12.4' is no limit"},
	{"version: 1\nrequires: [__cuda]\n", 2, 12, "is no limit"},
	{"version: 1\nrequires: [__cuda <=]\n", 2, 12, "is no limit"},
	{"version: 1\nrequires: ['__cuda <=12.4,>=3']\n", 2, 12, "is no limit"},
	{"version: 1\nrequires: [cuda <=12.4]\n", 2, 12, "names no virtual package"},
	{"version: 1\nrequires: [__cuda <=12, __cuda none]\n", 2, 25, "the same as an item"},
	{"version: 1\nintegrity: [sha512]\n", 2, 13, "a lock has no 'sha512'"},
	{"version: 1\nintegrity: md5\n", 2, 12, "must be a list"},
	{"version: &v 1\n", 1, 10, "anchors"},
	{"version: 1\ndiff: {fail: [[[[[[[[[[x]]]]]]]]]]}\n", 2, 22, ""},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(bad); i++) {
		struct lk_policy policy;
		struct lk_error err = LK_ERROR_INIT;
		int rc = lk_policy_parse(lk_str_of(bad[i].text), "policy.yml", &policy, &err);
		if (rc != LK_E_FORMAT || err.line != bad[i].line ||
			!strstr(err.message, bad[i].message) ||
			(*bad[i].message && err.column != bad[i].column)) {
			fail_msg(
				"case %zu: %d %u:%u: %s", i, rc, err.line, err.column, err.message);
		}
		assert_string_equal(err.file, "policy.yml");
	}
}

static void test_hints(void **state)
{
	(void)state;
	struct lk_policy policy;
	struct lk_error err = LK_ERROR_INIT;
	int rc = lk_policy_parse(
		LK_STR("version: 1\ndiff: {fail: [hash-change]}\n"), "p", &policy, &err);
	assert_int_equal(rc, LK_E_FORMAT);
	assert_string_equal(err.hint, "did you mean 'hash-changed'?");
	rc = lk_policy_parse(LK_STR("version: 1\nlicence: {}\n"), "p", &policy, &err);
	assert_int_equal(rc, LK_E_FORMAT);
	assert_non_null(strstr(err.hint, "licenses"));
	rc = lk_policy_read("/nonexistent/policy.yml", &policy, &err);
	assert_int_equal(rc, LK_E_USAGE);
}

/* Cut anywhere, spoiled anywhere: read or refused with its place, never worse. */
static void test_damage(void **state)
{
	(void)state;
	char text[sizeof(whole)];
	for (size_t i = 0; i < 2 * sizeof(whole); i++) {
		size_t at = i / 2;
		memcpy(text, whole, sizeof(whole));
		text[at] = i % 2 ? '[' : '\0';
		struct lk_policy policy;
		struct lk_error err = LK_ERROR_INIT;
		int rc = lk_policy_parse(
			lk_str_n(text, i % 2 ? sizeof(whole) - 1 : at), "p", &policy, &err);
		if (rc == 0) {
			lk_policy_done(&policy);
		} else {
			assert_int_equal(rc, LK_E_FORMAT);
			assert_true(err.line > 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_diff),
		cmocka_unit_test(test_channels),
		cmocka_unit_test(test_licenses),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_hints),
		cmocka_unit_test(test_damage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
