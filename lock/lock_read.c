/*
 * env.lock to a value (docs/lockfile.md), strictly: each mapping has a table of its fields, each
 * field a reader, so that every fault has one place and a position. Works on the tree of base/yaml,
 * whose arena becomes the lock's: texts are not copied.
 */
#include "lock/lockfile.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/yaml.h"
#include "lock/lock_conflict_priv.h"
#include "lock/lock_rules_priv.h"

struct reader {
	struct lk_yaml_doc doc;
	const char *name; /* of the file */
	const struct lk_report *report;
	struct lk_lock *lock;
	struct lk_map channels; /* name to index */
};

struct field;
typedef int field_reader(struct reader *r, const struct field *field, const struct lk_yaml *node,
	void *slot, struct lk_error *err);

struct field {
	const char *name;
	field_reader *read;
	size_t offset; /* of the slot in the struct that the mapping fills */
	lk_lock_rule *rule;
	bool required;
};

/* A package before its origin is understood. */
struct raw_package {
	struct lk_record record;
	lk_str from, url;
	const struct lk_yaml *node, *from_node;
};

struct raw_packages {
	struct raw_package *items;
	size_t n;
};

struct raw_platform {
	struct lk_lock_platform platform;
	const struct lk_yaml *node, *depends_node, *constrains_node; /* of `requires` */
	struct raw_packages packages;
};

static void reader_done(struct reader *r)
{
	lk_map_done(&r->channels);
	lk_yaml_doc_done(&r->doc);
}

static int read_members(struct reader *r, const struct lk_yaml *node, const struct field *fields,
	size_t n_fields, void *into, const char *what, struct lk_error *err)
{
	if (node->kind != LK_YAML_MAPPING) {
		return lk_yaml_fail(&r->doc, node, err, "%s must be a mapping of fields", what);
	}
	uint32_t seen = 0;
	for (const struct lk_yaml *member = node->first; member; member = member->next) {
		size_t i = 0;
		while (i < n_fields && !lk_str_is(member->key, fields[i].name)) {
			i++;
		}
		if (i == n_fields) {
			lk_warn(r->report, "%s:%u: unknown field '" LK_STR_FMT "' of %s is ignored",
				r->name, member->key_line, LK_STR_ARG(member->key), what);
			continue;
		}
		seen |= (uint32_t)1 << i;
		int rc =
			fields[i].read(r, &fields[i], member, (char *)into + fields[i].offset, err);
		if (rc < 0) {
			return rc;
		}
	}
	for (size_t i = 0; i < n_fields; i++) {
		if (fields[i].required && !(seen & (uint32_t)1 << i)) {
			return lk_yaml_fail(
				&r->doc, node, err, "%s has no field '%s'", what, fields[i].name);
		}
	}
	return 0;
}

/* Neither the text nor its line may be shown. */
static int refuse_credentials(struct reader *r, const struct field *field,
	const struct lk_yaml *node, struct lk_error *err)
{
	int rc = lk_fail_at(
		err, r->name, node->line, node->column, "'%s' holds credentials", field->name);
	lk_error_hint(
		err, "take them out of the lock, and change them: whoever saw the file has them");
	return rc;
}

/* A scalar's text, checked; FIELD gives the name for errors and a rule. */
static int check_text(struct reader *r, const struct field *field, const struct lk_yaml *node,
	struct lk_error *err)
{
	if (node->kind != LK_YAML_SCALAR) {
		return lk_yaml_fail(&r->doc, node, err, "'%s' must be text", field->name);
	}
	if (lk_lock_holds_credentials(node->text)) {
		return refuse_credentials(r, field, node, err);
	}
	const char *wrong = lk_lock_wrong_text(node->text);
	if (!wrong && field->rule) {
		wrong = field->rule(node->text);
	}
	if (wrong) {
		return lk_yaml_fail(&r->doc, node, err, "%s '" LK_STR_FMT "' %s", field->name,
			LK_STR_ARG(node->text), wrong);
	}
	return 0;
}

static int read_text(struct reader *r, const struct field *field, const struct lk_yaml *node,
	void *slot, struct lk_error *err)
{
	int rc = check_text(r, field, node, err);
	if (rc == 0) {
		*(lk_str *)slot = node->text;
	}
	return rc;
}

static int read_list(struct reader *r, const struct field *field, const struct lk_yaml *node,
	void *slot, struct lk_error *err)
{
	if (node->kind != LK_YAML_SEQUENCE) {
		return lk_yaml_fail(&r->doc, node, err, "'%s' must be a list", field->name);
	}
	struct lk_str_list list = {NULL, node->n_children};
	if (list.n > 0) {
		lk_str *items = lk_arena_calloc(&r->doc.arena, list.n, sizeof(*items));
		size_t i = 0;
		for (const struct lk_yaml *item = node->first; item; item = item->next) {
			int rc = read_text(r, field, item, &items[i++], err);
			if (rc < 0) {
				return rc;
			}
		}
		list.items = items;
	}
	*(struct lk_str_list *)slot = list;
	return 0;
}

/* A digest's hex digits into OUT. */
static int read_hex(struct reader *r, const struct field *field, const struct lk_yaml *node,
	unsigned char *out, size_t len, struct lk_error *err)
{
	if (node->kind != LK_YAML_SCALAR || !lk_unhex(node->text, out, len)) {
		return lk_yaml_fail(&r->doc, node, err, "'%s' must be %zu hexadecimal digits",
			field->name, 2 * len);
	}
	return 0;
}

static int read_sha256(struct reader *r, const struct field *field, const struct lk_yaml *node,
	void *slot, struct lk_error *err)
{
	struct lk_record *record = slot;
	record->has_sha256 = true;
	return read_hex(r, field, node, record->sha256.bytes, sizeof(record->sha256.bytes), err);
}

static int read_md5(struct reader *r, const struct field *field, const struct lk_yaml *node,
	void *slot, struct lk_error *err)
{
	struct lk_record *record = slot;
	record->has_md5 = true;
	return read_hex(r, field, node, record->md5.bytes, sizeof(record->md5.bytes), err);
}

static int read_size(struct reader *r, const struct field *field, const struct lk_yaml *node,
	void *slot, struct lk_error *err)
{
	struct lk_record *record = slot;
	if (node->kind != LK_YAML_SCALAR || node->quoted ||
		!lk_str_to_u64(node->text, &record->size) || record->size > LK_LOCK_MAX_SIZE) {
		return lk_yaml_fail(&r->doc, node, err,
			"'%s' must be a whole number of bytes, at most 2^44", field->name);
	}
	record->has_size = true;
	return 0;
}

static int read_from(struct reader *r, const struct field *field, const struct lk_yaml *node,
	void *slot, struct lk_error *err)
{
	struct raw_package *package = slot;
	package->from_node = node;
	return read_text(r, field, node, &package->from, err);
}

static int read_package(struct reader *r, const struct lk_yaml *node, struct raw_package *package,
	struct lk_error *err)
{
#define RECORD(member) (offsetof(struct raw_package, record) + offsetof(struct lk_record, member))
	static const struct field fields[] = {
		{"name", read_text, RECORD(name), lk_lock_wrong_name, true},
		{"version", read_text, RECORD(version), lk_lock_wrong_version, true},
		{"build", read_text, RECORD(build), lk_lock_wrong_build, true},
		{"from", read_from, 0, NULL, true},
		{"url", read_text, offsetof(struct raw_package, url), lk_lock_wrong_url, false},
		{"sha256", read_sha256, offsetof(struct raw_package, record), NULL, true},
		{"md5", read_md5, offsetof(struct raw_package, record), NULL, false},
		{"size", read_size, offsetof(struct raw_package, record), NULL, false},
		{"license", read_text, RECORD(license), NULL, false},
		{"extras", read_list, RECORD(active_extras), NULL, false},
		{"depends", read_list, RECORD(depends), NULL, false},
		{"constrains", read_list, RECORD(constrains), NULL, false},
	};
#undef RECORD
	package->node = node;
	return read_members(r, node, fields, LK_COUNTOF(fields), package, "a package", err);
}

static int read_packages(struct reader *r, const struct field *field, const struct lk_yaml *node,
	void *slot, struct lk_error *err)
{
	struct raw_packages *packages = slot;
	if (node->kind != LK_YAML_SEQUENCE) {
		return lk_yaml_fail(&r->doc, node, err, "'%s' must be a list", field->name);
	}
	packages->items = lk_calloc(node->n_children, sizeof(*packages->items));
	for (const struct lk_yaml *item = node->first; item; item = item->next) {
		int rc = read_package(r, item, &packages->items[packages->n++], err);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

static int refuse_file(struct reader *r, const struct raw_package *package, struct lk_error *err)
{
	const struct lk_record *record = &package->record;
	int rc = lk_yaml_fail(&r->doc, package->from_node, err,
		"file '" LK_STR_FMT "' is not that of " LK_STR_FMT " " LK_STR_FMT " " LK_STR_FMT,
		LK_STR_ARG(record->fn), LK_STR_ARG(record->name), LK_STR_ARG(record->version),
		LK_STR_ARG(record->build));
	lk_error_hint(err,
		"lock again with lockenv solve; only a package that has a 'url' may have another "
		"file name than NAME-VERSION-BUILD");
	return rc;
}

/* CHANNEL/subdir/file, and the address that follows from it. */
static int place_package(struct reader *r, const struct lk_lock_platform *platform,
	struct raw_package *package, struct lk_error *err)
{
	struct lk_record *record = &package->record;
	size_t slash = lk_str_rfind_char(package->from, '/');
	lk_str rest = lk_str_slice(package->from, 0, slash == SIZE_MAX ? 0 : slash);
	size_t before = lk_str_rfind_char(rest, '/');
	if (before == SIZE_MAX) {
		return lk_yaml_fail(&r->doc, package->from_node, err,
			"from '" LK_STR_FMT "' is not CHANNEL/SUBDIR/FILE",
			LK_STR_ARG(package->from));
	}
	record->fn = lk_str_skip(package->from, slash + 1);
	record->subdir = lk_str_skip(rest, before + 1);
	record->channel = lk_str_slice(rest, 0, before);
	const char *wrong = lk_lock_wrong_file(record->fn);
	if (wrong) {
		return lk_yaml_fail(&r->doc, package->from_node, err, "file '" LK_STR_FMT "' %s",
			LK_STR_ARG(record->fn), wrong);
	}
	if (!lk_str_eq(record->subdir, platform->subdir) && !lk_str_is(record->subdir, "noarch")) {
		return lk_yaml_fail(&r->doc, package->from_node, err,
			"subdir '" LK_STR_FMT "' is neither '" LK_STR_FMT "' nor noarch",
			LK_STR_ARG(record->subdir), LK_STR_ARG(platform->subdir));
	}
	wrong = lk_lock_wrong_channel_name(record->channel);
	if (wrong) {
		return lk_yaml_fail(&r->doc, package->from_node, err, "channel '" LK_STR_FMT "' %s",
			LK_STR_ARG(record->channel), wrong);
	}
	if (package->url.len > 0) {
		record->url = package->url;
		return 0;
	}
	if (!lk_lock_file_follows(record)) {
		return refuse_file(r, package, err);
	}
	uint32_t channel = lk_map_get(&r->channels, record->channel);
	if (channel == LK_MAP_NONE) {
		return lk_yaml_fail(&r->doc, package->from_node, err,
			"channel '" LK_STR_FMT "' is not among the lock's channels",
			LK_STR_ARG(record->channel));
	}
	record->url = lk_lock_derived_url(r->lock->channels[channel].url, record, &r->doc.arena);
	return 0;
}

static int by_name_and_line(const void *a, const void *b)
{
	const struct raw_package *left = a;
	const struct raw_package *right = b;
	int order = lk_str_cmp(left->record.name, right->record.name);
	return order != 0 ? order : (left->node->line < right->node->line ? -1 : 1);
}

static int place_packages(struct reader *r, struct raw_platform *raw, struct lk_error *err)
{
	size_t n = raw->packages.n;
	struct raw_package *packages = raw->packages.items;
	for (size_t i = 1; i < n; i++) {
		if (lk_str_cmp(packages[i - 1].record.name, packages[i].record.name) >= 0) {
			qsort(packages, n, sizeof(*packages), by_name_and_line);
			break;
		}
	}
	struct lk_record *records = lk_arena_calloc(&r->doc.arena, n, sizeof(*records));
	for (size_t i = 0; i < n; i++) {
		const struct lk_record *record = &packages[i].record;
		if (i > 0 && lk_str_eq(packages[i - 1].record.name, record->name)) {
			return lk_yaml_fail(&r->doc, packages[i].node, err,
				"package '" LK_STR_FMT "' stands twice, first on line %u",
				LK_STR_ARG(record->name), packages[i - 1].node->line);
		}
		int rc = place_package(r, &raw->platform, &packages[i], err);
		if (rc < 0) {
			return rc;
		}
		records[i] = *record;
	}
	raw->platform.packages = records;
	raw->platform.n_packages = n;
	return 0;
}

static int requires_differ(struct reader *r, const struct lk_yaml *node, struct lk_error *err,
	const char *fault, lk_str spec)
{
	int rc = lk_yaml_fail(
		&r->doc, node, err, "'requires' %s '" LK_STR_FMT "'", fault, LK_STR_ARG(spec));
	lk_error_hint(err,
		"it is computed from the packages and not meant to be edited: lock again "
		"with lockenv solve");
	return rc;
}

/* The list under `requires` against what the packages say; both sorted. */
static int check_requires(struct reader *r, const struct lk_yaml *list, const struct lk_yaml *home,
	const struct lk_str_list *computed, struct lk_error *err)
{
	const struct lk_yaml *item = list ? list->first : NULL;
	for (size_t i = 0; item || i < computed->n; i++) {
		int order = !item          ? 1
			: i >= computed->n ? -1
					   : lk_str_cmp(item->text, computed->items[i]);
		if (order < 0) {
			return requires_differ(r, item, err,
				"holds, out of place or without a package that says so,",
				item->text);
		}
		if (order > 0) {
			return requires_differ(
				r, item ? item : home, err, "lacks", computed->items[i]);
		}
		item = item->next;
	}
	return 0;
}

static int read_requires(struct reader *r, const struct field *field, const struct lk_yaml *node,
	void *slot, struct lk_error *err)
{
	struct raw_platform *raw = slot;
	static const struct field fields[] = {
		{"depends", read_list, offsetof(struct lk_lock_platform, requires_depends), NULL,
			false},
		{"constrains", read_list, offsetof(struct lk_lock_platform, requires_constrains),
			NULL, false},
	};
	raw->depends_node = lk_yaml_get(node, "depends");
	raw->constrains_node = lk_yaml_get(node, "constrains");
	return read_members(r, node, fields, LK_COUNTOF(fields), &raw->platform, field->name, err);
}

static int by_virtual_name(const void *a, const void *b)
{
	const struct lk_virtual *left = a;
	const struct lk_virtual *right = b;
	return lk_str_cmp(left->name, right->name);
}

static int read_solved_with(struct reader *r, const struct field *field, const struct lk_yaml *node,
	void *slot, struct lk_error *err)
{
	static const struct field value = {"virtual package", NULL, 0, NULL, false};
	struct lk_virtuals virtuals = {0};
	if (node->kind != LK_YAML_MAPPING) {
		return lk_yaml_fail(&r->doc, node, err, "'%s' must be a mapping", field->name);
	}
	virtuals.items = lk_arena_calloc(&r->doc.arena, node->n_children, sizeof(*virtuals.items));
	virtuals.cap = node->n_children;
	for (const struct lk_yaml *member = node->first; member; member = member->next) {
		int rc = check_text(r, &value, member, err);
		if (rc < 0) {
			return rc;
		}
		size_t equals = lk_str_find_char(member->text, '=');
		const char *wrong = lk_lock_wrong_virtual_name(member->key);
		if (wrong || equals == SIZE_MAX || equals == 0) {
			return lk_yaml_fail(&r->doc, member, err,
				"'" LK_STR_FMT ": " LK_STR_FMT
				"' is not a virtual package such as '__glibc: 2.28=0'",
				LK_STR_ARG(member->key), LK_STR_ARG(member->text));
		}
		virtuals.items[virtuals.len++] =
			(struct lk_virtual){member->key, lk_str_slice(member->text, 0, equals),
				lk_str_skip(member->text, equals + 1)};
	}
	if (virtuals.len > 0) {
		qsort(virtuals.items, virtuals.len, sizeof(*virtuals.items), by_virtual_name);
	}
	*(struct lk_virtuals *)slot = virtuals;
	return 0;
}

static int read_platform_members(struct reader *r, const struct lk_yaml *node,
	struct raw_platform *raw, struct lk_error *err)
{
#define PLATFORM(member)                                                                           \
	(offsetof(struct raw_platform, platform) + offsetof(struct lk_lock_platform, member))
	static const struct field fields[] = {
		{"specs", read_list, PLATFORM(specs), NULL, true},
		{"pins", read_list, PLATFORM(pins), NULL, false},
		{"solved-with", read_solved_with, PLATFORM(solved_with), NULL, true},
		{"requires", read_requires, 0, NULL, false},
		{"packages", read_packages, offsetof(struct raw_platform, packages), NULL, true},
	};
#undef PLATFORM
	int rc = read_members(r, node, fields, LK_COUNTOF(fields), raw, "a platform", err);
	if (rc == 0) {
		rc = place_packages(r, raw, err);
	}
	if (rc < 0) {
		return rc;
	}
	lk_lock_requires(&raw->platform, &r->doc.arena);
	rc = check_requires(r, raw->depends_node, node, &raw->platform.requires_depends, err);
	if (rc == 0) {
		rc = check_requires(
			r, raw->constrains_node, node, &raw->platform.requires_constrains, err);
	}
	return rc;
}

static int by_subdir(const void *a, const void *b)
{
	const struct lk_lock_platform *left = a;
	const struct lk_lock_platform *right = b;
	return lk_str_cmp(left->subdir, right->subdir);
}

static int read_platforms(struct reader *r, const struct field *field, const struct lk_yaml *node,
	void *slot, struct lk_error *err)
{
	struct lk_lock *lock = slot;
	if (node->kind != LK_YAML_MAPPING) {
		return lk_yaml_fail(&r->doc, node, err, "'%s' must be a mapping", field->name);
	}
	lock->platforms =
		lk_arena_calloc(&r->doc.arena, node->n_children, sizeof(*lock->platforms));
	for (const struct lk_yaml *member = node->first; member; member = member->next) {
		const char *wrong = lk_lock_wrong_platform(member->key);
		if (wrong) {
			return lk_fail_at(err, r->name, member->key_line, member->key_column,
				"'" LK_STR_FMT "' %s", LK_STR_ARG(member->key), wrong);
		}
		struct raw_platform raw = {.platform = {.subdir = member->key}};
		int rc = read_platform_members(r, member, &raw, err);
		lk_free(raw.packages.items);
		if (rc < 0) {
			return rc;
		}
		lock->platforms[lock->n_platforms++] = raw.platform;
	}
	if (lock->n_platforms > 0) {
		qsort(lock->platforms, lock->n_platforms, sizeof(*lock->platforms), by_subdir);
	}
	return 0;
}

static int read_channel(struct reader *r, const struct lk_yaml *node, struct lk_channel *channel,
	struct lk_error *err)
{
	static const struct field fields[] = {
		{"name", read_text, offsetof(struct lk_channel, name), lk_lock_wrong_channel_name,
			true},
		{"url", read_text, offsetof(struct lk_channel, url), lk_lock_wrong_url, true},
	};
	int rc = read_members(r, node, fields, LK_COUNTOF(fields), channel, "a channel", err);
	channel->auth_url = channel->url;
	return rc;
}

static int read_channels(struct reader *r, const struct field *field, const struct lk_yaml *node,
	void *slot, struct lk_error *err)
{
	struct lk_lock *lock = slot;
	if (node->kind != LK_YAML_SEQUENCE) {
		return lk_yaml_fail(&r->doc, node, err, "'%s' must be a list", field->name);
	}
	lock->channels = lk_arena_calloc(&r->doc.arena, node->n_children, sizeof(*lock->channels));
	for (const struct lk_yaml *item = node->first; item; item = item->next) {
		uint32_t index = (uint32_t)lock->n_channels;
		struct lk_channel *channel = &lock->channels[lock->n_channels++];
		int rc = read_channel(r, item, channel, err);
		if (rc < 0) {
			return rc;
		}
		if (lk_map_add(&r->channels, channel->name, index) != index) {
			return lk_yaml_fail(&r->doc, item, err,
				"channel '" LK_STR_FMT "' stands twice", LK_STR_ARG(channel->name));
		}
	}
	return 0;
}

static int read_variables(struct reader *r, const struct field *field, const struct lk_yaml *node,
	void *slot, struct lk_error *err)
{
	struct lk_lock *lock = slot;
	if (node->kind != LK_YAML_MAPPING) {
		return lk_yaml_fail(&r->doc, node, err, "'%s' must be a mapping", field->name);
	}
	lock->variables =
		lk_arena_calloc(&r->doc.arena, node->n_children, sizeof(*lock->variables));
	for (const struct lk_yaml *member = node->first; member; member = member->next) {
		struct lk_lock_variable *variable = &lock->variables[lock->n_variables++];
		variable->name = member->key;
		if (lk_lock_wrong_text(member->key)) {
			return lk_fail_at(err, r->name, member->key_line, member->key_column,
				"the name of a variable holds a control character");
		}
		int rc = read_text(r, field, member, &variable->value, err);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

/* Known to be right: check_version came first. */
static int skip_field(struct reader *r, const struct field *field, const struct lk_yaml *node,
	void *slot, struct lk_error *err)
{
	(void)r, (void)field, (void)node, (void)slot, (void)err;
	return 0;
}

static int check_version(struct reader *r, struct lk_error *err)
{
	const struct lk_yaml *root = r->doc.root;
	const struct lk_yaml *node = lk_yaml_get(root, "version");
	if (!node) {
		int rc = lk_yaml_fail(
			&r->doc, root, err, "not a lock file: it has no field 'version'");
		lk_error_hint(err, "a lock is made by: lockenv solve");
		return rc;
	}
	uint64_t version;
	if (node->kind != LK_YAML_SCALAR || node->quoted || !lk_str_to_u64(node->text, &version)) {
		return lk_yaml_fail(&r->doc, node, err, "'version' must be a whole number");
	}
	if (version != LK_LOCK_VERSION) {
		int rc = lk_yaml_fail(&r->doc, node, err,
			"lock format version " LK_STR_FMT
			" is not known: this lockenv reads version %d",
			LK_STR_ARG(node->text), LK_LOCK_VERSION);
		lk_error_hint(err, "a newer lockenv made it: upgrade, or lock again with this one");
		return rc;
	}
	return 0;
}

static int read_root(struct reader *r, struct lk_error *err)
{
	/* channels stands before platforms here as in the file: packages look their channel up. */
	static const struct field header[] = {
		{"version", skip_field, 0, NULL, true},
		{"channels", read_channels, 0, NULL, true},
		{"channel-priority", read_text, offsetof(struct lk_lock, channel_priority),
			lk_lock_wrong_priority, true},
		{"exclude-newer", read_text, offsetof(struct lk_lock, exclude_newer),
			lk_lock_wrong_instant, false},
		{"variables", read_variables, 0, NULL, false},
		{"platforms", skip_field, 0, NULL, true},
	};
	static const struct field platforms = {"platforms", NULL, 0, NULL, true};
	int rc = check_version(r, err);
	if (rc == 0) {
		rc = read_members(
			r, r->doc.root, header, LK_COUNTOF(header), r->lock, "a lock", err);
	}
	if (rc == 0) {
		rc = read_platforms(
			r, &platforms, lk_yaml_get(r->doc.root, "platforms"), r->lock, err);
	}
	return rc;
}

int lk_lock_parse(lk_str source, const char *name, const struct lk_report *report,
	struct lk_lock *ret, struct lk_error *err)
{
	static const struct lk_yaml_limits limits = {LK_LOCK_MAX_BYTES, LK_LOCK_MAX_DEPTH, 0};
	int rc = lk_lock_refuse_conflict(source, name, err);
	if (rc < 0) {
		return rc;
	}
	struct lk_lock lock = {0};
	struct reader LK_CLEANUP(reader_done) r = {.name = name, .report = report, .lock = &lock};
	rc = lk_yaml_parse(source, name, &limits, &r.doc, err);
	if (rc == 0) {
		rc = read_root(&r, err);
	}
	if (rc < 0) {
		return rc;
	}
	lock.file = lk_str_dup(&r.doc.arena, lk_str_of(name));
	lock.arena = r.doc.arena;
	r.doc.arena = (struct lk_arena){0};
	*ret = lock;
	return 0;
}
