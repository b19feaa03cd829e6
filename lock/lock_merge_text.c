/*
 * A merge's findings for people, and as JSON.
 */
#include "lock/lock_merge.h"

static const struct {
	const char *one, *many;
} names[LK_MERGE_N_FIELDS] = {
	[LK_MERGE_CHANNELS] = {"channel", "channels"},
	[LK_MERGE_CHANNEL_PRIORITY] = {"channel-priority", "channel-priority"},
	[LK_MERGE_EXCLUDE_NEWER] = {"exclude-newer", "exclude-newer"},
	[LK_MERGE_VARIABLES] = {"variable", "variables"},
	[LK_MERGE_PLATFORMS] = {"platform", "platforms"},
	[LK_MERGE_SPECS] = {"spec", "specs"},
	[LK_MERGE_PINS] = {"pin", "pins"},
	[LK_MERGE_SOLVED_WITH] = {"virtual package", "virtual packages"},
	[LK_MERGE_PACKAGES] = {"package", "packages"},
};

const char *lk_merge_field_name(enum lk_merge_field field, size_t n)
{
	return n == 1 ? names[field].one : names[field].many;
}

static void put_side(struct lk_buf *out, const char *side, lk_str text, const char *nothing)
{
	if (text.len > 0) {
		lk_buf_appendf(out, "%s " LK_STR_FMT, side, LK_STR_ARG(text));
	} else {
		lk_buf_appendf(out, "%s %s", side, nothing);
	}
}

void lk_merge_collision_text(const struct lk_merge_collision *collision, struct lk_buf *out)
{
	bool was_there = collision->base.len > 0;
	const char *nothing = was_there ? "takes it out" : "does not have it";
	bool is_order = collision->key.len == 0 && collision->field != LK_MERGE_EXCLUDE_NEWER &&
		collision->field != LK_MERGE_CHANNEL_PRIORITY;
	if (collision->subdir.len > 0) {
		lk_buf_appendf(out, LK_STR_FMT ": ", LK_STR_ARG(collision->subdir));
	}
	if (is_order) {
		lk_buf_appendf(out, "order of the %s", lk_merge_field_name(collision->field, 2));
	} else {
		lk_buf_puts(out, lk_merge_field_name(collision->field, 1));
	}
	if (collision->key.len > 0) {
		lk_buf_appendf(out, " '" LK_STR_FMT "'", LK_STR_ARG(collision->key));
	}
	put_side(out, ": ours", collision->ours, nothing);
	put_side(out, "; theirs", collision->theirs, nothing);
	if (was_there) {
		put_side(out, "; before", collision->base, "");
	}
}

static void put_collision(struct lk_jw *w, const struct lk_merge_collision *collision)
{
	lk_jw_object(w);
	lk_jw_opt_string(w, "platform", collision->subdir);
	lk_jw_key_string(w, "what", lk_str_of(lk_merge_field_name(collision->field, 1)));
	lk_jw_opt_string(w, "name", collision->key);
	lk_jw_opt_string(w, "base", collision->base);
	lk_jw_opt_string(w, "ours", collision->ours);
	lk_jw_opt_string(w, "theirs", collision->theirs);
	lk_jw_end(w);
}

void lk_lock_merge_json(const struct lk_lock_merge *merge, struct lk_jw *w)
{
	lk_jw_object(w);
	lk_jw_key(w, "collisions");
	lk_jw_array(w);
	for (size_t i = 0; i < merge->n_collisions; i++) {
		put_collision(w, &merge->collisions[i]);
	}
	lk_jw_end(w);
	lk_jw_strings(w, "unmet", merge->unmet.items, merge->unmet.n);
	lk_jw_key(w, "dropped");
	lk_jw_array(w);
	for (size_t i = 0; i < merge->n_dropped; i++) {
		const struct lk_record *record = merge->dropped[i].record;
		lk_jw_object(w);
		lk_jw_key_string(w, "platform", merge->dropped[i].subdir);
		lk_jw_key_string(w, "name", record->name);
		lk_jw_key_string(w, "version", record->version);
		lk_jw_key_string(w, "build", record->build);
		lk_jw_end(w);
	}
	lk_jw_end(w);
	lk_jw_end(w);
}
