/*
 * Where in an environment file a line is put, replaced and cut.
 *
 * The tree of base/yaml tells where things stand; what is between them is looked at here. A way of
 * writing that is not understood is refused, not guessed at.
 */
#include "conda/envspec_edit_priv.h"

/* --- the text --- */

static size_t line_start(lk_str text, size_t at)
{
	while (at > 0 && text.ptr[at - 1] != '\n') {
		at--;
	}
	return at;
}

/* Behind the line's end. */
static size_t line_end(lk_str text, size_t at)
{
	while (at < text.len && text.ptr[at] != '\n') {
		at++;
	}
	return at < text.len ? at + 1 : at;
}

static size_t skip_blanks(lk_str text, size_t at)
{
	while (at < text.len && (text.ptr[at] == ' ' || text.ptr[at] == '\t')) {
		at++;
	}
	return at;
}

static bool is_blank(lk_str text)
{
	return lk_str_trim(text).len == 0;
}

/* Is there nothing behind AT on its line but a comment? */
static bool ends_line(lk_str text, size_t at)
{
	size_t next = skip_blanks(text, at);
	return next == text.len || text.ptr[next] == '\n' ||
		(text.ptr[next] == '\r' && next + 1 < text.len && text.ptr[next + 1] == '\n') ||
		(text.ptr[next] == '#' && next > at);
}

/* "  - ", what stands before an element of a block list. */
static bool is_dash(lk_str before)
{
	lk_str rest = before;
	while (rest.len > 0 && rest.ptr[0] == ' ') {
		rest = lk_str_skip(rest, 1);
	}
	return rest.len > 1 && rest.ptr[0] == '-' && is_blank(lk_str_skip(rest, 1));
}

/* How the file ends its lines. */
static const char *line_break(lk_str text)
{
	size_t end = lk_str_find_char(text, '\n');
	return end != SIZE_MAX && end > 0 && text.ptr[end - 1] == '\r' ? "\r\n" : "\n";
}

/* The text with [FROM, TO) replaced by what INSERT says, behind the file's byte order mark. */
static void splice(const struct lk_editor *e, size_t from, size_t to, lk_str insert)
{
	lk_buf_put(e->out, lk_str_slice(e->file->text, 0, e->file->text.len - e->text.len));
	lk_buf_put(e->out, lk_str_slice(e->text, 0, from));
	lk_buf_put(e->out, insert);
	lk_buf_put(e->out, lk_str_skip(e->text, to));
}

/* --- scalars --- */

/* Would TEXT, written without quotes, be read as just that text by every reader? */
static bool is_plain(lk_str text, bool flow)
{
	static const char *const typed[] = {
		"~", "null", "true", "false", "yes", "no", "on", "off", "y", "n"};
	bool is_number = true;
	if (text.len == 0 ||
		lk_str_find_char(LK_STR("-?:,[]{}#&*!|>'\"%@`=<"), text.ptr[0]) != SIZE_MAX ||
		text.ptr[text.len - 1] == ':') {
		return false;
	}
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		char next = i + 1 < text.len ? text.ptr[i + 1] : ' ';
		is_number = is_number &&
			(lk_is_digit(c) || lk_str_find_char(LK_STR(".eE+-_xob"), c) != SIZE_MAX);
		if ((c == ':' && next == ' ') || (c == ' ' && next == '#') ||
			(flow && lk_str_find_char(LK_STR(",[]{}"), c) != SIZE_MAX) ||
			(flow && c == ':' && lk_str_find_char(LK_STR(",[]{}"), next) != SIZE_MAX)) {
			return false;
		}
	}
	for (size_t i = 0; i < LK_COUNTOF(typed); i++) {
		if (lk_str_eq_nocase(text, lk_str_of(typed[i]))) {
			return false;
		}
	}
	return !is_number;
}

/* TEXT in QUOTEs; NUL: in none if it needs none. */
static void put_scalar(struct lk_buf *buf, lk_str text, char quote, bool flow)
{
	if (quote == '\0' && is_plain(text, flow)) {
		lk_buf_put(buf, text);
		return;
	}
	quote = quote ? quote : '\'';
	lk_buf_putc(buf, quote);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (quote == '\'' && c == quote) {
			lk_buf_putc(buf, quote);
		} else if (quote == '"' && (c == '"' || c == '\\')) {
			lk_buf_putc(buf, '\\');
		}
		lk_buf_putc(buf, c);
	}
	lk_buf_putc(buf, quote);
}

/* --- adding --- */

/* The last element that is a plain scalar and can be put something behind; NULL: none. */
static const struct lk_edit_item *last_item(const struct lk_editor *e)
{
	for (size_t i = e->items.len; i-- > 0;) {
		const struct lk_edit_item *item = &e->items.items[i];
		if (item->outer == item->begin && item->end != SIZE_MAX) {
			return item;
		}
	}
	return NULL;
}

/* A new line behind the one that AT is in: BEFORE, TEXT and, unless the file ends without, a line
 * break. */
static void put_line_behind(
	const struct lk_editor *e, size_t at, lk_str before, lk_str text, const char *after)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) line = LK_BUF_INIT(LK_EDIT_MAX_BYTES);
	size_t end = line_end(e->text, at);
	bool broken = end == 0 || e->text.ptr[end - 1] == '\n';
	if (!broken) {
		lk_buf_puts(&line, line_break(e->text));
	}
	lk_buf_appendf(
		&line, LK_STR_FMT LK_STR_FMT "%s", LK_STR_ARG(before), LK_STR_ARG(text), after);
	if (broken) {
		lk_buf_puts(&line, line_break(e->text));
	}
	splice(e, end, end, lk_buf_view(&line));
}

/* What stands before the elements of the file's block lists; of this one's first. */
static lk_str dash_of(const struct lk_editor *e)
{
	static const char *const keys[] = {"dependencies", "channels", "platforms"};
	for (size_t i = 0; i < LK_COUNTOF(keys); i++) {
		const struct lk_yaml *list = lk_yaml_get(e->doc.root, keys[i]);
		const struct lk_yaml *first = list ? list->first : NULL;
		if (first) {
			size_t at = lk_yaml_offset(&e->doc, first);
			size_t start = line_start(e->text, at);
			lk_str before = lk_str_slice(e->text, start, at);
			if (is_dash(before)) {
				return before;
			}
		}
	}
	return LK_STR("  - ");
}

/* A list of its own behind everything. */
static int put_list(const struct lk_editor *e, lk_str text)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) lines = LK_BUF_INIT(LK_EDIT_MAX_BYTES);
	lk_str dash = dash_of(e);
	const char *br = line_break(e->text);
	size_t end = e->text.len;
	if (end > 0 && e->text.ptr[end - 1] != '\n') {
		lk_buf_puts(&lines, br);
	}
	lk_buf_appendf(&lines, "%s:%s" LK_STR_FMT LK_STR_FMT "%s", e->key, br, LK_STR_ARG(dash),
		LK_STR_ARG(text), br);
	splice(e, end, end, lk_buf_view(&lines));
	return 0;
}

/* Behind the key whose value is empty. */
static int put_first(const struct lk_editor *e, lk_str text)
{
	struct lk_yaml key = {.line = e->list->key_line, .column = e->list->key_column};
	size_t colon = lk_yaml_offset(&e->doc, &key) + lk_str_of(e->key).len;
	if (colon >= e->text.len || e->text.ptr[colon] != ':' || !ends_line(e->text, colon + 1)) {
		return lk_editor_refuse(
			e, key.line, "its value is none, and yet something stands there");
	}
	put_line_behind(e, colon, dash_of(e), text, "");
	return 0;
}

static int put_in_block(struct lk_editor *e, lk_str text)
{
	const struct lk_edit_item *last = last_item(e);
	const struct lk_yaml *first = e->list->first;
	size_t at = last ? last->begin : lk_yaml_offset(&e->doc, first);
	size_t start = line_start(e->text, at);
	lk_str before = lk_str_slice(e->text, start, at);
	if (!is_dash(before) || (last && !ends_line(e->text, last->end))) {
		return lk_editor_refuse(e, last ? last->line : first->line,
			"no line can be put behind or before this one");
	}
	if (last) {
		put_line_behind(e, last->end, before, text, "");
		return 0;
	}
	lk_str line = lk_str_printf(&e->doc.arena, LK_STR_FMT LK_STR_FMT "%s", LK_STR_ARG(before),
		LK_STR_ARG(text), line_break(e->text));
	splice(e, start, start, line);
	return 0;
}

/* Does ITEM of a list in brackets have its line for itself? *RET_COMMA: where its comma is, or
 * SIZE_MAX. */
static bool has_own_line(
	const struct lk_editor *e, const struct lk_edit_item *item, size_t *ret_comma)
{
	size_t next = skip_blanks(e->text, item->end);
	bool comma = next < e->text.len && e->text.ptr[next] == ',';
	size_t start = line_start(e->text, item->begin);
	*ret_comma = comma ? next : SIZE_MAX;
	return is_blank(lk_str_slice(e->text, start, item->begin)) &&
		ends_line(e->text, comma ? next + 1 : item->end);
}

static int put_in_flow(struct lk_editor *e, lk_str text)
{
	struct lk_arena *arena = &e->doc.arena;
	const struct lk_edit_item *last = last_item(e);
	size_t comma;
	if (!e->list->first) {
		size_t at = lk_yaml_offset(&e->doc, e->list) + 1;
		splice(e, at, at, text);
	} else if (!last) {
		size_t at = lk_yaml_offset(&e->doc, e->list->first);
		splice(e, at, at, lk_str_printf(arena, LK_STR_FMT ", ", LK_STR_ARG(text)));
	} else if (!has_own_line(e, last, &comma)) {
		splice(e, last->end, last->end,
			lk_str_printf(arena, ", " LK_STR_FMT, LK_STR_ARG(text)));
	} else {
		size_t start = line_start(e->text, last->begin);
		size_t end = line_end(e->text, last->end);
		lk_str tail = lk_str_slice(e->text, last->end, end);
		splice(e, last->end, end,
			lk_str_printf(arena, "%s" LK_STR_FMT LK_STR_FMT LK_STR_FMT "%s%s",
				comma == SIZE_MAX ? "," : "", LK_STR_ARG(tail),
				LK_STR_ARG(lk_str_slice(e->text, start, last->begin)),
				LK_STR_ARG(text), comma == SIZE_MAX ? "" : ",",
				line_break(e->text)));
	}
	return 0;
}

/* Puts the new element TEXT into the list. */
int lk_editor_put(struct lk_editor *e, lk_str text)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) scalar = LK_BUF_INIT(LK_EDIT_MAX_BYTES);
	const struct lk_edit_item *last = last_item(e);
	bool list = e->list && e->list->kind == LK_YAML_SEQUENCE;
	bool flow = list && lk_editor_is_flow(e);
	if (!e->file->yaml) {
		put_line_behind(e, e->text.len, LK_STR(""), text, "");
		return 0;
	}
	put_scalar(&scalar, text, last ? last->quote : '\0', flow);
	text = lk_buf_view(&scalar);
	return !e->list ? put_list(e, text)
		: !list ? put_first(e, text)
		: flow  ? put_in_flow(e, text)
			: put_in_block(e, text);
}

int lk_editor_replace(struct lk_editor *e, const struct lk_edit_item *item, lk_str text)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) scalar = LK_BUF_INIT(LK_EDIT_MAX_BYTES);
	if (item->end == SIZE_MAX) {
		return lk_editor_refuse(e, item->line, "it is written over several lines");
	}
	if (e->file->yaml) {
		put_scalar(&scalar, text, item->quote, lk_editor_is_flow(e));
		text = lk_buf_view(&scalar);
	}
	splice(e, item->begin, item->end, text);
	return 0;
}

/* --- removing --- */

static int cut_line(const struct lk_editor *e, size_t at)
{
	size_t from = line_start(e->text, at);
	size_t to = line_end(e->text, at);
	/* A file that ends without a line break goes on ending so. */
	if (to == e->text.len && from > 0 && e->text.ptr[to - 1] != '\n') {
		from--;
		from -= from > 0 && e->text.ptr[from - 1] == '\r';
	}
	splice(e, from, to, LK_STR(""));
	return 0;
}

static int cut_from_block(const struct lk_editor *e, const struct lk_edit_item *item)
{
	size_t start = line_start(e->text, item->begin);
	if (item->outer < start || !item->alone || !ends_line(e->text, item->end) ||
		!is_dash(lk_str_slice(e->text, start, item->outer))) {
		return lk_editor_refuse(e, item->line, "more than this one stands on its line");
	}
	return cut_line(e, item->begin);
}

static int cut_from_flow(const struct lk_editor *e, const struct lk_edit_item *item)
{
	size_t comma;
	size_t from = item->begin;
	if (item->outer != item->begin) {
		return lk_editor_refuse(e, item->line, "it stands in a mapping of its own");
	}
	if (has_own_line(e, item, &comma)) {
		return cut_line(e, item->begin);
	}
	if (comma != SIZE_MAX) {
		size_t to = skip_blanks(e->text, comma + 1);
		bool last =
			to < e->text.len && (e->text.ptr[to] == '\n' || e->text.ptr[to] == '\r');
		while (last && from > 0 && e->text.ptr[from - 1] == ' ') {
			from--;
		}
		splice(e, from, to, LK_STR(""));
		return 0;
	}
	while (from > 0 && (e->text.ptr[from - 1] == ' ' || e->text.ptr[from - 1] == '\t')) {
		from--;
	}
	if (from == 0 || (e->text.ptr[from - 1] != ',' && e->text.ptr[from - 1] != '[')) {
		return lk_editor_refuse(e, item->line, "more than this one stands on its line");
	}
	splice(e, e->text.ptr[from - 1] == ',' ? from - 1 : item->begin, item->end, LK_STR(""));
	return 0;
}

int lk_editor_cut(struct lk_editor *e, const struct lk_edit_item *item)
{
	if (item->end == SIZE_MAX) {
		return lk_editor_refuse(e, item->line, "it is written over several lines");
	}
	return !e->file->yaml          ? cut_line(e, item->begin)
		: lk_editor_is_flow(e) ? cut_from_flow(e, item)
				       : cut_from_block(e, item);
}
