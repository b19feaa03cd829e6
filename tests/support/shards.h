/*
 * MessagePack by hand, and small sharded channels made of it.
 */
#ifndef TESTS_SUPPORT_SHARDS_H
#define TESTS_SUPPORT_SHARDS_H

#include <string.h>

#include "base/digest.h"
#include "base/str.h"

static inline void mp_map(struct lk_buf *out, unsigned n)
{
	lk_buf_putc(out, (char)(0x80 | n));
}

static inline void mp_array(struct lk_buf *out, unsigned n)
{
	lk_buf_putc(out, (char)(0x90 | n));
}

static inline void mp_str(struct lk_buf *out, const char *text)
{
	lk_buf_putc(out, (char)0xd9);
	lk_buf_putc(out, (char)strlen(text));
	lk_buf_puts(out, text);
}

static inline void mp_int(struct lk_buf *out, unsigned value)
{
	lk_buf_putc(out, (char)(value & 0x7f));
}

static inline void mp_bin(struct lk_buf *out, const void *bytes, unsigned len)
{
	lk_buf_putc(out, (char)0xc4);
	lk_buf_putc(out, (char)len);
	lk_buf_append(out, bytes, len);
}

/* One record NAME-VERSION-0.conda that depends on DEPENDS (NULL: on nothing). */
static inline void mp_shard(
	struct lk_buf *out, const char *name, const char *version, const char *depends)
{
	struct lk_sha256 hash = lk_sha256_of(name, strlen(name));
	char *LK_AUTO_FREE fn = lk_asprintf("%s-%s-0.conda", name, version);
	mp_map(out, 1);
	mp_str(out, "packages.conda");
	mp_map(out, 1);
	mp_str(out, fn);
	mp_map(out, 6);
	mp_str(out, "name");
	mp_str(out, name);
	mp_str(out, "version");
	mp_str(out, version);
	mp_str(out, "build");
	mp_str(out, "0");
	mp_str(out, "build_number");
	mp_int(out, 0);
	mp_str(out, "sha256");
	mp_bin(out, hash.bytes, LK_SHA256_LEN);
	mp_str(out, "depends");
	mp_array(out, depends ? 1 : 0);
	if (depends) {
		mp_str(out, depends);
	}
}

/* The head of an index of N names; mp_entry for each follows. */
static inline void mp_index(struct lk_buf *out, unsigned version, const char *base, unsigned n)
{
	mp_map(out, 3);
	mp_str(out, "version");
	mp_int(out, version);
	mp_str(out, "info");
	mp_map(out, 1);
	mp_str(out, "shards_base_url");
	mp_str(out, base);
	mp_str(out, "shards");
	mp_map(out, n);
}

static inline void mp_entry(struct lk_buf *out, const char *name, const struct lk_sha256 *hash)
{
	mp_str(out, name);
	mp_bin(out, hash->bytes, LK_SHA256_LEN);
}

#endif
