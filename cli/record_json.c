/*
 * The members of a package's JSON object.
 */
#include "cli/record_json.h"

static void put_list(struct lk_jw *w, const char *key, const struct lk_str_list *list)
{
	if (list->n > 0) {
		lk_jw_strings(w, key, list->items, list->n);
	}
}

void lk_put_record(struct lk_jw *w, const struct lk_record *record)
{
	lk_jw_key_string(w, "name", record->name);
	lk_jw_key_string(w, "version", record->version);
	lk_jw_key_string(w, "build", record->build);
	lk_jw_key_string(w, "channel", record->channel);
	lk_jw_key_string(w, "subdir", record->subdir);
	lk_jw_opt_string(w, "fn", record->fn);
	lk_jw_opt_string(w, "url", record->url);
	if (record->size > 0) {
		lk_jw_key_uint(w, "size", record->size);
	}
	if (record->has_sha256) {
		lk_jw_key_hex(w, "sha256", record->sha256.bytes, LK_SHA256_LEN);
	}
	if (record->has_md5) {
		lk_jw_key_hex(w, "md5", record->md5.bytes, LK_MD5_LEN);
	}
	lk_jw_opt_string(w, "license", record->license);
	lk_jw_opt_string(w, "glibc", record->facts.glibc);
	lk_jw_opt_string(w, "gpu", record->facts.gpu);
	put_list(w, "extras", &record->active_extras);
	put_list(w, "depends", &record->depends);
	put_list(w, "constrains", &record->constrains);
}

static void put_groups(struct lk_jw *w, const struct lk_record *record)
{
	if (record->n_extra == 0) {
		return;
	}
	lk_jw_key(w, "extra_depends");
	lk_jw_object(w);
	for (size_t i = 0; i < record->n_extra; i++) {
		const struct lk_extra *extra = &record->extra[i];
		lk_jw_key_str(w, extra->group);
		lk_jw_array(w);
		for (size_t k = 0; k < extra->depends.n; k++) {
			lk_jw_string(w, extra->depends.items[k]);
		}
		lk_jw_end(w);
	}
	lk_jw_end(w);
}

void lk_put_record_rest(struct lk_jw *w, const struct lk_record *record)
{
	lk_jw_key_uint(w, "build_number", record->build_number);
	if (record->noarch != LK_NOARCH_NO) {
		bool python = record->noarch == LK_NOARCH_PYTHON;
		lk_jw_key_string(w, "noarch", python ? LK_STR("python") : LK_STR("generic"));
	}
	if (record->timestamp > 0) {
		lk_jw_key_uint(w, "timestamp", record->timestamp);
	}
	if (record->indexed_timestamp > 0) {
		lk_jw_key_uint(w, "indexed_timestamp", record->indexed_timestamp);
	}
	lk_jw_opt_string(w, "license_family", record->license_family);
	put_list(w, "track_features", &record->track_features);
	put_list(w, "flags", &record->flags);
	put_groups(w, record);
	lk_jw_opt_string(w, "python_site_packages_path", record->python_site_packages_path);
}
