/*
 * Reading by position, through a window of the file.
 */
#include "audit/bytes.h"

#include <errno.h>
#include <unistd.h>

void lk_bytes_of_memory(struct lk_bytes *ret, const void *memory, size_t len)
{
	*ret = (struct lk_bytes){.memory = memory, .fd = -1, .size = len};
}

void lk_bytes_of_file(struct lk_bytes *ret, int fd, uint64_t size)
{
	ret->memory = NULL;
	ret->fd = fd;
	ret->size = size;
	ret->failed = 0;
	ret->at = 0;
	ret->len = 0;
}

bool lk_bytes_has(const struct lk_bytes *bytes, uint64_t at, uint64_t len)
{
	return at <= bytes->size && len <= bytes->size - at;
}

static bool read_file(struct lk_bytes *bytes, uint64_t at, unsigned char *out, size_t len)
{
	size_t done = 0;
	while (done < len) {
		ssize_t n = pread(bytes->fd, out + done, len - done, (off_t)(at + done));
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			bytes->failed = bytes->failed ? bytes->failed : n < 0 ? errno : EIO;
			return false;
		}
		done += (size_t)n;
	}
	return true;
}

/* The window is moved so that it begins at AT. */
static bool fill(struct lk_bytes *bytes, uint64_t at)
{
	uint64_t left = bytes->size - at;
	size_t len = left < LK_BYTES_WINDOW ? (size_t)left : LK_BYTES_WINDOW;
	bytes->len = 0;
	if (!read_file(bytes, at, bytes->window, len)) {
		return false;
	}
	bytes->at = at;
	bytes->len = len;
	return true;
}

bool lk_bytes_read(struct lk_bytes *bytes, uint64_t at, void *out, size_t len)
{
	if (!lk_bytes_has(bytes, at, len)) {
		return false;
	}
	if (len == 0) {
		return true;
	}
	if (bytes->memory) {
		memcpy(out, bytes->memory + at, len);
		return true;
	}
	if (len > LK_BYTES_WINDOW) {
		return read_file(bytes, at, out, len);
	}
	bool inside = at >= bytes->at && at - bytes->at <= bytes->len &&
		len <= bytes->len - (size_t)(at - bytes->at);
	if (!inside && !fill(bytes, at)) {
		return false;
	}
	memcpy(out, bytes->window + (at - bytes->at), len);
	return true;
}

bool lk_bytes_text(struct lk_bytes *bytes, uint64_t at, uint64_t end, size_t max,
	struct lk_arena *arena, lk_str *ret)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(max);
	end = end < bytes->size ? end : bytes->size;
	while (at < end && !text.overflow) {
		char part[256];
		size_t len = end - at < sizeof(part) ? (size_t)(end - at) : sizeof(part);
		if (!lk_bytes_read(bytes, at, part, len)) {
			return false;
		}
		const char *nul = memchr(part, 0, len);
		lk_buf_append(&text, part, nul ? (size_t)(nul - part) : len);
		if (nul && !text.overflow) {
			*ret = lk_str_dup(arena, lk_buf_view(&text));
			return true;
		}
		at += len;
	}
	return false;
}
