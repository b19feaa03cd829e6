/*
 * What the readers of other tools' lock files share: a file becomes channels and platforms with
 * records; import_lock.c makes the lock of them.
 */
#ifndef LK_LOCK_IMPORT_PRIV_H
#define LK_LOCK_IMPORT_PRIV_H

#include "base/map.h"
#include "base/yaml.h"
#include "lock/import_lock.h"

/* What no real file has; more would only cost time. */
#define LK_IMPORT_MAX_CHANNELS 100
#define LK_IMPORT_MAX_PLATFORMS 100
#define LK_IMPORT_MAX_SAME_ADDRESS 100

struct lk_import_package {
	struct lk_record record; /* `channel` is a URL until import_lock.c knows the names */
	const struct lk_yaml *node;
};

struct lk_import_platform {
	lk_str name; /* as the file has it */
	lk_str subdir;
	struct LK_VEC_OF(struct lk_import_package) packages;
	bool states_virtuals;
	struct lk_virtuals virtuals; /* what the file states, sorted by name */
};

struct lk_import_file {
	struct lk_yaml_doc doc;
	struct lk_arena arena; /* everything that is made from the document */
	const char *name;
	const struct lk_import_options *options;
	const struct lk_report *report;
	struct lk_channels
		channels; /* in the order of priority; those that only packages name last */
	lk_str priority;  /* as in a lock; empty: strict */
	lk_str exclude_newer;
	struct LK_VEC_OF(struct lk_import_platform) platforms;
	struct lk_strs pip;
	struct lk_map pip_index;
};

/* Fill everything but doc from the document, whose root is a mapping. VERSION is that of the file.
 */
int lk_import_read_pixi(struct lk_import_file *f, uint64_t version, struct lk_error *err);
int lk_import_read_conda_lock(struct lk_import_file *f, uint64_t version, struct lk_error *err);

/* The member KEY of NODE, which must be text; an empty view when it is absent or null. */
int lk_import_text(const struct lk_import_file *f, const struct lk_yaml *node, const char *key,
	lk_str *ret, struct lk_error *err) LK_MUST_USE;
/* The same, which must be there. */
int lk_import_needed(const struct lk_import_file *f, const struct lk_yaml *node, const char *key,
	lk_str *ret, struct lk_error *err) LK_MUST_USE;
/* The member KEY of NODE as specs: a list of them, or a mapping of names to constraints. */
int lk_import_specs(struct lk_import_file *f, const struct lk_yaml *node, const char *key,
	struct lk_str_list *ret, struct lk_error *err) LK_MUST_USE;
/* sha256 and md5, where NODE has them, into RECORD. */
int lk_import_hashes(const struct lk_import_file *f, const struct lk_yaml *node,
	struct lk_record *record, struct lk_error *err) LK_MUST_USE;

/* Resolves what the file calls a channel at NODE. */
int lk_import_resolve_channel(struct lk_import_file *f, const struct lk_yaml *node,
	lk_str reference, struct lk_channel *ret, struct lk_error *err) LK_MUST_USE;
/* Makes it one of the file's channels, if it is not yet. */
int lk_import_keep_channel(struct lk_import_file *f, const struct lk_yaml *node,
	const struct lk_channel *channel, struct lk_error *err) LK_MUST_USE;
/* Both. */
int lk_import_channel(struct lk_import_file *f, const struct lk_yaml *node, lk_str reference,
	struct lk_error *err) LK_MUST_USE;
/* Fills url, fn, channel, subdir, name, version and build of RECORD from the archive's ADDRESS,
 * which stands at NODE. LK_E_FORMAT for one that is no address of an archive. */
int lk_import_address(struct lk_import_file *f, const struct lk_yaml *node, lk_str address,
	struct lk_record *record, struct lk_error *err) LK_MUST_USE;

/* Is the platform wanted that the file calls NAME? NAMES has a member for each platform of the
 * file, or is NULL where these are subdirs: a subdir asks for a platform of another name only when
 * none is called so itself. */
bool lk_import_wants(
	struct lk_import_file *f, const struct lk_yaml *names, lk_str name, lk_str subdir);
/* A platform of the file. LK_E_FORMAT at NODE for what is no subdir. */
int lk_import_add_platform(struct lk_import_file *f, const struct lk_yaml *node, lk_str name,
	lk_str subdir, struct lk_import_platform **ret, struct lk_error *err) LK_MUST_USE;

/* A package that is built from source, so that there is no archive; a package of PyPI: told and
 * left out, or LK_E_FORMAT. */
int lk_import_leave_source(struct lk_import_file *f, const struct lk_yaml *node, lk_str what,
	struct lk_error *err) LK_MUST_USE;
int lk_import_leave_to_pip(struct lk_import_file *f, const struct lk_yaml *node, lk_str what,
	struct lk_error *err) LK_MUST_USE;

/* Names that nothing else needs, and enough of the rest that every package is needed: what stands
 * for the specs of a lock that came without. Owned by ARENA. */
struct lk_str_list lk_import_guess_specs(
	const struct lk_lock_platform *platform, struct lk_arena *arena);

#endif
