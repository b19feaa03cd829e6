/*
 * The life of a lock as a value: made empty, filled platform by platform, looked into, freed.
 */
#include "lock/lockfile.h"

#include <stdlib.h>

static struct lk_str_list dup_list(struct lk_arena *arena, const struct lk_str_list *list)
{
	if (list->n == 0) {
		return (struct lk_str_list){NULL, 0};
	}
	lk_str *items = lk_arena_calloc(arena, list->n, sizeof(*items));
	for (size_t i = 0; i < list->n; i++) {
		items[i] = lk_str_dup(arena, list->items[i]);
	}
	return (struct lk_str_list){items, list->n};
}

static bool holds(const lk_str *items, size_t n, lk_str text)
{
	for (size_t i = 0; i < n; i++) {
		if (lk_str_eq(items[i], text)) {
			return true;
		}
	}
	return false;
}

/* The record's dependencies, then those of its active groups that are not among them. */
static struct lk_str_list dup_depends(
	struct lk_arena *arena, const struct lk_record *record, const struct lk_str_list *active)
{
	size_t room = record->depends.n;
	for (size_t i = 0; i < record->n_extra; i++) {
		room += record->extra[i].depends.n;
	}
	if (room == 0) {
		return (struct lk_str_list){NULL, 0};
	}
	lk_str *items = lk_arena_calloc(arena, room, sizeof(*items));
	size_t n = 0;
	for (; n < record->depends.n; n++) {
		items[n] = lk_str_dup(arena, record->depends.items[n]);
	}
	for (size_t i = 0; i < record->n_extra; i++) {
		const struct lk_extra *extra = &record->extra[i];
		if (!holds(active->items, active->n, extra->group)) {
			continue;
		}
		for (size_t d = 0; d < extra->depends.n; d++) {
			if (!holds(items, n, extra->depends.items[d])) {
				items[n++] = lk_str_dup(arena, extra->depends.items[d]);
			}
		}
	}
	return (struct lk_str_list){items, n};
}

/* Licenses that end in a line feed exist, and the format has no control characters. */
static lk_str one_line(struct lk_arena *arena, lk_str text)
{
	text = lk_str_trim(text);
	char *line = lk_arena_strndup(arena, text.ptr, text.len);
	for (size_t i = 0; i < text.len; i++) {
		line[i] = lk_str_has_control(lk_str_n(line + i, 1)) ? ' ' : line[i];
	}
	return lk_str_n(line, text.len);
}

/* Only what the format holds: a lock that was built equals the same lock read back. */
static struct lk_record dup_record(
	struct lk_arena *arena, const struct lk_record *record, const struct lk_str_list *active)
{
	return (struct lk_record){
		.name = lk_str_dup(arena, record->name),
		.version = lk_str_dup(arena, record->version),
		.build = lk_str_dup(arena, record->build),
		.subdir = lk_str_dup(arena, record->subdir),
		.fn = lk_str_dup(arena, record->fn),
		.channel = lk_str_dup(arena, record->channel),
		.url = lk_str_dup(arena, record->url),
		.has_sha256 = record->has_sha256,
		.has_md5 = record->has_md5,
		.has_size = record->has_size,
		.sha256 = record->sha256,
		.md5 = record->md5,
		.size = record->size,
		.facts = {lk_str_dup(arena, record->facts.gpu),
			lk_str_dup(arena, record->facts.glibc)},
		.license = one_line(arena, record->license),
		.active_extras = dup_list(arena, active),
		.depends = dup_depends(arena, record, active),
		.constrains = dup_list(arena, &record->constrains),
	};
}

static struct lk_virtuals dup_virtuals(struct lk_arena *arena, const struct lk_virtuals *virtuals)
{
	struct lk_virtuals dup = {0};
	if (!virtuals || virtuals->len == 0) {
		return dup;
	}
	dup.items = lk_arena_calloc(arena, virtuals->len, sizeof(*dup.items));
	dup.len = dup.cap = virtuals->len;
	for (size_t i = 0; i < virtuals->len; i++) {
		const struct lk_virtual *from = &virtuals->items[i];
		dup.items[i] = (struct lk_virtual){lk_str_dup(arena, from->name),
			lk_str_dup(arena, from->version), lk_str_dup(arena, from->build)};
	}
	return dup;
}

static int by_name(const void *a, const void *b)
{
	const struct lk_record *left = a;
	const struct lk_record *right = b;
	return lk_str_cmp(left->name, right->name);
}

static int dup_packages(struct lk_arena *arena, const struct lk_lock_input *input,
	struct lk_lock_platform *platform, struct lk_error *err)
{
	struct lk_record *packages = lk_arena_calloc(arena, input->n_records, sizeof(*packages));
	for (size_t i = 0; i < input->n_records; i++) {
		const struct lk_record *record = input->records[i];
		if (!record->has_sha256) {
			int rc = lk_fail(err, LK_E_INTEGRITY,
				"cannot lock '" LK_STR_FMT "': its channel gives no sha256",
				LK_STR_ARG(record->fn));
			lk_error_hint(
				err, "download the file and hash it, or choose another build");
			return rc;
		}
		packages[i] = dup_record(
			arena, record, input->extras ? &input->extras[i] : &record->active_extras);
	}
	if (input->n_records > 0) {
		qsort(packages, input->n_records, sizeof(*packages), by_name);
	}
	platform->packages = packages;
	platform->n_packages = input->n_records;
	return 0;
}

/* A new array with room at AT; the old one stays in the arena. */
static struct lk_lock_platform *platforms_with_gap(struct lk_lock *lock, size_t at)
{
	struct lk_lock_platform *grown =
		lk_arena_calloc(&lock->arena, lock->n_platforms + 1, sizeof(*grown));
	for (size_t i = 0; i < lock->n_platforms; i++) {
		grown[i < at ? i : i + 1] = lock->platforms[i];
	}
	return grown;
}

void lk_lock_init(
	struct lk_lock *ret, const struct lk_channel *channels, size_t n_channels, lk_str priority)
{
	*ret = (struct lk_lock){0};
	lk_arena_init(&ret->arena);
	ret->channels = lk_arena_calloc(&ret->arena, n_channels, sizeof(*ret->channels));
	ret->n_channels = n_channels;
	for (size_t i = 0; i < n_channels; i++) {
		lk_str url = lk_str_dup(&ret->arena, channels[i].url);
		ret->channels[i] =
			(struct lk_channel){lk_str_dup(&ret->arena, channels[i].name), url, url};
	}
	ret->channel_priority = lk_str_dup(&ret->arena, priority);
}

int lk_lock_add_platform(
	struct lk_lock *lock, const struct lk_lock_input *input, struct lk_error *err)
{
	size_t at = 0;
	while (at < lock->n_platforms &&
		lk_str_cmp(lock->platforms[at].subdir, input->subdir) < 0) {
		at++;
	}
	if (at < lock->n_platforms && lk_str_eq(lock->platforms[at].subdir, input->subdir)) {
		return lk_fail(err, LK_E_USAGE, "platform '" LK_STR_FMT "' is given twice",
			LK_STR_ARG(input->subdir));
	}
	struct lk_lock_platform platform = {
		.subdir = lk_str_dup(&lock->arena, input->subdir),
		.specs = dup_list(&lock->arena, &input->specs),
		.pins = dup_list(&lock->arena, &input->pins),
		.solved_with = dup_virtuals(&lock->arena, input->solved_with),
	};
	int rc = dup_packages(&lock->arena, input, &platform, err);
	if (rc < 0) {
		return rc;
	}
	lk_lock_requires(&platform, &lock->arena);
	lock->platforms = platforms_with_gap(lock, at);
	lock->platforms[at] = platform;
	lock->n_platforms++;
	return 0;
}

void lk_lock_done(struct lk_lock *lock)
{
	lk_arena_done(&lock->arena);
	*lock = (struct lk_lock){0};
}

const struct lk_lock_platform *lk_lock_find_platform(const struct lk_lock *lock, lk_str subdir)
{
	for (size_t i = 0; i < lock->n_platforms; i++) {
		if (lk_str_eq(lock->platforms[i].subdir, subdir)) {
			return &lock->platforms[i];
		}
	}
	return NULL;
}

const struct lk_record *lk_lock_find_package(const struct lk_lock_platform *platform, lk_str name)
{
	size_t from = 0;
	size_t to = platform->n_packages;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int order = lk_str_cmp(platform->packages[middle].name, name);
		if (order == 0) {
			return &platform->packages[middle];
		}
		if (order < 0) {
			from = middle + 1;
		} else {
			to = middle;
		}
	}
	return NULL;
}
