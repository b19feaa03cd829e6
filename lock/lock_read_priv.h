/*
 * What the files that read a lock share: one struct for a reading, and fields by tables, so that
 * every fault has one place and a position.
 */
#ifndef LK_LOCK_LOCK_READ_PRIV_H
#define LK_LOCK_LOCK_READ_PRIV_H

#include "base/map.h"
#include "base/yaml.h"
#include "lock/lock_rules_priv.h"
#include "lock/lockfile.h"

struct lk_lock_reader {
	const struct lk_yaml_doc *doc;
	const char *name; /* of the file */
	const struct lk_report *report;
	bool quick; /* the tree is of lk_yaml_block_parse: whatever is odd is an error */
	struct lk_arena *arena; /* for what is read */
	struct lk_lock *lock;
	struct lk_map *channels; /* name to index */
};

struct lk_lock_field;
typedef int lk_lock_field_reader(const struct lk_lock_reader *r, const struct lk_lock_field *field,
	const struct lk_yaml *node, void *slot, struct lk_error *err);

struct lk_lock_field {
	const char *name;
	lk_lock_field_reader *read;
	size_t offset; /* of the slot in the struct that the mapping fills */
	lk_lock_rule *rule;
	bool required;
};

/* NODE's members by the table, in the order of the text; WHAT ("a package") is for messages. */
int lk_lock_read_members(const struct lk_lock_reader *r, const struct lk_yaml *node,
	const struct lk_lock_field *fields, size_t n_fields, void *into, const char *what,
	struct lk_error *err) LK_MUST_USE;

/* A scalar's text, checked; FIELD gives the name for errors and a rule. */
int lk_lock_check_text(const struct lk_lock_reader *r, const struct lk_lock_field *field,
	const struct lk_yaml *node, struct lk_error *err) LK_MUST_USE;
/* Is NODE of KIND? "'FIELD' must be a list" or "a mapping" if not. */
int lk_lock_check_kind(const struct lk_lock_reader *r, const struct lk_lock_field *field,
	const struct lk_yaml *node, enum lk_yaml_kind kind, struct lk_error *err) LK_MUST_USE;

/* Into an lk_str and a struct lk_str_list. */
lk_lock_field_reader lk_lock_read_text;
lk_lock_field_reader lk_lock_read_list;
/* Into packages and n_packages of a struct lk_lock_platform, whose subdir is known; sorted. */
lk_lock_field_reader lk_lock_read_packages;

#endif
