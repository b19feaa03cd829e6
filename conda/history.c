/*
 * The lines on specs in a history.
 */
#include "conda/history.h"

#include "base/map.h"
#include "conda/channel.h"
#include "conda/matchspec.h"

struct reader {
	struct lk_arena *arena;
	struct lk_askeds asked; /* an empty spec: taken back */
	struct lk_map names;    /* to their index, or NONE */
};

/* The word before "specs:" and what follows that; false for any other line. */
static bool split_line(lk_str line, lk_str *ret_action, lk_str *ret_specs)
{
	line = lk_str_trim(line);
	if (!lk_str_starts(line, LK_STR("#"))) {
		return false;
	}
	line = lk_str_trim(lk_str_skip(line, 1));
	size_t n = 0;
	while (n < line.len && lk_is_alpha(line.ptr[n])) {
		n++;
	}
	lk_str rest = lk_str_trim(lk_str_skip(line, n));
	*ret_action = lk_str_slice(line, 0, n);
	*ret_specs = lk_str_trim(lk_str_skip(rest, 6));
	return n > 0 && lk_str_starts(rest, LK_STR("specs:"));
}

/* SPEC by itself: "python 3.4* (target=...)" was written by conda 4.1. */
static void take_spec(struct reader *r, lk_str text, bool take_back)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_error ignored = LK_ERROR_INIT;
	const struct lk_matchspec *spec;
	text = lk_str_trim(lk_str_slice(text, 0, lk_str_find(text, LK_STR(" (target="))));
	if (text.len == 0 || lk_matchspec_parse(text, LK_SPEC_USER, &arena, &spec, &ignored) < 0 ||
		spec->name_kind != LK_PATTERN_EXACT || spec->name.len == 0) {
		return;
	}
	uint32_t index = lk_map_get(&r->names, spec->name);
	if (take_back) {
		if (index != LK_MAP_NONE) {
			r->asked.items[index].spec = (lk_str){NULL, 0};
			lk_map_set(&r->names, r->asked.items[index].name, LK_MAP_NONE);
		}
		return;
	}
	if (index == LK_MAP_NONE) {
		index = (uint32_t)r->asked.len;
		struct lk_asked asked = {lk_str_dup(r->arena, spec->name), {NULL, 0}};
		lk_vec_push(&r->asked, asked);
		lk_map_set(&r->names, asked.name, index);
	}
	if (!lk_str_eq(r->asked.items[index].spec, text)) {
		r->asked.items[index].spec = lk_str_dup(r->arena, text);
	}
}

/* A list as Python writes it: quoted by one of two signs, with backslashes before what would end
 * it. */
static void take_list(struct reader *r, lk_str list, bool take_back)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) item = LK_BUF_INIT(LK_SPEC_MAX_LEN);
	char quote = 0;
	for (size_t i = 0; i < list.len; i++) {
		char c = list.ptr[i];
		if (quote && c == '\\' && i + 1 < list.len) {
			lk_buf_putc(&item, list.ptr[++i]);
		} else if (quote && c == quote) {
			if (!item.overflow) {
				take_spec(r, lk_buf_view(&item), take_back);
			}
			lk_buf_done(&item);
			quote = 0;
		} else if (quote) {
			lk_buf_putc(&item, c);
		} else if (c == '\'' || c == '"') {
			quote = c;
		}
	}
}

/* Parted by commas; a part that begins with a relation belongs to the one before. */
static void take_plain(struct reader *r, lk_str list, bool take_back)
{
	size_t from = 0;
	for (size_t at = 0; at <= list.len; at++) {
		bool ends = at == list.len || list.ptr[at] == ',';
		lk_str next = ends ? lk_str_trim(lk_str_skip(list, at + 1)) : list;
		bool goes_on = ends && next.len > 0 &&
			lk_str_find_char(LK_STR("<>=!~"), next.ptr[0]) != SIZE_MAX;
		if (ends && !goes_on) {
			take_spec(r, lk_str_slice(list, from, at), take_back);
			from = at + 1;
		}
	}
}

static void take_line(struct reader *r, lk_str line)
{
	static const char *const givers[] = {"update", "install", "create", "neutered"};
	static const char *const takers[] = {"remove", "uninstall"};
	lk_str action;
	lk_str specs;
	bool gives = false;
	bool takes = false;
	if (!split_line(line, &action, &specs)) {
		return;
	}
	for (size_t i = 0; i < LK_COUNTOF(givers); i++) {
		gives = gives || lk_str_is(action, givers[i]);
	}
	for (size_t i = 0; i < LK_COUNTOF(takers); i++) {
		takes = takes || lk_str_is(action, takers[i]);
	}
	if (!gives && !takes) {
		return;
	}
	if (lk_str_starts(specs, LK_STR("["))) {
		take_list(r, specs, takes);
	} else {
		take_plain(r, specs, takes);
	}
}

void lk_history_asked(lk_str text, struct lk_arena *arena, struct lk_askeds *ret)
{
	struct reader r = {.arena = arena};
	lk_str line;
	while (lk_str_split(&text, '\n', &line)) {
		take_line(&r, line);
	}
	for (size_t i = 0; i < r.asked.len; i++) {
		if (r.asked.items[i].spec.len > 0) {
			lk_vec_push(ret, r.asked.items[i]);
		}
	}
	lk_vec_done(&r.asked);
	lk_map_done(&r.names);
}

/* ---- writing ---- */

/* As Python would read it again. */
static void put_item(struct lk_buf *out, lk_str text, size_t *n)
{
	lk_buf_puts(out, (*n)++ > 0 ? ", '" : "'");
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '\'' || text.ptr[i] == '\\') {
			lk_buf_putc(out, '\\');
		}
		lk_buf_putc(out, text.ptr[i]);
	}
	lk_buf_putc(out, '\'');
}

lk_str lk_history_name(lk_str spec_text, struct lk_arena *arena)
{
	const struct lk_matchspec *spec;
	struct lk_error ignored = LK_ERROR_INIT;
	bool usual = lk_matchspec_parse(spec_text, LK_SPEC_USER, arena, &spec, &ignored) == 0 &&
		spec->name_kind == LK_PATTERN_EXACT && !spec->when && spec->extras.n == 0 &&
		spec->flags.n == 0 && !lk_str_has_control(spec_text);
	return usual ? spec->name : (lk_str){NULL, 0};
}

static void put_removed(
	lk_str before, const struct lk_map *kept, struct lk_arena *arena, struct lk_buf *out)
{
	struct lk_askeds asked = {0};
	size_t n = 0;
	lk_history_asked(before, arena, &asked);
	for (size_t i = 0; i < asked.len; i++) {
		if (lk_map_get(kept, asked.items[i].name) == LK_MAP_NONE) {
			lk_buf_puts(out, n == 0 ? "# remove specs: [" : "");
			put_item(out, asked.items[i].name, &n);
		}
	}
	lk_buf_puts(out, n > 0 ? "]\n" : "");
	lk_vec_done(&asked);
}

void lk_history_note(lk_str before, const struct lk_str_list *specs, struct lk_buf *out)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_map LK_CLEANUP(lk_map_done) kept = {0};
	struct lk_buf LK_CLEANUP(lk_buf_done) list = LK_BUF_INIT(LK_HISTORY_MAX);
	size_t n = 0;
	for (size_t i = 0; i < specs->n; i++) {
		lk_str name = lk_history_name(specs->items[i], &arena);
		if (name.len > 0) {
			lk_map_add(&kept, name, 0);
			put_item(&list, specs->items[i], &n);
		}
	}
	if (specs->n > 0) {
		put_removed(before, &kept, &arena, out);
	}
	if (n > 0) {
		lk_buf_puts(out, "# update specs: [");
		lk_buf_put(out, lk_buf_view(&list));
		lk_buf_puts(out, "]\n");
	}
}

/* What would end the line is shown as '?'. */
static void put_clean(struct lk_buf *out, lk_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		lk_buf_putc(out, (unsigned char)text.ptr[i] < ' ' ? '?' : text.ptr[i]);
	}
}

/* What conda calls a channel. */
static lk_str channel_name(lk_str channel, struct lk_arena *arena)
{
	static const char alias[] = "://conda.anaconda.org/";
	static const char *const defaults[] = {"pkgs/main", "pkgs/r",
		"https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r"};
	struct lk_error ignored = LK_ERROR_INIT;
	struct lk_channel resolved;
	if (lk_channel_resolve(channel, LK_STR(LK_CHANNEL_ALIAS), arena, &resolved, &ignored) < 0) {
		return LK_STR("<unknown>");
	}
	size_t at = lk_str_find(resolved.url, LK_STR(alias));
	lk_str name = at == SIZE_MAX ? resolved.url : lk_str_skip(resolved.url, at + strlen(alias));
	for (size_t i = 0; i < LK_COUNTOF(defaults); i++) {
		name = lk_str_is(name, defaults[i]) ? LK_STR("defaults") : name;
	}
	return name;
}

void lk_history_put(struct lk_buf *out, lk_str channel, const struct lk_record *record)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	const lk_str parts[] = {channel_name(channel, &arena), LK_STR("/"), record->subdir,
		LK_STR("::"), record->name, LK_STR("-"), record->version, LK_STR("-"),
		record->build};
	for (size_t i = 0; i < LK_COUNTOF(parts); i++) {
		put_clean(out, parts[i]);
	}
}
