/*
 * lockenv pack in parts: what the command is given, and what it puts together.
 */
#ifndef LK_CLI_PACKING_H
#define LK_CLI_PACKING_H

#include "cli/app.h"
#include "cli/lock_arg.h"
#include "store/bundle.h"
#include "store/bundle_write.h"

struct lk_pack_options {
	struct lk_args platforms, from, installers, delta;
	const char *output, *volume_size, *sign;
	const char *format, *prefix, *compress; /* of images: cli/pack_image.h */
	bool fetch, no_installer, no_compile, dry_run;
};

/* Where an archive is taken from. */
struct lk_pack_place {
	const char *path;         /* a folder of archives, a cache or a bundle */
	struct lk_bundle *bundle; /* NULL for a folder */
	struct lk_cache *folder;  /* NULL for a bundle */
};

/* Something that goes into the bundle, beside its entry in the manifest. */
struct lk_pack_member {
	struct lk_record record;    /* of an archive */
	const struct lk_lock *lock; /* the first that names the archive */
	const struct lk_buf *text;  /* of a lock */
	const char *file;           /* of a lock or an installer */
	bool found;                 /* an archive: some place has it */
	size_t place;               /* which: 0 is the cache, then --from in their order */
};
struct lk_pack_members LK_VEC_OF(struct lk_pack_member);
struct lk_pack_places LK_VEC_OF(struct lk_pack_place);

struct lk_pack_signing;

struct lk_packing {
	struct lk_app *app;
	const struct lk_pack_options *options;
	struct lk_pack_signing *signing; /* cli/pack_sign.h */
	struct lk_lock_arg *locks;
	size_t n_locks;
	struct lk_cache *cache; /* NULL: there is none */
	struct lk_pack_places places;
	struct lk_manifest_entries entries; /* in any order */
	struct lk_pack_members members;     /* one for each of these */
	struct lk_map by_path;              /* path to index in both */
	struct lk_record_refs missing;      /* neither found nor absent */
};

/* Reads the locks and notes them with the archives of the chosen platforms. LK_E_USAGE for two
 * locks of one name. */
int lk_pack_add_locks(
	struct lk_packing *p, const struct lk_args *locks, struct lk_error *err) LK_MUST_USE;
/* Marks as absent what every --delta-from has. */
int lk_pack_leave_out(struct lk_packing *p, struct lk_error *err) LK_MUST_USE;
/* Notes a lockenv-install for each platform that is packed (docs/bundle.md). */
int lk_pack_add_installers(struct lk_packing *p, struct lk_error *err) LK_MUST_USE;
/* Opens the cache and --from, and looks for each archive there: p->missing. */
int lk_pack_find(struct lk_packing *p, struct lk_error *err) LK_MUST_USE;
/* The same again after a fetch: what was missing. */
int lk_pack_find_missing(struct lk_packing *p, struct lk_error *err) LK_MUST_USE;
/* The source of members (store/bundle_write.h); CTX is the packing. */
int lk_pack_open(void *ctx, const struct lk_manifest_entry *entry, struct lk_bundle_source *ret,
	struct lk_error *err) LK_MUST_USE;
/* PATH as a blob. LK_E_USAGE when there is no such file. */
int lk_pack_open_file(const char *path, struct lk_blob *ret, struct lk_error *err) LK_MUST_USE;
/* ENTRY's bytes were not right (ERR): those of the cache leave it. Returns err->code. */
int lk_pack_set_aside(
	struct lk_packing *p, const struct lk_manifest_entry *entry, struct lk_error *err);
void lk_pack_done(struct lk_packing *p);

/* Puts an entry with its member behind the others; the path's text must live as long. */
void lk_pack_add(struct lk_packing *p, const struct lk_manifest_entry *entry,
	const struct lk_pack_member *member);

#endif
