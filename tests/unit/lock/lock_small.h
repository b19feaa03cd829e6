/*
 * Locks made of a few words a package: shared by the tests of diffs.
 *
 *     small_init(&lock);
 *     small_add(&lock, "linux-64", "python 3.12.*;numpy", rows, n);
 *
 * Each row is one package; what is NULL or 0 is filled in: channel "main", build "h0_0", 1 MB, a
 * hash that follows from name, version and build.
 */
#ifndef LK_TESTS_LOCK_SMALL_H
#define LK_TESTS_LOCK_SMALL_H

#include "lock_sample.h"

#include "lock/lock_diff.h"

struct small {
	const char *name, *version, *build;
	const char *depends, *constrains; /* ';' between specs */
	const char *license, *channel, *subdir, *extension;
	const char *url; /* where it does not follow from the channel */
	unsigned hash;   /* another content */
	uint64_t size;   /* bytes */
};

#define SMALL(...)                                                                                 \
	{                                                                                          \
		SMALL_NAMED(__VA_ARGS__, )                                                         \
	}
#define SMALL_NAMED(package, number, ...) .name = (package), .version = (number), __VA_ARGS__

static const struct lk_channel small_channels[] = {
	{{"main", 4}, {"https://example.org/main", 24}, {"https://example.org/main", 24}},
	{{"extra", 5}, {"https://example.org/extra", 25}, {"https://example.org/extra", 25}},
};

LK_UNUSED static void small_init(struct lk_lock *lock)
{
	lk_lock_init(lock, small_channels, LK_COUNTOF(small_channels), LK_STR("strict"));
}

static struct lk_str_list small_list(struct lk_arena *arena, const char *text)
{
	struct lk_str_list list = {0};
	lk_str *items = lk_arena_calloc(arena, 16, sizeof(*items));
	lk_str rest = lk_str_of(text);
	while (text && list.n < 16 && lk_str_split(&rest, ';', &items[list.n])) {
		list.n++;
	}
	list.items = items;
	return list;
}

static lk_str small_or(const char *text, const char *otherwise)
{
	return lk_str_of(text ? text : otherwise);
}

static struct lk_record small_record(
	struct lk_arena *arena, const struct small *row, const char *platform)
{
	struct lk_record record = {
		.name = lk_str_of(row->name),
		.version = lk_str_of(row->version),
		.build = small_or(row->build, "h0_0"),
		.channel = small_or(row->channel, "main"),
		.subdir = small_or(row->subdir, platform),
		.has_sha256 = true,
		.has_size = true,
		.size = row->size > 0 ? row->size : 1000000,
		.license = lk_str_of(row->license),
		.depends = small_list(arena, row->depends),
		.constrains = small_list(arena, row->constrains),
	};
	lk_str dist = lk_str_printf(arena, "%s-%s-%s", row->name, row->version, record.build.ptr);
	record.fn = lk_str_printf(arena, "%s%s", dist.ptr, small_or(row->extension, ".conda").ptr);
	record.url = lk_str_printf(arena, "https://example.org/%s/%s/%s", record.channel.ptr,
		record.subdir.ptr, record.fn.ptr);
	record.url = row->url ? lk_str_printf(arena, "%s/%s", row->url, record.fn.ptr) : record.url;
	memcpy(record.sha256.bytes, dist.ptr, dist.len < 31 ? dist.len : 31);
	record.sha256.bytes[31] = (uint8_t)row->hash;
	return record;
}

LK_UNUSED static void small_add(struct lk_lock *lock, const char *platform, const char *specs,
	const struct small *rows, size_t n)
{
	struct lk_arena *arena = &lock->arena;
	struct lk_virtuals virtuals = {0};
	lk_virtuals_default(lk_str_of(platform), arena, &virtuals);
	const struct lk_record **records = lk_arena_calloc(arena, n, sizeof(*records));
	for (size_t i = 0; i < n; i++) {
		struct lk_record *record = lk_arena_calloc(arena, 1, sizeof(*record));
		*record = small_record(arena, &rows[i], platform);
		records[i] = record;
	}
	struct lk_lock_input input = {.subdir = lk_str_dup(arena, lk_str_of(platform)),
		.specs = small_list(arena, specs),
		.solved_with = &virtuals,
		.records = records,
		.n_records = n};
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(lk_lock_add_platform(lock, &input, &err), 0);
	lk_vec_done(&virtuals);
}

/* Both sides of a diff on one platform. */
struct small_pair {
	struct lk_lock from, to;
	struct lk_lock_diff diff;
};

LK_UNUSED static void small_pair_done(struct small_pair *pair)
{
	lk_lock_diff_done(&pair->diff);
	lk_lock_done(&pair->from);
	lk_lock_done(&pair->to);
}

#endif
