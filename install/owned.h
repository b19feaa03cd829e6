/*
 * Which paths of a prefix belong to its packages, and which are somebody else's ("foreign").
 *
 * A path belongs when a record names it; so do the directories above it ("implied"), and the
 * compiled forms of sources that belong. Records, history and state file of conda-meta are
 * lockenv's.
 */
#ifndef LK_INSTALL_OWNED_H
#define LK_INSTALL_OWNED_H

#include "base/map.h"
#include "install/plan.h"

enum lk_owned_kind {
	LK_OWNED_NOT,
	LK_OWNED_IMPLIED, /* a directory above something that belongs */
	LK_OWNED_PATH,
};

/* Borrows the records. */
struct lk_owned {
	struct lk_map map;
	struct LK_VEC_OF(const struct lk_prefix_path *) paths;
};

void lk_owned_load(struct lk_owned *owned, const struct lk_prefix_records *have);
void lk_owned_done(struct lk_owned *owned);

/* *RET_PATH (may be NULL): what the record says of a LK_OWNED_PATH, NULL where it tells no more
 * than the name. */
enum lk_owned_kind lk_owned_find(
	const struct lk_owned *owned, lk_str path, const struct lk_prefix_path **ret_path);
/* Is NAME in DIR the compiled form of a source that belongs: in a __pycache__, or beside it, as
 * python 2 puts them? */
bool lk_owned_derives(const struct lk_owned *owned, lk_str dir, lk_str name);
/* Is NAME in DIR a record, the history, or a file of ours that lies in a prefix: conda-meta's state
 * file, or a working folder of lk_site? DIR is empty for the prefix itself. */
bool lk_owned_is_state(lk_str dir, lk_str name);

#endif
