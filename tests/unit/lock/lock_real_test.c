/*
 * Real solved environments turned into locks with the records of their channels: the way to bytes
 * and back, consistency, and differences between neighbours. Skipped where the data is not at hand.
 */
#include "lock_sample.h"
#include "look_checks.h"

#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/stream.h"
#include "conda/repodata.h"
#include "lock/lock_diff.h"
#include "tests/support/exchange_same.h"
#include "tests/support/page_check.h"

#define STRIDE 70 /* every so manieth environment */

struct source {
	char *key; /* channel/subdir */
	struct lk_repodata *repodata;
};

struct fixture {
	struct lk_arena arena; /* texts of the sources */
	struct LK_VEC_OF(struct source) sources;
	size_t n_locks, n_packages, n_without_record;
	struct lk_lock last; /* the lock before this one */
	bool has_last;
};

static void read_zst(const char *path, struct lk_buf *out)
{
	struct lk_error err = LK_ERROR_INIT;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	struct lk_stream *stream = lk_stream_decode(lk_stream_from_fd(fd, path), LK_CODEC_ZSTD);
	int rc = lk_stream_read_all(stream, out, &err);
	lk_stream_free(stream);
	assert_string_equal(err.message, "");
	assert_int_equal(rc, 0);
}

static struct lk_repodata *repodata_of(struct fixture *f, lk_str channel, lk_str subdir)
{
	char *key = lk_asprintf(LK_STR_FMT "/" LK_STR_FMT, LK_STR_ARG(channel), LK_STR_ARG(subdir));
	for (size_t i = 0; i < f->sources.len; i++) {
		if (strcmp(f->sources.items[i].key, key) == 0) {
			lk_free(key);
			return f->sources.items[i].repodata;
		}
	}
	char *path = lk_asprintf("%s/channels/%s/repodata.json.zst", LK_SHARED_DATA, key);
	struct lk_buf json = LK_BUF_INIT((size_t)1 << 30);
	read_zst(path, &json);
	struct lk_repodata_origin origin = {
		.channel_name = lk_str_dup(&f->arena, channel),
		.channel_url = lk_str_printf(
			&f->arena, LK_CHANNEL_ALIAS "/" LK_STR_FMT, LK_STR_ARG(channel)),
		.subdir = lk_str_dup(&f->arena, subdir),
		.file = lk_str_dup(&f->arena, lk_str_of(path)).ptr,
	};
	struct lk_error err = LK_ERROR_INIT;
	struct source source = {.key = key};
	assert_int_equal(lk_repodata_open(&json, &origin, &source.repodata, &err), 0);
	lk_vec_push(&f->sources, source);
	lk_free(path);
	return source.repodata;
}

/* The record of "channel/subdir/file", or NULL. */
static const struct lk_record *record_of(struct fixture *f, lk_str from, struct lk_arena *arena)
{
	size_t slash = lk_str_rfind_char(from, '/');
	size_t before = lk_str_rfind_char(lk_str_slice(from, 0, slash), '/');
	lk_str fn = lk_str_skip(from, slash + 1);
	struct lk_repodata *repodata = repodata_of(
		f, lk_str_slice(from, 0, before), lk_str_slice(from, before + 1, slash));
	lk_str dist;
	lk_str name;
	lk_str version;
	lk_str build;
	(void)lk_archive_kind_of(fn, &dist);
	assert_true(lk_dist_split(dist, &name, &version, &build));
	struct lk_records records = {0};
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(lk_repodata_records(repodata, name, arena, &records, &err), 0);
	struct lk_record *found = NULL;
	for (size_t i = 0; i < records.len && !found; i++) {
		if (lk_str_eq(records.items[i].fn, fn)) {
			found = lk_arena_calloc(arena, 1, sizeof(*found));
			*found = records.items[i];
		}
	}
	lk_vec_done(&records);
	return found;
}

static struct lk_str_list strings_of(const struct lk_json *array, struct lk_arena *arena)
{
	size_t n = lk_json_size(array);
	lk_str *items = lk_arena_calloc(arena, n, sizeof(*items));
	for (size_t i = 0; i < n; i++) {
		items[i] = lk_json_string(lk_json_at(array, i));
	}
	return (struct lk_str_list){items, n};
}

/* A generous host, so that only the packages are judged. */
static void generous_virtuals(lk_str subdir, struct lk_arena *arena, struct lk_virtuals *ret)
{
	static const char *const more[] = {
		"__cuda=13.2", "__glibc=2.42", "__osx=26.0", "__linux=6.12"};
	struct lk_error err = LK_ERROR_INIT;
	lk_virtuals_default(subdir, arena, ret);
	for (size_t i = 0; i < LK_COUNTOF(more); i++) {
		lk_str text = lk_str_of(more[i]);
		lk_str name = lk_str_slice(text, 0, lk_str_find_char(text, '='));
		if (i == 0 || lk_virtuals_find(ret, name)) {
			assert_int_equal(lk_virtuals_set_text(ret, text, arena, &err), 0);
		}
	}
}

static void write_ok(const struct lk_lock *lock, struct lk_buf *out)
{
	struct lk_error err = LK_ERROR_INIT;
	int rc = lk_lock_write(lock, out, &err);
	assert_string_equal(err.message, "");
	assert_int_equal(rc, 0);
}

static void assert_round_trip(const struct lk_lock *lock)
{
	struct lk_buf first = LK_BUF_INIT(LK_LOCK_MAX_BYTES);
	struct lk_buf second = LK_BUF_INIT(LK_LOCK_MAX_BYTES);
	struct lk_lock again;
	write_ok(lock, &first);
	parse_ok(lk_buf_cstr(&first), &again);
	write_ok(&again, &second);
	assert_true(lk_str_eq(lk_buf_view(&first), lk_buf_view(&second)));
	/* Every address follows from channel, subdir and file. */
	assert_null(strstr(lk_buf_cstr(&first), "\n      url: "));
	struct lk_lock_diff diff;
	lk_lock_diff_make(lock, &again, NULL, &diff);
	assert_true(lk_lock_diff_is_empty(&diff));
	lk_lock_diff_done(&diff);
	lk_lock_done(&again);
	lk_buf_done(&first);
	lk_buf_done(&second);
}

/* Through other tools' formats and back. */
static void assert_exchange(const struct lk_lock *lock, lk_str source)
{
	static const struct {
		lk_export_writer *write;
		unsigned parts;
	} formats[] = {
		{lk_export_pixi, LK_EXPORT_PIXI_PARTS},
		{lk_export_pixi_v7, LK_EXPORT_PIXI_V7_PARTS},
		{lk_export_conda_lock, LK_EXPORT_CONDA_LOCK_PARTS},
	};
	const struct lk_export_options plain = {0};
	const struct lk_import_options all = {0};
	for (size_t i = 0; i < LK_COUNTOF(formats); i++) {
		struct lk_error err = LK_ERROR_INIT;
		struct lk_buf text = LK_BUF_INIT(LK_IMPORT_MAX_BYTES);
		struct lk_imported again;
		lk_str name;
		assert_int_equal(formats[i].write(lock, &plain, &text, NULL, &err), 0);
		int rc = lk_import(lk_buf_view(&text), "again", &all, NULL, &again, &err);
		assert_string_equal(err.message, "");
		assert_int_equal(rc, 0);
		const char *fault = exchange_fault(lock, &again.lock, formats[i].parts, &name);
		if (fault) {
			fail_msg(LK_STR_FMT ": format %zu loses %s of '" LK_STR_FMT "'",
				LK_STR_ARG(source), i, fault, LK_STR_ARG(name));
		}
		lk_imported_done(&again);
		lk_buf_done(&text);
	}
}

static void assert_holds_together(const struct lk_lock_platform *platform, lk_str source)
{
	struct lk_error err = LK_ERROR_INIT;
	if (lk_lock_check_consistent(platform, NULL, &err) != 0) {
		fail_msg(LK_STR_FMT ": %s", LK_STR_ARG(source), err.message);
	}
	if (lk_lock_check_host(platform, &platform->solved_with, &err) != 0) {
		fail_msg(LK_STR_FMT ": %s", LK_STR_ARG(source), err.message);
	}
}

/* The pages of a diff are well formed, and the comment keeps its length. */
static void assert_pages_hold(const struct lk_lock_diff *diff)
{
	static const struct lk_diff_page_options options = {
		.old_name = {"old.lock", 8}, .new_name = {"new.lock", 8}};
	struct lk_buf markdown = LK_BUF_INIT((size_t)1 << 20);
	struct lk_buf html = LK_BUF_INIT((size_t)64 << 20);
	lk_lock_diff_markdown(diff, &options, &markdown);
	lk_lock_diff_html(diff, &options, &html);
	assert_false(markdown.overflow || html.overflow);
	struct page_fault fault = page_markdown_fault(lk_buf_view(&markdown));
	assert_string_equal(fault.text, "");
	fault = page_html_fault(lk_buf_view(&html));
	assert_string_equal(fault.text, "");
	lk_buf_done(&markdown);
	lk_buf_done(&html);
}

/* No line is wider than a terminal. */
static void assert_narrow(lk_str text)
{
	lk_str line;
	while (lk_str_split(&text, '\n', &line)) {
		size_t columns = 0;
		for (size_t i = 0; i < line.len; i++) {
			columns += ((unsigned char)line.ptr[i] & 0xc0) != 0x80 ? 1 : 0;
		}
		if (columns > 80) {
			fail_msg("%zu columns: " LK_STR_FMT, columns, LK_STR_ARG(line));
		}
	}
}

/* The counts of a diff add up to the new lock, and the text is never empty. */
static void assert_diff_adds_up(const struct lk_lock *from, const struct lk_lock *to)
{
	struct lk_lock_diff diff;
	lk_lock_diff_make(from, to, &(struct lk_diff_options){.whole_platforms = true}, &diff);
	struct lk_buf text = LK_BUF_INIT((size_t)16 << 20);
	struct lk_diff_text_options options = {0};
	lk_lock_diff_text(&diff, &options, &text);
	assert_true(text.len > 0 && !text.overflow);
	assert_narrow(lk_buf_view(&text));
	for (size_t i = 0; i < diff.n_platforms; i++) {
		const struct lk_platform_diff *one = &diff.platforms[i];
		size_t before = one->from ? one->from->n_packages : 0;
		size_t after = one->to ? one->to->n_packages : 0;
		assert_int_equal(before + one->counts[LK_CHANGE_ADDED],
			after + one->counts[LK_CHANGE_REMOVED]);
		assert_true(one->download <= one->size_to);
	}
	assert_pages_hold(&diff);
	lk_buf_done(&text);
	lk_lock_diff_done(&diff);
}

static bool lock_of(
	struct fixture *f, const struct lk_json *env, struct lk_arena *arena, struct lk_lock *ret)
{
	struct lk_str_list names = strings_of(lk_json_get(env, "channels"), arena);
	struct lk_str_list files = strings_of(lk_json_get(env, "packages"), arena);
	const struct lk_record **records = lk_arena_calloc(arena, files.n, sizeof(*records));
	for (size_t i = 0; i < files.n; i++) {
		records[i] = record_of(f, files.items[i], arena);
		if (!records[i] || !records[i]->has_sha256) {
			return false;
		}
	}
	struct lk_channel *channels = lk_arena_calloc(arena, names.n, sizeof(*channels));
	for (size_t i = 0; i < names.n; i++) {
		channels[i].name = names.items[i];
		channels[i].url = lk_str_printf(
			arena, LK_CHANNEL_ALIAS "/" LK_STR_FMT, LK_STR_ARG(names.items[i]));
	}
	struct lk_virtuals virtuals = {0};
	lk_str subdir = lk_json_string(lk_json_get(env, "platform"));
	generous_virtuals(subdir, arena, &virtuals);
	struct lk_lock_input input = {.subdir = subdir,
		.specs = strings_of(lk_json_get(env, "specs"), arena),
		.solved_with = &virtuals,
		.records = records,
		.n_records = files.n};
	struct lk_error err = LK_ERROR_INIT;
	lk_lock_init(ret, channels, names.n, LK_STR("strict"));
	assert_int_equal(lk_lock_add_platform(ret, &input, &err), 0);
	lk_vec_done(&virtuals);
	return true;
}

static void one_environment(struct fixture *f, lk_str line)
{
	struct lk_json_doc *doc;
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(lk_json_parse(line, "environment", 8, &doc, &err), 0);
	const struct lk_json *env = lk_json_root(doc);
	struct lk_arena arena = {0};
	struct lk_lock lock;
	if (!lock_of(f, env, &arena, &lock)) {
		f->n_without_record++;
	} else {
		f->n_locks++;
		f->n_packages += lock.platforms[0].n_packages;
		assert_round_trip(&lock);
		if (f->n_locks % 4 == 0) {
			assert_exchange(&lock, lk_json_string(lk_json_get(env, "source")));
		}
		assert_holds_together(
			&lock.platforms[0], lk_json_string(lk_json_get(env, "source")));
		assert_looks_hold(&lock.platforms[0]);
		if (f->has_last) {
			assert_diff_adds_up(&f->last, &lock);
			lk_lock_done(&f->last);
		}
		f->last = lock;
		f->has_last = true;
	}
	lk_arena_done(&arena);
	lk_json_doc_free(doc);
}

static void fixture_done(struct fixture *f)
{
	for (size_t i = 0; i < f->sources.len; i++) {
		lk_repodata_free(f->sources.items[i].repodata);
		lk_free(f->sources.items[i].key);
	}
	lk_vec_done(&f->sources);
	if (f->has_last) {
		lk_lock_done(&f->last);
	}
	lk_arena_done(&f->arena);
}

static void test_environments(void **state)
{
	(void)state;
	static const char *const platforms[] = {
		"linux-64", "linux-aarch64", "linux-ppc64le", "osx-64", "osx-arm64", "win-64"};
	if (access(LK_SHARED_DATA "/envs", R_OK) != 0) {
		skip();
	}
	struct fixture f = {0};
	for (size_t i = 0; i < LK_COUNTOF(platforms); i++) {
		char *path = lk_asprintf("%s/envs/%s.jsonl.zst", LK_SHARED_DATA, platforms[i]);
		struct lk_buf lines = LK_BUF_INIT((size_t)1 << 30);
		read_zst(path, &lines);
		lk_str rest = lk_buf_view(&lines);
		lk_str line;
		for (size_t n = 0; lk_str_split(&rest, '\n', &line); n++) {
			if (line.len > 0 && n % STRIDE == 0) {
				one_environment(&f, line);
			}
		}
		lk_buf_done(&lines);
		lk_free(path);
	}
	print_message("%zu locks of %zu packages; %zu environments name a file without a usable "
		      "record\n",
		f.n_locks, f.n_packages, f.n_without_record);
	assert_true(f.n_locks > 250);
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_environments),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
