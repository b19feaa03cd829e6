/*
 * Writing a lock: canonical bytes, the way back, and no file that the reader would refuse.
 */
#include "lock_sample.h"

static void write_ok(const struct lk_lock *lock, struct lk_buf *out)
{
	struct lk_error err = LK_ERROR_INIT;
	int rc = lk_lock_write(lock, out, &err);
	if (rc < 0) {
		print_error("%s\n", err.message);
	}
	assert_int_equal(rc, 0);
}

static void test_bytes_come_back(void **state)
{
	(void)state;
	struct lk_lock lock;
	parse_ok(sample, &lock);
	struct lk_buf out = LK_BUF_INIT(1 << 20);
	write_ok(&lock, &out);
	assert_string_equal(lk_buf_cstr(&out), sample);
	lk_buf_done(&out);
	lk_lock_done(&lock);
}

/* What is written for a lock that is not in canonical form. */
static void test_normalises(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"version: '12.9'", "\"version\": \"12.9\""},
		{"    - python 3.12.*\n    - numpy\n", "      [ 'python 3.12.*', numpy ]\n"},
		{"      license: Python-2.0\n", "      license: Python-2.0\n      depends: []\n"},
		{"- numpy-base <0a0", "- \"numpy-base <0a0\" # not that"},
	};
	for (size_t i = 0; i < LK_COUNTOF(cases); i++) {
		char *text = sample_with(cases[i][0], cases[i][1]);
		struct lk_lock lock;
		parse_ok(text, &lock);
		struct lk_buf out = LK_BUF_INIT(1 << 20);
		write_ok(&lock, &out);
		assert_string_equal(lk_buf_cstr(&out), sample);
		lk_buf_done(&out);
		lk_lock_done(&lock);
		lk_free(text);
	}
}

static struct lk_record record_of(const char *name)
{
	static const lk_str depends[] = {{"__cuda  >=12", 12}, {"__unix", 6}, {"python", 6}};
	static const lk_str fast[] = {{"mkl", 3}, {"python", 6}, {"__archspec", 10}};
	static const lk_str slow[] = {{"sleep", 5}};
	static const struct lk_extra extra[] = {{{"fast", 4}, {fast, 3}}, {{"slow", 4}, {slow, 1}}};
	struct lk_record record = {
		.name = lk_str_of(name),
		.version = LK_STR("1.0"),
		.build = LK_STR("0"),
		.build_number = 7,
		.subdir = LK_STR("linux-64"),
		.fn = LK_STR("a-1.0-0.conda"),
		.channel = LK_STR("forge"),
		.has_sha256 = true,
		.depends = {depends, LK_COUNTOF(depends)},
		.extra = extra,
		.n_extra = LK_COUNTOF(extra),
		.license = LK_STR("None"),
	};
	return record;
}

static const struct lk_channel forge = {
	{"forge", 5}, {"file:///srv/forge", 17}, {"file://u:p@/srv/forge", 21}};

/* What test_build makes. */
static const char built[] = "# lockenv lock file. Review changes with: lockenv diff OLD NEW\n"
			    "version: 1\n"
			    "channels:\n"
			    "- name: forge\n"
			    "  url: file:///srv/forge\n"
			    "channel-priority: flexible\n"
			    "platforms:\n"
			    "  linux-32:\n"
			    "    specs: []\n"
			    "    solved-with: {}\n"
			    "    packages: []\n"
			    "  linux-64:\n"
			    "    specs:\n"
			    "    - b\n"
			    "    - a[extras=fast]\n"
			    "    solved-with:\n"
			    "      __cuda: 12.6=0\n"
			    "    requires:\n"
			    "      depends:\n"
			    "      - __archspec\n"
			    "      - __cuda >=12\n"
			    "      - __unix\n"
			    "    packages:\n"
			    "    - name: a\n"
			    "      version: '1.0'\n"
			    "      build: '0'\n"
			    "      from: forge/linux-64/a-1.0-0.conda\n"
			    "      sha256: '"
			    "0000000000000000000000000000000000000000000000000000000000000000'\n"
			    "      size: 0\n"
			    "      license: None\n"
			    "      extras:\n"
			    "      - fast\n"
			    "      depends:\n"
			    "      - __cuda  >=12\n"
			    "      - __unix\n"
			    "      - python\n"
			    "      - mkl\n"
			    "      - __archspec\n"
			    "    - name: b\n"
			    "      version: '1.0'\n"
			    "      build: '0'\n"
			    "      from: forge/linux-64/a-1.0-0.conda\n" /* no file of b's */
			    "      url: file:///srv/forge/linux-64/a-1.0-0.conda\n"
			    "      sha256: '"
			    "0000000000000000000000000000000000000000000000000000000000000000'\n"
			    "      license: None\n"
			    "      depends:\n"
			    "      - __cuda  >=12\n"
			    "      - __unix\n"
			    "      - python\n";

static void test_build(void **state)
{
	(void)state;
	struct lk_record a = record_of("b");
	struct lk_record b = record_of("a");
	b.url = LK_STR("file:///srv/forge/linux-64/a-1.0-0.conda");
	b.has_size = true;
	const struct lk_record *records[] = {&a, &b};
	const lk_str fast[] = {LK_STR("fast")};
	const struct lk_str_list extras[] = {{NULL, 0}, {fast, 1}};
	const lk_str specs[] = {LK_STR("b"), LK_STR("a[extras=fast]")};
	struct lk_virtual cuda = {LK_STR("__cuda"), LK_STR("12.6"), LK_STR("0")};
	struct lk_virtuals virtuals = {&cuda, 1, 1};
	struct lk_lock_input input = {.subdir = LK_STR("linux-64"),
		.specs = {specs, 2},
		.solved_with = &virtuals,
		.records = records,
		.extras = extras,
		.n_records = 2};
	struct lk_lock lock;
	struct lk_error err = LK_ERROR_INIT;
	lk_lock_init(&lock, &forge, 1, LK_STR("flexible"));
	assert_int_equal(lk_lock_add_platform(&lock, &input, &err), 0);
	assert_int_equal(lk_lock_add_platform(&lock, &input, &err), LK_E_USAGE);
	input = (struct lk_lock_input){.subdir = LK_STR("linux-32")};
	assert_int_equal(lk_lock_add_platform(&lock, &input, &err), 0);
	struct lk_buf out = LK_BUF_INIT(1 << 20);
	write_ok(&lock, &out);
	assert_string_equal(lk_buf_cstr(&out), built);
	struct lk_lock again;
	parse_ok(lk_buf_cstr(&out), &again);
	lk_lock_done(&again);
	lk_lock_done(&lock);
	lk_buf_done(&out);
}

static void test_no_sha256(void **state)
{
	(void)state;
	struct lk_record record = record_of("a");
	record.has_sha256 = false;
	const struct lk_record *records[] = {&record};
	struct lk_lock_input input = {
		.subdir = LK_STR("linux-64"), .records = records, .n_records = 1};
	struct lk_lock lock;
	struct lk_error err = LK_ERROR_INIT;
	lk_lock_init(&lock, &forge, 1, LK_STR("strict"));
	assert_int_equal(lk_lock_add_platform(&lock, &input, &err), LK_E_INTEGRITY);
	assert_non_null(strstr(err.message, "a-1.0-0.conda"));
	assert_int_equal(lock.n_platforms, 0);
	lk_lock_done(&lock);
}

/* One field spoilt at a time: each is refused, named, and the buffer is as it was. */
static void assert_unwritable(const struct lk_lock *lock, const char *message)
{
	struct lk_buf out = LK_BUF_INIT(1 << 20);
	lk_buf_puts(&out, "before");
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(lk_lock_write(lock, &out, &err), LK_E_FORMAT);
	if (!strstr(err.message, message)) {
		print_error("wanted '%s', got: %s\n", message, err.message);
	}
	assert_non_null(strstr(err.message, message));
	assert_string_equal(lk_buf_cstr(&out), "before");
	lk_buf_done(&out);
}

static void assert_record_unwritable(struct lk_record record, const char *message)
{
	struct lk_record records[2] = {record_of("a"), record};
	struct lk_channel channel = forge;
	struct lk_lock_platform platform = {
		.subdir = LK_STR("linux-64"), .packages = records, .n_packages = 2};
	struct lk_lock lock = {.channels = &channel,
		.n_channels = 1,
		.channel_priority = LK_STR("strict"),
		.platforms = &platform,
		.n_platforms = 1};
	assert_unwritable(&lock, message);
}

static void test_unwritable_records(void **state)
{
	(void)state;
	struct lk_record good = record_of("b");
	struct lk_record bad = good;
	bad.name = LK_STR("b/../c");
	assert_record_unwritable(bad, "its name 'b/../c'");
	bad = good;
	bad.name = LK_STR("a");
	assert_record_unwritable(bad, "twice or out of order");
	bad = good;
	bad.version = LK_STR("");
	assert_record_unwritable(bad, "its version ''");
	bad = good;
	bad.build = LK_STR("a b");
	assert_record_unwritable(bad, "its build 'a b'");
	bad = good;
	bad.fn = LK_STR("b.exe");
	assert_record_unwritable(bad, "'b.exe' is not an archive");
	bad = good;
	bad.subdir = LK_STR("osx-64");
	assert_record_unwritable(bad, "nor noarch");
	bad = good;
	bad.channel = LK_STR("other");
	assert_record_unwritable(bad, "not among");
	bad = good;
	bad.url = LK_STR("https://u:secret@host/b.conda");
	assert_record_unwritable(bad, "holds credentials");
	bad = good;
	bad.url = LK_STR("b.conda");
	assert_record_unwritable(bad, "is not a URL");
	bad = good;
	bad.has_sha256 = false;
	assert_record_unwritable(bad, "sha256");
	bad = good;
	bad.has_size = true;
	bad.size = UINT64_MAX;
	assert_record_unwritable(bad, "size");
	bad = good;
	bad.license = LK_STR("MIT\n- name: evil");
	assert_record_unwritable(bad, "control character");
	bad = good;
	bad.license = LK_STR("\xff");
	assert_record_unwritable(bad, "");
}

static void test_unwritable_header(void **state)
{
	(void)state;
	struct lk_channel channel = forge;
	struct lk_lock lock = {
		.channels = &channel, .n_channels = 1, .channel_priority = LK_STR("often")};
	assert_unwritable(&lock, "not one of strict");
	lock.channel_priority = LK_STR("strict");
	lock.exclude_newer = LK_STR("yesterday");
	assert_unwritable(&lock, "not an instant");
	lock.exclude_newer = LK_STR("");
	channel.url = LK_STR("https://host/t/secret/forge");
	assert_unwritable(&lock, "credentials");
	channel.url = forge.url;
	struct lk_lock_variable variable = {LK_STR("DB"), LK_STR("x://u:p@h/db")};
	lock.variables = &variable;
	lock.n_variables = 1;
	assert_unwritable(&lock, "its variable holds credentials");
	lock.n_variables = 0;
	struct lk_lock_platform platforms[] = {
		{.subdir = LK_STR("win-64")}, {.subdir = LK_STR("linux-64")}};
	lock.platforms = platforms;
	lock.n_platforms = 2;
	assert_unwritable(&lock, "out of order");
	platforms[0].subdir = LK_STR("NOWHERE");
	lock.n_platforms = 1;
	assert_unwritable(&lock, "not a platform");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_come_back),
		cmocka_unit_test(test_normalises),
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_no_sha256),
		cmocka_unit_test(test_unwritable_records),
		cmocka_unit_test(test_unwritable_header),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
