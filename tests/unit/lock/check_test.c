/*
 * Findings as values: merged, ordered, and each check with what it finds and what it lets pass.
 */
#include "lock_sample.h"

#include "lock/check.h"

static void assert_finding(const struct lk_finding *finding, enum lk_finding_kind kind,
	const char *platforms, const char *packages, const char *message)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(4096);
	for (size_t i = 0; i < finding->platforms.len; i++) {
		lk_buf_appendf(&text, " " LK_STR_FMT, LK_STR_ARG(finding->platforms.items[i]));
	}
	lk_buf_puts(&text, "|");
	for (size_t i = 0; i < finding->packages.len; i++) {
		lk_buf_appendf(&text, " " LK_STR_FMT, LK_STR_ARG(finding->packages.items[i]));
	}
	lk_buf_appendf(&text, "| " LK_STR_FMT, LK_STR_ARG(finding->message));
	char *expected = lk_asprintf("%s|%s| %s", platforms, packages, message);
	assert_string_equal(lk_buf_cstr(&text), expected);
	lk_free(expected);
	assert_int_equal(finding->kind, kind);
	assert_true(finding->hint.len > 0);
}

static void test_merging(void **state)
{
	(void)state;
	struct lk_findings f = {0};
	static const char *const platforms[] = {"linux-64", "osx-64"};
	static const char *const packages[] = {"a", "b", "a"};
	for (size_t p = 0; p < LK_COUNTOF(platforms); p++) {
		for (size_t i = 0; i < LK_COUNTOF(packages); i++) {
			lk_findings_add(&f, LK_FINDING_LICENSE_DENIED, lk_str_of(platforms[p]),
				lk_str_of(packages[i]), "licence '%s'", "X");
		}
	}
	lk_findings_add(&f, LK_FINDING_PACKAGE_DENIED, LK_STR(""), LK_STR(""), "licence 'X'");
	lk_findings_add(&f, LK_FINDING_PLAIN_HTTP, LK_STR(""), LK_STR("c"), "plain");
	assert_int_equal(f.list.len, 3);
	assert_int_equal(f.n_findings, 2);
	assert_finding(&f.list.items[0], LK_FINDING_LICENSE_DENIED, " linux-64 osx-64", " a b",
		"licence 'X'");
	assert_finding(&f.list.items[1], LK_FINDING_PACKAGE_DENIED, "", "", "licence 'X'");
	assert_int_equal(f.list.items[2].level, LK_LEVEL_WARNING);
	lk_findings_harden(&f);
	assert_int_equal(f.n_findings, 3);
	assert_int_equal(f.list.items[2].level, LK_LEVEL_FINDING);
	lk_findings_done(&f);
}

static void test_names(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LK_FINDING_COUNT; i++) {
		assert_non_null(lk_finding_name(i));
		for (unsigned k = 0; k < i; k++) {
			assert_string_not_equal(lk_finding_name(i), lk_finding_name(k));
		}
	}
}

#define PACKAGE(name, channel, rest)                                                               \
	"    - {name: " name ", version: '1.0', build: b_0, from: " channel "/linux-64/" name      \
	"-1.0-b_0.conda, sha256: " HASH_A rest "}\n"

#define HEAD                                                                                       \
	"version: 1\nchannels:\n- {name: c, url: 'https://h/c'}\n- {name: d, url: 'http://h/d'}\n" \
	"channel-priority: strict\nvariables: {A: one, B: two}\nplatforms:\n"

static const char world[] = HEAD
	"  linux-64:\n    specs: [x, 'y >=1', z]\n    solved-with: {__glibc: 2.28=0}\n"
	"    requires: {depends: [__glibc >=2.17], constrains: [__cuda >=12.9]}\n    "
	"packages:\n" PACKAGE("x", "c",
		", md5: b6d5d7f1c171cbd228ea06b556cfa859, size: 5, license: MIT,"
		" depends: [__glibc >=2.17, q]") PACKAGE("y", "c",
		", license: GPL-3.0-only") PACKAGE("z", "d",
		", constrains: [__cuda >=12.9]") "  osx-64:\n    specs: [x]\n    solved-with: {}\n "
						 "   packages:\n"
						 "    - {name: x, version: '1.0', build: b_0, "
						 "from: c/osx-64/x-1.0-b_0.conda, sha256: " HASH_B
						 ", url: 'https://elsewhere/f/x-1.0-b_0.conda', "
						 "depends: [q]}\n";

static void test_consistency(void **state)
{
	(void)state;
	struct lk_lock lock;
	struct lk_findings f = {0};
	parse_ok(world, &lock);
	lk_check_consistent(&lock, LK_STR(""), &f);
	assert_int_equal(f.list.len, 1);
	assert_finding(&f.list.items[0], LK_FINDING_MISSING, " linux-64 osx-64", " x",
		"depends on 'q', but no such package is in the lock");
	lk_findings_done(&f);
	f = (struct lk_findings){0};
	lk_check_consistent(&lock, LK_STR("osx-64"), &f);
	assert_finding(&f.list.items[0], LK_FINDING_MISSING, " osx-64", " x",
		"depends on 'q', but no such package is in the lock");
	lk_findings_done(&f);
	lk_lock_done(&lock);
}

static void test_form(void **state)
{
	(void)state;
	struct lk_lock lock;
	struct lk_findings f = {0};
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_LOCK_MAX_BYTES);
	struct lk_error err = LK_ERROR_INIT;
	parse_ok(sample, &lock);
	lk_check_form(&lock, lk_str_of(sample), &f);
	assert_int_equal(f.list.len, 0);
	char *bent = sample_with("license: Python-2.0", "license: 'Python-2.0'");
	lk_check_form(&lock, lk_str_of(bent), &f);
	assert_int_equal(f.list.len, 1);
	assert_finding(&f.list.items[0], LK_FINDING_FORM, "", "",
		"line 65 does not stand as lockenv writes it");
	assert_int_equal(f.list.items[0].level, LK_LEVEL_NOTE);
	lk_free(bent);
	assert_int_equal(lk_lock_write(&lock, &text, &err), 0);
	lk_lock_done(&lock);
	lk_findings_done(&f);
}

static void test_transport(void **state)
{
	(void)state;
	struct lk_lock lock;
	struct lk_findings f = {0};
	parse_ok(world, &lock);
	lk_check_transport(&lock, LK_STR(""), &f);
	assert_int_equal(f.list.len, 1);
	assert_finding(&f.list.items[0], LK_FINDING_PLAIN_HTTP, "", "",
		"channel http://h/d is plain http: anybody on the way can change what solve "
		"reads");
	lk_findings_done(&f);
	lk_lock_done(&lock);
	char *bent = sample_with("https://example.org/elsewhere", "http://example.org/elsewhere");
	f = (struct lk_findings){0};
	parse_ok(bent, &lock);
	lk_check_transport(&lock, LK_STR("linux-64"), &f);
	assert_int_equal(f.list.len, 1);
	assert_finding(&f.list.items[0], LK_FINDING_PLAIN_HTTP, " linux-64", " libtool",
		"fetched by plain http");
	lk_findings_done(&f);
	lk_lock_done(&lock);
	lk_free(bent);
}

static const struct {
	const char *policy;
	const char *findings; /* each "KIND PLATFORMS| PACKAGES| MESSAGE\n" */
} policies[] = {
	{"", ""},
	{"channels: {allow: ['https://h/c']}",
		"channel-denied linux-64| z| from http://h/d, which the policy does not allow\n"
		"channel-denied osx-64| x| from https://elsewhere/f, which the policy does not "
		"allow\n"},
	{"channels: {deny: ['http://*', 'https://h/*']}",
		"channel-denied linux-64| x y| from https://h/c, which the policy does not allow\n"
		"channel-denied linux-64| z| from http://h/d, which the policy does not allow\n"},
	{"channels: {deny: ['http://*'], except: [{package: z, allow: ['http://h/d']}]}", ""},
	{"licenses: {allow: [MIT, NONE]}",
		"license-denied linux-64| y| licence 'GPL-3.0-only' is not allowed by the "
		"policy\n"},
	{"licenses: {allow: ['*'], deny: [NONE]}",
		"license-denied linux-64 osx-64| z x| no licence is stated, which the policy does "
		"not allow\n"},
	{"licenses: {deny: [NONE], except: [{package: '*', allow: [NONE]}]}", ""},
	{"packages: {deny: [x >=2, y, {spec: 'http://h/d::z', reason: old}, 'q*']}",
		"package-denied linux-64| y| 1.0 b_0 is denied by 'y'\n"
		"package-denied linux-64| z| 1.0 b_0 is denied by 'http://h/d::z': old\n"},
	{"packages: {deny: ['*[license=GPL*]', 'x[subdir=osx-64]']}",
		"package-denied linux-64| y| 1.0 b_0 is denied by '*[license=GPL*]'\n"
		"package-denied osx-64| x| 1.0 b_0 is denied by 'x[subdir=osx-64]'\n"},
	{"requires: [__glibc <=2.17, __cuda none]", ""},
	{"requires: [__glibc <=2.12, __cuda <=12.4, __osx <=10]",
		"requirement-exceeded linux-64| x| needs '__glibc >=2.17', while the policy says "
		"'__glibc <=2.12'\n"
		"requirement-exceeded linux-64| z| needs '__cuda >=12.9', while the policy says "
		"'__cuda <=12.4'\n"},
	{"requires: [__glibc none]",
		"requirement-exceeded linux-64| x| needs '__glibc >=2.17', while the policy says "
		"'__glibc none'\n"},
	{"integrity: [md5, size]",
		"integrity-missing linux-64 osx-64| y z x| no md5, which the policy demands\n"
		"integrity-missing linux-64 osx-64| y z x| no size, which the policy demands\n"},
};

static void put_findings(const struct lk_findings *f, struct lk_buf *out)
{
	for (size_t i = 0; i < f->list.len; i++) {
		const struct lk_finding *finding = &f->list.items[i];
		lk_buf_puts(out, lk_finding_name(finding->kind));
		for (size_t k = 0; k < finding->platforms.len; k++) {
			lk_buf_appendf(
				out, " " LK_STR_FMT, LK_STR_ARG(finding->platforms.items[k]));
		}
		lk_buf_puts(out, "|");
		for (size_t k = 0; k < finding->packages.len; k++) {
			lk_buf_appendf(out, " " LK_STR_FMT, LK_STR_ARG(finding->packages.items[k]));
		}
		lk_buf_appendf(out, "| " LK_STR_FMT "\n", LK_STR_ARG(finding->message));
	}
}

static void test_policies(void **state)
{
	(void)state;
	struct lk_lock lock;
	parse_ok(world, &lock);
	for (size_t i = 0; i < LK_COUNTOF(policies); i++) {
		char *text = lk_asprintf("version: 1\n%s\n", policies[i].policy);
		struct lk_policy policy;
		struct lk_error err = LK_ERROR_INIT;
		if (lk_policy_parse(lk_str_of(text), "p", &policy, &err) < 0) {
			fail_msg("policy %zu: %s", i, err.message);
		}
		struct lk_findings f = {0};
		struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(100000);
		lk_check_policy(&lock, LK_STR(""), &policy, &f);
		put_findings(&f, &out);
		assert_string_equal(lk_buf_cstr(&out), policies[i].findings);
		lk_findings_done(&f);
		lk_policy_done(&policy);
		lk_free(text);
	}
	lk_lock_done(&lock);
}

/* What an environment file may have otherwise, against `world`. */
static const struct {
	const char *channels, *extra, *platforms, *variables, *linux_specs, *osx_specs;
	bool any_channels;
	const char *findings;
} files[] = {
	{"https://h/c http://h/d", "", "", "A=one B=two", "x,y >=1,z", "x", false, ""},
	{"https://h/c http://h/d", "", "osx-64 linux-64", "B=two A=one", "x[version='*'],y>=1,z",
		"x *", false, ""},
	{"https://h/c", "http://h/d", "", "A=one B=two", "x,y >=1,z", "x", false, ""},
	{"https://h/c", "", "", "A=one B=two", "x,y >=1,z", "x", true, ""},
	{"https://h/c", "", "", "A=one B=two", "x,y >=1,z", "x", false,
		"channels-changed|| the lock is solved with channel http://h/d, which e.yml does "
		"not name\n"},
	{"http://h/d https://h/c", "", "", "A=one B=two", "x,y >=1,z", "x", false,
		"channels-changed|| the channels stand in another order in e.yml: the first has "
		"priority\n"},
	{"https://h/c http://h/d https://h/e", "", "", "A=one B=two", "x,y >=1,z", "x", false,
		"channels-changed|| e.yml names channel https://h/e, which the lock is not solved "
		"with\n"},
	{"https://h/c http://h/d", "", "linux-64 win-64", "A=one B=two", "x,y >=1,z", "w", false,
		"platforms-changed win-64|| e.yml asks for this platform, the lock does not have "
		"it\n"
		"platforms-changed osx-64|| the lock has this platform, e.yml does not ask for "
		"it\n"},
	{"https://h/c http://h/d", "", "", "A=1 C=two", "x,y >=1,z", "x", false,
		"variables-changed|| variable A of e.yml has another value in the lock\n"
		"variables-changed|| variable C of e.yml is not in the lock\n"
		"variables-changed|| variable B of the lock is not in e.yml\n"},
	{"https://h/c http://h/d", "", "", "A=one B=two", "z,y >=1,x", "x", false,
		"specs-changed linux-64|| the specs stand in another order in e.yml: earlier ones "
		"win\n"},
	{"https://h/c http://h/d", "", "", "A=one B=two", "x,y >=2,n,y <4", "x,n", false,
		"specs-changed linux-64| y| e.yml asks for 'y >=2', the lock answers 'y >=1'\n"
		"specs-changed linux-64 osx-64| n| e.yml asks for 'n', which the lock does not "
		"answer\n"
		"specs-changed linux-64| y| e.yml asks for 'y <4', which the lock does not answer\n"
		"specs-changed linux-64| z| the lock answers 'z', which e.yml does not ask for\n"},
	{"https://h/c http://h/d", "", "", "A=one B=two", "x,x,y >=1,z", "x", false,
		"specs-changed linux-64| x| e.yml asks for 'x', which the lock does not answer\n"},
	{"https://h/c http://h/d", "", "", "A=one B=two", "x,y >=1,z,'bad >=", "x", false,
		"specs-changed linux-64|| e.yml asks for ''bad >=', which the lock does not "
		"answer\n"},
};

static void split(const char *text, char by, struct lk_strs *ret)
{
	lk_str rest = lk_str_of(text);
	lk_str part;
	while (*text && lk_str_split(&rest, by, &part)) {
		lk_vec_push(ret, part);
	}
}

static struct lk_str_list list_of(const struct lk_strs *strs)
{
	return (struct lk_str_list){strs->items, strs->len};
}

static void test_files(void **state)
{
	(void)state;
	struct lk_lock lock;
	parse_ok(world, &lock);
	for (size_t i = 0; i < LK_COUNTOF(files); i++) {
		struct lk_strs parts[6] = {0};
		const char *const texts[] = {files[i].channels, files[i].extra, files[i].platforms,
			files[i].variables, files[i].linux_specs, files[i].osx_specs};
		for (size_t k = 0; k < LK_COUNTOF(texts); k++) {
			split(texts[k], k < 4 ? ' ' : ',', &parts[k]);
		}
		struct lk_channel channels[4] = {0};
		struct lk_lock_variable variables[4] = {0};
		for (size_t k = 0; k < parts[0].len; k++) {
			channels[k].url = parts[0].items[k];
		}
		for (size_t k = 0; k < parts[3].len; k++) {
			size_t equals = lk_str_find_char(parts[3].items[k], '=');
			variables[k].name = lk_str_slice(parts[3].items[k], 0, equals);
			variables[k].value = lk_str_skip(parts[3].items[k], equals + 1);
		}
		struct lk_str_list specs[2] = {list_of(&parts[4]), list_of(&parts[5])};
		struct lk_check_wanted wanted = {
			.file = LK_STR("e.yml"),
			.channels = channels,
			.n_channels = parts[0].len,
			.extra_channels = list_of(&parts[1]),
			.any_channels = files[i].any_channels,
			.platforms = list_of(&parts[2]),
			.variables = variables,
			.n_variables = parts[3].len,
			.specs = specs,
		};
		struct lk_findings f = {0};
		struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(100000);
		lk_check_wanted(&lock, LK_STR(""), &wanted, &f);
		put_findings(&f, &out);
		assert_string_equal(lk_buf_cstr(&out), files[i].findings);
		lk_findings_done(&f);
		for (size_t k = 0; k < LK_COUNTOF(parts); k++) {
			lk_vec_done(&parts[k]);
		}
	}
	lk_lock_done(&lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merging),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_consistency),
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_transport),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
