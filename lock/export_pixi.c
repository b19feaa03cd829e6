/*
 * A lock as pixi.lock version 6 or 7, with one environment.
 *
 * What follows from the address (name, version, build, subdir, channel) is left out, as pixi does;
 * build number and noarch kind, which a lock does not hold, follow from it by pixi's own rule.
 */
#include "lock/export_priv.h"

#include <stdlib.h>

#include "base/fs.h"
#include "base/map.h"

#define ENVIRONMENT "default"

static int by_url(const void *a, const void *b)
{
	const struct lk_export_entry *left = a;
	const struct lk_export_entry *right = b;
	int order = lk_str_cmp(left->record->url, right->record->url);
	return order != 0 ? order : lk_str_cmp(left->platform->subdir, right->platform->subdir);
}

/* "NAME=VERSION" or "NAME=VERSION=BUILD", as pixi writes them. */
static lk_str virtual_text(const struct lk_virtual *v, struct lk_arena *arena)
{
	if (lk_str_is(v->build, "0") && !lk_str_is(v->version, "0")) {
		return lk_str_printf(arena, LK_STR_FMT "=" LK_STR_FMT, LK_STR_ARG(v->name),
			LK_STR_ARG(v->version));
	}
	return lk_str_printf(arena, LK_STR_FMT "=" LK_STR_FMT "=" LK_STR_FMT, LK_STR_ARG(v->name),
		LK_STR_ARG(v->version), LK_STR_ARG(v->build));
}

static void put_platforms(const struct lk_lock *lock, struct lk_yaml_writer *yaml)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	lk_yaml_cstring(yaml, "platforms");
	lk_yaml_sequence(yaml);
	for (size_t i = 0; i < lock->n_platforms; i++) {
		const struct lk_virtuals *virtuals = &lock->platforms[i].solved_with;
		lk_str *texts = lk_arena_calloc(&arena, virtuals->len, sizeof(*texts));
		for (size_t k = 0; k < virtuals->len; k++) {
			texts[k] = virtual_text(&virtuals->items[k], &arena);
		}
		lk_yaml_mapping(yaml);
		lk_export_pair(yaml, "name", lock->platforms[i].subdir);
		const struct lk_str_list list = {texts, virtuals->len};
		lk_export_list(yaml, "virtual-packages", &list);
		lk_yaml_end(yaml);
	}
	lk_yaml_end(yaml);
}

/* strict is the default and not written; pixi has no flexible. */
static void put_options(const struct lk_lock *lock, unsigned version, struct lk_yaml_writer *yaml)
{
	bool disabled = lk_str_is(lock->channel_priority, "disabled");
	bool newer = version == 6 && lock->exclude_newer.len > 0;
	if (!disabled && !newer) {
		return;
	}
	lk_yaml_cstring(yaml, "options");
	lk_yaml_mapping(yaml);
	if (disabled) {
		lk_export_pair(yaml, "channel-priority", lock->channel_priority);
	}
	if (newer) {
		lk_export_pair(yaml, "exclude-newer", lock->exclude_newer);
	}
	lk_yaml_end(yaml);
}

static void put_channel_url(
	struct lk_yaml_writer *yaml, const char *key, const struct lk_channel *channel)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	lk_export_pair(yaml, key, lk_str_printf(&arena, LK_STR_FMT "/", LK_STR_ARG(channel->url)));
}

static void put_environment(const struct lk_lock *lock, const struct lk_export_entries *entries,
	unsigned version, struct lk_yaml_writer *yaml)
{
	lk_yaml_cstring(yaml, "environments");
	lk_yaml_mapping(yaml);
	lk_yaml_cstring(yaml, ENVIRONMENT);
	lk_yaml_mapping(yaml);
	lk_yaml_cstring(yaml, "channels");
	lk_yaml_sequence(yaml);
	for (size_t i = 0; i < lock->n_channels; i++) {
		lk_yaml_mapping(yaml);
		put_channel_url(yaml, "url", &lock->channels[i]);
		lk_yaml_end(yaml);
	}
	lk_yaml_end(yaml);
	put_options(lock, version, yaml);
	lk_yaml_cstring(yaml, "packages");
	lk_yaml_mapping(yaml);
	for (size_t i = 0; i < lock->n_platforms; i++) {
		lk_yaml_string(yaml, lock->platforms[i].subdir);
		lk_yaml_sequence(yaml);
		for (size_t k = 0; k < entries->len; k++) {
			if (entries->items[k].platform == &lock->platforms[i]) {
				lk_yaml_mapping(yaml);
				lk_export_pair(yaml, "conda", entries->items[k].record->url);
				lk_yaml_end(yaml);
			}
		}
		lk_yaml_end(yaml);
	}
	lk_yaml_end(yaml);
	lk_yaml_end(yaml);
	lk_yaml_end(yaml);
}

/* What a reader would make of the address otherwise. */
static void put_names(const struct lk_record *record, struct lk_yaml_writer *yaml)
{
	if (!lk_export_name_follows(record)) {
		lk_export_pair(yaml, "name", record->name);
		lk_export_pair(yaml, "version", record->version);
		lk_export_pair(yaml, "build", record->build);
	}
	lk_str folder = lk_path_dirname(record->url);
	if (!lk_str_eq(lk_path_basename(folder), record->subdir)) {
		lk_export_pair(yaml, "subdir", record->subdir);
	}
}

static void put_channel(
	const struct lk_lock *lock, const struct lk_record *record, struct lk_yaml_writer *yaml)
{
	const struct lk_channel *channel = lk_export_channel_of(lock, record);
	lk_str derived = lk_path_dirname(lk_path_dirname(record->url));
	if (channel && !lk_str_eq(channel->url, derived)) {
		put_channel_url(yaml, "channel", channel);
	}
}

static void put_package(
	const struct lk_lock *lock, const struct lk_record *record, struct lk_yaml_writer *yaml)
{
	lk_yaml_mapping(yaml);
	lk_export_pair(yaml, "conda", record->url);
	put_names(record, yaml);
	if (record->has_sha256) {
		lk_export_hex(yaml, "sha256", record->sha256.bytes, sizeof(record->sha256.bytes));
	}
	if (record->has_md5) {
		lk_export_hex(yaml, "md5", record->md5.bytes, sizeof(record->md5.bytes));
	}
	lk_export_list(yaml, "depends", &record->depends);
	lk_export_list(yaml, "constrains", &record->constrains);
	put_channel(lock, record, yaml);
	if (record->license.len > 0) {
		lk_export_pair(yaml, "license", record->license);
	}
	if (record->has_size) {
		lk_export_number(yaml, "size", record->size);
	}
	lk_yaml_end(yaml);
}

static lk_str *sorted(const struct lk_str_list *list, struct lk_arena *arena)
{
	lk_str *items = lk_arena_calloc(arena, list->n, sizeof(*items));
	for (size_t i = 0; i < list->n; i++) {
		items[i] = list->items[i];
	}
	if (list->n > 0) {
		qsort(items, list->n, sizeof(*items), lk_str_cmp_qsort);
	}
	return items;
}

/* In whatever order. */
static bool same_lists(const struct lk_str_list *a, const struct lk_str_list *b)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	if (a->n != b->n) {
		return false;
	}
	const lk_str *left = sorted(a, &arena);
	const lk_str *right = sorted(b, &arena);
	for (size_t i = 0; i < a->n; i++) {
		if (!lk_str_eq(left[i], right[i])) {
			return false;
		}
	}
	return true;
}

/* A file of several platforms stands once. */
static int check_twin(const struct lk_record *first, const struct lk_record *other,
	const struct lk_report *report, struct lk_error *err)
{
	if (!lk_sha256_eq(&first->sha256, &other->sha256)) {
		return lk_fail(err, LK_E_FORMAT,
			LK_STR_FMT " is locked with another hash for another platform, which "
				   "pixi.lock cannot say",
			LK_STR_ARG(first->url));
	}
	if (!same_lists(&first->depends, &other->depends) ||
		!same_lists(&first->constrains, &other->constrains)) {
		lk_warn(report,
			LK_STR_FMT " is locked with other dependencies for another platform, which "
				   "pixi.lock cannot say: the first are taken",
			LK_STR_ARG(first->fn));
	}
	return 0;
}

static int put_packages(const struct lk_lock *lock, const struct lk_export_entries *entries,
	struct lk_yaml_writer *yaml, const struct lk_report *report, struct lk_error *err)
{
	struct lk_map LK_CLEANUP(lk_map_done) written = {0};
	int rc = 0;
	lk_yaml_cstring(yaml, "packages");
	lk_yaml_sequence(yaml);
	for (size_t i = 0; rc == 0 && i < entries->len; i++) {
		const struct lk_record *record = entries->items[i].record;
		uint32_t first = lk_map_add(&written, record->url, (uint32_t)i);
		if (first == (uint32_t)i) {
			put_package(lock, record, yaml);
		} else {
			rc = check_twin(entries->items[first].record, record, report, err);
		}
	}
	lk_yaml_end(yaml);
	return rc;
}

static int export(const struct lk_lock *lock, unsigned version, struct lk_buf *out,
	const struct lk_report *report, struct lk_error *err)
{
	if (lk_str_is(lock->channel_priority, "flexible")) {
		lk_warn(report,
			"pixi knows no channel priority 'flexible': its own, strict, holds");
	}
	struct lk_yaml_writer *yaml = lk_yaml_writer_new(out);
	struct lk_export_entries by_name;
	struct lk_export_entries by_address;
	lk_export_entries(lock, &by_name);
	lk_export_entries(lock, &by_address);
	if (by_address.len > 0) {
		qsort(by_address.items, by_address.len, sizeof(*by_address.items), by_url);
	}
	lk_yaml_mapping(yaml);
	lk_export_number(yaml, "version", version);
	if (version >= 7) {
		put_platforms(lock, yaml);
	}
	put_environment(lock, &by_address, version, yaml);
	int rc = put_packages(lock, version >= 7 ? &by_address : &by_name, yaml, report, err);
	lk_yaml_end(yaml);
	struct lk_error late = LK_ERROR_INIT;
	int finished = lk_export_finish(yaml, &late);
	if (rc == 0 && finished < 0) {
		*err = late;
		rc = finished;
	}
	lk_vec_done(&by_name);
	lk_vec_done(&by_address);
	return rc;
}

int lk_export_pixi(const struct lk_lock *lock, const struct lk_export_options *options,
	struct lk_buf *out, const struct lk_report *report, struct lk_error *err)
{
	(void)options;
	return export(lock, 6, out, report, err);
}

int lk_export_pixi_v7(const struct lk_lock *lock, const struct lk_export_options *options,
	struct lk_buf *out, const struct lk_report *report, struct lk_error *err)
{
	(void)options;
	return export(lock, 7, out, report, err);
}
