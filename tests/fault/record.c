/*
 * The record of a run.
 */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define raw(...) next_syscall()(__VA_ARGS__)

static struct {
	int fd;
	pthread_mutex_t lock;
	char *line;
	size_t len, room;
	int saved_errno;
} record = {.fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER};

/* From fault.c: syscall(2) as the C library has it. */
long (*next_syscall(void))(long, ...);

void record_open(const char *path)
{
	record.fd = (int)raw(
		SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

void record_begin(void)
{
	if (record.fd >= 0) {
		pthread_mutex_lock(&record.lock);
	}
}

void record_end(void)
{
	if (record.fd >= 0) {
		pthread_mutex_unlock(&record.lock);
	}
}

static char *room(size_t len)
{
	if (record.len + len > record.room) {
		record.room = 2 * (record.len + len);
		record.line = realloc(record.line, record.room);
		if (!record.line) {
			abort();
		}
	}
	return record.line + record.len;
}

static void put(const char *form, ...)
{
	va_list args;
	va_start(args, form);
	record.len += (size_t)vsnprintf(room(128), 128, form, args);
	va_end(args);
}

static void put_hex(const void *bytes, size_t len)
{
	const unsigned char *from = bytes;
	char *to = room(2 * len + 1);
	for (size_t i = 0; i < len; i++) {
		snprintf(to + 2 * i, 3, "%02x", from[i]);
	}
	record.len += 2 * len;
}

static void put_id(const struct stat *st)
{
	put(" %llx:%llx", (unsigned long long)st->st_dev, (unsigned long long)st->st_ino);
}

static bool start(const char *what)
{
	record.saved_errno = errno;
	record.len = 0;
	if (record.fd < 0) {
		return false;
	}
	put("%s", what);
	return true;
}

static void end(void)
{
	put("\n");
	for (size_t done = 0; done < record.len;) {
		long got = raw(SYS_write, record.fd, record.line + done, record.len - done);
		if (got <= 0) {
			abort();
		}
		done += (size_t)got;
	}
	errno = record.saved_errno;
}

/* The directory that holds PATH, and the name in it. */
static void put_name(int dirfd, const char *path)
{
	char parent[4096];
	struct stat st = {0};
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) + 1 : 0;
	memcpy(parent, path, len);
	parent[len] = '\0';
	if (fstatat(dirfd, parent, &st, AT_EMPTY_PATH) != 0) {
		abort();
	}
	put_id(&st);
	put(" ");
	put_hex(path + len, strlen(path + len));
}

void record_made(const char *what, int dirfd, const char *path, const char *target)
{
	struct stat st = {0};
	if (start(what)) {
		put_name(dirfd, path);
		fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW);
		put_id(&st);
		put(" ");
		if (target) {
			put_hex(target, strlen(target));
		} else {
			put("%o", (unsigned)st.st_mode & 07777);
		}
		end();
	}
}

void record_gone(int dirfd, const char *path)
{
	if (start("unlink")) {
		put_name(dirfd, path);
		end();
	}
}

void record_moved(bool exchange, int from_fd, const char *from, int to_fd, const char *to)
{
	if (start(exchange ? "exchange" : "rename")) {
		put_name(from_fd, from);
		put_name(to_fd, to);
		end();
	}
}

void record_bytes(int out, off_t at, size_t len)
{
	struct stat st;
	char path[64];
	if (len == 0 || !start("write")) {
		return;
	}
	at = at < 0 ? (off_t)raw(SYS_lseek, out, 0, SEEK_CUR) - (off_t)len : at;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", out);
	int again = (int)raw(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	char *bytes = malloc(len);
	if (again < 0 || !bytes || raw(SYS_pread64, again, bytes, len, at) != (long)len ||
		fstat(out, &st) != 0) {
		abort();
	}
	put_id(&st);
	put(" %lld ", (long long)at);
	put_hex(bytes, len);
	free(bytes);
	raw(SYS_close, again);
	end();
}

static void put_state(const char *what, const struct stat *st)
{
	put_id(st);
	if (strcmp(what, "size") == 0) {
		put(" %lld", (long long)st->st_size);
	} else if (strcmp(what, "mode") == 0) {
		put(" %o", (unsigned)st->st_mode & 07777);
	} else if (strcmp(what, "time") == 0) {
		put(" %lld", (long long)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec);
	}
	end();
}

void record_file(const char *what, int fd)
{
	struct stat st;
	if (start(what) && fstat(fd, &st) == 0) {
		put_state(what, &st);
	}
}

void record_named(const char *what, int dirfd, const char *path, int flags)
{
	struct stat st;
	if (start(what) && fstatat(dirfd, path, &st, flags) == 0) {
		put_state(what, &st);
	}
}

void record_syncfs(void)
{
	if (start("syncfs")) {
		end();
	}
}
