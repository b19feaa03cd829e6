/*
 * The members of a package's JSON object.
 */
#include "cli/record_json.h"

static void put_hash(struct lk_jw *w, const char *key, const unsigned char *bytes, size_t len)
{
	char hex[LK_HEX_MAX];
	lk_hex(bytes, len, hex);
	lk_jw_key_string(w, key, lk_str_of(hex));
}

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
		put_hash(w, "sha256", record->sha256.bytes, LK_SHA256_LEN);
	}
	if (record->has_md5) {
		put_hash(w, "md5", record->md5.bytes, LK_MD5_LEN);
	}
	lk_jw_opt_string(w, "license", record->license);
	put_list(w, "extras", &record->active_extras);
	put_list(w, "depends", &record->depends);
	put_list(w, "constrains", &record->constrains);
}
