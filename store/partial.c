/*
 * Partial downloads: names that tell archive and owner, taken over by rename.
 */
#include "store/partial.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/owner.h"
#include "store/cache_priv.h"

#define PREFIX "partial,"
#define FREE "free"
#define HEX_LEN ((size_t)2 * LK_SHA256_LEN)
#define SUFFIX_LEN 7 /* "-xxxxxx" */

struct lk_partials {
	struct lk_cache *cache;
	struct lk_arena arena;
	struct lk_strs names; /* of partials only, so in the order of their sha256 */
	char *self;           /* this process, as an owner */
};

/* The parts of a partial's name. */
struct partial {
	lk_str sha256; /* in hex */
	lk_str owner;
	lk_str suffix;
};

static bool parse(lk_str name, struct partial *ret)
{
	lk_str prefix = LK_STR(PREFIX);
	if (!lk_str_starts(name, prefix) || name.len < prefix.len + HEX_LEN + 1 + SUFFIX_LEN) {
		return false;
	}
	lk_str rest = lk_str_skip(name, prefix.len);
	size_t owner_end = rest.len - SUFFIX_LEN;
	ret->sha256 = lk_str_slice(rest, 0, HEX_LEN);
	ret->owner = lk_str_slice(rest, HEX_LEN + 1, owner_end);
	ret->suffix = lk_str_skip(rest, owner_end);
	return rest.ptr[HEX_LEN] == ',' && ret->suffix.ptr[0] == '-';
}

bool lk_partial_is_name(lk_str name)
{
	struct partial partial;
	return parse(name, &partial);
}

int lk_partials_read(struct lk_cache *cache, struct lk_partials **ret, struct lk_error *err)
{
	struct lk_partials *partials = lk_calloc(1, sizeof(*partials));
	struct lk_strs all = {0};
	partials->cache = cache;
	partials->self = lk_owner_self();
	int rc = lk_fs_list(lk_cache_tmp_fd(cache), ".", &partials->arena, &all, err);
	for (size_t i = 0; rc == 0 && i < all.len; i++) {
		if (lk_partial_is_name(all.items[i])) {
			lk_vec_push(&partials->names, all.items[i]);
		}
	}
	lk_vec_done(&all);
	if (rc < 0) {
		lk_partials_free(partials);
		return lk_wrap(err, "cache '%s'", lk_cache_path(cache));
	}
	*ret = partials;
	return 0;
}

void lk_partials_free(struct lk_partials *partials)
{
	if (!partials) {
		return;
	}
	lk_vec_done(&partials->names);
	lk_free(partials->self);
	lk_arena_done(&partials->arena);
	lk_free(partials);
}

/* What this process may do with a partial. */
enum standing {
	BUSY,     /* its owner may be at work */
	LEFT,     /* nobody writes it, nor ever will */
	DOUBTFUL, /* most likely left, but its owner may come back */
};

static enum standing standing_of(const struct lk_partials *partials, const struct partial *partial,
	const struct stat *st, int64_t now)
{
	if (lk_str_is(partial->owner, FREE)) {
		return LEFT;
	}
	if (!lk_owner_is_name(partial->owner)) {
		return DOUBTFUL;
	}
	if (lk_str_is(partial->owner, partials->self)) {
		return BUSY;
	}
	if (lk_owner_is_gone(partial->owner)) {
		return LEFT;
	}
	bool quiet = now > 0 && st->st_mtim.tv_sec < now - LK_PARTIAL_QUIET_S;
	return quiet ? DOUBTFUL : BUSY;
}

/* The next partial of the archive with the sha256 HEX, from *AT on; NULL when there is none. */
static const char *next_of(const struct lk_partials *partials, const char *hex, size_t *at,
	struct partial *ret, struct stat *ret_st)
{
	int tmp = lk_cache_tmp_fd(partials->cache);
	while (*at < partials->names.len) {
		lk_str name = partials->names.items[(*at)++];
		if (parse(name, ret) && lk_str_is(ret->sha256, hex) &&
			fstatat(tmp, name.ptr, ret_st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISREG(ret_st->st_mode)) {
			return name.ptr;
		}
	}
	return NULL;
}

bool lk_partials_busy(
	const struct lk_partials *partials, const struct lk_record *record, int64_t now)
{
	char hex[LK_HEX_MAX];
	size_t at = 0;
	struct partial partial;
	struct stat st;
	lk_hex(record->sha256.bytes, LK_SHA256_LEN, hex);
	while (next_of(partials, hex, &at, &partial, &st)) {
		if (!lk_str_is(partial.owner, partials->self) &&
			standing_of(partials, &partial, &st, now) == BUSY) {
			return true;
		}
	}
	return false;
}

static int begin(struct lk_partials *partials, lk_str sha256, struct lk_cache_incoming *ret,
	struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	const char *prefix = lk_arena_printf(
		&arena, PREFIX LK_STR_FMT ",%s", LK_STR_ARG(sha256), partials->self);
	char *name;
	int rc = lk_fs_temp_file(
		lk_cache_tmp_fd(partials->cache), prefix, 0644, &arena, &name, &ret->fd, err);
	if (rc < 0) {
		return lk_wrap(err, "cache '%s'", lk_cache_path(partials->cache));
	}
	(void)snprintf(ret->name, sizeof(ret->name), "%s", name);
	return 0;
}

int lk_partial_begin(struct lk_partials *partials, const struct lk_record *record,
	struct lk_cache_incoming *ret, struct lk_error *err)
{
	char hex[LK_HEX_MAX];
	lk_hex(record->sha256.bytes, LK_SHA256_LEN, hex);
	return begin(partials, lk_str_of(hex), ret, err);
}

/* Writes the name that PARTIAL has while OWNER is at it. */
static void put_name(const struct partial *partial, const char *owner, char *out, size_t size)
{
	(void)snprintf(out, size, PREFIX LK_STR_FMT ",%s" LK_STR_FMT, LK_STR_ARG(partial->sha256),
		owner, LK_STR_ARG(partial->suffix));
}

/* The bytes of the file TAKEN into one that is new and ours; the old one goes. */
static int copy_taken(struct lk_partials *partials, const struct partial *partial,
	const char *taken, struct lk_cache_incoming *ret, struct lk_error *err)
{
	int tmp = lk_cache_tmp_fd(partials->cache);
	int rc = begin(partials, partial->sha256, ret, err);
	if (rc == 0) {
		/* Made to have a name that is free; copying makes it anew. */
		lk_close_p(&ret->fd);
		(void)unlinkat(tmp, ret->name, 0);
		rc = lk_fs_copy_file(tmp, taken, tmp, ret->name, 0644, err);
	}
	if (rc < 0) {
		char name[sizeof(ret->name)];
		put_name(partial, FREE, name, sizeof(name));
		(void)renameat(tmp, taken, tmp, name);
		return rc;
	}
	(void)unlinkat(tmp, taken, 0);
	return 0;
}

/* Makes the partial NAME ours. LK_E_NOT_FOUND when somebody else was first. */
static int take(struct lk_partials *partials, const char *name, const struct partial *partial,
	bool copy, struct lk_cache_incoming *ret, struct lk_error *err)
{
	int tmp = lk_cache_tmp_fd(partials->cache);
	bool exists = false;
	char taken[sizeof(ret->name)];
	put_name(partial, partials->self, taken, sizeof(taken));
	/* Young again before it is ours, for machines that judge by its age. */
	(void)utimensat(tmp, name, NULL, AT_SYMLINK_NOFOLLOW);
	int rc = lk_fs_rename_noreplace(tmp, name, tmp, taken, &exists, err);
	if (rc == 0 && exists) {
		rc = lk_fail(err, LK_E_NOT_FOUND, "'%s' is there already", taken);
	}
	(void)snprintf(ret->name, sizeof(ret->name), "%s", taken);
	if (rc == 0 && copy) {
		rc = copy_taken(partials, partial, taken, ret, err);
	}
	if (rc == 0) {
		rc = lk_fs_open_beneath(tmp, ret->name, O_RDWR | O_NONBLOCK, 0, &ret->fd, err);
	}
	return rc;
}

/* Is what was opened the file that was looked at, and still without another name? Who else may
 * write here could have put a link to a file of ours in its place. */
static bool is_same(int fd, const struct stat *st)
{
	struct stat opened;
	return fstat(fd, &opened) == 0 && opened.st_dev == st->st_dev &&
		opened.st_ino == st->st_ino && opened.st_nlink == 1;
}

int lk_partial_claim(struct lk_partials *partials, const struct lk_record *record, int64_t now,
	struct lk_cache_incoming *ret, uint64_t *ret_size, struct lk_error *err)
{
	char hex[LK_HEX_MAX];
	size_t at = 0;
	struct partial partial;
	struct stat st;
	const char *name;
	lk_hex(record->sha256.bytes, LK_SHA256_LEN, hex);
	while ((name = next_of(partials, hex, &at, &partial, &st))) {
		enum standing standing = standing_of(partials, &partial, &st, now);
		bool too_long = record->has_size && (uint64_t)st.st_size > record->size;
		if (standing == BUSY || st.st_nlink != 1 || too_long) {
			continue;
		}
		bool copy = standing == DOUBTFUL || st.st_uid != geteuid();
		struct lk_error failed = LK_ERROR_INIT;
		struct lk_cache_incoming taken = {.fd = -1};
		int rc = take(partials, name, &partial, copy, &taken, &failed);
		if (rc == 0 && !copy && !is_same(taken.fd, &st)) {
			lk_cache_abort(partials->cache, &taken);
			continue;
		}
		off_t size = rc == 0 ? lseek(taken.fd, 0, SEEK_END) : -1;
		if (size >= 0) {
			*ret = taken;
			*ret_size = (uint64_t)size;
			return 0;
		}
		lk_close_p(&taken.fd);
	}
	return lk_fail(err, LK_E_NOT_FOUND, "nothing of it has arrived yet");
}

void lk_partial_release(struct lk_partials *partials, struct lk_cache_incoming *incoming)
{
	int tmp = lk_cache_tmp_fd(partials->cache);
	struct partial partial;
	struct stat st;
	if (fstat(incoming->fd, &st) != 0 || (uint64_t)st.st_size < LK_PARTIAL_MIN_BYTES ||
		!parse(lk_str_of(incoming->name), &partial)) {
		lk_cache_abort(partials->cache, incoming);
		return;
	}
	char name[sizeof(incoming->name)];
	put_name(&partial, FREE, name, sizeof(name));
	lk_close_p(&incoming->fd);
	/* Where it cannot be renamed it is free when this process is gone. */
	(void)renameat(tmp, incoming->name, tmp, name);
}
