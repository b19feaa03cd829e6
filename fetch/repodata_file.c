/*
 * A repodata file with its index: opened, or made while the file is decoded.
 */
#include "fetch/repodata_file_priv.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/fs.h"

#define CHUNK ((size_t)128 << 10)
/* Seconds after which a change of a file shows in its times. */
#define SETTLED_S 2

struct lk_repodata_file {
	struct lk_fetch *fetch;
	struct lk_arena arena;
	struct lk_repodata_place place;
	struct lk_index_token token; /* of place.identity */
	bool repaired;
	char *tmp;    /* name of what is being made, in tmp/ of the cache; or NULL */
	int index_fd; /* the same, open */
	struct lk_spool *spool;
	struct lk_repodata *repodata;
	struct lk_repodata *damaged; /* records handed out may still lie in it */
};

lk_str lk_repodata_file_identity(int fd, const char *path, int64_t now, struct lk_arena *arena)
{
	struct stat st;
	if (fstat(fd, &st) != 0 || now - st.st_ctim.tv_sec < SETTLED_S) {
		return (lk_str){0};
	}
	return lk_str_printf(arena, "%s %ju %ju %ju %jd.%09ld %jd.%09ld", path,
		(uintmax_t)st.st_dev, (uintmax_t)st.st_ino, (uintmax_t)st.st_size,
		(intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (intmax_t)st.st_ctim.tv_sec,
		st.st_ctim.tv_nsec);
}

int lk_repodata_file_new(struct lk_fetch *fetch, const struct lk_repodata_place *place,
	struct lk_repodata_file **ret, struct lk_error *err)
{
	struct lk_repodata_file *file = lk_calloc(1, sizeof(*file));
	lk_arena_init(&file->arena);
	const struct lk_repodata_origin *origin = &place->origin;
	file->fetch = fetch;
	file->place = *place;
	file->place.origin = (struct lk_repodata_origin){
		.channel_name = lk_str_dup(&file->arena, origin->channel_name),
		.channel_url = lk_str_dup(&file->arena, origin->channel_url),
		.subdir = lk_str_dup(&file->arena, origin->subdir),
		.file = lk_str_dup(&file->arena, lk_str_of(origin->file)).ptr,
	};
	file->place.index_name = lk_str_dup(&file->arena, lk_str_of(place->index_name)).ptr;
	struct lk_sha256 hash = lk_sha256_of(place->identity.ptr, place->identity.len);
	memcpy(file->token.bytes, hash.bytes, sizeof(file->token.bytes));
	file->index_fd = -1;
	file->place.fd = place->fd < 0 ? -1 : fcntl(place->fd, F_DUPFD_CLOEXEC, 0);
	file->place.dirfd = fcntl(place->dirfd, F_DUPFD_CLOEXEC, 0);
	if (file->place.dirfd < 0 || (file->place.fd < 0 && place->fd >= 0)) {
		lk_fail_errno(err, LK_E_FS, errno, "cannot read '%s'", origin->file);
		lk_repodata_file_free(file);
		return err->code;
	}
	*ret = file;
	return 0;
}

/* What was being made is not wanted any more, or is no longer ours. */
static void drop_work(struct lk_repodata_file *file)
{
	lk_spool_free(file->spool);
	file->spool = NULL;
	lk_close_p(&file->index_fd);
	if (file->tmp) {
		unlinkat(lk_cache_tmp_fd(file->fetch->cache), file->tmp, 0);
		file->tmp = NULL;
	}
}

void lk_repodata_file_free(struct lk_repodata_file *file)
{
	if (file) {
		drop_work(file);
		lk_repodata_free(file->repodata);
		lk_repodata_free(file->damaged);
		lk_close_p(&file->place.fd);
		lk_close_p(&file->place.dirfd);
		lk_arena_done(&file->arena);
		lk_free(file);
	}
}

struct lk_repodata *lk_repodata_file_get(const struct lk_repodata_file *file)
{
	return file->repodata;
}

bool lk_repodata_file_look_up(struct lk_repodata_file *file)
{
	struct lk_error err = LK_ERROR_INIT;
	const struct lk_repodata_place *place = &file->place;
	int fd LK_AUTO_CLOSE = -1;
	if (place->fd < 0) {
		struct lk_buf none = LK_BUF_INIT(0);
		return lk_repodata_open(&none, &place->origin, &file->repodata, &err) == 0;
	}
	if (place->identity.len == 0 ||
		lk_fs_open_beneath(
			place->dirfd, place->index_name, O_RDONLY | O_NONBLOCK, 0, &fd, &err) < 0) {
		return false;
	}
	int rc = lk_repodata_open_index(fd, &file->token, &place->origin, &file->repodata, &err);
	if (rc == LK_E_INTEGRITY || rc == LK_E_FS) {
		lk_note(file->fetch->report, 1, "%s: made anew", err.message);
	}
	return rc == 0;
}

static int new_spool(struct lk_repodata_file *file, struct lk_error *err)
{
	return lk_spool_new(file->index_fd, LK_INDEX_TEXT_AT, LK_FETCH_REPODATA_MAX,
		file->place.origin.file, &file->spool, err);
}

int lk_repodata_file_begin(struct lk_repodata_file *file, struct lk_error *err)
{
	drop_work(file);
	/* Some file systems cannot be written, others cannot be mapped. */
	if (!file->place.no_disk &&
		lk_fs_temp_file(lk_cache_tmp_fd(file->fetch->cache), "index", 0644, &file->arena,
			&file->tmp, &file->index_fd, err) == 0 &&
		new_spool(file, err) == 0) {
		return 0;
	}
	drop_work(file);
	file->index_fd = memfd_create("repodata", MFD_CLOEXEC);
	return file->index_fd < 0
		? lk_fail_errno(err, LK_E_FS, errno, "no memory for '%s'", file->place.origin.file)
		: new_spool(file, err);
}

static int copy(struct lk_repodata_file *file, struct lk_stream *stream, struct lk_error *err)
{
	char *LK_AUTO_FREE bytes = lk_reallocarray(NULL, CHUNK, 1);
	ssize_t got;
	while ((got = lk_stream_read(stream, bytes, CHUNK, err)) > 0) {
		int rc = lk_spool_append(file->spool, bytes, (size_t)got, err);
		if (rc < 0) {
			return rc == LK_E_FS ? lk_wrap(err, "index of repodata") : rc;
		}
	}
	return (int)got;
}

int lk_repodata_file_decode(struct lk_repodata_file *file, struct lk_error *err)
{
	const char *name = file->place.origin.file;
	int fd = fcntl(file->place.fd, F_DUPFD_CLOEXEC, 0);
	int rc;
	if (fd < 0 || lseek(fd, 0, SEEK_SET) != 0) {
		lk_close_p(&fd);
		rc = lk_fail_errno(err, LK_E_FS, errno, "cannot read '%s'", name);
	} else {
		struct lk_stream *stream =
			lk_stream_decode(lk_stream_from_fd(fd, name), file->place.codec);
		rc = copy(file, stream, err);
		lk_stream_free(stream);
	}
	lk_spool_end(file->spool, rc == 0);
	return rc;
}

int lk_repodata_file_scan(struct lk_repodata_file *file, struct lk_error *err)
{
	const struct lk_repodata_origin *origin = &file->place.origin;
	int rc = lk_repodata_index_make(
		file->spool, file->index_fd, &file->token, origin->file, err);
	/* Whoever decodes may still be appending: the spool stays. */
	return rc < 0 ? rc
		      : lk_repodata_open_index(
				file->index_fd, &file->token, origin, &file->repodata, err);
}

void lk_repodata_file_publish(struct lk_repodata_file *file)
{
	struct lk_error err = LK_ERROR_INIT;
	if (file->tmp && file->place.identity.len > 0) {
		if (lk_fs_rename(lk_cache_tmp_fd(file->fetch->cache), file->tmp, file->place.dirfd,
			    file->place.index_name, &err) == 0) {
			file->tmp = NULL;
		} else {
			lk_note(file->fetch->report, 1, "%s", err.message);
		}
	}
	drop_work(file);
}

/* From the file as it was served, in this thread. */
static int make_anew(struct lk_repodata_file *file, struct lk_error *err)
{
	int rc = lk_repodata_file_begin(file, err);
	if (rc == 0) {
		rc = lk_repodata_file_decode(file, err);
	}
	return rc < 0 ? rc : lk_repodata_file_scan(file, err);
}

/* The index lies or cannot be read. */
static int repair(struct lk_repodata_file *file, struct lk_error *err)
{
	file->repaired = true;
	lk_note(file->fetch->report, 1, "%s: made anew", err->message);
	/* If that cannot be done now, the next run shall see it from the start. */
	(void)unlinkat(file->place.dirfd, file->place.index_name, 0);
	file->damaged = file->repodata;
	file->repodata = NULL;
	int rc = make_anew(file, err);
	if (rc == LK_E_FS && !file->place.no_disk) {
		file->place.no_disk = true;
		rc = make_anew(file, err);
	}
	if (rc == 0) {
		lk_repodata_file_publish(file);
		return 0;
	}
	file->repodata = file->damaged;
	file->damaged = NULL;
	if (rc == LK_E_INTEGRITY || rc == LK_E_FORMAT) {
		err->code = LK_E_NETWORK;
		lk_error_hint(err, "this copy is damaged; run again to get another one");
	}
	return err->code;
}

static int file_records(void *ctx, lk_str name, struct lk_arena *arena, struct lk_records *ret,
	struct lk_error *err)
{
	struct lk_repodata_file *file = ctx;
	int rc = lk_repodata_records(file->repodata, name, arena, ret, err);
	bool lies = rc == LK_E_INTEGRITY || rc == LK_E_FS;
	if (!lies || file->repaired) {
		return rc;
	}
	rc = repair(file, err);
	return rc < 0 ? rc : lk_repodata_records(file->repodata, name, arena, ret, err);
}

struct lk_source lk_repodata_file_source(struct lk_repodata_file *file, unsigned channel)
{
	return (struct lk_source){.ctx = file, .records = file_records, .channel = channel};
}
