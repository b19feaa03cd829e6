/*
 * The file or volumes that a bundle is written to: written under other names, published whole.
 *
 *     lk_bundle_out_open(&out, "env.lockpack", total, volume_size, err);
 *     lk_bundle_out_write(&out, at, bytes, len, err) ...       from several threads
 *     lk_bundle_out_publish(&out, err);
 *     lk_bundle_out_done(&out);                                removes what was not published
 */
#ifndef LK_STORE_BUNDLE_OUT_PRIV_H
#define LK_STORE_BUNDLE_OUT_PRIV_H

#include "store/bundle_priv.h"
#include "store/bundle_write.h"

struct lk_bundle_out {
	struct lk_arena arena;
	const char *path, *base; /* the whole name; without its folder */
	int dir;
	uint64_t volume_size; /* bytes of each file but the last */
	bool is_cut;
	struct lk_volumes files;
	char **temps; /* their names in DIR; NULL once published */
};

/* Opened files hold zeros. RET is safe to pass to done in any case. */
int lk_bundle_out_open(struct lk_bundle_out *ret, const char *path, uint64_t total,
	uint64_t volume_size, struct lk_error *err) LK_MUST_USE;
int lk_bundle_out_write(const struct lk_bundle_out *out, uint64_t at, const void *bytes, size_t len,
	struct lk_error *err) LK_MUST_USE;
int lk_bundle_out_publish(struct lk_bundle_out *out, struct lk_error *err) LK_MUST_USE;
void lk_bundle_out_done(struct lk_bundle_out *out);

#endif
