/*
 * What the files of store/ share about the cache: its layers, and the names of entries.
 */
#ifndef LK_STORE_CACHE_PRIV_H
#define LK_STORE_CACHE_PRIV_H

#include "store/cache.h"

/* One place that archives and trees lie in. */
struct lk_layer {
	char *path;                   /* absolute; owned */
	int fd, archives, trees, tmp; /* owned; -1: not there */
	mode_t dir_mode;              /* of folders in it: those of a group share are its group's */
	bool foreign;                 /* archives lie as other tools keep them (lk_import_open) */
	struct lk_bundle *bundle;     /* instead of a folder; owned */
};

struct lk_cache {
	struct lk_layer layers[LK_CACHE_MAX_LAYERS]; /* in the order in which they are asked */
	size_t n_layers;
	bool writable; /* the first is */
	char *names;   /* their paths, joined by colons; owned */
};

/* Opens the folder PATH, making it and its parts with CREATE. LK_E_NOT_FOUND when it is no cache;
 * nothing is open then. */
int lk_layer_open(
	const char *path, bool create, struct lk_layer *ret, struct lk_error *err) LK_MUST_USE;
/* Any folder, for its archives alone. LK_E_NOT_FOUND. */
int lk_layer_open_folder(const char *path, struct lk_layer *ret, struct lk_error *err) LK_MUST_USE;
void lk_layer_done(struct lk_layer *layer);
/* Makes the folder PATH and those above it in the layer, where missing, as shared as its own. */
int lk_layer_mkdir(
	const struct lk_layer *layer, const char *path, struct lk_error *err) LK_MUST_USE;

/* RECORD (checked) must be there with the right size: else LK_E_NOT_FOUND. Not hashed here. */
int lk_layer_open_archive(const struct lk_layer *layer, const struct lk_record *record,
	struct lk_blob *ret, struct lk_error *err) LK_MUST_USE;
/* The same wherever other tools keep it below the folder DIR, which is named FROM; where several
 * places have one, that with the right bytes. LK_E_INTEGRITY when all have another size. */
int lk_import_open(int dir, const char *from, const struct lk_record *record, struct lk_blob *ret,
	struct lk_error *err) LK_MUST_USE;

/* Adds to an error of what may be another user's entry in a shared folder how to do without it. */
void lk_cache_hint_others(const struct lk_cache *cache, struct lk_error *err);

/* "<STEM>-<sha256 of RECORD>", at most NAME_MAX bytes, appended to BUF. */
void lk_cache_entry_name(lk_str stem, const struct lk_record *record, struct lk_buf *buf);

/* The tree's name in trees/ for RECORD, appended to BUF. */
void lk_cache_tree_name(const struct lk_record *record, struct lk_buf *buf);

/* What the NAME of an entry says. False when it is none that lk_cache_entry_name makes. */
bool lk_cache_split_name(lk_str name, lk_str *ret_stem, struct lk_sha256 *ret);

/* Can RECORD name an entry: a plain file name and a sha256? LK_E_INTEGRITY. */
int lk_cache_check_record(const struct lk_record *record, struct lk_error *err) LK_MUST_USE;

#endif
