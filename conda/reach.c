/*
 * The names that root names lead to, and all their records.
 */
#include "conda/reach.h"

#include <stdlib.h>

struct reached_vec LK_VEC_OF(struct lk_reached);

/* What is noted of a record at hand. */
struct note {
	unsigned channel;
	enum lk_archive_kind kind;
	bool drop;
};

struct notes LK_VEC_OF(struct note);

struct walker {
	struct lk_reach *reach;
	const struct lk_source *sources;
	size_t n_sources;
	struct lk_strs queue;      /* every name met, in the order met */
	struct lk_map queued;      /* the same, for look-up */
	struct lk_records records; /* of the name at hand */
	struct notes notes;        /* beside records */
	bool has_doubles;          /* a double that is not dropped is among the records */
	struct reached_vec names;
};

static void enqueue(struct walker *w, lk_str name)
{
	uint32_t next = (uint32_t)w->queue.len;
	if (lk_name_is_virtual(name) || lk_map_add(&w->queued, name, next) != next) {
		return;
	}
	lk_vec_push(&w->queue, name);
	for (size_t i = 0; i < w->n_sources; i++) {
		if (w->sources[i].expect) {
			w->sources[i].expect(w->sources[i].ctx, name);
		}
	}
}

static void follow_spec(struct walker *w, lk_str text)
{
	struct lk_reach *reach = w->reach;
	uint32_t next = (uint32_t)reach->specs.len;
	if (lk_map_add(&reach->spec_index, text, next) != next) {
		return;
	}
	const struct lk_matchspec *spec = NULL;
	struct lk_error ignored; /* the resolver judges specs that do not parse */
	if (lk_matchspec_parse(text, LK_SPEC_REPODATA, &reach->arena, &spec, &ignored) == 0 &&
		spec->name_kind == LK_PATTERN_EXACT) {
		enqueue(w, spec->name);
	}
	lk_vec_push(&reach->specs, spec);
}

static void follow_record(struct walker *w, const struct lk_record *record)
{
	for (size_t i = 0; i < record->depends.n; i++) {
		follow_spec(w, record->depends.items[i]);
	}
	for (size_t g = 0; g < record->n_extra; g++) {
		for (size_t i = 0; i < record->extra[g].depends.n; i++) {
			follow_spec(w, record->extra[g].depends.items[i]);
		}
	}
}

/* Marks, of the records from index FROM on, which are of one source, each .tar.bz2 whose .conda is
 * there too and not newer. */
static void mark_doubles(struct walker *w, size_t from)
{
	const struct lk_record *records = w->records.items;
	struct note *notes = w->notes.items;
	struct lk_map conda = {0};
	size_t n_tar = 0;
	lk_str dist;
	for (size_t i = from; i < w->records.len; i++) {
		n_tar += notes[i].kind == LK_ARCHIVE_TAR_BZ2;
	}
	for (size_t i = from; n_tar > 0 && i < w->records.len; i++) {
		if (lk_archive_kind_of(records[i].fn, &dist) == LK_ARCHIVE_CONDA) {
			lk_map_set(&conda, dist, (uint32_t)i);
		}
	}
	for (size_t i = from; conda.len > 0 && i < w->records.len; i++) {
		bool old = lk_archive_kind_of(records[i].fn, &dist) == LK_ARCHIVE_TAR_BZ2;
		uint32_t at = old ? lk_map_get(&conda, dist) : LK_MAP_NONE;
		notes[i].drop = at != LK_MAP_NONE &&
			lk_record_time(&records[at]) <= lk_record_time(&records[i]);
		w->has_doubles = w->has_doubles || (at != LK_MAP_NONE && !notes[i].drop);
	}
	lk_map_done(&conda);
}

/* Marks what cannot be installed, if something can; false when nothing can. */
static bool mark_uninstallable(struct walker *w)
{
	bool any = false;
	for (size_t i = 0; i < w->notes.len; i++) {
		any = any || lk_archive_is_installable(w->notes.items[i].kind);
	}
	for (size_t i = 0; any && i < w->notes.len; i++) {
		struct note *note = &w->notes.items[i];
		note->drop = note->drop || !lk_archive_is_installable(note->kind);
	}
	return any;
}

/* Moves the records at hand that are not dropped into the result. */
static void keep_records(struct walker *w, lk_str name)
{
	struct lk_arena *arena = &w->reach->arena;
	struct lk_record *records = lk_arena_calloc(arena, w->records.len, sizeof(*records));
	unsigned *channels = lk_arena_calloc(arena, w->records.len, sizeof(*channels));
	size_t n = 0;
	for (size_t i = 0; i < w->records.len; i++) {
		if (!w->notes.items[i].drop) {
			records[n] = w->records.items[i];
			channels[n++] = w->notes.items[i].channel;
		}
	}
	if (n > 0) {
		struct lk_reached reached = {
			lk_str_dup(arena, name), records, channels, n, w->has_doubles};
		lk_vec_push(&w->names, reached);
		w->reach->n_records += n;
	}
}

static int load_records(struct walker *w, lk_str name, struct lk_error *err)
{
	lk_vec_clear(&w->records);
	lk_vec_clear(&w->notes);
	w->has_doubles = false;
	for (size_t s = 0; s < w->n_sources; s++) {
		const struct lk_source *source = &w->sources[s];
		size_t from = w->records.len;
		int rc = source->records(source->ctx, name, &w->reach->arena, &w->records, err);
		if (rc < 0) {
			return rc;
		}
		while (w->notes.len < w->records.len) {
			lk_str fn = w->records.items[w->notes.len].fn;
			struct note note = {source->channel, lk_archive_kind_of(fn, NULL), false};
			lk_vec_push(&w->notes, note);
		}
		mark_doubles(w, from);
	}
	return 0;
}

static int visit(struct walker *w, lk_str name, struct lk_error *err)
{
	int rc = load_records(w, name, err);
	if (rc < 0) {
		return rc;
	}
	bool installable = mark_uninstallable(w);
	for (size_t i = 0; installable && i < w->records.len; i++) {
		if (!w->notes.items[i].drop) {
			follow_record(w, &w->records.items[i]);
		}
	}
	keep_records(w, name);
	return 0;
}

static int cmp_reached(const void *a, const void *b)
{
	const struct lk_reached *left = a;
	const struct lk_reached *right = b;
	return lk_str_cmp(left->name, right->name);
}

static void sort_names(struct walker *w)
{
	size_t n = w->names.len;
	if (n == 0) {
		return;
	}
	qsort(w->names.items, n, sizeof(w->names.items[0]), cmp_reached);
	w->reach->names = lk_arena_calloc(&w->reach->arena, n, sizeof(w->names.items[0]));
	memcpy(w->reach->names, w->names.items, n * sizeof(w->names.items[0]));
	w->reach->n_names = n;
}

int lk_reach_load(const struct lk_source *sources, size_t n_sources, const lk_str *roots,
	size_t n_roots, struct lk_reach *ret, struct lk_error *err)
{
	struct lk_reach reach = {0};
	lk_arena_init(&reach.arena);
	struct walker w = {.reach = &reach, .sources = sources, .n_sources = n_sources};
	for (size_t i = 0; i < n_roots; i++) {
		enqueue(&w, roots[i]);
	}
	int rc = 0;
	for (size_t i = 0; i < w.queue.len && rc == 0; i++) {
		rc = visit(&w, w.queue.items[i], err);
	}
	if (rc == 0) {
		sort_names(&w);
	}
	lk_vec_done(&w.queue);
	lk_vec_done(&w.records);
	lk_vec_done(&w.notes);
	lk_vec_done(&w.names);
	lk_map_done(&w.queued);
	if (rc < 0) {
		lk_reach_done(&reach);
		return rc;
	}
	*ret = reach;
	return 0;
}

void lk_reach_done(struct lk_reach *reach)
{
	lk_map_done(&reach->spec_index);
	lk_vec_done(&reach->specs);
	lk_arena_done(&reach->arena);
	*reach = (struct lk_reach){0};
}

const struct lk_reached *lk_reach_find(const struct lk_reach *reach, lk_str name)
{
	struct lk_reached key = {.name = name};
	return reach->n_names == 0
		? NULL
		: bsearch(&key, reach->names, reach->n_names, sizeof(key), cmp_reached);
}

const struct lk_matchspec *lk_reach_spec(const struct lk_reach *reach, lk_str text)
{
	uint32_t index = lk_map_get(&reach->spec_index, text);
	return index == LK_MAP_NONE ? NULL : reach->specs.items[index];
}
