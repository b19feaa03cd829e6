/*
 * A prefix, a cache, and small archives that are installed from it. Include it once in a test
 * program.
 */
#ifndef LK_TESTS_INSTALL_WORLD_H
#define LK_TESTS_INSTALL_WORLD_H

#include "install/install.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "install/verify.h"
#include "store/cache.h"
#include "tests/support/pack.h"

#define MAX_PACKAGES 8
#define PLACEHOLDER "/a_long_placeholder_for_a_prefix_that_is_not_there_yet"

struct world {
	char *root, *prefix;
	struct lk_cache *cache;
	struct lk_arena arena;
	struct lk_record records[MAX_PACKAGES];
	size_t n;
	struct lk_install_options options;
	struct lk_install_result result;
	struct lk_error err;
	struct lk_report report;
	struct lk_buf warnings;
	bool stop;
};

static LK_UNUSED void on_warn(void *ctx, const char *message)
{
	struct world *w = ctx;
	lk_buf_puts(&w->warnings, message);
	lk_buf_putc(&w->warnings, '\n');
}

static LK_UNUSED bool on_stop(void *ctx)
{
	return ((struct world *)ctx)->stop;
}

static LK_UNUSED int setup(void **state)
{
	struct world *w = lk_calloc(1, sizeof(*w));
	lk_arena_init(&w->arena);
	lk_buf_init(&w->warnings, 1 << 20);
	w->root = pack_tmpdir();
	w->prefix = lk_asprintf("%s/env", w->root);
	w->options = (struct lk_install_options){.jobs = 2, .subdir = LK_STR("linux-64")};
	w->report = (struct lk_report){.ctx = w, .warn = on_warn, .stop = on_stop};
	const char *cache = lk_arena_printf(&w->arena, "%s/cache", w->root);
	*state = w;
	return lk_cache_open(cache, true, &w->cache, &w->err);
}

static LK_UNUSED int teardown(void **state)
{
	struct world *w = *state;
	lk_cache_free(w->cache);
	pack_rmdir(w->root);
	lk_free(w->prefix);
	lk_buf_done(&w->warnings);
	lk_arena_done(&w->arena);
	lk_free(w);
	return 0;
}

/* Adds NAME-VERSION-0 with MEMBERS (name NULL ends them) to the cache and the lock. PATHS is the
 * content of paths.json's array, NULL: info/files decides. LINK_JSON may be NULL. */
static LK_UNUSED void add(struct world *w, const char *name, const char *version,
	const char *link_json, const char *paths, const struct pack_member *members)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) tar = LK_BUF_INIT(PACK_MAX);
	struct lk_buf LK_CLEANUP(lk_buf_done) files = LK_BUF_INIT(PACK_MAX);
	struct lk_buf LK_CLEANUP(lk_buf_done) archive = LK_BUF_INIT(PACK_MAX);
	pack_file(&tar, "info/index.json",
		lk_arena_printf(&w->arena,
			"{\"name\": \"%s\", \"version\": \"%s\", \"build\": \"0\", "
			"\"build_number\": 0, "
			"\"subdir\": \"linux-64\"}",
			name, version));
	if (link_json) {
		pack_file(&tar, "info/link.json", link_json);
	}
	for (const struct pack_member *m = members; m->name; m++) {
		pack_add(&tar, m);
		lk_buf_appendf(&files, "%s\n", m->name);
	}
	if (paths) {
		pack_file(&tar, "info/paths.json",
			lk_arena_printf(
				&w->arena, "{\"paths_version\": 1, \"paths\": [%s]}", paths));
	} else {
		pack_file(&tar, "info/files", lk_buf_cstr(&files));
	}
	pack_end(&tar);
	pack_bz2(lk_buf_view(&tar), &archive);
	struct lk_record record =
		pack_record(lk_arena_printf(&w->arena, "%s-%s-0.tar.bz2", name, version),
			lk_buf_view(&archive));
	record.channel = LK_STR("c");
	record.url = lk_str_printf(&w->arena, "https://conda.anaconda.org/c/linux-64/" LK_STR_FMT,
		LK_STR_ARG(record.fn));
	struct lk_cache_incoming incoming;
	assert_int_equal(lk_cache_begin(w->cache, &incoming, &w->err), 0);
	assert_int_equal(
		lk_fs_write_all(incoming.fd, archive.ptr, archive.len, "archive", &w->err), 0);
	assert_int_equal(
		lk_cache_commit(w->cache, &incoming, &record, &record.sha256, record.size, &w->err),
		0);
	w->records[w->n++] = record;
}

static const struct lk_channel world_channel = {
	{"c", 1}, {"https://conda.anaconda.org/c", 28}, {"https://conda.anaconda.org/c", 28}};

/* The digest was to be known before, where the packages are at hand. */
static LK_UNUSED void assert_predicted(struct world *w)
{
	const struct lk_report silent = {0};
	const char *prefix = w->options.final_prefix ? w->options.final_prefix : w->prefix;
	struct lk_install_result result = {0};
	struct lk_error err = LK_ERROR_INIT;
	if (!lk_cache_is_writable(w->cache)) {
		return;
	}
	int rc = lk_install_predict(w->cache, prefix, w->records, w->n, &world_channel, 1,
		&w->options, NULL, &silent, &result, &err);
	if (rc == 0) {
		assert_string_equal(result.tree_digest, w->result.tree_digest);
	} else if (rc != LK_E_OFFLINE) {
		fail_msg("predicting: %s", err.message);
	}
}

/* There is nothing but what was installed, and what is foreign. */
static LK_UNUSED void assert_verified(struct world *w)
{
	const struct lk_verify_options options = {.jobs = 2, .want = w->records, .n_want = w->n};
	const struct lk_report silent = {0};
	struct lk_verify found;
	struct lk_error err = LK_ERROR_INIT;
	if (lk_verify_prefix(w->prefix, &options, &silent, &found, &err) < 0) {
		fail_msg("verifying: %s", err.message);
	}
	assert_int_equal(found.state, LK_VERIFY_KNOWN);
	for (size_t i = 0; i < found.findings.len; i++) {
		const struct lk_finding *finding = &found.findings.items[i];
		if (finding->kind != LK_FINDING_FOREIGN) {
			fail_msg("verifying: " LK_STR_FMT ": " LK_STR_FMT,
				LK_STR_ARG(finding->path), LK_STR_ARG(finding->detail));
		}
	}
	lk_verify_done(&found);
}

/* What comes of it is held against what was predicted, and verified. */
static LK_UNUSED int install(struct world *w)
{
	/* The lock's digest stands for its content. */
	struct lk_buf LK_CLEANUP(lk_buf_done) all = LK_BUF_INIT(1 << 16);
	for (size_t i = 0; i < w->n; i++) {
		lk_buf_append(&all, w->records[i].sha256.bytes, LK_SHA256_LEN);
	}
	struct lk_sha256 lock = lk_sha256_of(all.ptr, all.len);
	lk_buf_clear(&w->warnings);
	lk_error_clear(&w->err);
	w->result = (struct lk_install_result){0};
	int rc = lk_install(w->cache, w->prefix, w->records, w->n, &world_channel, 1, &lock,
		&w->options, &w->report, &w->result, &w->err);
	if (rc == 0 && !w->options.dry_run && !w->result.unchanged &&
		!w->options.run_link_scripts) {
		assert_predicted(w);
		assert_verified(w);
	}
	return rc;
}

static LK_UNUSED const char *path_of(struct world *w, const char *path)
{
	return lk_arena_printf(&w->arena, "%s/%s", w->prefix, path);
}

static LK_UNUSED const char *text_of(struct world *w, const char *path)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(1 << 20);
	struct lk_error err = LK_ERROR_INIT;
	if (lk_fs_read_file(AT_FDCWD, path_of(w, path), &text, &err) < 0) {
		return "(none)";
	}
	return lk_str_dup(&w->arena, lk_buf_view(&text)).ptr
		? lk_arena_strndup(&w->arena, text.ptr, text.len)
		: "";
}

static LK_UNUSED void put_text(struct world *w, const char *path, const char *text)
{
	int fd = open(path_of(w, path), O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* Nothing of an install is left beside the prefix. */
static LK_UNUSED void assert_clean(struct world *w)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_strs names = {0};
	assert_int_equal(lk_fs_list(AT_FDCWD, w->root, &arena, &names, &w->err), 0);
	for (size_t i = 0; i < names.len; i++) {
		assert_false(lk_str_starts(names.items[i], LK_STR(".")));
	}
	lk_vec_done(&names);
}

static LK_UNUSED void add_tool(struct world *w, const char *version, const char *text)
{
	const struct pack_member members[] = {
		{.name = "bin/tool", .text = text, .type = '0', .mode = 0755},
		{.name = "lib/libtool.so", .link = "libtool.so.1", .type = '2'},
		{.name = "lib/libtool.so.1", .text = "library", .type = '0'},
		{0},
	};
	add(w, "tool", version, NULL, NULL, members);
}

#endif
