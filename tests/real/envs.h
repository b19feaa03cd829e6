/*
 * Environments that others solved (shared/data/envs), with the records of their packages.
 *
 *     struct envs envs = {.data = "…/shared/data"};
 *     rc = envs_open(&envs, "linux-64", &err);       the file's lines, as views
 *     while (envs_next(&envs, &line)) {
 *             rc = env_parse(&envs, line, &env, &err); env_records(&envs, &env, &err); …
 *             env_done(&env);
 *     }
 *     envs_done(&envs);
 */
#ifndef TESTS_REAL_ENVS_H
#define TESTS_REAL_ENVS_H

#include <errno.h>
#include <stdio.h>

#include "base/json.h"
#include "tests/support/real_channels.h"

#define ENVS_SKIPPED 77
#define ENVS_TEXT_MAX ((size_t)1 << 30)

struct envs {
	const char *data;
	char *folder; /* of the channels */
	struct real_channels channels;
	struct lk_buf text; /* of the platform at hand */
	lk_str rest;        /* of it */
	size_t twins;       /* .tar.bz2 files judged by the .conda that the channel has too */
};

/* One line of an envs file; strings belong to the document. */
struct env {
	struct lk_arena arena;
	struct lk_json_doc *doc;
	const struct lk_json *root;
	const struct lk_record **records; /* of its packages, once env_records was called */
	size_t n_records;
};

static inline int envs_init(struct envs *envs, const char *data)
{
	char *folder = lk_asprintf("%s/channels", data);

	*envs = (struct envs){.data = data,
		.folder = folder,
		.channels.folder = folder,
		.text = LK_BUF_INIT(ENVS_TEXT_MAX)};
	if (access(folder, R_OK) != 0) {
		printf("skipped: no %s\n", folder);
		return ENVS_SKIPPED;
	}
	return 0;
}

static inline void envs_done(struct envs *envs)
{
	real_channels_done(&envs->channels);
	lk_free(envs->folder);
	lk_buf_done(&envs->text);
}

static inline int envs_open(struct envs *envs, const char *platform, struct lk_error *err)
{
	char LK_AUTO_FREE *path = lk_asprintf("%s/envs/%s.jsonl.zst", envs->data, platform);
	struct lk_stream LK_CLEANUP(lk_stream_free_p) *stream = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot open '%s'", path);
	}
	stream = lk_stream_decode(lk_stream_from_fd(fd, path), LK_CODEC_ZSTD);
	lk_buf_clear(&envs->text);
	rc = lk_stream_read_all(stream, &envs->text, err);
	envs->rest = lk_buf_view(&envs->text);
	return rc;
}

static inline bool envs_next(struct envs *envs, lk_str *ret_line)
{
	while (lk_str_split(&envs->rest, '\n', ret_line)) {
		if (ret_line->len > 0) {
			return true;
		}
	}
	return false;
}

static inline lk_str env_member(const struct env *env, const char *key)
{
	return lk_json_string(lk_json_get(env->root, key));
}

static inline int env_parse(lk_str line, struct env *ret, struct lk_error *err)
{
	int rc;

	*ret = (struct env){0};
	rc = lk_json_parse(line, "environment", 8, &ret->doc, err);
	if (rc == 0) {
		ret->root = lk_json_root(ret->doc);
	}
	return rc;
}

static inline void env_done(struct env *env)
{
	lk_json_doc_free(env->doc);
	lk_arena_done(&env->arena);
	*env = (struct env){0};
}

/* The strings of a member, RET_N of them. */
static inline lk_str *env_strings(struct env *env, const char *key, size_t *ret_n)
{
	const struct lk_json *array = lk_json_get(env->root, key);
	size_t n = lk_json_size(array);
	lk_str *texts = lk_arena_calloc(&env->arena, n, sizeof(*texts));

	for (size_t i = 0; i < n; i++) {
		texts[i] = lk_json_string(lk_json_at(array, i));
	}
	*ret_n = n;
	return texts;
}

/* The solve that the environment asks for, of the platform's defaults; its parts live in ENV. */
static inline struct real_solve env_solve(struct env *env)
{
	struct real_solve solve = {
		.platform = lk_str_dup(&env->arena, env_member(env, "platform")).ptr};

	solve.channels = env_strings(env, "channels", &solve.n_channels);
	solve.specs = env_strings(env, "specs", &solve.n_specs);
	return solve;
}

/* The record FILE in RECORDS; a repodata gives no .tar.bz2 whose .conda is there too: that is the
 * same build. */
static inline const struct lk_record *envs_find_file(
	struct envs *envs, const struct lk_records *records, lk_str file, lk_str dist)
{
	const struct lk_record *twin = NULL;

	for (size_t i = 0; i < records->len; i++) {
		lk_str other;

		if (lk_str_eq(records->items[i].fn, file)) {
			return &records->items[i];
		}
		if (lk_archive_kind_of(records->items[i].fn, &other) == LK_ARCHIVE_CONDA &&
			lk_str_eq(other, dist)) {
			twin = &records->items[i];
		}
	}
	envs->twins += twin ? 1 : 0;
	return twin;
}

/* The record of CHANNEL/SUBDIR/FILE. */
static inline int envs_find(
	struct envs *envs, lk_str path, const struct lk_record **ret, struct lk_error *err)
{
	size_t file = lk_str_rfind_char(path, '/');
	lk_str folder = lk_str_slice(path, 0, file);
	size_t subdir = lk_str_rfind_char(folder, '/');
	const struct lk_records *records;
	lk_str dist;
	lk_str name;
	lk_str version;
	lk_str build;
	int rc;

	if (file == SIZE_MAX || subdir == SIZE_MAX ||
		lk_archive_kind_of(lk_str_skip(path, file + 1), &dist) == LK_ARCHIVE_UNKNOWN ||
		!lk_dist_split(dist, &name, &version, &build)) {
		return lk_fail(err, LK_E_FORMAT, LK_STR_FMT " is no CHANNEL/SUBDIR/FILE",
			LK_STR_ARG(path));
	}
	rc = real_records(real_open(&envs->channels, lk_str_slice(folder, 0, subdir),
				  lk_str_skip(folder, subdir + 1), err),
		name, &records, err);
	*ret = rc < 0 ? NULL : envs_find_file(envs, records, lk_str_skip(path, file + 1), dist);
	return rc < 0 || *ret
		? rc
		: lk_fail(err, LK_E_NOT_FOUND, "no record of " LK_STR_FMT, LK_STR_ARG(path));
}

/* Finds the records of the environment's packages. */
static inline int env_records(struct envs *envs, struct env *env, struct lk_error *err)
{
	size_t n;
	lk_str *paths = env_strings(env, "packages", &n);
	int rc = 0;

	env->records = lk_arena_calloc(&env->arena, n, sizeof(const struct lk_record *));
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = envs_find(envs, paths[i], &env->records[i], err);
	}
	env->n_records = n;
	return rc;
}

/* One line for the eye: platform, source, name. */
static inline lk_str env_label(struct env *env)
{
	lk_str platform = env_member(env, "platform");
	lk_str source = env_member(env, "source");
	lk_str name = env_member(env, "environment");

	return lk_str_printf(&env->arena, LK_STR_FMT " " LK_STR_FMT " " LK_STR_FMT,
		LK_STR_ARG(platform), LK_STR_ARG(source), LK_STR_ARG(name));
}

#endif
