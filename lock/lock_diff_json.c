/*
 * The diff for programs: one JSON object with everything that the value holds (docs/review.md).
 */
#include "lock/lock_diff.h"

#define WAY_MAX 64 /* packages of a way that are written */

static void put_kind(struct lk_jw *w, enum lk_change change)
{
	lk_jw_key_string(w, "change", lk_str_of(lk_change_name(change)));
	lk_jw_key_string(w, "severity", lk_str_of(lk_severity_name(lk_change_severity(change))));
}

static void put_edits(struct lk_jw *w, const struct lk_lock_edits *edits)
{
	lk_jw_key(w, "edits");
	lk_jw_array(w);
	for (size_t i = 0; i < edits->n; i++) {
		const struct lk_lock_edit *edit = &edits->items[i];
		lk_jw_object(w);
		lk_jw_key_string(w, "field", lk_str_of(lk_edit_field_name(edit->field)));
		lk_jw_key_string(w, "kind", lk_str_of(lk_edit_kind_name(edit->kind)));
		if (edit->change != LK_CHANGE_COUNT) {
			put_kind(w, edit->change);
		}
		lk_jw_opt_string(w, "key", edit->key);
		lk_jw_opt_string(w, "from", edit->from);
		lk_jw_opt_string(w, "to", edit->to);
		lk_jw_end(w);
	}
	lk_jw_end(w);
}

static void put_record(struct lk_jw *w, const char *key, const struct lk_record *record)
{
	lk_jw_key(w, key);
	if (!record) {
		lk_jw_null(w);
		return;
	}
	lk_jw_object(w);
	lk_jw_key_string(w, "version", record->version);
	lk_jw_key_string(w, "build", record->build);
	lk_jw_key_string(w, "channel", record->channel);
	lk_jw_key_string(w, "subdir", record->subdir);
	lk_jw_key_string(w, "fn", record->fn);
	lk_jw_key_string(w, "url", record->url);
	if (record->has_sha256) {
		lk_jw_key_hex(w, "sha256", record->sha256.bytes, sizeof(record->sha256.bytes));
	}
	if (record->has_md5) {
		lk_jw_key_hex(w, "md5", record->md5.bytes, sizeof(record->md5.bytes));
	}
	if (record->has_size) {
		lk_jw_key_uint(w, "size", record->size);
	}
	lk_jw_opt_string(w, "license", record->license);
	lk_jw_opt_string(w, "glibc", record->facts.glibc);
	lk_jw_opt_string(w, "gpu", record->facts.gpu);
	lk_jw_strings(w, "extras", record->active_extras.items, record->active_extras.n);
	lk_jw_strings(w, "depends", record->depends.items, record->depends.n);
	lk_jw_strings(w, "constrains", record->constrains.items, record->constrains.n);
	lk_jw_end(w);
}

/* The spec that the package is there for, and the packages on the way from it, itself left out. */
static void put_way(struct lk_jw *w, const struct lk_way *way)
{
	const struct lk_way *steps[WAY_MAX];
	size_t n = 0;
	lk_jw_key(w, "why");
	if (way->spec.len == 0) {
		lk_jw_null(w);
		return;
	}
	lk_str spec = way->spec;
	for (way = way->needed_by; way && n < WAY_MAX; way = way->needed_by) {
		steps[n++] = way;
	}
	lk_jw_object(w);
	lk_jw_key_string(w, "spec", spec);
	lk_jw_key(w, "needed_by");
	lk_jw_array(w);
	for (size_t i = 0; i < n; i++) {
		lk_jw_string(w, steps[i]->name);
	}
	lk_jw_end(w);
	lk_jw_end(w);
}

/* "from" and "to": true, false, or null where nobody knows. */
static void put_scripts(struct lk_jw *w, const char *key, enum lk_scripts scripts)
{
	lk_jw_key(w, key);
	if (scripts == LK_SCRIPTS_UNKNOWN) {
		lk_jw_null(w);
	} else {
		lk_jw_bool(w, scripts == LK_SCRIPTS_SOME);
	}
}

static void put_reasons(struct lk_jw *w, const struct lk_package_change *change)
{
	if (change->way) {
		put_way(w, change->way);
	}
	if (change->edit) {
		lk_jw_key_string(
			w, "spec_change", lk_str_of(lk_edit_kind_name(change->edit->kind)));
	}
	if (change->because) {
		lk_jw_key_string(w, "because", change->because->name);
	}
}

static void put_change(struct lk_jw *w, const struct lk_package_change *change)
{
	lk_jw_object(w);
	lk_jw_key_string(w, "name", change->name);
	put_kind(w, change->kind);
	lk_jw_key(w, "changes");
	lk_jw_array(w);
	for (enum lk_change kind = 0; kind < LK_CHANGE_COUNT; kind++) {
		if (lk_package_has(change, kind)) {
			lk_jw_string(w, lk_str_of(lk_change_name(kind)));
		}
	}
	lk_jw_end(w);
	put_record(w, "from", change->from);
	put_record(w, "to", change->to);
	if (change->has_growth) {
		lk_jw_key(w, "growth");
		lk_jw_int(w, change->growth);
	}
	if (lk_package_has(change, LK_CHANGE_CUDA)) {
		lk_jw_key(w, "cuda");
		lk_jw_bool(w, change->to_cuda);
	}
	if (change->to) {
		lk_jw_key(w, "link_scripts");
		lk_jw_object(w);
		put_scripts(w, "from", change->scripts_from);
		put_scripts(w, "to", change->scripts_to);
		lk_jw_end(w);
	}
	put_reasons(w, change);
	lk_jw_end(w);
}

static void put_requirement(struct lk_jw *w, const struct lk_requirement_change *requirement)
{
	lk_jw_object(w);
	lk_jw_key_string(w, "name", requirement->name);
	put_kind(w, lk_requirement_kind(requirement));
	lk_jw_key(w, "rose");
	lk_jw_bool(w, requirement->rose);
	lk_jw_opt_string(w, "from", requirement->from);
	lk_jw_opt_string(w, "to", requirement->to);
	lk_jw_key(w, "had_to_be_there");
	lk_jw_bool(w, requirement->had_to_be_there);
	lk_jw_key(w, "must_be_there");
	lk_jw_bool(w, requirement->must_be_there);
	if (requirement->by) {
		lk_jw_key_string(w, "by", requirement->by->name);
		lk_jw_key_uint(w, "by_count", requirement->n_by);
	}
	lk_jw_end(w);
}

static void put_counts(struct lk_jw *w, const struct lk_platform_diff *platform)
{
	lk_jw_key(w, "counts");
	lk_jw_object(w);
	for (enum lk_change kind = 0; kind < LK_CHANGE_COUNT; kind++) {
		size_t n = lk_platform_diff_count(platform, kind);
		if (n > 0) {
			lk_jw_key_uint(w, lk_change_name(kind), n);
		}
	}
	lk_jw_end(w);
	lk_jw_key_uint(w, "packages_from", platform->from ? platform->from->n_packages : 0);
	lk_jw_key_uint(w, "packages_to", platform->to ? platform->to->n_packages : 0);
	lk_jw_key_uint(w, "size_from", platform->size_from);
	lk_jw_key_uint(w, "size_to", platform->size_to);
	lk_jw_key_uint(w, "download", platform->download);
}

static void put_platform(struct lk_jw *w, const struct lk_platform_diff *platform)
{
	lk_jw_object(w);
	lk_jw_key_string(w, "platform", platform->subdir);
	lk_jw_key_string(w, "status",
		!platform->from                               ? LK_STR("added")
			: !platform->to                       ? LK_STR("removed")
			: lk_platform_diff_is_empty(platform) ? LK_STR("same")
							      : LK_STR("changed"));
	put_counts(w, platform);
	put_edits(w, &platform->edits);
	lk_jw_key(w, "requirements");
	lk_jw_array(w);
	for (size_t i = 0; i < platform->n_requirements; i++) {
		put_requirement(w, &platform->requirements[i]);
	}
	lk_jw_end(w);
	lk_jw_key(w, "packages");
	lk_jw_array(w);
	for (size_t i = 0; i < platform->n_changes; i++) {
		put_change(w, &platform->changes[i]);
	}
	lk_jw_end(w);
	lk_jw_end(w);
}

void lk_lock_diff_json_members(const struct lk_lock_diff *diff, struct lk_jw *w)
{
	lk_jw_key(w, "same");
	lk_jw_bool(w, lk_lock_diff_is_empty(diff));
	if (diff->knows_scripts) {
		lk_jw_key_uint(w, "link_scripts_unknown", diff->n_scripts_unknown);
	}
	put_edits(w, &diff->edits);
	lk_jw_key(w, "platforms");
	lk_jw_array(w);
	for (size_t i = 0; i < diff->n_platforms; i++) {
		put_platform(w, &diff->platforms[i]);
	}
	lk_jw_end(w);
}

void lk_lock_diff_json(const struct lk_lock_diff *diff, struct lk_jw *w)
{
	lk_jw_object(w);
	lk_lock_diff_json_members(diff, w);
	lk_jw_end(w);
}
