/*
 * Inventories: which archives a cache holds, as a text that goes to where bundles are packed
 * (docs/cache.md).
 *
 *     # lockenv-inventory 1
 *     <sha256> <size> <fn>
 *     ...
 *
 * One line for each archive: sha256 in lower case, bytes in decimal, file name up to the end of the
 * line; sorted, each once. Reading is more patient: comments (#) and empty lines may stand anywhere
 * after the first line, lines may come in any order, more than once and with CR LF. A <fn> may have
 * lost its end (see lk_cache_archive_name): archives are known by sha256 and size.
 *
 *     lk_inventory_read("far.txt", &inventory, err);
 *     if (lk_inventory_has(&inventory, record)) ...
 *     lk_inventory_done(&inventory);
 */
#ifndef LK_STORE_INVENTORY_H
#define LK_STORE_INVENTORY_H

#include "store/cache.h"

#define LK_INVENTORY_MAX_BYTES ((size_t)256 << 20)

struct lk_inventory_entry {
	struct lk_sha256 sha256;
	uint64_t size; /* bytes */
	lk_str fn;
};

struct lk_inventory {
	struct lk_arena arena;
	struct LK_VEC_OF(struct lk_inventory_entry) entries; /* sorted by sha256, size, fn */
};

/* The archives of all layers of CACHE. With VERIFY each is hashed, and one that is not what its
 * name says is left out with a warning. JOBS: threads that hash, 0 for all processors. LK_E_FS,
 * LK_E_INTERRUPTED. */
int lk_inventory_take(const struct lk_cache *cache, bool verify, unsigned jobs,
	const struct lk_report *report, struct lk_inventory *ret, struct lk_error *err) LK_MUST_USE;

/* The text appended to OUT; its overflow flag tells of more than OUT may hold. */
void lk_inventory_write(const struct lk_inventory *inventory, struct lk_buf *out);
/* TEXT into RET, which owns what it holds. LK_E_FORMAT at NAME:line:column. */
int lk_inventory_parse(
	lk_str text, const char *name, struct lk_inventory *ret, struct lk_error *err) LK_MUST_USE;
/* The same for the file PATH. LK_E_NOT_FOUND, LK_E_FS, LK_E_FORMAT. */
int lk_inventory_read(const char *path, struct lk_inventory *ret, struct lk_error *err) LK_MUST_USE;
/* A zeroed struct is fine. */
void lk_inventory_done(struct lk_inventory *inventory);

/* Does it list RECORD's archive, by sha256 and (where the record has one) size? */
bool lk_inventory_has(const struct lk_inventory *inventory, const struct lk_record *record);

#endif
