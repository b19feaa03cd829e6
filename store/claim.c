/*
 * Claims: further names of a sign of life. A hard link takes a twentieth of the time of a symlink,
 * which serves where file systems have none or no more of them.
 */
#include "store/claim.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/owner.h"
#include "store/cache_priv.h"

#define LIFE_PREFIX "claims,"
#define SUFFIX_LEN 7 /* "-xxxxxx" */
#define BEAT_S 5
#define PAUSE_MS 20
#define PAUSE_MAX_MS 1000

struct lk_claims {
	struct lk_cache *cache;
	pthread_mutex_t mutex; /* for all below */
	struct lk_arena arena;
	bool begun;
	char *life; /* name of the sign of life in tmp/; NULL: nothing can be claimed */
	int life_fd;
	bool only_symlinks;
	struct lk_strs held; /* names in tmp/ */
	atomic_llong beaten; /* seconds of the monotonic clock */
};

struct lk_claims *lk_claims_new(struct lk_cache *cache)
{
	struct lk_claims *claims = lk_calloc(1, sizeof(*claims));
	claims->cache = cache;
	claims->life_fd = -1;
	pthread_mutex_init(&claims->mutex, NULL);
	atomic_init(&claims->beaten, 0);
	return claims;
}

/* Takes our claim NAME away; not that of somebody who took it over because we were quiet. */
static void let_go(const struct lk_claims *claims, const char *name)
{
	char life[NAME_MAX + 1];
	struct stat claim;
	struct stat ours;
	int tmp = lk_cache_tmp_fd(claims->cache);
	ssize_t len = readlinkat(tmp, name, life, sizeof(life));
	bool is_ours = len >= 0 ? lk_str_is(lk_str_n(life, (size_t)len), claims->life)
				: fstatat(tmp, name, &claim, AT_SYMLINK_NOFOLLOW) == 0 &&
			fstat(claims->life_fd, &ours) == 0 && claim.st_ino == ours.st_ino &&
			claim.st_dev == ours.st_dev;
	if (is_ours) {
		(void)unlinkat(tmp, name, 0);
	}
}

void lk_claims_free(struct lk_claims *claims)
{
	if (!claims) {
		return;
	}
	for (size_t i = 0; i < claims->held.len; i++) {
		let_go(claims, claims->held.items[i].ptr);
	}
	if (claims->life) {
		(void)unlinkat(lk_cache_tmp_fd(claims->cache), claims->life, 0);
	}
	lk_close_p(&claims->life_fd);
	lk_vec_done(&claims->held);
	lk_arena_done(&claims->arena);
	pthread_mutex_destroy(&claims->mutex);
	lk_free(claims);
}

/* ---- signs of life ---- */

static void begin(struct lk_claims *claims)
{
	struct lk_error ignored = LK_ERROR_INIT;
	char *self LK_AUTO_FREE = lk_owner_self();
	claims->begun = true;
	if (!lk_cache_is_writable(claims->cache) ||
		lk_fs_temp_file(lk_cache_tmp_fd(claims->cache),
			lk_arena_printf(&claims->arena, LIFE_PREFIX "%s", self), 0644,
			&claims->arena, &claims->life, &claims->life_fd, &ignored) < 0) {
		claims->life = NULL;
		return;
	}
	claims->only_symlinks = lk_fs_write_all(claims->life_fd, claims->life, strlen(claims->life),
					claims->life, &ignored) < 0;
}

static long long monotonic_s(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

void lk_claims_beat(struct lk_claims *claims)
{
	if (!claims) {
		return;
	}
	long long now = monotonic_s();
	long long before = atomic_load(&claims->beaten);
	if (now - before >= BEAT_S &&
		atomic_compare_exchange_strong(&claims->beaten, &before, now)) {
		pthread_mutex_lock(&claims->mutex);
		if (claims->life_fd >= 0) {
			(void)futimens(claims->life_fd, NULL);
		}
		pthread_mutex_unlock(&claims->mutex);
	}
}

/* Has the sign of life NAME been still for long? Ages are differences between two times that the
 * file system gave, so that no two clocks are compared. */
static bool is_quiet(const struct lk_claims *claims, const char *name)
{
	/* Opening makes a network file system ask for the file's times anew. */
	int fd LK_AUTO_CLOSE = openat(lk_cache_tmp_fd(claims->cache), name,
		O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat theirs;
	struct stat ours;
	int rc = fd >= 0
		? fstat(fd, &theirs)
		: fstatat(lk_cache_tmp_fd(claims->cache), name, &theirs, AT_SYMLINK_NOFOLLOW);
	if (rc != 0 || !S_ISREG(theirs.st_mode)) {
		return true; /* it is gone, or no sign of life */
	}
	if (futimens(claims->life_fd, NULL) != 0 || fstat(claims->life_fd, &ours) != 0) {
		return true; /* whatever it is, nobody waits for ever */
	}
	return llabs((long long)ours.st_mtim.tv_sec - theirs.st_mtim.tv_sec) > LK_CLAIM_QUIET_S;
}

/* ---- claims ---- */

static const char *claim_name(
	enum lk_claim_kind kind, const struct lk_record *record, struct lk_buf *buf)
{
	char hex[LK_HEX_MAX];
	lk_hex(record->sha256.bytes, LK_SHA256_LEN, hex);
	lk_buf_appendf(buf, "claim,%s,%s", kind == LK_CLAIM_TREE ? "tree" : "archive", hex);
	return lk_buf_cstr(buf);
}

/* Whoever LIFE tells of; empty when it is no sign of life. */
static lk_str owner_of(lk_str life)
{
	lk_str prefix = LK_STR(LIFE_PREFIX);
	bool is_life = lk_path_is_component(life) && lk_str_starts(life, prefix) &&
		life.len > prefix.len + SUFFIX_LEN;
	return is_life ? lk_str_slice(life, prefix.len, life.len - SUFFIX_LEN) : LK_STR("");
}

/* What sign of life the claim NAME is of, into SIZE bytes: its length; negative with errno when
 * that cannot be told. */
static ssize_t read_claim(int tmp, const char *name, char *life, size_t size)
{
	ssize_t len = readlinkat(tmp, name, life, size);
	if (len >= 0 || errno != EINVAL) {
		return len;
	}
	int fd LK_AUTO_CLOSE = openat(tmp, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -1 : TEMP_FAILURE_RETRY(pread(fd, life, size, 0));
}

/* The claim NAME is somebody's. Is he still at it? */
static bool is_void(const struct lk_claims *claims, const char *name, struct lk_buf *who)
{
	char life[NAME_MAX + 2];
	int tmp = lk_cache_tmp_fd(claims->cache);
	ssize_t len = read_claim(tmp, name, life, sizeof(life) - 1);
	if (len < 0 && errno == ENOENT) {
		return true; /* let go of meanwhile */
	}
	if (len < 0) {
		return is_quiet(claims, name);
	}
	life[len] = '\0';
	lk_str owner = owner_of(lk_str_n(life, (size_t)len));
	if (!lk_owner_is_name(owner) || strcmp(life, claims->life) == 0 ||
		lk_owner_is_gone(owner) || is_quiet(claims, life)) {
		return true;
	}
	if (who) {
		lk_owner_describe(owner, who);
	}
	return false;
}

static bool is_held(const struct lk_claims *claims, const char *name)
{
	for (size_t i = 0; i < claims->held.len; i++) {
		if (lk_str_is(claims->held.items[i], name)) {
			return true;
		}
	}
	return false;
}

/* As symlink(2), whose errno it leaves. */
static int make_claim(struct lk_claims *claims, const char *name)
{
	int tmp = lk_cache_tmp_fd(claims->cache);
	if (!claims->only_symlinks) {
		int rc = linkat(tmp, claims->life, tmp, name, 0);
		if (rc == 0 || errno == EEXIST) {
			return rc;
		}
		claims->only_symlinks = true;
	}
	return symlinkat(claims->life, tmp, name);
}

static bool take(struct lk_claims *claims, const char *name, struct lk_buf *who)
{
	int tmp = lk_cache_tmp_fd(claims->cache);
	if (is_held(claims, name)) {
		return true;
	}
	int rc = make_claim(claims, name);
	if (rc != 0 && errno == EEXIST) {
		if (!is_void(claims, name, who)) {
			return false;
		}
		(void)unlinkat(tmp, name, 0);
		rc = make_claim(claims, name);
		/* Somebody else was faster: then it is his. */
		if (rc != 0 && errno == EEXIST && !is_void(claims, name, who)) {
			return false;
		}
	}
	if (rc == 0) {
		lk_vec_push(&claims->held, lk_str_dup(&claims->arena, lk_str_of(name)));
	}
	return true;
}

bool lk_claim_take(struct lk_claims *claims, enum lk_claim_kind kind,
	const struct lk_record *record, struct lk_buf *who)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) name = LK_BUF_INIT(NAME_MAX);
	pthread_mutex_lock(&claims->mutex);
	if (!claims->begun) {
		begin(claims);
	}
	bool taken = !claims->life || take(claims, claim_name(kind, record, &name), who);
	pthread_mutex_unlock(&claims->mutex);
	return taken;
}

void lk_claim_release(
	struct lk_claims *claims, enum lk_claim_kind kind, const struct lk_record *record)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) buf = LK_BUF_INIT(NAME_MAX);
	const char *name = claim_name(kind, record, &buf);
	pthread_mutex_lock(&claims->mutex);
	for (size_t i = 0; i < claims->held.len; i++) {
		if (lk_str_is(claims->held.items[i], name)) {
			let_go(claims, name);
			claims->held.items[i] = claims->held.items[--claims->held.len];
			break;
		}
	}
	pthread_mutex_unlock(&claims->mutex);
}

void lk_claims_pause(struct lk_claims *claims, unsigned round)
{
	static const char *const parts[] = {"archives", "trees", "tmp"};
	/* Not all at the same moment. */
	long ms = (PAUSE_MS << (round < 6 ? round : 6)) + getpid() % PAUSE_MS;
	ms = ms < PAUSE_MAX_MS ? ms : PAUSE_MAX_MS;
	const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	(void)nanosleep(&pause, NULL);
	for (size_t i = 0; i < LK_COUNTOF(parts); i++) {
		int fd = openat(lk_cache_dirfd(claims->cache), parts[i],
			O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		lk_close_p(&fd);
	}
}
