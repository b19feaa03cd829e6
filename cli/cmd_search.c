/*
 * lockenv search: what channels have.
 */
#include "cli/app.h"

#include "cli/instant.h"
#include "cli/record_json.h"
#include "cli/search.h"
#include "cli/table.h"

#define LAST_MS ((uint64_t)253402300799999) /* of the year 9999 */
#define DATE_LEN 10

struct context {
	struct lk_search_options search;
	bool all, info;
};

struct searcher {
	struct lk_app *app;
	const struct context *c;
	struct lk_search *search;
	struct lk_table table;
	struct lk_jw w;
	bool one_name; /* and not a pattern */
	size_t n_names, n_shown;
};

static lk_str date_text(struct lk_app *app, const struct lk_record *record, bool whole)
{
	uint64_t ms = lk_record_time(record);
	if (ms == 0 || ms > LAST_MS) {
		return LK_STR("");
	}
	lk_str text = lk_instant_text(ms, &app->arena);
	return whole ? text : lk_str_slice(text, 0, DATE_LEN);
}

static lk_str size_text(struct lk_app *app, const struct lk_record *record)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(32);
	if (record->has_size) {
		lk_buf_put_size(&text, record->size);
	}
	return lk_str_dup(&app->arena, lk_buf_view(&text));
}

/* ---- tables ---- */

/* The record of HIT, and the number of records that the row stands for. */
static void put_row(struct searcher *s, const struct lk_hit *hit, size_t n)
{
	struct lk_arena *arena = &s->app->arena;
	const struct lk_record *r = hit->record;
	lk_table_cell(&s->table, lk_str_dup(arena, r->name));
	lk_table_cell(&s->table, lk_str_dup(arena, r->version));
	lk_table_cell(&s->table, lk_str_dup(arena, r->build));
	lk_table_cell(&s->table,
		lk_str_printf(arena, LK_STR_FMT "/" LK_STR_FMT,
			LK_STR_ARG(s->search->channels.items[hit->channel].name),
			LK_STR_ARG(r->subdir)));
	lk_table_cell(&s->table, size_text(s->app, r));
	lk_table_cell(&s->table, date_text(s->app, r, false));
	if (!s->c->all) {
		lk_table_cell(&s->table, lk_str_printf(arena, "%zu", n));
	}
	s->n_shown++;
}

/* One row for each version and channel: its best build. Equal versions stand together. */
static void put_versions(struct searcher *s, const struct lk_hit *hits, size_t n)
{
	size_t end = 0;
	for (size_t from = 0; from < n; from = end) {
		while (end < n && lk_version_eq(hits[end].version, hits[from].version)) {
			end++;
		}
		for (unsigned c = 0; c < s->search->channels.len; c++) {
			const struct lk_hit *best = NULL;
			size_t builds = 0;
			for (size_t i = from; i < end; i++) {
				if (hits[i].channel == c && !hits[i].is_double) {
					best = best ? best : &hits[i];
					builds++;
				}
			}
			if (best) {
				put_row(s, best, builds);
			}
		}
	}
}

static void put_rows(struct searcher *s, const struct lk_hit *hits, size_t n)
{
	size_t builds = 0;
	if (s->one_name && !s->c->all) {
		put_versions(s, hits, n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (hits[i].is_double) {
			continue;
		}
		builds++;
		if (s->c->all) {
			put_row(s, &hits[i], 1);
		}
	}
	if (!s->c->all) {
		put_row(s, &hits[0], builds);
	}
}

/* ---- the whole record ---- */

static void put_line(struct searcher *s, const char *label, lk_str value)
{
	if (value.len > 0) {
		lk_buf_appendf(&s->app->out, "  %-12s", label);
		lk_app_text(s->app, value, 0);
		lk_buf_putc(&s->app->out, '\n');
	}
}

static void put_list(struct searcher *s, const char *label, const struct lk_str_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		put_line(s, i ? "" : label, list->items[i]);
	}
}

static void put_hash(struct searcher *s, const char *label, const unsigned char *bytes, size_t len)
{
	char hex[LK_HEX_MAX];
	lk_hex(bytes, len, hex);
	put_line(s, label, lk_str_of(hex));
}

static void put_record(struct searcher *s, const struct lk_hit *hit)
{
	struct lk_app *app = s->app;
	const struct lk_record *r = hit->record;
	lk_buf_puts(&app->out, s->n_shown++ > 0 ? "\n" : "");
	lk_app_text(app, r->name, 0);
	lk_buf_putc(&app->out, ' ');
	lk_app_text(app, r->version, 0);
	lk_buf_putc(&app->out, ' ');
	lk_app_text(app, r->build, 0);
	lk_buf_putc(&app->out, '\n');
	put_line(s, "channel", s->search->channels.items[hit->channel].name);
	put_line(s, "subdir", r->subdir);
	put_line(s, "url", r->url);
	put_line(s, "size", size_text(app, r));
	if (r->has_sha256) {
		put_hash(s, "sha256", r->sha256.bytes, LK_SHA256_LEN);
	}
	if (r->has_md5) {
		put_hash(s, "md5", r->md5.bytes, LK_MD5_LEN);
	}
	put_line(s, "date", date_text(app, r, true));
	put_line(s, "license", r->license);
	put_line(s, "noarch",
		r->noarch == LK_NOARCH_PYTHON            ? LK_STR("python")
			: r->noarch == LK_NOARCH_GENERIC ? LK_STR("generic")
							 : LK_STR(""));
	put_list(s, "depends", &r->depends);
	for (size_t i = 0; i < r->n_extra; i++) {
		put_list(s,
			lk_arena_printf(
				&app->arena, "[" LK_STR_FMT "]", LK_STR_ARG(r->extra[i].group)),
			&r->extra[i].depends);
	}
	put_list(s, "constrains", &r->constrains);
	put_list(s, "features", &r->track_features);
	put_list(s, "flags", &r->flags);
}

/* The best, or all; a .tar.bz2 beside its .conda says nothing more. */
static void put_records(struct searcher *s, const struct lk_hit *hits, size_t n)
{
	bool done = false;
	for (size_t i = 0; i < n && !done; i++) {
		if (!hits[i].is_double) {
			put_record(s, &hits[i]);
			done = !s->c->all;
		}
	}
}

/* ---- all ---- */

static int each_name(void *ctx, const struct lk_hit *hits, size_t n, struct lk_error *err)
{
	struct searcher *s = ctx;
	size_t builds = 0;
	for (size_t i = 0; i < n; i++) {
		builds += !hits[i].is_double;
	}
	bool single = s->one_name && builds == 1;
	s->n_names++;
	if (s->app->common.json) {
		for (size_t i = 0; i < n && !s->app->out.overflow; i++) {
			lk_jw_object(&s->w);
			lk_put_record(&s->w, hits[i].record);
			lk_put_record_rest(&s->w, hits[i].record);
			lk_jw_end(&s->w);
		}
	} else if (s->c->info || (single && !s->c->all)) {
		put_records(s, hits, n);
	} else {
		put_rows(s, hits, n);
	}
	return lk_app_check_size(s->app, "narrow the search down", err);
}

static void begin_json(struct searcher *s)
{
	struct lk_jw *w = &s->w;
	lk_jw_init(w, &s->app->out, true);
	lk_jw_object(w);
	lk_jw_key_string(w, "spec", s->search->spec->text);
	lk_jw_key(w, "channels");
	lk_jw_array(w);
	for (size_t i = 0; i < s->search->channels.len; i++) {
		lk_jw_object(w);
		lk_jw_key_string(w, "name", s->search->channels.items[i].name);
		lk_jw_key_string(w, "url", s->search->channels.items[i].url);
		lk_jw_end(w);
	}
	lk_jw_end(w);
	lk_jw_strings(w, "platforms", s->search->subdirs.items, s->search->subdirs.len);
	lk_jw_key(w, "packages");
	lk_jw_array(w);
}

static int show(struct searcher *s, struct lk_error *err)
{
	static const char *const heads[] = {
		"Name", "Version", "Build", "Channel", ">Size", "Date", ">Builds"};
	lk_table_heads(&s->table, heads, LK_COUNTOF(heads) - s->c->all);
	if (s->app->common.json) {
		begin_json(s);
	}
	int rc = lk_search_run(s->search, each_name, s, err);
	if (rc == 0 && s->n_names == 0) {
		lk_buf_done(&s->app->out);
		return lk_search_tell_none(s->search, err);
	}
	if (rc == 0 && s->app->common.json) {
		lk_jw_end(&s->w);
		lk_jw_end(&s->w);
		lk_buf_putc(&s->app->out, '\n');
	} else if (rc == 0 && s->table.cells.len > s->table.n_columns) {
		lk_table_put(&s->table, s->app);
	}
	return rc < 0 ? rc : lk_app_check_size(s->app, "narrow the search down", err);
}

static int run(struct lk_app *app, void *context, const struct lk_args *args, struct lk_error *err)
{
	struct lk_search LK_CLEANUP(lk_search_done) search = {0};
	struct searcher s = {.app = app, .c = context, .search = &search};
	int rc = lk_search_open(app, &s.c->search, args->items[0], &search, err);
	if (rc == 0) {
		s.one_name = search.spec->name_kind == LK_PATTERN_EXACT;
		rc = show(&s, err);
	}
	lk_table_done(&s.table);
	return rc;
}

#define FIELD(name) offsetof(struct context, name)

static const struct lk_opt options[] = {
	{"channel", 'c', LK_OPT_LIST, FIELD(search.channels), "CHANNEL",
		"channel name, URL or path; repeatable", NULL},
	{"override-channels", 0, LK_OPT_FLAG, FIELD(search.override_channels), NULL,
		"search the channels of the command line only", NULL},
	{"platform", 0, LK_OPT_LIST, FIELD(search.platforms), "P",
		"search this platform and noarch; repeatable (default: this host's)", NULL},
	{"all", 'a', LK_OPT_FLAG, FIELD(all), NULL, "a row, or a record, for every build", NULL},
	{"info", 'i', LK_OPT_FLAG, FIELD(info), NULL,
		"the whole record of the newest, or with --all of all", NULL},
	{"offline", 0, LK_OPT_FLAG, FIELD(search.offline), NULL, "use cached repodata only", NULL},
};

const struct lk_cmd lk_cmd_search = {
	.name = "search",
	.arguments = "SPEC",
	.summary = "what channels have",
	.description =
		"Looks into the repodata of the channels (-c, then those of the configuration, "
		"else "
		"conda-forge) for a MatchSpec, whose name may have globs. A name gives one row for "
		"each version and channel, a pattern one for each name: the newest build and how "
		"many there are. One record alone is shown whole. --json has every record whole. "
		"Exits with 1 when nothing matches.",
	.examples = {"lockenv search 'numpy >=2' -c conda-forge --platform linux-64",
		"lockenv search '*torch*' --offline"},
	.options = options,
	.n_options = LK_COUNTOF(options),
	.context_size = sizeof(struct context),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
