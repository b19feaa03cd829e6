/*
 * What the writers of other tools' YAML share.
 */
#ifndef LK_LOCK_EXPORT_PRIV_H
#define LK_LOCK_EXPORT_PRIV_H

#include "base/yaml.h"
#include "lock/exchange.h"

static inline void lk_export_pair(struct lk_yaml_writer *yaml, const char *key, lk_str value)
{
	lk_yaml_cstring(yaml, key);
	lk_yaml_string(yaml, value);
}

void lk_export_number(struct lk_yaml_writer *yaml, const char *key, uint64_t number);
void lk_export_hex(
	struct lk_yaml_writer *yaml, const char *key, const unsigned char *bytes, size_t len);
/* Nothing when the list is empty. */
void lk_export_list(struct lk_yaml_writer *yaml, const char *key, const struct lk_str_list *list);

/* The channel that RECORD is from; NULL for a package that is locked by its address alone. */
const struct lk_channel *lk_export_channel_of(
	const struct lk_lock *lock, const struct lk_record *record);
/* "conda-forge" where every reader makes the same URL of it, else the URL; owned by ARENA. */
lk_str lk_export_channel_name(const struct lk_channel *channel, struct lk_arena *arena);

/* Do name, version and build follow from the last part of the address? */
bool lk_export_name_follows(const struct lk_record *record);

/* One package of one platform; all of the lock's, in an order that does not depend on platforms. */
struct lk_export_entry {
	const struct lk_lock_platform *platform;
	const struct lk_record *record;
};
struct lk_export_entries LK_VEC_OF(struct lk_export_entry);
/* By name, then by platform; the vector is the caller's (lk_vec_done). */
void lk_export_entries(const struct lk_lock *lock, struct lk_export_entries *ret);

/* The end of the document, and of the writer: LK_E_FORMAT when it does not fit. */
int lk_export_finish(struct lk_yaml_writer *yaml, struct lk_error *err) LK_MUST_USE;

#endif
