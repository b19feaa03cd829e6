/*
 * A file that grows at one end, mapped as far as it may ever reach.
 */
#include "base/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"

/* So many may be mapped ahead in the address space there is. */
#define MAPS_AHEAD 256
/* Memory is given back in steps of so many bytes. */
#define PASS_STEP ((size_t)4 << 20)
/* The disk is asked for room in steps of so many bytes. */
#define RESERVE_STEP ((size_t)16 << 20)
/* So short a file is written as it comes. */
#define RESERVE_FROM ((size_t)4 << 20)

struct lk_spool {
	int fd;
	off_t at;
	size_t max;
	char *name;
	char *map;
	size_t mapped;
	bool late;             /* all but a byte is mapped when it is all there */
	size_t reserved;       /* bytes for which the disk need not be asked any more */
	size_t passed;         /* by the reader */
	pthread_mutex_t mutex; /* guards what follows */
	pthread_cond_t more;
	size_t len;
	size_t wanted; /* by the reader, who waits when it is above len */
	enum lk_spool_state state;
};

/* Where address space is limited, what is never touched counts too. */
static bool can_map_ahead(size_t max)
{
	struct rlimit limit;
	return getrlimit(RLIMIT_AS, &limit) == 0 && max <= limit.rlim_cur / MAPS_AHEAD;
}

static void *map_bytes(int fd, off_t at, size_t len)
{
	/* Pages beyond the end of the file are never touched. */
	return mmap(NULL, len, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd, at);
}

int lk_spool_new(
	int fd, off_t at, size_t max, const char *name, struct lk_spool **ret, struct lk_error *err)
{
	bool ahead = can_map_ahead(max);
	size_t mapped = ahead ? max : 1;
	void *map = map_bytes(fd, at, mapped);
	if (map == MAP_FAILED) {
		return lk_fail_errno(err, LK_E_FS, errno, "cannot map '%s'", name);
	}
	struct lk_spool *spool = lk_calloc(1, sizeof(*spool));
	spool->fd = fd;
	spool->at = at;
	spool->max = max;
	spool->name = lk_strdup(name);
	spool->reserved = RESERVE_FROM;
	spool->map = map;
	spool->mapped = mapped;
	spool->late = !ahead;
	pthread_mutex_init(&spool->mutex, NULL);
	pthread_cond_init(&spool->more, NULL);
	*ret = spool;
	return 0;
}

void lk_spool_free(struct lk_spool *spool)
{
	if (spool) {
		munmap(spool->map, spool->mapped);
		pthread_cond_destroy(&spool->more);
		pthread_mutex_destroy(&spool->mutex);
		lk_free(spool->name);
		lk_free(spool);
	}
}

/* Blocks asked for many at a time: half the price of a write. Who cannot give them will do so, or
 * not, when the bytes are written. */
static void reserve(struct lk_spool *spool, size_t upto)
{
	while (spool->reserved < upto) {
		(void)fallocate(spool->fd, FALLOC_FL_KEEP_SIZE, spool->at + (off_t)spool->reserved,
			(off_t)RESERVE_STEP);
		spool->reserved += RESERVE_STEP;
	}
}

int lk_spool_append(struct lk_spool *spool, const void *bytes, size_t len, struct lk_error *err)
{
	/* Only this thread changes the length. */
	if (len > spool->max - spool->len) {
		return lk_fail(err, LK_E_INTEGRITY, "'%s' is larger than %zu bytes", spool->name,
			spool->max);
	}
	reserve(spool, spool->len + len);
	int rc = lk_fs_write_at(
		spool->fd, bytes, len, (uint64_t)spool->at + spool->len, spool->name, err);
	if (rc < 0) {
		return rc;
	}
	pthread_mutex_lock(&spool->mutex);
	bool waited_for = spool->len < spool->wanted && spool->len + len >= spool->wanted;
	spool->len += len;
	pthread_mutex_unlock(&spool->mutex);
	if (waited_for) {
		pthread_cond_signal(&spool->more);
	}
	return 0;
}

void lk_spool_end(struct lk_spool *spool, bool whole)
{
	pthread_mutex_lock(&spool->mutex);
	spool->state = whole ? LK_SPOOL_WHOLE : LK_SPOOL_BROKEN;
	pthread_mutex_unlock(&spool->mutex);
	pthread_cond_signal(&spool->more);
}

size_t lk_spool_wait(struct lk_spool *spool, size_t want, enum lk_spool_state *ret_state)
{
	pthread_mutex_lock(&spool->mutex);
	spool->wanted = want;
	while (spool->len < want && spool->state == LK_SPOOL_OPEN) {
		pthread_cond_wait(&spool->more, &spool->mutex);
	}
	spool->wanted = 0;
	size_t len = spool->len;
	*ret_state = spool->state;
	pthread_mutex_unlock(&spool->mutex);
	return len;
}

const char *lk_spool_text(struct lk_spool *spool)
{
	enum lk_spool_state state;
	size_t len = spool->late ? lk_spool_wait(spool, SIZE_MAX, &state) : 0;
	spool->late = false;
	if (len > spool->mapped) {
		void *map = map_bytes(spool->fd, spool->at, len);
		if (map == MAP_FAILED) {
			lk_mem_lost();
		}
		munmap(spool->map, spool->mapped);
		spool->map = map;
		spool->mapped = len;
	}
	return spool->map;
}

void lk_spool_pass(struct lk_spool *spool, size_t len)
{
	size_t upto = len / PASS_STEP * PASS_STEP;
	if (upto > spool->passed) {
		/* The file keeps the bytes: looking again only costs a fault. */
		madvise(spool->map + spool->passed, upto - spool->passed, MADV_DONTNEED);
		spool->passed = upto;
	}
}
