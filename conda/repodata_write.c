/*
 * Records of archives, and the text of repodata.json.
 */
#include "conda/repodata_write.h"

#include <stdlib.h>

#include "conda/package.h"
#include "conda/package_priv.h"

#define RECORD_MAX ((size_t)16 << 20) /* bytes of one record */

/* A member of a record: taken from index.json, or of ours. */
struct member {
	lk_str key;
	const struct lk_json *value; /* NULL: the text, or the size */
	lk_str text;
};
struct members LK_VEC_OF(struct member);

static int by_key(const void *a, const void *b)
{
	const struct member *x = a;
	const struct member *y = b;
	return lk_str_cmp(x->key, y->key);
}

static void sort_members(struct members *members)
{
	if (members->len > 0) {
		qsort(members->items, members->len, sizeof(*members->items), by_key);
	}
}

static int add_member(void *ctx, lk_str key, const struct lk_json *value)
{
	struct members *members = ctx;
	lk_vec_push(members, (struct member){.key = key, .value = value});
	return 0;
}

/* VALUE with the members of its objects sorted. */
static void put_sorted(struct lk_jw *w, const struct lk_json *value) /* NOLINT(misc-no-recursion) */
{
	if (lk_json_kind(value) == LK_JSON_ARRAY) {
		lk_jw_array(w);
		for (size_t i = 0; i < lk_json_size(value); i++) {
			put_sorted(w, lk_json_at(value, i));
		}
		lk_jw_end(w);
	} else if (lk_json_kind(value) == LK_JSON_OBJECT) {
		struct members members = {0};
		(void)lk_json_each(value, add_member, &members);
		sort_members(&members);
		lk_jw_object(w);
		for (size_t i = 0; i < members.len; i++) {
			lk_jw_key_str(w, members.items[i].key);
			put_sorted(w, members.items[i].value);
		}
		lk_jw_end(w);
		lk_vec_done(&members);
	} else {
		lk_jw_value(w, value);
	}
}

/* ---- one record ---- */

static bool is_one_of(lk_str key, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (lk_str_is(key, words[i])) {
			return true;
		}
	}
	return false;
}

/* What index.json's of old builders have and conda-index leaves out; and what the file tells. */
static int add_kept(void *ctx, lk_str key, const struct lk_json *value)
{
	static const char *const dropped[] = {"arch", "binstar", "has_prefix", "machine", "mtime",
		"operatingsystem", "platform", "requires_features", "target-triplet", "ucs", "md5",
		"sha256", "size", "subdir"};
	return is_one_of(key, dropped, LK_COUNTOF(dropped)) ? 0 : add_member(ctx, key, value);
}

static lk_str hex_of(const unsigned char *bytes, size_t len, struct lk_arena *arena)
{
	char hex[LK_HEX_MAX];
	lk_hex(bytes, len, hex);
	return lk_str_dup(arena, lk_str_of(hex));
}

static int print_record(const struct lk_json *index, const struct lk_indexed_archive *archive,
	struct lk_arena *arena, lk_str *ret, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(RECORD_MAX);
	struct members members = {0};
	struct lk_jw w;
	(void)lk_json_each(index, add_kept, &members);
	lk_vec_push(&members,
		(struct member){.key = LK_STR("md5"),
			.text = hex_of(archive->md5.bytes, LK_MD5_LEN, arena)});
	lk_vec_push(&members,
		(struct member){.key = LK_STR("sha256"),
			.text = hex_of(archive->sha256.bytes, LK_SHA256_LEN, arena)});
	lk_vec_push(&members, (struct member){.key = LK_STR("size")});
	lk_vec_push(&members, (struct member){.key = LK_STR("subdir"), .text = archive->subdir});
	sort_members(&members);
	lk_jw_init(&w, &text, false);
	lk_jw_object(&w);
	for (size_t i = 0; i < members.len; i++) {
		const struct member *member = &members.items[i];
		lk_jw_key_str(&w, member->key);
		if (member->value) {
			put_sorted(&w, member->value);
		} else if (member->text.len > 0) {
			lk_jw_string(&w, member->text);
		} else {
			lk_jw_uint(&w, archive->size);
		}
	}
	lk_jw_end(&w);
	lk_vec_done(&members);
	if (text.overflow) {
		return lk_fail(err, LK_E_INTEGRITY,
			"package '" LK_STR_FMT "': info/index.json: "
			"is larger or nested deeper than any index may hold",
			LK_STR_ARG(archive->fn));
	}
	*ret = lk_str_dup(arena, lk_buf_view(&text));
	return 0;
}

/* CEP 43, 44, 45: what clients of before them misread. */
static bool has_new_specs(const struct lk_json *list)
{
	static const char *const keys[] = {"when", "extras", "flags"};
	for (size_t i = 0; i < lk_json_size(list); i++) {
		lk_str spec = lk_json_string(lk_json_at(list, i));
		size_t open = lk_str_find_char(spec, '[');
		lk_str brackets = open == SIZE_MAX ? LK_STR("") : lk_str_skip(spec, open + 1);
		for (size_t k = 0; k < LK_COUNTOF(keys); k++) {
			if (lk_str_find(brackets, lk_str_of(keys[k])) != SIZE_MAX) {
				return true;
			}
		}
	}
	return false;
}

static bool is_new(const struct lk_json *index)
{
	return lk_json_size(lk_json_get(index, "extra_depends")) > 0 ||
		lk_json_size(lk_json_get(index, "flags")) > 0 ||
		has_new_specs(lk_json_get(index, "depends")) ||
		has_new_specs(lk_json_get(index, "constrains"));
}

static int check_place(const struct lk_record *record, const struct lk_json *index,
	const struct lk_indexed_archive *archive, lk_str dist, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	lk_str own = lk_str_printf(&arena, LK_STR_FMT "-" LK_STR_FMT "-" LK_STR_FMT,
		LK_STR_ARG(record->name), LK_STR_ARG(record->version), LK_STR_ARG(record->build));
	if (!lk_str_eq(own, dist)) {
		lk_fail(err, LK_E_INTEGRITY,
			"package '" LK_STR_FMT "': info/index.json: it is '" LK_STR_FMT
			"', which is not what its file is called",
			LK_STR_ARG(archive->fn), LK_STR_ARG(lk_str_shorten(&arena, own, 300)));
		lk_error_hint(err, "give the file the name that it was built with");
		return err->code;
	}
	lk_str subdir = lk_json_string(lk_json_get(index, "subdir"));
	if (subdir.len > 0 && !lk_str_eq(subdir, archive->subdir)) {
		lk_fail(err, LK_E_INTEGRITY,
			"package '" LK_STR_FMT "': info/index.json: 'subdir' is '" LK_STR_FMT
			"', but it lies in '" LK_STR_FMT "'",
			LK_STR_ARG(archive->fn), LK_STR_ARG(lk_str_shorten(&arena, subdir, 100)),
			LK_STR_ARG(archive->subdir));
		lk_error_hint(err, "move the file into the folder of its subdir");
		return err->code;
	}
	return 0;
}

int lk_repodata_entry_make(lk_str text, const struct lk_indexed_archive *archive,
	struct lk_arena *arena, struct lk_repodata_entry *ret, struct lk_error *err)
{
	const char *fn = lk_str_dup(arena, archive->fn).ptr;
	struct lk_json_doc *doc LK_CLEANUP(lk_json_doc_free_p) = NULL;
	struct lk_package_reader reader = {.archive = fn, .err = err};
	struct lk_record record = {0};
	struct lk_repodata_entry entry = {0};
	lk_str dist;
	enum lk_archive_kind kind = lk_archive_kind_of(archive->fn, &dist);
	int rc = lk_package_read_index(text, fn, arena, &record, err);
	if (rc == 0) {
		rc = lk_package_json(&reader, "info/index.json", text, &doc);
	}
	const struct lk_json *index = rc == 0 ? lk_json_root(doc) : NULL;
	if (rc == 0) {
		rc = check_place(&record, index, archive, dist, err);
	}
	if (rc == 0) {
		rc = print_record(index, archive, arena, &entry.record, err);
	}
	if (rc < 0) {
		return rc;
	}
	bool conda = kind == LK_ARCHIVE_CONDA;
	bool is_v3 = is_new(index);
	entry.name = lk_str_dup(arena, record.name);
	entry.map = is_v3 ? (conda ? LK_STR("v3/conda") : LK_STR("v3/tar.bz2"))
			  : (conda ? LK_STR("packages.conda") : LK_STR("packages"));
	entry.key = lk_str_dup(arena, is_v3 ? dist : archive->fn);
	*ret = entry;
	return 0;
}

/* ---- repodata.json ---- */

static int by_place(const void *a, const void *b)
{
	const struct lk_repodata_entry *x = a;
	const struct lk_repodata_entry *y = b;
	int c = lk_str_cmp(x->map, y->map);
	return c != 0 ? c : lk_str_cmp(x->key, y->key);
}

static int by_name(const void *a, const void *b)
{
	const struct lk_repodata_entry *x = a;
	const struct lk_repodata_entry *y = b;
	int c = lk_str_cmp(x->name, y->name);
	return c != 0 ? c : by_place(a, b);
}

void lk_repodata_entries_sort(struct lk_repodata_entry *entries, size_t n)
{
	if (n > 0) {
		qsort(entries, n, sizeof(*entries), by_place);
	}
}

void lk_repodata_entries_group(struct lk_repodata_entry *entries, size_t n)
{
	if (n > 0) {
		qsort(entries, n, sizeof(*entries), by_name);
	}
}

struct printer {
	const struct lk_repodata_entry *entries;
	size_t n;
	struct lk_jw w;
	struct lk_error *err;
};

/* The entries of MAP, as members of the object that is open. */
static int put_records(struct printer *p, lk_str map)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct lk_repodata_entry *entry = &p->entries[i];
		if (!lk_str_eq(entry->map, map)) {
			continue;
		}
		struct lk_json_doc *doc LK_CLEANUP(lk_json_doc_free_p) = NULL;
		int rc = lk_json_parse(
			entry->record, "record", LK_PACKAGE_MAX_DEPTH + 1, &doc, p->err);
		if (rc < 0) {
			return lk_wrap(p->err, "'" LK_STR_FMT "'", LK_STR_ARG(entry->key));
		}
		lk_jw_key_str(&p->w, entry->key);
		lk_jw_value(&p->w, lk_json_root(doc));
	}
	return 0;
}

static int put_map(struct printer *p, const char *key)
{
	lk_jw_key(&p->w, key);
	lk_jw_object(&p->w);
	int rc = put_records(p, lk_str_of(key));
	lk_jw_end(&p->w);
	return rc;
}

/* The number of entries whose map begins with "v3/". */
static size_t count_v3(const struct printer *p)
{
	size_t n = 0;
	for (size_t i = 0; i < p->n; i++) {
		n += lk_str_starts(p->entries[i].map, LK_STR("v3/"));
	}
	return n;
}

static int put_v3(struct printer *p)
{
	lk_str map = LK_STR("");
	int rc = 0;
	lk_jw_key(&p->w, "v3");
	lk_jw_object(&p->w);
	for (size_t i = 0; i < p->n && rc == 0; i++) {
		lk_str other = p->entries[i].map;
		if (lk_str_starts(other, LK_STR("v3/")) && !lk_str_eq(other, map)) {
			map = other;
			lk_jw_key_str(&p->w, lk_str_skip(map, 3));
			lk_jw_object(&p->w);
			rc = put_records(p, map);
			lk_jw_end(&p->w);
		}
	}
	lk_jw_end(&p->w);
	return rc;
}

static void put_info(struct printer *p, lk_str subdir)
{
	lk_jw_key(&p->w, "info");
	lk_jw_object(&p->w);
	if (count_v3(p) > 0) {
		lk_jw_key(&p->w, "repodata_revisions");
		lk_jw_object(&p->w);
		lk_jw_key(&p->w, "v3");
		lk_jw_object(&p->w);
		lk_jw_key_uint(&p->w, "n_packages", count_v3(p));
		lk_jw_end(&p->w);
		lk_jw_end(&p->w);
	}
	lk_jw_key_string(&p->w, "subdir", subdir);
	lk_jw_end(&p->w);
}

int lk_repodata_print(lk_str subdir, const struct lk_repodata_entry *entries, size_t n,
	struct lk_buf *out, struct lk_error *err)
{
	struct printer p = {.entries = entries, .n = n, .err = err};
	lk_jw_init(&p.w, out, true);
	lk_jw_object(&p.w);
	put_info(&p, subdir);
	int rc = put_map(&p, "packages");
	rc = rc < 0 ? rc : put_map(&p, "packages.conda");
	lk_jw_key(&p.w, "removed");
	lk_jw_array(&p.w);
	for (size_t i = 0; i < n; i++) {
		if (lk_str_is(entries[i].map, "removed")) {
			lk_jw_string(&p.w, entries[i].key);
		}
	}
	lk_jw_end(&p.w);
	lk_jw_key_uint(&p.w, "repodata_version", 1);
	if (rc == 0 && count_v3(&p) > 0) {
		rc = put_v3(&p);
	}
	lk_jw_end(&p.w);
	lk_buf_putc(out, '\n');
	return rc < 0 || !out->overflow
		? rc
		: lk_fail(err, LK_E_FORMAT, "repodata.json is larger than %zu bytes", out->max);
}
