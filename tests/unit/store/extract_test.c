/*
 * Extraction: what well-meant tars become, and what hostile ones may not do.
 */
#include "store/extract.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/support/pack.h"

struct box {
	char *root; /* holds "tree" and what hostile members aim at */
	int tree;
	struct lk_listing listing;
	struct lk_error err;
};

static void box_init(struct box *box)
{
	memset(box, 0, sizeof(*box));
	box->root = pack_tmpdir();
	char path[256];
	snprintf(path, sizeof(path), "%s/tree", box->root);
	assert_int_equal(mkdir(path, 0700), 0);
	box->tree = open(path, O_RDONLY | O_DIRECTORY);
	assert_true(box->tree >= 0);
}

static void box_done(struct box *box)
{
	close(box->tree);
	lk_listing_done(&box->listing);
	pack_rmdir(box->root);
}

static int extract_tar(struct box *box, lk_str tar, const char *subdir, uint64_t max, bool write)
{
	struct lk_stream *stream = lk_stream_from_memory(tar.ptr, tar.len, "a.tar");
	struct lk_archive *archive = lk_archive_from_tar(stream, "a.tar", max);
	struct lk_extract_options options = {.subdir = lk_str_of(subdir)};
	int rc = lk_extract(archive, write ? box->tree : -1, &options, &box->listing, &box->err);
	lk_archive_free(archive);
	return rc;
}

static void test_member_path(void **state)
{
	(void)state;
	static const struct {
		const char *raw;
		const char *path; /* NULL: refused */
	} rows[] = {
		{"lib/a", "lib/a"},
		{"./lib/a", "lib/a"},
		{"lib/./a", "lib/a"},
		{"lib//a/", "lib/a"},
		{"./", ""},
		{"bin/conda-meta", "bin/conda-meta"},
		{"a:b", NULL},
		{"ab:c", "ab:c"},
		{"a\\b", "a\\b"},
		{"..a/b..", "..a/b.."},
		{"", NULL},
		{"/a", NULL},
		{"..", NULL},
		{"a/../../b", NULL},
		{"a/../b", NULL},
		{"./../b", NULL},
		{"C:x", NULL},
		{"conda-meta/x.json", NULL},
		{"./conda-meta", NULL},
		{"Conda-Meta/x", NULL},
		{".lockenv-seal", NULL},
		{"a\nb", NULL},
		{"a\x1b[2J", NULL},
		{"a\x7f", NULL},
	};
	struct lk_arena arena = {0};
	for (size_t i = 0; i < LK_COUNTOF(rows); i++) {
		lk_str path;
		const char *why;
		bool good = lk_member_path(lk_str_of(rows[i].raw), &arena, &path, &why);
		if (good != (rows[i].path != NULL) || (good && !lk_str_is(path, rows[i].path))) {
			fail_msg("'%s' became '%s'", rows[i].raw, good ? path.ptr : why);
		}
	}
	char name[LK_MEMBER_PATH_MAX + 2];
	memset(name, 'a', sizeof(name));
	lk_str path;
	const char *why;
	assert_false(lk_member_path(lk_str_n(name, 256), &arena, &path, &why));
	assert_false(lk_member_path(lk_str_n("a\0b", 3), &arena, &path, &why));
	for (size_t i = 1; i < sizeof(name); i += 2) {
		name[i] = '/';
	}
	assert_true(lk_member_path(lk_str_n(name, LK_MEMBER_PATH_MAX), &arena, &path, &why));
	assert_false(lk_member_path(lk_str_n(name, sizeof(name)), &arena, &path, &why));
	lk_arena_done(&arena);
}

static void check_stat(struct box *box, const char *path, mode_t mode, long long mtime)
{
	struct stat st;
	assert_int_equal(fstatat(box->tree, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode, mode);
	if (mtime) {
		assert_int_equal(st.st_mtim.tv_sec, mtime);
		assert_int_equal(st.st_mtim.tv_nsec, 0);
	}
}

static void test_extract(void **state)
{
	(void)state;
	static const struct pack_member members[] = {
		{.name = "./", .type = '5', .mode = 0700},
		{.name = "info/index.json", .text = "{}", .type = '0', .mode = 0666},
		{.name = "bin/tool",
			.text = "#!/bin/sh\n",
			.type = '0',
			.mode = 0711,
			.mtime = 86400},
		{.name = "bin/alias", .link = "tool", .type = '2'},
		{.name = "bin/hard", .link = "./bin/tool", .type = '1'},
		{.name = "empty/", .type = '5', .mode = 02755},
		{.name = "empty", .type = '5'},
		{.name = "lib/zero", .type = '0', .mtime = 8000000000LL},
		{.name = "lib/out", .link = "/etc/passwd", .type = '2'},
		{.name = "info/index.json", .text = "{}", .type = '0', .mode = 0600},
	};
	struct lk_buf LK_CLEANUP(lk_buf_done) tar = LK_BUF_INIT(PACK_MAX);
	for (size_t i = 0; i < LK_COUNTOF(members); i++) {
		pack_add(&tar, &members[i]);
	}
	pack_end(&tar);
	struct box box;
	box_init(&box);
	mode_t before = umask(077);
	int rc = extract_tar(&box, lk_buf_view(&tar), "linux-64", PACK_MAX, true);
	umask(before);
	assert_string_equal(box.err.message, "");
	assert_int_equal(rc, 0);
	check_stat(&box, "info/index.json", S_IFREG | 0644, PACK_MTIME);
	check_stat(&box, "bin/tool", S_IFREG | 0755, LK_MTIME_MIN);
	check_stat(&box, "bin/hard", S_IFREG | 0755, LK_MTIME_MIN);
	check_stat(&box, "bin", S_IFDIR | 0755, 0);
	check_stat(&box, "empty", S_IFDIR | 0755, 0);
	check_stat(&box, "lib/zero", S_IFREG | 0644, LK_MTIME_MAX);
	check_stat(&box, "lib/out", S_IFLNK | 0777, 0);
	assert_int_equal(box.listing.entries.len, 10);
	const struct lk_entry *hard = lk_listing_find(&box.listing, LK_STR("bin/hard"));
	struct lk_sha256 want = lk_sha256_of("#!/bin/sh\n", 10);
	assert_true(hard && lk_sha256_eq(&hard->sha256, &want) && hard->executable);
	assert_int_equal(hard->size, 10);

	/* Reading alone gives the same listing. */
	struct box dry;
	box_init(&dry);
	assert_int_equal(extract_tar(&dry, lk_buf_view(&tar), "linux-64", PACK_MAX, false), 0);
	assert_int_equal(dry.listing.entries.len, 10);
	assert_int_equal(faccessat(dry.tree, "bin", F_OK, 0), -1);
	box_done(&dry);
	box_done(&box);
}

/* Each is refused, with the message given, and nothing outside of the tree is touched. */
static const struct {
	struct pack_member members[3];
	const char *subdir;
	const char *why;
} hostile_rows[] = {
	{{{.name = "/tmp/x", .type = '0'}}, "linux-64", "absolute"},
	{{{.name = "../victim", .text = "x", .type = '0'}}, "linux-64", "'..'"},
	{{{.name = "a/../../victim", .text = "x", .type = '0'}}, "linux-64", "'..'"},
	{{{.name = "d", .link = "..", .type = '2'}, {.name = "d/victim", .text = "x", .type = '0'}},
		"linux-64", "'d/victim' goes through a symlink"},
	{{{.name = "d", .link = "..", .type = '2'}, {.name = "d/sub/", .type = '5'}}, "linux-64",
		"goes through a symlink"},
	{{{.name = "d", .link = "..", .type = '2'}, {.name = "d", .type = '5'}}, "linux-64",
		"goes through a symlink"},
	{{{.name = "v", .link = "../victim", .type = '2'}, {.name = "v", .text = "x", .type = '0'}},
		"linux-64", "comes twice"},
	{{{.name = "d/x", .type = '0'}, {.name = "d", .link = "..", .type = '2'}}, "linux-64",
		"comes twice"},
	{{{.name = "h", .link = "../victim", .type = '1'}}, "linux-64", "hard link"},
	{{{.name = "h", .link = "/etc/passwd", .type = '1'}}, "linux-64", "hard link"},
	{{{.name = "v", .link = "../victim", .type = '2'}, {.name = "h", .link = "v", .type = '1'}},
		"linux-64", "hard link"},
	{{{.name = "d", .type = '5'}, {.name = "h", .link = "d", .type = '1'}}, "linux-64",
		"hard link"},
	{{{.name = "h", .link = "later", .type = '1'}, {.name = "later", .type = '0'}}, "linux-64",
		"hard link"},
	{{{.name = "dev/null", .type = '3'}}, "linux-64", "device"},
	{{{.name = "dev/sda", .type = '4'}}, "linux-64", "device"},
	{{{.name = "pipe", .type = '6'}}, "linux-64", "FIFO"},
	{{{.name = "su", .type = '0', .mode = 04755}}, "linux-64", "set-user-ID"},
	{{{.name = "sg", .type = '0', .mode = 02755}}, "linux-64", "set-group-ID"},
	{{{.name = "f", .text = "1", .type = '0'}, {.name = "f", .text = "2", .type = '0'}},
		"linux-64", "comes twice"},
	{{{.name = "f", .text = "1", .type = '0'},
		 {.name = "f", .text = "1", .type = '0', .mode = 0755}},
		"linux-64", "comes twice"},
	{{{.name = "f", .type = '0'}, {.name = "f/x", .type = '0'}}, "linux-64",
		"another member is a file"},
	{{{.name = "l", .link = "a", .type = '2'}, {.name = "l", .link = "b", .type = '2'}},
		"linux-64", "comes twice"},
	{{{.name = "l", .link = "a\tb", .type = '2'}}, "linux-64", "control character"},
	{{{.name = "l", .link = "", .type = '2'}}, "linux-64", "empty"},
	{{{.name = "conda-meta/history", .type = '0'}}, "linux-64", "conda-meta"},
	{{{.name = LK_SEAL_NAME, .type = '0'}}, "linux-64", "seal"},
	{{{.name = ".", .type = '0'}}, "linux-64", "names no file"},
	{{{.name = "Lib/x", .type = '0'}, {.name = "lib/y", .type = '0'}}, "osx-arm64",
		"differ only in case"},
	{{{.name = "a", .link = "..", .type = '2'}, {.name = "A/victim", .type = '0'}}, "win-64",
		"differ only in case"},
};

static void test_hostile(void **state)
{
	(void)state;
	for (size_t i = 0; i < LK_COUNTOF(hostile_rows); i++) {
		struct lk_buf LK_CLEANUP(lk_buf_done) tar = LK_BUF_INIT(PACK_MAX);
		for (size_t j = 0; j < 3 && hostile_rows[i].members[j].name; j++) {
			pack_add(&tar, &hostile_rows[i].members[j]);
		}
		pack_end(&tar);
		struct box box;
		box_init(&box);
		int rc = extract_tar(
			&box, lk_buf_view(&tar), hostile_rows[i].subdir, PACK_MAX, true);
		if (rc != LK_E_INTEGRITY || !strstr(box.err.message, hostile_rows[i].why) ||
			!strstr(box.err.message, "a.tar")) {
			fail_msg("row %zu: %d '%s'", i, rc, box.err.message);
		}
		char victim[256];
		snprintf(victim, sizeof(victim), "%s/victim", box.root);
		assert_int_equal(access(victim, F_OK), -1);
		box_done(&box);
	}
}

static void test_case_on_linux(void **state)
{
	(void)state;
	struct lk_buf LK_CLEANUP(lk_buf_done) tar = LK_BUF_INIT(PACK_MAX);
	pack_file(&tar, "share/terminfo/a/x", "1");
	pack_file(&tar, "share/terminfo/A/x", "2");
	pack_end(&tar);
	struct box box;
	box_init(&box);
	assert_int_equal(extract_tar(&box, lk_buf_view(&tar), "linux-64", PACK_MAX, true), 0);
	box_done(&box);
}

static void test_many(void **state)
{
	(void)state;
	struct lk_buf LK_CLEANUP(lk_buf_done) tar = LK_BUF_INIT(PACK_MAX);
	for (unsigned i = 0; i < 2000; i++) {
		char name[64];
		snprintf(name, sizeof(name), "d%u/e%u/f%u", i % 7, i % 31, i);
		pack_file(&tar, name, name);
	}
	pack_end(&tar);
	struct box box;
	box_init(&box);
	assert_int_equal(extract_tar(&box, lk_buf_view(&tar), "linux-64", PACK_MAX, true), 0);
	assert_int_equal(box.listing.entries.len, 2000 + 7 + 7 * 31);
	for (size_t i = 1; i < box.listing.entries.len; i++) {
		assert_true(lk_str_cmp(box.listing.entries.items[i - 1].path,
				    box.listing.entries.items[i].path) < 0);
	}
	box_done(&box);
}

static void test_bounds(void **state)
{
	(void)state;
	struct lk_buf LK_CLEANUP(lk_buf_done) tar = LK_BUF_INIT(PACK_MAX);
	struct pack_member big = {.name = "big", .type = '0'};
	static char zeros[65536];
	pack_header(&tar, &big, sizeof(zeros));
	pack_content(&tar, zeros, sizeof(zeros));
	pack_end(&tar);
	struct box box;
	box_init(&box);
	assert_int_equal(
		extract_tar(&box, lk_buf_view(&tar), "linux-64", 32768, true), LK_E_INTEGRITY);
	assert_non_null(strstr(box.err.message, "unpacks to more than 32768 bytes"));
	box_done(&box);

	/* Cut in the middle of a file. */
	box_init(&box);
	lk_str cut = lk_str_slice(lk_buf_view(&tar), 0, 20000);
	assert_int_equal(extract_tar(&box, cut, "linux-64", PACK_MAX, true), LK_E_INTEGRITY);
	assert_non_null(strstr(box.err.message, "'big'"));
	box_done(&box);

	/* A header that promises what no archive may hold. */
	struct lk_buf LK_CLEANUP(lk_buf_done) liar = LK_BUF_INIT(PACK_MAX);
	pack_header(&liar, &big, (size_t)1 << 32);
	pack_end(&liar);
	box_init(&box);
	assert_int_equal(
		extract_tar(&box, lk_buf_view(&liar), "linux-64", PACK_MAX, true), LK_E_INTEGRITY);
	box_done(&box);
}

/* pax and GNU long names, a name that is not ASCII, in whatever locale. */
static void test_long_names(void **state)
{
	(void)state;
	char name[400];
	memset(name, 'n', sizeof(name));
	memcpy(name, "dir/\xc3\xa9", 6);
	for (size_t i = 100; i < sizeof(name); i += 100) {
		name[i] = '/';
	}
	name[sizeof(name) - 1] = '\0';
	static const char *const formats[] = {"pax", "gnutar"};
	for (size_t i = 0; i < LK_COUNTOF(formats); i++) {
		static char bytes[64 * 1024];
		size_t used = 0;
		struct archive *writer = archive_write_new();
		assert_int_equal(archive_write_set_format_by_name(writer, formats[i]), ARCHIVE_OK);
		archive_write_open_memory(writer, bytes, sizeof(bytes), &used);
		struct archive_entry *entry = archive_entry_new();
		archive_entry_set_pathname(entry, name);
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_entry_set_perm(entry, 0644);
		archive_entry_set_size(entry, 2);
		archive_write_header(writer, entry);
		archive_write_data(writer, "ok", 2);
		archive_entry_free(entry);
		archive_write_close(writer);
		archive_write_free(writer);
		struct box box;
		box_init(&box);
		int rc = extract_tar(&box, lk_str_n(bytes, used), "linux-64", PACK_MAX, true);
		if (rc != 0 || !lk_listing_find(&box.listing, lk_str_of(name))) {
			fail_msg("%s: %s", formats[i], box.err.message);
		}
		box_done(&box);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_member_path),
		cmocka_unit_test(test_extract),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_case_on_linux),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_long_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
