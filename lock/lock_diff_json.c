/*
 * The diff for programs: one JSON object with everything that the value holds.
 */
#include "lock/lock_diff.h"

static void put_edits(struct lk_jw *w, const struct lk_lock_edits *edits)
{
	lk_jw_key(w, "edits");
	lk_jw_array(w);
	for (size_t i = 0; i < edits->n; i++) {
		const struct lk_lock_edit *edit = &edits->items[i];
		lk_jw_object(w);
		lk_jw_key_string(w, "field", lk_str_of(lk_edit_field_name(edit->field)));
		lk_jw_key_string(w, "kind", lk_str_of(lk_edit_kind_name(edit->kind)));
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
	char hex[LK_HEX_MAX];
	lk_jw_object(w);
	lk_jw_key_string(w, "version", record->version);
	lk_jw_key_string(w, "build", record->build);
	lk_jw_key_string(w, "channel", record->channel);
	lk_jw_key_string(w, "subdir", record->subdir);
	lk_jw_key_string(w, "fn", record->fn);
	lk_jw_key_string(w, "url", record->url);
	if (record->has_sha256) {
		lk_hex(record->sha256.bytes, sizeof(record->sha256.bytes), hex);
		lk_jw_key_string(w, "sha256", lk_str_of(hex));
	}
	if (record->has_md5) {
		lk_hex(record->md5.bytes, sizeof(record->md5.bytes), hex);
		lk_jw_key_string(w, "md5", lk_str_of(hex));
	}
	if (record->has_size) {
		lk_jw_key_uint(w, "size", record->size);
	}
	lk_jw_opt_string(w, "license", record->license);
	lk_jw_strings(w, "extras", record->active_extras.items, record->active_extras.n);
	lk_jw_strings(w, "depends", record->depends.items, record->depends.n);
	lk_jw_strings(w, "constrains", record->constrains.items, record->constrains.n);
	lk_jw_end(w);
}

static void put_change(struct lk_jw *w, const struct lk_package_change *change)
{
	lk_jw_object(w);
	lk_jw_key_string(w, "name", change->name);
	lk_jw_key(w, "changes");
	lk_jw_array(w);
	for (enum lk_change kind = 0; kind < LK_CHANGE_COUNT; kind++) {
		if (change->kinds & 1u << kind) {
			lk_jw_string(w, lk_str_of(lk_change_name(kind)));
		}
	}
	lk_jw_end(w);
	put_record(w, "from", change->from);
	put_record(w, "to", change->to);
	lk_jw_end(w);
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
	put_edits(w, &platform->edits);
	lk_jw_key(w, "packages");
	lk_jw_array(w);
	for (size_t i = 0; i < platform->n_changes; i++) {
		put_change(w, &platform->changes[i]);
	}
	lk_jw_end(w);
	lk_jw_key(w, "counts");
	lk_jw_object(w);
	for (enum lk_change kind = 0; kind < LK_CHANGE_COUNT; kind++) {
		lk_jw_key_uint(w, lk_change_name(kind), platform->counts[kind]);
	}
	lk_jw_end(w);
	lk_jw_key_uint(w, "size_from", platform->size_from);
	lk_jw_key_uint(w, "size_to", platform->size_to);
	lk_jw_key_uint(w, "download", platform->download);
	lk_jw_end(w);
}

void lk_lock_diff_json(const struct lk_lock_diff *diff, struct lk_jw *w)
{
	lk_jw_object(w);
	lk_jw_key(w, "same");
	lk_jw_bool(w, lk_lock_diff_is_empty(diff));
	put_edits(w, &diff->edits);
	lk_jw_key(w, "platforms");
	lk_jw_array(w);
	for (size_t i = 0; i < diff->n_platforms; i++) {
		put_platform(w, &diff->platforms[i]);
	}
	lk_jw_end(w);
	lk_jw_end(w);
}
