/*
 * The packages of a platform of a lock: each read, put in its place and left behind, so that only
 * one of them need be a tree at a time.
 */
#include "lock/lock_read_priv.h"

#include <stdlib.h>

/* A package before its origin is understood. */
struct raw_package {
	struct lk_record record;
	lk_str from, url;
	const struct lk_yaml *from_node;
};

/* Where a package stands in the text. */
struct entry {
	const struct lk_record *record;
	unsigned line;
	unsigned column;
};

/* A digest's hex digits into OUT. */
static int read_hex(const struct lk_lock_reader *r, const struct lk_lock_field *field,
	const struct lk_yaml *node, unsigned char *out, size_t len, struct lk_error *err)
{
	if (node->kind != LK_YAML_SCALAR || !lk_unhex(node->text, out, len)) {
		return lk_yaml_fail(r->doc, node, err, "'%s' must be %zu hexadecimal digits",
			field->name, 2 * len);
	}
	return 0;
}

static int read_sha256(const struct lk_lock_reader *r, const struct lk_lock_field *field,
	const struct lk_yaml *node, void *slot, struct lk_error *err)
{
	struct lk_record *record = slot;
	record->has_sha256 = true;
	return read_hex(r, field, node, record->sha256.bytes, sizeof(record->sha256.bytes), err);
}

static int read_md5(const struct lk_lock_reader *r, const struct lk_lock_field *field,
	const struct lk_yaml *node, void *slot, struct lk_error *err)
{
	struct lk_record *record = slot;
	record->has_md5 = true;
	return read_hex(r, field, node, record->md5.bytes, sizeof(record->md5.bytes), err);
}

static int read_size(const struct lk_lock_reader *r, const struct lk_lock_field *field,
	const struct lk_yaml *node, void *slot, struct lk_error *err)
{
	struct lk_record *record = slot;
	if (node->kind != LK_YAML_SCALAR || node->quoted ||
		!lk_str_to_u64(node->text, &record->size) || record->size > LK_LOCK_MAX_SIZE) {
		return lk_yaml_fail(r->doc, node, err,
			"'%s' must be a whole number of bytes, at most 2^44", field->name);
	}
	record->has_size = true;
	return 0;
}

static int read_from(const struct lk_lock_reader *r, const struct lk_lock_field *field,
	const struct lk_yaml *node, void *slot, struct lk_error *err)
{
	struct raw_package *package = slot;
	package->from_node = node;
	return lk_lock_read_text(r, field, node, &package->from, err);
}

static int read_package(const struct lk_lock_reader *r, const struct lk_yaml *node,
	struct raw_package *package, struct lk_error *err)
{
#define RECORD(member) (offsetof(struct raw_package, record) + offsetof(struct lk_record, member))
	static const struct lk_lock_field fields[] = {
		{"name", lk_lock_read_text, RECORD(name), lk_lock_wrong_name, true},
		{"version", lk_lock_read_text, RECORD(version), lk_lock_wrong_version, true},
		{"build", lk_lock_read_text, RECORD(build), lk_lock_wrong_build, true},
		{"from", read_from, 0, NULL, true},
		{"url", lk_lock_read_text, offsetof(struct raw_package, url), lk_lock_wrong_url,
			false},
		{"sha256", read_sha256, offsetof(struct raw_package, record), NULL, true},
		{"md5", read_md5, offsetof(struct raw_package, record), NULL, false},
		{"size", read_size, offsetof(struct raw_package, record), NULL, false},
		{"license", lk_lock_read_text, RECORD(license), NULL, false},
		{"glibc", lk_lock_read_text, RECORD(facts.glibc), lk_lock_wrong_glibc, false},
		{"gpu", lk_lock_read_text, RECORD(facts.gpu), lk_lock_wrong_gpu, false},
		{"extras", lk_lock_read_list, RECORD(active_extras), NULL, false},
		{"depends", lk_lock_read_list, RECORD(depends), NULL, false},
		{"constrains", lk_lock_read_list, RECORD(constrains), NULL, false},
	};
#undef RECORD
	return lk_lock_read_members(r, node, fields, LK_COUNTOF(fields), package, "a package", err);
}

static int refuse_file(
	const struct lk_lock_reader *r, const struct raw_package *package, struct lk_error *err)
{
	const struct lk_record *record = &package->record;
	int rc = lk_yaml_fail(r->doc, package->from_node, err,
		"file '" LK_STR_FMT "' is not that of " LK_STR_FMT " " LK_STR_FMT " " LK_STR_FMT,
		LK_STR_ARG(record->fn), LK_STR_ARG(record->name), LK_STR_ARG(record->version),
		LK_STR_ARG(record->build));
	lk_error_hint(err,
		"lock again with lockenv solve; only a package that has a 'url' may have another "
		"file name than NAME-VERSION-BUILD");
	return rc;
}

/* CHANNEL/SUBDIR/FILE of `from`, each a part that may stand there. */
static int split_from(const struct lk_lock_reader *r, const struct lk_lock_platform *platform,
	struct raw_package *package, struct lk_error *err)
{
	struct lk_record *record = &package->record;
	size_t slash = lk_str_rfind_char(package->from, '/');
	lk_str rest = lk_str_slice(package->from, 0, slash == SIZE_MAX ? 0 : slash);
	size_t before = lk_str_rfind_char(rest, '/');
	if (before == SIZE_MAX) {
		return lk_yaml_fail(r->doc, package->from_node, err,
			"from '" LK_STR_FMT "' is not CHANNEL/SUBDIR/FILE",
			LK_STR_ARG(package->from));
	}
	record->fn = lk_str_skip(package->from, slash + 1);
	record->subdir = lk_str_skip(rest, before + 1);
	record->channel = lk_str_slice(rest, 0, before);
	const char *wrong = lk_lock_wrong_file(record->fn);
	if (wrong) {
		return lk_yaml_fail(r->doc, package->from_node, err, "file '" LK_STR_FMT "' %s",
			LK_STR_ARG(record->fn), wrong);
	}
	if (!lk_str_eq(record->subdir, platform->subdir) && !lk_str_is(record->subdir, "noarch")) {
		return lk_yaml_fail(r->doc, package->from_node, err,
			"subdir '" LK_STR_FMT "' is neither '" LK_STR_FMT "' nor noarch",
			LK_STR_ARG(record->subdir), LK_STR_ARG(platform->subdir));
	}
	return 0;
}

/* Where the package comes from, and the address that follows from it. */
static int place_package(const struct lk_lock_reader *r, const struct lk_lock_platform *platform,
	struct raw_package *package, struct lk_error *err)
{
	struct lk_record *record = &package->record;
	int rc = split_from(r, platform, package, err);
	if (rc < 0) {
		return rc;
	}
	uint32_t channel = lk_map_get(r->channels, record->channel);
	const char *wrong =
		channel == LK_MAP_NONE ? lk_lock_wrong_channel_name(record->channel) : NULL;
	if (wrong) {
		return lk_yaml_fail(r->doc, package->from_node, err, "channel '" LK_STR_FMT "' %s",
			LK_STR_ARG(record->channel), wrong);
	}
	if (package->url.len > 0) {
		record->url = package->url;
		return 0;
	}
	if (!lk_lock_file_follows(record)) {
		return refuse_file(r, package, err);
	}
	if (channel == LK_MAP_NONE) {
		return lk_yaml_fail(r->doc, package->from_node, err,
			"channel '" LK_STR_FMT "' is not among the lock's channels",
			LK_STR_ARG(record->channel));
	}
	record->url = lk_lock_derived_url(r->lock->channels[channel].url, record, r->arena);
	return 0;
}

static int by_name_and_line(const void *a, const void *b)
{
	const struct entry *left = a;
	const struct entry *right = b;
	int order = lk_str_cmp(left->record->name, right->record->name);
	return order != 0 ? order : (left->line < right->line ? -1 : 1);
}

/* RECORDS, beside ENTRIES, in the order of names. */
static const struct lk_record *put_in_order(const struct lk_lock_reader *r,
	const struct lk_record *records, struct entry *entries, size_t n)
{
	size_t i = 1;
	while (i < n && lk_str_cmp(records[i - 1].name, records[i].name) < 0) {
		i++;
	}
	if (i >= n) {
		return records;
	}
	struct lk_record *sorted = lk_arena_calloc(r->arena, n, sizeof(*sorted));
	qsort(entries, n, sizeof(*entries), by_name_and_line);
	for (i = 0; i < n; i++) {
		sorted[i] = *entries[i].record;
	}
	return sorted;
}

static int refuse_twins(const struct lk_lock_reader *r, const struct lk_record *records,
	const struct entry *entries, size_t n, struct lk_error *err)
{
	for (size_t i = 1; i < n; i++) {
		if (lk_str_eq(records[i - 1].name, records[i].name)) {
			const struct lk_yaml at = {
				.line = entries[i].line, .column = entries[i].column};
			return lk_yaml_fail(r->doc, &at, err,
				"package '" LK_STR_FMT "' stands twice, first on line %u",
				LK_STR_ARG(records[i].name), entries[i - 1].line);
		}
	}
	return 0;
}

int lk_lock_read_packages(const struct lk_lock_reader *r, const struct lk_lock_field *field,
	const struct lk_yaml *node, void *slot, struct lk_error *err)
{
	struct lk_lock_platform *platform = slot;
	struct lk_yaml_items items;
	const struct lk_yaml *item;
	int rc = lk_lock_check_kind(r, field, node, LK_YAML_SEQUENCE, err);
	if (rc < 0) {
		return rc;
	}
	struct entry *LK_AUTO_FREE entries = lk_calloc(node->n_children, sizeof(*entries));
	struct lk_record *records = lk_arena_calloc(r->arena, node->n_children, sizeof(*records));
	size_t n = 0;
	lk_yaml_items_init(&items, node, r->arena);
	while ((rc = lk_yaml_items_next(&items, &item, err)) > 0) {
		struct raw_package package = {0};
		rc = read_package(r, item, &package, err);
		if (rc == 0) {
			rc = place_package(r, platform, &package, err);
		}
		if (rc < 0) {
			return rc;
		}
		records[n] = package.record;
		entries[n] = (struct entry){&records[n], item->line, item->column};
		n++;
	}
	if (rc < 0) {
		return rc;
	}
	platform->packages = put_in_order(r, records, entries, n);
	platform->n_packages = n;
	return refuse_twins(r, platform->packages, entries, n, err);
}
