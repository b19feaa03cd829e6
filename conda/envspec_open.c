/*
 * Opening an environment file for an edit: where its scalars stand.
 */
#include "conda/envspec_edit_priv.h"

#define MAX_DEPTH 16

int lk_editor_refuse(const struct lk_editor *e, unsigned line, const char *what)
{
	lk_fail_at(e->err, e->file->name, line, 0, "this cannot be edited: %s", what);
	lk_error_hint(e->err, "edit '%s' by hand, then run 'lockenv solve'", e->file->name);
	e->err->code = LK_E_USAGE;
	return LK_E_USAGE;
}

/* Behind the quoted scalar at BEGIN; SIZE_MAX when it does not end on its line. */
static size_t quoted_end(lk_str text, size_t begin)
{
	char quote = text.ptr[begin];
	for (size_t i = begin + 1; i < text.len && text.ptr[i] != '\n'; i++) {
		bool twice = quote == '\'' && i + 1 < text.len && text.ptr[i + 1] == quote;
		if (text.ptr[i] == quote && !twice) {
			return i + 1;
		}
		i += text.ptr[i] == quote || (quote == '"' && text.ptr[i] == '\\');
	}
	return SIZE_MAX;
}

/* Where the scalar NODE stands; `end` is SIZE_MAX when that is not understood. */
static struct lk_edit_item find_item(const struct lk_editor *e, const struct lk_yaml *node)
{
	struct lk_edit_item item = {.begin = lk_yaml_offset(&e->doc, node),
		.end = SIZE_MAX,
		.line = node->line,
		.alone = true};
	lk_str rest = lk_str_skip(e->text, item.begin);
	if (node->quoted && rest.len > 0 && (rest.ptr[0] == '\'' || rest.ptr[0] == '"')) {
		item.quote = rest.ptr[0];
		item.end = quoted_end(e->text, item.begin);
	} else if (!node->quoted && node->text.len > 0 && lk_str_starts(rest, node->text)) {
		item.end = item.begin + node->text.len;
	}
	item.outer = item.begin;
	return item;
}

static bool is_pip(const struct lk_yaml *member)
{
	return lk_str_is(member->key, "pip");
}

/* The scalars of the list in the order in which conda/envspec reads them. */
static void list_items(struct lk_editor *e)
{
	for (const struct lk_yaml *child = e->list ? e->list->first : NULL; child;
		child = child->next) {
		if (child->kind != LK_YAML_MAPPING) {
			lk_vec_push(&e->items, find_item(e, child));
			continue;
		}
		for (const struct lk_yaml *member = child->first; member; member = member->next) {
			if (!is_pip(member)) {
				struct lk_edit_item item = find_item(e, member);
				item.outer = lk_yaml_offset(&e->doc, child);
				item.alone = child->n_children == 1;
				lk_vec_push(&e->items, item);
			}
		}
	}
}

bool lk_editor_is_flow(const struct lk_editor *e)
{
	size_t at = lk_yaml_offset(&e->doc, e->list);
	return at < e->text.len && e->text.ptr[at] == '[';
}

void lk_editor_done(struct lk_editor *e)
{
	lk_vec_done(&e->items);
	if (e->file->yaml) {
		lk_yaml_doc_done(&e->doc);
	}
	lk_envspec_done(&e->before);
}

/* The lines of a spec list as items. */
static void list_lines(struct lk_editor *e)
{
	for (size_t i = 0; i < e->before.n_specs; i++) {
		const struct lk_envspec_line *line = &e->before.specs[i];
		lk_str whole = lk_line_of(e->text, line->line);
		struct lk_edit_item item = {.line = line->line, .alone = true};
		item.begin = (size_t)(whole.ptr - e->text.ptr) + line->column - 1;
		item.end = item.begin + line->text.len;
		item.outer = item.begin;
		lk_vec_push(&e->items, item);
	}
}

int lk_editor_init(struct lk_editor *e, const struct lk_envspec_file *file, const char *key,
	struct lk_buf *out, struct lk_error *err)
{
	static const struct lk_yaml_limits limits = {
		.max_bytes = LK_EDIT_MAX_BYTES, .max_depth = MAX_DEPTH};
	*e = (struct lk_editor){
		.file = file, .text = file->text, .key = key, .out = out, .err = err};
	int rc = lk_envspec_parse(file->text, file->name, file->yaml, NULL, &e->before, err);
	if (rc < 0) {
		return rc;
	}
	if (e->before.explicit_urls) {
		lk_envspec_done(&e->before);
		return lk_editor_refuse(e, 0, "behind @EXPLICIT stand archives, not specs");
	}
	if (!file->yaml) {
		list_lines(e);
		return 0;
	}
	rc = lk_yaml_parse(file->text, file->name, &limits, &e->doc, err);
	e->text = rc == 0 ? e->doc.source : e->text;
	if (rc < 0) {
		lk_envspec_done(&e->before);
		return rc;
	}
	e->list = lk_yaml_get(e->doc.root, key);
	list_items(e);
	return 0;
}
