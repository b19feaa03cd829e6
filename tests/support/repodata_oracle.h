/*
 * What an opened repodata must say, worked out from a plain tree of the whole text.
 *
 *     const char *why = repodata_oracle(repodata, &origin, text, &arena);
 *     if (why[0] != '\0') ... it says what differs ...
 *
 * Nothing of the scanner or of the reader of records is used, so that a mistake there is not made
 * here too. However the repodata came to be opened, the text decides.
 *
 * Where lockenv is no plain reader of JSON, and what follows from it here:
 * - text of white space only is an empty repodata, and so is null
 * - refused: more than 256 levels; a known section, or a kind of archives in `v3`, twice; sections
 *   of the wrong kind; a repodata_version that is a number, but not 0, 1 or 2, nor negative; a
 *   base_url that leads out of the network, or from https to http. (Both refuse a NUL, escaped or
 * not.)
 * - of equal keys the last counts, except that what lists a record may be any of its equal keys
 */
#ifndef TESTS_SUPPORT_REPODATA_ORACLE_H
#define TESTS_SUPPORT_REPODATA_ORACLE_H

#include "base/map.h"
#include "tests/support/repodata_tree.h"

#define ORACLE_MAX_DEPTH 256

/* ---- the whole ---- */

/* A record as it stands in the channel. */
struct oracle_file {
	lk_str fn;
	const json_t *record;
	lk_str name;  /* empty: it cannot be listed under any */
	size_t order; /* in the text */
	bool gone;    /* given again later, or removed */
};

struct oracle_files LK_VEC_OF(struct oracle_file);

struct oracle {
	struct lk_arena *arena;
	const struct lk_repodata_origin *origin;
	json_t *root;
	const char *refused; /* NULL, or why */
	struct oracle_files files;
	struct lk_map by_fn; /* the last file of that name that is listed */
	struct lk_strs removed;
	struct lk_channel_relations relations;
	lk_str base_url, base;
	size_t n_faults;
};

/* Under which name the record is listed, though it may prove unusable when it is read: it has the
 * fields that every record needs, of their kinds, each at least once. */
static inline lk_str oracle_listed_as(const json_t *record, lk_str fn)
{
	const char *key;
	json_t *member;
	lk_str name = LK_STR("");
	bool version = false;
	bool build = false;
	bool build_number = false;

	json_object_foreach((json_t *)record, key, member)
	{
		bool text = oracle_text(member).ptr != NULL;
		lk_str number = oracle_number(member);

		name = text && oracle_key_is(key, "name") ? oracle_text(member) : name;
		version |= text && oracle_key_is(key, "version");
		build |= text && oracle_key_is(key, "build");
		build_number |=
			oracle_key_is(key, "build_number") && number.ptr && number.ptr[0] != '-';
	}
	bool listed = version && build && build_number && lk_name_is_valid(name) &&
		oracle_is_file_name(fn) && lk_archive_kind_of(fn, NULL) != LK_ARCHIVE_UNKNOWN;
	return listed ? name : LK_STR("");
}

static inline void oracle_add_file(struct oracle *o, lk_str fn, const json_t *record)
{
	struct oracle_file file = {.fn = fn,
		.record = record,
		.name = oracle_listed_as(record, fn),
		.order = o->files.len};
	uint32_t earlier = lk_map_get(&o->by_fn, fn);

	if (earlier != LK_MAP_NONE && !o->files.items[earlier].gone) {
		o->files.items[earlier].gone = true;
		o->n_faults++;
	}
	if (file.name.len == 0) {
		o->n_faults++;
		return;
	}
	lk_map_set(&o->by_fn, fn, (uint32_t)file.order);
	lk_vec_push(&o->files, file);
}

/* Null stands for an empty object. */
static inline void oracle_must_be_object(struct oracle *o, const json_t *value, const char *why)
{
	if (!json_is_object(value) && !json_is_null(value)) {
		o->refused = why;
	}
}

static inline void oracle_add_files(struct oracle *o, const json_t *files, const char *extension)
{
	const char *key;
	json_t *record;

	oracle_must_be_object(o, files, "records that are no object");
	json_object_foreach((json_t *)files, key, record)
	{
		oracle_add_file(o,
			lk_str_printf(
				o->arena, LK_STR_FMT "%s", LK_STR_ARG(oracle_key(key)), extension),
			record);
	}
}

static inline void oracle_v3(struct oracle *o, const json_t *section)
{
	static const char *const kinds[] = {"conda", "tar.bz2", "whl"};
	bool seen[LK_COUNTOF(kinds)] = {0};
	const char *key;
	json_t *files;

	oracle_must_be_object(o, section, "a 'v3' that is no object");
	json_object_foreach((json_t *)section, key, files)
	{
		for (size_t i = 0; i < LK_COUNTOF(kinds); i++) {
			if (oracle_key_is(key, kinds[i])) {
				o->refused = seen[i] ? "a kind that stands twice" : o->refused;
				seen[i] = true;
				oracle_add_files(
					o, files, lk_arena_printf(o->arena, ".%s", kinds[i]));
			}
		}
	}
}

static inline void oracle_removed(struct oracle *o, const json_t *section)
{
	json_t *fn;
	size_t i;

	if (!json_is_array(section) && !json_is_null(section)) {
		o->refused = "a 'removed' that is no array";
	}
	json_array_foreach(section, i, fn)
	{
		if (oracle_text(fn).ptr) {
			lk_vec_push(&o->removed, oracle_text(fn));
		}
	}
}

static inline void oracle_version(struct oracle *o, const json_t *value)
{
	uint64_t version;

	lk_str number = oracle_number(value);
	if (number.len > 0 && number.ptr[0] != '-' &&
		(!lk_str_to_u64(number, &version) || version > 2)) {
		o->refused = "a repodata version that is not known";
	}
}

static inline void oracle_relations(struct oracle *o, const json_t *value)
{
	const char *key;
	json_t *member;

	json_object_foreach((json_t *)value, key, member)
	{
		if (oracle_key_is(key, "base")) {
			o->relations.base = oracle_text(member);
		} else if (oracle_key_is(key, "overrides")) {
			o->relations.overrides = oracle_text(member);
		}
	}
}

static inline void oracle_info(struct oracle *o, const json_t *section)
{
	const char *key;
	json_t *member;

	oracle_must_be_object(o, section, "an 'info' that is no object");
	json_object_foreach((json_t *)section, key, member)
	{
		if (oracle_key_is(key, "repodata_version")) {
			oracle_version(o, member);
		} else if (oracle_key_is(key, "base_url")) {
			o->base_url = oracle_text(member);
		} else if (oracle_key_is(key, "channel_relations")) {
			o->relations = (struct lk_channel_relations){0};
			oracle_relations(o, member);
		}
	}
}

static inline void oracle_section(struct oracle *o, const char *key, const json_t *section)
{
	if (oracle_key_is(key, "info")) {
		oracle_info(o, section);
	} else if (oracle_key_is(key, "packages") || oracle_key_is(key, "packages.conda")) {
		oracle_add_files(o, section, "");
	} else if (oracle_key_is(key, "v3")) {
		oracle_v3(o, section);
	} else if (oracle_key_is(key, "removed")) {
		oracle_removed(o, section);
	} else if (oracle_key_is(key, "repodata_version")) {
		oracle_version(o, section);
	}
}

static inline void oracle_no_section_twice(struct oracle *o)
{
	static const char *const sections[] = {
		"info", "packages", "packages.conda", "v3", "removed", "repodata_version"};
	const char *key;
	json_t *section;

	for (size_t i = 0; i < LK_COUNTOF(sections); i++) {
		unsigned n = 0;

		json_object_foreach(o->root, key, section)
		{
			n += oracle_key_is(key, sections[i]);
		}
		if (n > 1) {
			o->refused = "a section that stands twice";
		}
	}
}

static inline void oracle_drop_removed(struct oracle *o)
{
	struct lk_map removed = {0};

	for (size_t i = 0; i < o->removed.len; i++) {
		lk_map_set(&removed, o->removed.items[i], 1);
	}
	for (size_t i = 0; i < o->files.len; i++) {
		struct oracle_file *file = &o->files.items[i];

		file->gone |= lk_map_get(&removed, file->fn) != LK_MAP_NONE;
	}
	lk_map_done(&removed);
}

static inline int oracle_cmp_files(const void *a, const void *b)
{
	const struct oracle_file *left = a;
	const struct oracle_file *right = b;
	int names = lk_str_cmp(left->name, right->name);

	if (left->gone != right->gone) {
		return left->gone ? 1 : -1;
	}
	return names != 0 ? names : (left->order > right->order) - (left->order < right->order);
}

/* The files that stay, by name, each name's in the order of the text. */
static inline void oracle_sort(struct oracle *o)
{
	if (o->files.len > 0) {
		qsort(o->files.items, o->files.len, sizeof(o->files.items[0]), oracle_cmp_files);
	}
	while (o->files.len > 0 && o->files.items[o->files.len - 1].gone) {
		o->files.len--;
	}
}

/* No bytes but what JSON takes for white space? */
static inline bool oracle_is_empty(lk_str text)
{
	size_t i = 0;
	while (i < text.len && oracle_is_blank(text.ptr[i])) {
		i++;
	}
	return i == text.len;
}

static inline void oracle_read(struct oracle *o, lk_str text)
{
	const struct lk_repodata_origin *origin = o->origin;
	lk_str folder = lk_str_printf(o->arena, LK_STR_FMT "/" LK_STR_FMT,
		LK_STR_ARG(origin->channel_url), LK_STR_ARG(origin->subdir));
	const char *key;
	json_t *section;

	o->root = oracle_is_empty(text) ? json_null() : oracle_tree(text);
	if (!o->root) {
		o->refused = "text that is no JSON";
		return;
	}
	if (oracle_depth(o->root) > ORACLE_MAX_DEPTH) {
		o->refused = "too many levels";
	}
	oracle_must_be_object(o, o->root, "a document that is no object");
	oracle_no_section_twice(o);
	json_object_foreach(o->root, key, section)
	{
		oracle_section(o, key, section);
	}
	lk_str reference = o->base_url.len > 0 ? o->base_url : origin->base_url;
	if (!lk_url_base(folder, reference, o->arena, &o->base) ||
		lk_url_loses_tls(folder, o->base)) {
		o->refused = "a base_url that leads out of the network";
	}
	oracle_drop_removed(o);
	oracle_sort(o);
}

static inline void oracle_done(struct oracle *o)
{
	json_decref(o->root);
	lk_map_done(&o->by_fn);
	lk_vec_done(&o->files);
	lk_vec_done(&o->removed);
}

/* ---- comparison: each returns "" or a sentence ---- */

static inline const char *oracle_check_count(
	struct oracle *o, const char *what, size_t expected, size_t got)
{
	return expected == got
		? ""
		: lk_arena_printf(o->arena, "%s: %zu expected, %zu found", what, expected, got);
}

static inline const char *oracle_check_records(struct oracle *o, const struct oracle_file *files,
	size_t n, const struct lk_records *got, struct lk_arena *arena)
{
	lk_str name = files->name;
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		struct lk_record expected;

		if (!oracle_record(
			    files[i].record, files[i].fn, o->base, o->origin, arena, &expected)) {
			o->n_faults++;
			continue;
		}
		if (at == got->len) {
			return lk_arena_printf(o->arena,
				"'" LK_STR_FMT "': '" LK_STR_FMT "' is missing", LK_STR_ARG(name),
				LK_STR_ARG(expected.fn));
		}
		const char *field = oracle_differ(&expected, &got->items[at++]);
		if (field) {
			return lk_arena_printf(o->arena,
				"'" LK_STR_FMT "': '" LK_STR_FMT "' has another '%s'",
				LK_STR_ARG(name), LK_STR_ARG(expected.fn), field);
		}
	}
	return at == got->len ? ""
			      : lk_arena_printf(o->arena,
					"'" LK_STR_FMT "': '" LK_STR_FMT "' should not be there",
					LK_STR_ARG(name), LK_STR_ARG(got->items[at].fn));
}

/* Asks twice: what was left out the first time is not counted again. */
static inline const char *oracle_check_name(
	struct oracle *o, struct lk_repodata *repodata, const struct oracle_file *files, size_t n)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_records got = {0};
	struct lk_error err = LK_ERROR_INIT;
	const char *why = "";

	if (lk_repodata_records(repodata, files->name, &arena, &got, &err) < 0) {
		why = lk_arena_printf(
			o->arena, "'" LK_STR_FMT "': %s", LK_STR_ARG(files->name), err.message);
	}
	size_t n_first = got.len;
	if (why[0] == '\0') {
		why = oracle_check_records(o, files, n, &got, &arena);
	}
	if (why[0] == '\0' &&
		(lk_repodata_records(repodata, files->name, &arena, &got, &err) < 0 ||
			got.len != 2 * n_first)) {
		why = lk_arena_printf(o->arena, "'" LK_STR_FMT "': other records the second time",
			LK_STR_ARG(files->name));
	}
	lk_vec_done(&got);
	return why;
}

static inline const char *oracle_check_names(struct oracle *o, struct lk_repodata *repodata)
{
	const struct oracle_files *files = &o->files;
	const char *why = "";
	size_t n_names = 0;

	for (size_t from = 0, to; why[0] == '\0' && from < files->len; from = to) {
		lk_str name = files->items[from].name;

		for (to = from; to < files->len && lk_str_eq(files->items[to].name, name);) {
			to++;
		}
		if (n_names == lk_repodata_n_names(repodata) ||
			!lk_str_eq(lk_repodata_name_at(repodata, n_names), name)) {
			return lk_arena_printf(o->arena, "name %zu is not '" LK_STR_FMT "'",
				n_names, LK_STR_ARG(name));
		}
		n_names++;
		why = oracle_check_name(o, repodata, files->items + from, to - from);
	}
	return why[0] != '\0'
		? why
		: oracle_check_count(o, "names", n_names, lk_repodata_n_names(repodata));
}

/* The removed files of the package that FN is of. */
static inline const char *oracle_check_removed_like(
	struct oracle *o, struct lk_repodata *repodata, lk_str name)
{
	struct lk_strs got = {0};
	size_t n = 0;
	bool same = true;

	lk_repodata_removed(repodata, name, &got);
	for (size_t i = 0; i < o->removed.len; i++) {
		lk_str dist;
		lk_str parts[3];

		if (lk_archive_kind_of(o->removed.items[i], &dist) != LK_ARCHIVE_UNKNOWN &&
			lk_dist_split(dist, &parts[0], &parts[1], &parts[2]) &&
			lk_str_eq(parts[0], name)) {
			same = same && n < got.len && lk_str_eq(got.items[n], o->removed.items[i]);
			n++;
		}
	}
	same = same && n == got.len;
	lk_vec_done(&got);
	return same ? ""
		    : lk_arena_printf(
			      o->arena, "'" LK_STR_FMT "': other removed files", LK_STR_ARG(name));
}

static inline const char *oracle_check_removed(struct oracle *o, struct lk_repodata *repodata)
{
	const char *why = "";

	for (size_t i = 0; why[0] == '\0' && i < o->removed.len; i++) {
		lk_str fn = o->removed.items[i];
		lk_str dist;
		lk_str parts[3];

		if (!lk_repodata_is_removed(repodata, fn)) {
			return lk_arena_printf(
				o->arena, "'" LK_STR_FMT "' is not removed", LK_STR_ARG(fn));
		}
		(void)lk_archive_kind_of(fn, &dist);
		if (lk_dist_split(dist, &parts[0], &parts[1], &parts[2])) {
			why = oracle_check_removed_like(o, repodata, parts[0]);
		}
	}
	for (size_t i = 0; i < o->files.len; i++) {
		if (lk_repodata_is_removed(repodata, o->files.items[i].fn)) {
			return lk_arena_printf(o->arena, "'" LK_STR_FMT "' is removed",
				LK_STR_ARG(o->files.items[i].fn));
		}
	}
	return why;
}

static inline const char *oracle_check(struct oracle *o, struct lk_repodata *repodata)
{
	const struct lk_channel_relations *relations = lk_repodata_relations(repodata);
	const char *why = oracle_check_names(o, repodata);

	if (why[0] == '\0') {
		why = oracle_check_removed(o, repodata);
	}
	if (why[0] == '\0') {
		why = oracle_check_count(
			o, "records", o->files.len, lk_repodata_n_records(repodata));
	}
	if (why[0] == '\0') {
		why = oracle_check_count(o, "faults", o->n_faults, lk_repodata_n_faults(repodata));
	}
	if (why[0] == '\0' &&
		(!lk_str_eq(relations->base, o->relations.base) ||
			!lk_str_eq(relations->overrides, o->relations.overrides))) {
		why = "other relations";
	}
	return why;
}

/* REPODATA is what was made of TEXT and ORIGIN, of which nothing was asked yet; NULL: it was
 * refused. Returns "" when that is right, else a sentence that says what differs (in ARENA). Reads
 * all records. */
static inline const char *repodata_oracle(struct lk_repodata *repodata,
	const struct lk_repodata_origin *origin, lk_str text, struct lk_arena *arena)
{
	struct oracle o = {.arena = arena, .origin = origin};
	const char *why = "";

	oracle_read(&o, text);
	if (!repodata) {
		why = o.refused ? "" : "refused, though nothing is wrong with it";
	} else if (o.refused) {
		why = lk_arena_printf(arena, "opened, though it has %s", o.refused);
	} else {
		why = oracle_check(&o, repodata);
	}
	oracle_done(&o);
	return why;
}

#endif
