/*
 * Bundles: written and read back, byte for byte what GNU tar writes, and no damage goes unseen.
 */
#include "store/bundle.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "store/bundle_check.h"
#include "store/bundle_write.h"
#include "tests/support/pack.h"

#define MAX ((size_t)1 << 22)
#define LONG_NAME                                                                                  \
	"a-package-with-a-rather-long-name-as-they-are-seen-0.1.2-cuda126_py312h0123456_1.conda"

static const char lock_text[] = "version: 1\n";
static const char small[] = "an archive of few bytes";
static const char installer[] = "\177ELF in name only";

struct box {
	char *root;
	struct lk_arena arena;
	struct lk_manifest_entry entries[7];
	lk_str contents[7];
	size_t n;
	struct lk_manifest manifest;
	char *path; /* of the bundle */
	struct lk_error err;
};

static void add(struct box *box, enum lk_manifest_kind kind, const char *path, lk_str content)
{
	static const lk_str platform = {"linux-64", 8};
	struct lk_manifest_entry entry = {.kind = kind, .size = content.len};
	entry.sha256 = lk_sha256_of(content.ptr, content.len);
	char hex[LK_HEX_MAX];
	lk_hex(entry.sha256.bytes, LK_SHA256_LEN, hex);
	entry.path = kind == LK_MANIFEST_ARCHIVE ? lk_str_printf(&box->arena, "%s-%s", path, hex)
						 : lk_str_of(path);
	entry.platforms = (struct lk_str_list){&platform, kind == LK_MANIFEST_LOCK};
	box->entries[box->n] = entry;
	box->contents[box->n++] = content;
}

static void box_init(struct box *box)
{
	memset(box, 0, sizeof(*box));
	box->root = pack_tmpdir();
	box->path = lk_arena_printf(&box->arena, "%s/env.lockpack", box->root);
	char *large = lk_arena_calloc(&box->arena, 700, 1);
	memset(large, 'x', 700);
	add(box, LK_MANIFEST_ARCHIVE, "archives/" LONG_NAME, lk_str_n(large, 700));
	add(box, LK_MANIFEST_ARCHIVE, "archives/b-1-0.conda", LK_STR(small));
	add(box, LK_MANIFEST_ARCHIVE, "archives/c-1-0.conda", LK_STR("absent"));
	box->entries[2].absent = true;
	add(box, LK_MANIFEST_INSTALLER, "bin/linux-64/lockenv-install", LK_STR(installer));
	add(box, LK_MANIFEST_SMOKE, "bin/linux-64/lockenv-smoke", LK_STR(installer));
	add(box, LK_MANIFEST_LOCK, "locks/\xc3\xa9.lock", LK_STR(lock_text));
	add(box, LK_MANIFEST_LOCK, "locks/env.lock", LK_STR(lock_text));
	assert_int_equal(lk_manifest_make(box->entries, box->n, &box->manifest, &box->err), 0);
}

static void box_done(struct box *box)
{
	lk_manifest_done(&box->manifest);
	pack_rmdir(box->root);
	lk_arena_done(&box->arena);
}

static int source(void *ctx, const struct lk_manifest_entry *entry, struct lk_bundle_source *ret,
	struct lk_error *err)
{
	(void)err;
	const struct box *box = ctx;
	for (size_t i = 0; i < box->n; i++) {
		if (lk_str_eq(box->entries[i].path, entry->path)) {
			ret->bytes = box->contents[i];
		}
	}
	return 0;
}

static int write_bundle(struct box *box, uint64_t volume_size, unsigned jobs)
{
	const struct lk_bundle_write_options options = {volume_size, jobs};
	const struct lk_manifest_entry *wrong;
	return lk_bundle_write(
		&box->manifest, box->path, source, box, &options, NULL, &wrong, &box->err);
}

static void read_file(const char *path, struct lk_buf *ret)
{
	struct lk_error err = LK_ERROR_INIT;
	lk_buf_clear(ret);
	assert_int_equal(lk_fs_read_file(AT_FDCWD, path, ret, &err), 0);
}

static void write_file(const char *path, lk_str bytes)
{
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(lk_fs_write_unsynced(AT_FDCWD, path, bytes.ptr, bytes.len, &err), 0);
}

static size_t files_in(const char *path)
{
	struct lk_strs names = {0};
	struct lk_arena arena = {0};
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(lk_fs_list(AT_FDCWD, path, &arena, &names, &err), 0);
	size_t n = names.len;
	lk_vec_done(&names);
	lk_arena_done(&arena);
	return n;
}

/* 0 when every member can be read and has its hash. */
static int read_all(const char *path, struct lk_error *err)
{
	struct lk_bundle *LK_CLEANUP(lk_bundle_free_p) bundle = NULL;
	int rc = lk_bundle_open(path, &bundle, err);
	if (rc < 0) {
		return rc;
	}
	const struct lk_manifest *manifest = lk_bundle_manifest(bundle);
	for (size_t i = 0; rc == 0 && i < manifest->n_entries; i++) {
		const struct lk_manifest_entry *entry = &manifest->entries[i];
		struct lk_blob LK_CLEANUP(lk_blob_done) blob = LK_BLOB_NONE;
		struct lk_sha256 have;
		rc = lk_bundle_open_member(bundle, entry, &blob, err);
		if (entry->absent) {
			assert_int_equal(rc, LK_E_NOT_FOUND);
			rc = 0;
			continue;
		}
		if (rc == 0) {
			rc = lk_blob_sha256(&blob, path, &have, err);
		}
		if (rc == 0 && !lk_sha256_eq(&have, &entry->sha256)) {
			rc = LK_E_INTEGRITY;
		}
	}
	return rc;
}

static void written_and_read(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	assert_int_equal(write_bundle(&box, 0, 2), 0);
	assert_int_equal(files_in(box.root), 1);
	assert_true(lk_bundle_is(box.path));
	assert_int_equal(read_all(box.path, &box.err), 0);

	struct lk_bundle *bundle;
	assert_int_equal(lk_bundle_open(box.path, &bundle, &box.err), 0);
	assert_string_equal(lk_bundle_path(bundle), box.path);
	const struct lk_manifest *manifest = lk_bundle_manifest(bundle);
	assert_int_equal(manifest->n_entries, box.n);
	assert_int_equal(lk_bundle_size(bundle), lk_bundle_size_of(manifest));
	struct stat st;
	assert_int_equal(stat(box.path, &st), 0);
	assert_int_equal(st.st_size, lk_bundle_size(bundle));
	struct lk_buf text = LK_BUF_INIT(100);
	const struct lk_manifest_entry *lock = lk_manifest_find_lock(manifest, LK_STR("env"));
	assert_int_equal(lk_bundle_read_lock(bundle, lock, &text, &box.err), 0);
	assert_string_equal(lk_buf_cstr(&text), lock_text);
	lk_buf_done(&text);
	struct lk_buf little = LK_BUF_INIT(5);
	assert_int_equal(lk_bundle_read_lock(bundle, lock, &little, &box.err), LK_E_INTEGRITY);
	lk_buf_done(&little);

	struct lk_record record = {
		.fn = LK_STR("b-1-0.conda"), .has_sha256 = true, .sha256 = box.entries[1].sha256};
	struct lk_blob blob = LK_BLOB_NONE;
	assert_true(lk_bundle_has_archive(bundle, &record));
	assert_int_equal(lk_bundle_open_archive(bundle, &record, &blob, &box.err), 0);
	assert_int_equal(blob.size, strlen(small));
	lk_blob_done(&blob);
	record.has_size = true;
	record.size = 5;
	assert_int_equal(lk_bundle_open_archive(bundle, &record, &blob, &box.err), LK_E_NOT_FOUND);
	record = (struct lk_record){
		.fn = LK_STR("c-1-0.conda"), .has_sha256 = true, .sha256 = box.entries[2].sha256};
	assert_false(lk_bundle_has_archive(bundle, &record));
	lk_bundle_free(bundle);
	box_done(&box);
}

/* Number of threads, umask and time leave no trace. */
static void same_bytes(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	struct lk_buf first = LK_BUF_INIT(MAX);
	struct lk_buf again = LK_BUF_INIT(MAX);
	assert_int_equal(write_bundle(&box, 0, 1), 0);
	read_file(box.path, &first);
	mode_t before = umask(0077);
	assert_int_equal(write_bundle(&box, 0, 7), 0);
	umask(before);
	read_file(box.path, &again);
	assert_true(lk_str_eq(lk_buf_view(&first), lk_buf_view(&again)));
	lk_buf_done(&first);
	lk_buf_done(&again);
	box_done(&box);
}

/* Unpacked by GNU tar and packed by it again in the same order. */
static void as_gnu_tar(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	assert_int_equal(write_bundle(&box, 0, 2), 0);
	char *line = lk_asprintf(
		"tar --version 2>/dev/null | grep -q 'GNU tar' || exit 77; export LC_ALL=C; "
		"cd %s && mkdir x && tar xf env.lockpack -C x && cd x && "
		"tar tf ../env.lockpack --quoting-style=literal >../names && "
		"tar --format=posix -b1 --owner=0 --group=0 --numeric-owner --mtime=@0 "
		"--pax-option=exthdr.name=pax-header,delete=atime,delete=ctime "
		"-cf ../again.tar -T ../names && cmp ../env.lockpack ../again.tar",
		box.root);
	int status = system(line); /* NOLINT(cert-env33-c) */
	lk_free(line);
	box_done(&box);
	if (WEXITSTATUS(status) == 77) {
		skip();
	}
	assert_int_equal(status, 0);
}

static void volumes(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	struct lk_buf whole = LK_BUF_INIT(MAX);
	struct lk_buf joined = LK_BUF_INIT(MAX);
	assert_int_equal(write_bundle(&box, 0, 2), 0);
	read_file(box.path, &whole);
	/* The name without a number would be the file. */
	assert_int_equal(write_bundle(&box, 1000, 2), LK_E_USAGE);
	assert_int_equal(unlink(box.path), 0);
	static const uint64_t sizes[] = {99, 512, 1000, 100000};
	for (size_t i = 0; i < LK_COUNTOF(sizes); i++) {
		assert_int_equal(write_bundle(&box, sizes[i], 2), 0);
		size_t n = lk_bundle_volumes_of(whole.len, sizes[i]);
		assert_int_equal(files_in(box.root), n); /* those of a smaller size are gone */
		lk_buf_clear(&joined);
		for (size_t k = 1; k <= n; k++) {
			char *name = lk_asprintf("%s.%03zu", box.path, k);
			assert_int_equal(lk_fs_read_file(AT_FDCWD, name, &joined, &box.err), 0);
			assert_int_equal(read_all(name, &box.err), 0);
			lk_free(name);
		}
		assert_true(lk_str_eq(lk_buf_view(&joined), lk_buf_view(&whole)));
		assert_int_equal(read_all(box.path, &box.err), 0);
		assert_true(lk_bundle_is(box.path));
	}
	assert_int_equal(write_bundle(&box, 2, 2), LK_E_USAGE); /* too many */

	assert_int_equal(write_bundle(&box, 3000, 2), 0);
	char *second = lk_asprintf("%s.002", box.path);
	char *third = lk_asprintf("%s.003", box.path);
	char *away = lk_asprintf("%s.away", box.path);
	assert_true(lk_bundle_is(second));
	assert_int_equal(rename(second, away), 0);
	assert_int_equal(read_all(box.path, &box.err), LK_E_INTEGRITY);
	assert_non_null(strstr(box.err.message, "env.lockpack.002' is not there"));
	assert_int_equal(rename(third, second), 0);
	assert_int_equal(rename(away, third), 0);
	assert_int_equal(read_all(box.path, &box.err), LK_E_INTEGRITY);
	lk_free(second);
	lk_free(third);
	lk_free(away);
	lk_buf_done(&whole);
	lk_buf_done(&joined);
	box_done(&box);
}

static void no_damage_unseen(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	struct lk_buf whole = LK_BUF_INIT(MAX);
	assert_int_equal(write_bundle(&box, 0, 2), 0);
	read_file(box.path, &whole);
	int fd = open(box.path, O_RDWR | O_CLOEXEC);
	for (size_t i = 0; i < whole.len; i++) {
		char changed = (char)(whole.ptr[i] ^ (1 << i % 8));
		assert_int_equal(pwrite(fd, &changed, 1, (off_t)i), 1);
		if (read_all(box.path, &box.err) != LK_E_INTEGRITY) {
			fail_msg("a changed byte at %zu is not seen", i);
		}
		assert_int_equal(pwrite(fd, &whole.ptr[i], 1, (off_t)i), 1);
	}
	assert_int_equal(read_all(box.path, &box.err), 0);
	for (size_t len = whole.len; len-- > 0;) {
		assert_int_equal(ftruncate(fd, (off_t)len), 0);
		if (read_all(box.path, &box.err) != LK_E_INTEGRITY) {
			fail_msg("a cut at %zu is not seen", len);
		}
	}
	assert_int_equal(close(fd), 0);
	lk_buf_putc(&whole, '\0');
	write_file(box.path, lk_buf_view(&whole));
	assert_int_equal(read_all(box.path, &box.err), LK_E_INTEGRITY);
	lk_buf_done(&whole);
	box_done(&box);
}

/* What has to be copied again is just what is not there, or the member that was hit. */
static void checked(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	struct lk_bundle_check check = {0};
	assert_int_equal(write_bundle(&box, 0, 2), 0);
	uint64_t size = lk_bundle_size_of(&box.manifest);
	assert_int_equal(lk_bundle_check(box.path, 2, NULL, &check, &box.err), 0);
	assert_int_equal(check.whole, size);
	assert_int_equal(check.ranges.len, 0);
	size_t manifest_end = (size_t)check.parts.items[0].from;
	lk_bundle_check_done(&check);
	int fd = open(box.path, O_RDWR | O_CLOEXEC);
	for (uint64_t at = 0; at < size; at += 13) {
		char byte;
		assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
		int rc = lk_bundle_check(box.path, 1, NULL, &check, &box.err);
		assert_int_equal(rc, at < manifest_end ? LK_E_INTEGRITY : 0);
		if (rc == 0) {
			assert_int_equal(check.n_damaged, 1);
			assert_int_equal(check.n_missing, 0);
			assert_int_equal(check.ranges.len, 1);
			const struct lk_bundle_range *range = check.ranges.items;
			assert_true(range->from <= at && at < range->from + range->size);
			lk_bundle_check_done(&check);
		}
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
	}
	for (uint64_t left = size - 1; left > 13; left -= 13) {
		assert_int_equal(ftruncate(fd, (off_t)left), 0);
		int rc = lk_bundle_check(box.path, 1, NULL, &check, &box.err);
		assert_int_equal(rc, left < manifest_end ? LK_E_OFFLINE : 0);
		if (rc == 0) {
			assert_int_equal(check.n_damaged, 0);
			assert_int_equal(check.ranges.len, 1);
			assert_int_equal(check.ranges.items[0].from, left);
			assert_int_equal(check.ranges.items[0].size, size - left);
			lk_bundle_check_done(&check);
		}
	}
	assert_int_equal(close(fd), 0);
	box_done(&box);
}

/* True from the second call on. */
static bool stop(void *ctx)
{
	unsigned *calls = ctx;
	return (*calls)++ > 0;
}

/* A failure of any kind leaves what was there, and nothing else. */
static void nothing_half_written(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	write_file(box.path, LK_STR("old"));
	struct lk_buf text = LK_BUF_INIT(MAX);

	lk_str right = box.contents[0];
	box.contents[0] = lk_str_n(right.ptr, right.len - 1);
	assert_int_equal(write_bundle(&box, 0, 2), LK_E_INTEGRITY);
	assert_non_null(strstr(box.err.message, "size is 699 bytes, expected are 700"));
	char *wrong = lk_arena_strndup(&box.arena, right.ptr, right.len);
	wrong[500] = 'y';
	box.contents[0] = lk_str_n(wrong, right.len);
	assert_int_equal(write_bundle(&box, 0, 2), LK_E_INTEGRITY);
	assert_non_null(strstr(box.err.message, "sha256 is"));
	box.contents[0] = right;
	unsigned calls = 0;
	const struct lk_report report = {.ctx = &calls, .stop = stop};
	const struct lk_bundle_write_options options = {0, 1};
	const struct lk_manifest_entry *where;
	assert_int_equal(lk_bundle_write(&box.manifest, box.path, source, &box, &options, &report,
				 &where, &box.err),
		LK_E_INTERRUPTED);
	read_file(box.path, &text);
	assert_string_equal(lk_buf_cstr(&text), "old");
	assert_int_equal(files_in(box.root), 1);

	assert_int_equal(unlink(box.path), 0);
	assert_int_equal(mkdir(box.path, 0700), 0);
	assert_int_equal(write_bundle(&box, 0, 2), LK_E_USAGE);
	assert_int_equal(files_in(box.root), 1);
	lk_buf_done(&text);
	box_done(&box);
}

static void no_bundle(void **state)
{
	(void)state;
	struct box box;
	box_init(&box);
	assert_int_equal(read_all(box.path, &box.err), LK_E_NOT_FOUND);
	assert_false(lk_bundle_is(box.path));
	assert_int_equal(read_all(box.root, &box.err), LK_E_INTEGRITY);
	assert_false(lk_bundle_is(box.root));
	assert_int_equal(mkfifo(box.path, 0600), 0);
	assert_int_equal(read_all(box.path, &box.err), LK_E_INTEGRITY);
	assert_false(lk_bundle_is(box.path));
	assert_int_equal(unlink(box.path), 0);
	write_file(box.path, LK_STR(lock_text));
	assert_int_equal(read_all(box.path, &box.err), LK_E_INTEGRITY);
	assert_false(lk_bundle_is(box.path));
	box_done(&box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_and_read),
		cmocka_unit_test(same_bytes),
		cmocka_unit_test(as_gnu_tar),
		cmocka_unit_test(volumes),
		cmocka_unit_test(no_damage_unseen),
		cmocka_unit_test(checked),
		cmocka_unit_test(nothing_half_written),
		cmocka_unit_test(no_bundle),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
