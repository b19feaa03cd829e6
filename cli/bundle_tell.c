/*
 * unpack --list and unpack --check.
 */
#include "cli/bundle_tell.h"

#include <inttypes.h>

#include "base/json.h"
#include "cli/exit.h"
#include "cli/table.h"
#include "store/bundle_check.h"

static const char *kind_of(const struct lk_manifest_entry *entry)
{
	switch (entry->kind) {
	case LK_MANIFEST_LOCK:
		return "lock";
	case LK_MANIFEST_INSTALLER:
		return "installer";
	case LK_MANIFEST_SMOKE:
		return "smoke test";
	case LK_MANIFEST_ARCHIVE:
		break;
	}
	return entry->absent ? "absent" : "package";
}

static lk_str size_text(struct lk_app *app, uint64_t size)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(32);
	lk_buf_put_size(&text, size);
	return lk_str_dup(&app->arena, lk_buf_view(&text));
}

/* ---- --list ---- */

static lk_str joined(struct lk_app *app, const struct lk_str_list *list)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(4096);
	for (size_t i = 0; i < list->n; i++) {
		lk_buf_puts(&text, i ? " " : "");
		lk_buf_put(&text, list->items[i]);
	}
	return lk_str_dup(&app->arena, lk_buf_view(&text));
}

static void put_table(struct lk_app *app, const struct lk_manifest *manifest)
{
	struct lk_table LK_CLEANUP(lk_table_done) table = {0};
	static const char *const heads[] = {">Size", "Kind", "Name", "Platforms"};
	lk_table_heads(&table, heads, LK_COUNTOF(heads));
	for (size_t i = 0; i < manifest->n_entries; i++) {
		const struct lk_manifest_entry *entry = &manifest->entries[i];
		lk_table_cell(&table, size_text(app, entry->size));
		lk_table_cell(&table, lk_str_of(kind_of(entry)));
		lk_table_cell(&table, lk_manifest_name(entry));
		lk_table_cell(&table, joined(app, &entry->platforms));
	}
	lk_table_put(&table, app);
}

static void put_member(struct lk_jw *w, const struct lk_manifest_entry *entry)
{
	lk_jw_object(w);
	lk_jw_key_string(w, "path", entry->path);
	lk_jw_key_string(w, "kind", lk_str_of(kind_of(entry)));
	lk_jw_key_string(w, "name", lk_manifest_name(entry));
	lk_jw_key_uint(w, "size", entry->size);
	lk_jw_key_hex(w, "sha256", entry->sha256.bytes, LK_SHA256_LEN);
	if (entry->platforms.n > 0) {
		lk_jw_strings(w, "platforms", entry->platforms.items, entry->platforms.n);
	}
	lk_jw_end(w);
}

void lk_bundle_tell_members(struct lk_app *app, const struct lk_bundle *bundle)
{
	const struct lk_manifest *manifest = lk_bundle_manifest(bundle);
	if (!app->common.json) {
		put_table(app, manifest);
		return;
	}
	lk_str text = lk_bundle_manifest_text(bundle);
	struct lk_sha256 hash = lk_sha256_of(text.ptr, text.len);
	struct lk_jw w;
	lk_jw_init(&w, &app->out, true);
	lk_jw_object(&w);
	lk_jw_key_string(&w, "bundle", lk_str_of(lk_bundle_path(bundle)));
	lk_jw_key_uint(&w, "size", lk_bundle_size(bundle));
	lk_jw_key_hex(&w, "manifest_sha256", hash.bytes, LK_SHA256_LEN);
	lk_jw_key(&w, "members");
	lk_jw_array(&w);
	for (size_t i = 0; i < manifest->n_entries; i++) {
		put_member(&w, &manifest->entries[i]);
	}
	lk_jw_end(&w);
	lk_jw_end(&w);
	lk_buf_putc(&app->out, '\n');
}

/* ---- --check ---- */

static const char *state_of(const struct lk_bundle_part *part)
{
	return part->state == LK_BUNDLE_WHOLE      ? "whole"
		: part->state == LK_BUNDLE_MISSING ? "missing"
						   : "damaged";
}

static lk_str part_name(const struct lk_bundle_part *part, const struct lk_bundle_check *check)
{
	return part->entry                                ? part->entry->path
		: part->from + part->size == check->total ? LK_STR("end of the bundle")
							  : LK_STR("end of MANIFEST");
}

static const char *file_state(const struct lk_bundle_file *file)
{
	return !file->is_there           ? "missing"
		: file->is_surplus       ? "surplus"
		: file->has < file->must ? "short"
		: file->has > file->must ? "too long"
					 : "";
}

/* A file that is not there at all is copied whole; of one that is too short the rest is. */
static void put_way(struct lk_app *app, const struct lk_bundle_check *check,
	const struct lk_bundle_range *range)
{
	const struct lk_bundle_file *file = &check->files.items[range->file];
	struct lk_buf *out = &app->out;
	struct lk_buf LK_CLEANUP(lk_buf_done) word = LK_BUF_INIT((size_t)16 * 4096);
	lk_buf_put_shell_word(&word, lk_str_of(file->name));
	const char *name = lk_buf_cstr(&word);
	if (!file->is_there) {
		lk_buf_puts(out, "  cp SOURCE ");
		lk_app_text(app, lk_str_of(name), 0);
	} else if (range->from == file->has && range->from + range->size == file->must) {
		lk_buf_puts(out, "  rsync --append-verify SOURCE ");
		lk_app_text(app, lk_str_of(name), 0);
	} else {
		lk_buf_puts(out, "  dd if=SOURCE of=");
		lk_app_text(app, lk_str_of(name), 0);
		lk_buf_appendf(out,
			" bs=1M iflag=skip_bytes,count_bytes oflag=seek_bytes conv=notrunc "
			"skip=%" PRIu64 " seek=%" PRIu64 " count=%" PRIu64,
			range->from, range->from, range->size);
	}
	lk_buf_putc(out, '\n');
}

static void put_report(struct lk_app *app, const struct lk_bundle_check *check)
{
	struct lk_buf *out = &app->out;
	size_t whole = check->parts.len - check->n_missing - check->n_damaged;
	for (size_t i = 0; i < check->parts.len; i++) {
		const struct lk_bundle_part *part = &check->parts.items[i];
		if (part->state != LK_BUNDLE_WHOLE) {
			lk_buf_appendf(out, "%s  ", state_of(part));
			lk_app_text(app, part_name(part, check), 0);
			lk_buf_putc(out, '\n');
		}
	}
	for (size_t i = 0; i < check->files.len; i++) {
		const struct lk_bundle_file *file = &check->files.items[i];
		if (file_state(file)[0]) {
			lk_buf_puts(out, "file ");
			lk_app_text(app, lk_str_of(file->name), 0);
			lk_buf_appendf(out, " is %s: %" PRIu64 " of %" PRIu64 " bytes\n",
				file_state(file), file->has, file->must);
		}
	}
	if (check->ranges.len > 0) {
		lk_buf_puts(out, "copy again, SOURCE being the same file where it is whole:\n");
	}
	for (size_t i = 0; i < check->ranges.len; i++) {
		put_way(app, check, &check->ranges.items[i]);
	}
	lk_buf_appendf(out, "%zu of %zu parts are whole, ", whole, check->parts.len);
	lk_buf_put_size(out, check->whole);
	lk_buf_puts(out, " of ");
	lk_buf_put_size(out, check->total);
	lk_buf_putc(out, '\n');
}

static void put_report_files(struct lk_jw *w, const struct lk_bundle_check *check)
{
	lk_jw_key(w, "files");
	lk_jw_array(w);
	for (size_t i = 0; i < check->files.len; i++) {
		const struct lk_bundle_file *file = &check->files.items[i];
		const char *state = file_state(file);
		lk_jw_object(w);
		lk_jw_key_string(w, "file", lk_str_of(file->name));
		lk_jw_key_uint(w, "size", file->has);
		lk_jw_key_uint(w, "expected", file->must);
		lk_jw_key_string(w, "state", lk_str_of(state[0] ? state : "complete"));
		lk_jw_end(w);
	}
	lk_jw_end(w);
	lk_jw_key(w, "copy_again");
	lk_jw_array(w);
	for (size_t i = 0; i < check->ranges.len; i++) {
		const struct lk_bundle_range *range = &check->ranges.items[i];
		lk_jw_object(w);
		lk_jw_key_string(w, "file", lk_str_of(check->files.items[range->file].name));
		lk_jw_key_uint(w, "from", range->from);
		lk_jw_key_uint(w, "size", range->size);
		lk_jw_end(w);
	}
	lk_jw_end(w);
}

static void put_report_json(struct lk_app *app, const struct lk_bundle_check *check)
{
	struct lk_jw w;
	lk_jw_init(&w, &app->out, true);
	lk_jw_object(&w);
	lk_jw_key_string(&w, "bundle", lk_str_of(lk_bundle_path(check->bundle)));
	lk_jw_key(&w, "whole");
	lk_jw_bool(&w, check->n_missing + check->n_damaged == 0 && !check->has_more);
	lk_jw_key_uint(&w, "size", check->total);
	lk_jw_key_uint(&w, "whole_bytes", check->whole);
	lk_jw_key(&w, "parts");
	lk_jw_array(&w);
	for (size_t i = 0; i < check->parts.len; i++) {
		const struct lk_bundle_part *part = &check->parts.items[i];
		lk_jw_object(&w);
		lk_jw_key_string(&w, "name", part_name(part, check));
		lk_jw_key_string(&w, "state", lk_str_of(state_of(part)));
		lk_jw_key_uint(&w, "from", part->from);
		lk_jw_key_uint(&w, "size", part->size);
		lk_jw_end(&w);
	}
	lk_jw_end(&w);
	put_report_files(&w, check);
	lk_jw_end(&w);
	lk_buf_putc(&app->out, '\n');
}

/* The one line on stderr, beside what stands on stdout. */
static void conclude(struct lk_app *app, const struct lk_bundle_check *check)
{
	struct lk_error said = LK_ERROR_INIT;
	const char *path = lk_bundle_path(check->bundle);
	if (check->n_damaged > 0) {
		lk_fail(&said, LK_E_INTEGRITY, "bundle '%s' is damaged: %zu of %zu parts", path,
			check->n_damaged, check->parts.len);
	} else if (check->n_missing > 0) {
		lk_fail(&said, LK_E_OFFLINE, "bundle '%s' is not all there: %zu of %zu parts lack",
			path, check->n_missing, check->parts.len);
	} else if (check->has_more) {
		lk_fail(&said, LK_E_INTEGRITY, "bundle '%s' has more bytes than belong to it",
			path);
		lk_error_hint(&said, "copy it anew, or cut off what is too much");
	} else {
		return;
	}
	if (check->ranges.len > 0) {
		lk_error_hint(&said, "copy again what is listed, then check again");
	}
	app->status = (int)lk_exit_of((int)said.code);
	lk_app_tell_error(app, (int)said.code, &said);
}

int lk_bundle_tell_check(struct lk_app *app, const char *path, struct lk_error *err)
{
	struct lk_bundle_check LK_CLEANUP(lk_bundle_check_done) check = {0};
	int rc = lk_bundle_check(path, app->common.jobs, &app->report, &check, err);
	if (rc < 0) {
		return rc;
	}
	if (app->common.json) {
		put_report_json(app, &check);
	} else {
		put_report(app, &check);
	}
	conclude(app, &check);
	return 0;
}
