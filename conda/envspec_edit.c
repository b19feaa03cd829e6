/*
 * Byte-precise edits of environment.yml and spec lists: what is asked for, and that just that came
 * of it.
 */
#include "conda/envspec_edit_priv.h"

#include "conda/matchspec.h"

static bool same_line(const struct lk_envspec_line *a, const struct lk_envspec_line *b)
{
	return lk_str_eq(a->text, b->text) && lk_str_eq(a->selector, b->selector);
}

/* Is everything but the dependencies, or (CHANNELS) but the channels, as it was? */
static bool rest_is_same(
	const struct lk_envspec *before, const struct lk_envspec *after, bool channels)
{
	bool same = lk_str_eq(before->name, after->name) &&
		lk_str_list_eq(&before->platforms, &after->platforms) &&
		before->nodefaults == after->nodefaults && before->n_pip == after->n_pip &&
		before->n_variables == after->n_variables &&
		(channels ? before->n_specs == after->n_specs
			  : lk_str_list_eq(&before->channels, &after->channels));
	for (size_t i = 0; same && i < before->n_pip; i++) {
		same = same_line(&before->pip[i], &after->pip[i]);
	}
	for (size_t i = 0; same && channels && i < before->n_specs; i++) {
		same = same_line(&before->specs[i], &after->specs[i]);
	}
	for (size_t i = 0; same && i < before->n_variables; i++) {
		same = lk_str_eq(before->variables[i].name, after->variables[i].name) &&
			lk_str_eq(before->variables[i].value, after->variables[i].value);
	}
	return same;
}

/* Is AFTER what BEFORE was with SPEC at one place more (REPLACED: at that place instead)? */
static bool has_spec_more(const struct lk_envspec *before, const struct lk_envspec *after,
	lk_str spec, size_t replaced)
{
	size_t more = replaced == SIZE_MAX;
	size_t at = 0;
	while (at < before->n_specs && at < after->n_specs && at != replaced &&
		same_line(&before->specs[at], &after->specs[at])) {
		at++;
	}
	bool good = after->n_specs == before->n_specs + more && at < after->n_specs &&
		lk_str_eq(after->specs[at].text, spec) && after->specs[at].selector.len == 0;
	for (size_t i = at + 1; good && i < after->n_specs; i++) {
		good = same_line(&before->specs[i - more], &after->specs[i]);
	}
	return good;
}

/* Reads the new text, which begins at byte START of the buffer; false when that is no file. */
static bool read_result(const struct lk_editor *e, size_t start, struct lk_envspec *ret)
{
	struct lk_error ignored = LK_ERROR_INIT;
	lk_str text = lk_str_skip(lk_buf_view(e->out), start);
	return !e->out->overflow &&
		lk_envspec_parse(text, e->file->name, e->file->yaml, NULL, ret, &ignored) == 0;
}

static int misread(const struct lk_editor *e, size_t start, unsigned line)
{
	lk_buf_truncate(e->out, start);
	return lk_editor_refuse(
		e, line, "the way it is written does not allow for just this change");
}

/* Does LINE ask for the package NAME? */
static int asks_for(
	const struct lk_editor *e, const struct lk_envspec_line *line, lk_str name, bool *ret)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	const struct lk_matchspec *spec;
	int rc = lk_matchspec_parse(line->text, LK_SPEC_USER, &arena, &spec, e->err);
	if (rc < 0) {
		lk_error_file(e->err, e->file->name);
		e->err->line = line->line;
		e->err->column = 0;
		return rc;
	}
	*ret = lk_str_eq(spec->name, name);
	return 0;
}

/* The one line that asks for SPEC's name: its index, or SIZE_MAX. */
static int find_line(const struct lk_editor *e, const struct lk_matchspec *spec, size_t *ret)
{
	*ret = SIZE_MAX;
	for (size_t i = 0; i < e->before.n_specs; i++) {
		bool asks = false;
		int rc = asks_for(e, &e->before.specs[i], spec->name, &asks);
		if (rc < 0) {
			return rc;
		}
		if (asks && *ret != SIZE_MAX) {
			return lk_editor_refuse(e, e->before.specs[i].line,
				"another line asks for the same package");
		}
		if (asks && e->before.specs[i].selector.len > 0) {
			return lk_editor_refuse(e, e->before.specs[i].line,
				"this line asks for the package, on some platforms alone");
		}
		*ret = asks ? i : *ret;
	}
	return 0;
}

bool lk_envspec_asks(lk_str line, const struct lk_matchspec *spec)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	struct lk_buf LK_CLEANUP(lk_buf_done) one = LK_BUF_INIT((size_t)4 * LK_SPEC_MAX_LEN);
	struct lk_buf LK_CLEANUP(lk_buf_done) other = LK_BUF_INIT((size_t)4 * LK_SPEC_MAX_LEN);
	const struct lk_matchspec *old;
	struct lk_error ignored = LK_ERROR_INIT;
	if (lk_str_eq(lk_str_trim(spec->text), spec->name) || lk_str_eq(spec->text, line)) {
		return true;
	}
	if (lk_matchspec_parse(line, LK_SPEC_USER, &arena, &old, &ignored) < 0) {
		return false;
	}
	lk_matchspec_canonical(spec, &one);
	lk_matchspec_canonical(old, &other);
	return lk_str_eq(lk_buf_view(&one), lk_buf_view(&other));
}

static int add_spec(struct lk_editor *e, const struct lk_matchspec *spec, lk_str text,
	enum lk_envspec_effect *ret)
{
	size_t start = e->out->len;
	size_t at;
	int rc = find_line(e, spec, &at);
	if (rc < 0) {
		return rc;
	}
	if (at != SIZE_MAX && lk_envspec_asks(e->before.specs[at].text, spec)) {
		*ret = LK_ENVSPEC_SAME;
		lk_buf_put(e->out, e->file->text);
		return 0;
	}
	rc = at == SIZE_MAX ? lk_editor_put(e, text)
			    : lk_editor_replace(e, &e->items.items[at], text);
	if (rc < 0) {
		return rc;
	}
	struct lk_envspec after = {0};
	bool good = read_result(e, start, &after) && rest_is_same(&e->before, &after, false) &&
		has_spec_more(&e->before, &after, text, at);
	lk_envspec_done(&after);
	if (!good) {
		return misread(e, start, e->list ? e->list->line : 0);
	}
	*ret = at == SIZE_MAX ? LK_ENVSPEC_ADDED : LK_ENVSPEC_REPLACED;
	return 0;
}

int lk_envspec_add(const struct lk_envspec_file *file, lk_str spec, struct lk_buf *out,
	enum lk_envspec_effect *ret, struct lk_error *err)
{
	struct lk_arena LK_CLEANUP(lk_arena_done) arena = {0};
	const struct lk_matchspec *parsed;
	struct lk_editor e;
	lk_str text = lk_str_trim(spec);
	int rc = lk_matchspec_parse(text, LK_SPEC_USER, &arena, &parsed, err);
	if (rc < 0) {
		return rc;
	}
	if (parsed->name_kind != LK_PATTERN_EXACT || lk_str_has_control(text)) {
		lk_fail(err, LK_E_USAGE, "'" LK_STR_FMT "' names no one package", LK_STR_ARG(text));
		lk_error_hint(err, "a spec needs one exact name");
		return LK_E_USAGE;
	}
	rc = lk_editor_init(&e, file, "dependencies", out, err);
	if (rc < 0) {
		return rc;
	}
	rc = add_spec(&e, parsed, text, ret);
	lk_editor_done(&e);
	return rc;
}

int lk_envspec_add_channel(const struct lk_envspec_file *file, lk_str channel, struct lk_buf *out,
	enum lk_envspec_effect *ret, struct lk_error *err)
{
	struct lk_editor e;
	size_t start = out->len;
	int rc = lk_editor_init(&e, file, "channels", out, err);
	if (rc < 0) {
		return rc;
	}
	*ret = LK_ENVSPEC_SAME;
	for (size_t i = 0; i < e.before.channels.n; i++) {
		if (lk_str_eq(e.before.channels.items[i], channel)) {
			lk_buf_put(out, file->text);
			lk_editor_done(&e);
			return 0;
		}
	}
	rc = file->yaml && !lk_str_has_control(channel) && channel.len > 0
		? lk_editor_put(&e, channel)
		: lk_editor_refuse(&e, 0, "it cannot say its channels");
	if (rc == 0) {
		struct lk_envspec after = {0};
		size_t n = e.before.channels.n;
		bool good = read_result(&e, start, &after) &&
			rest_is_same(&e.before, &after, true) && after.channels.n == n + 1 &&
			lk_str_eq(after.channels.items[n], channel);
		after.channels.n -= good;
		good = good && lk_str_list_eq(&e.before.channels, &after.channels);
		lk_envspec_done(&after);
		*ret = LK_ENVSPEC_ADDED;
		rc = good ? 0 : misread(&e, start, e.list ? e.list->line : 0);
	}
	lk_editor_done(&e);
	return rc;
}

/* Takes out the item AT of the dependencies. */
static int cut_item(struct lk_editor *e, size_t at)
{
	const struct lk_edit_item *item = &e->items.items[at];
	size_t start = e->out->len;
	struct lk_envspec after = {0};
	int rc = lk_editor_cut(e, item);
	if (rc < 0) {
		return rc;
	}
	bool good = read_result(e, start, &after) && rest_is_same(&e->before, &after, false) &&
		after.n_specs + 1 == e->before.n_specs;
	for (size_t i = 0; good && i < after.n_specs; i++) {
		good = same_line(&e->before.specs[i + (i >= at)], &after.specs[i]);
	}
	lk_envspec_done(&after);
	return good ? 0 : misread(e, start, item->line);
}

static int not_there(const struct lk_editor *e, lk_str name)
{
	for (size_t i = 0; i < e->before.n_pip; i++) {
		lk_str text = e->before.pip[i].text;
		size_t len = 0;
		while (len < text.len &&
			(lk_is_alnum(text.ptr[len]) ||
				lk_str_find_char(LK_STR("-_."), text.ptr[len]) != SIZE_MAX)) {
			len++;
		}
		if (lk_str_eq_nocase(lk_str_slice(text, 0, len), name)) {
			lk_fail_at(e->err, e->file->name, e->before.pip[i].line,
				e->before.pip[i].column,
				"'" LK_STR_FMT "' is for pip, which lockenv leaves alone",
				LK_STR_ARG(text));
			lk_error_hint(e->err, "take the line out by hand");
			e->err->code = LK_E_USAGE;
			return LK_E_USAGE;
		}
	}
	return lk_fail(e->err, LK_E_NOT_FOUND, "%s does not ask for '" LK_STR_FMT "'",
		e->file->name, LK_STR_ARG(name));
}

/* Takes out the first line that asks for NAME. */
static int remove_first(
	const struct lk_envspec_file *file, lk_str name, struct lk_buf *out, struct lk_error *err)
{
	struct lk_editor e;
	bool asks = false;
	size_t at = 0;
	int rc = lk_editor_init(&e, file, "dependencies", out, err);
	if (rc < 0) {
		return rc;
	}
	while (rc == 0 && at < e.before.n_specs) {
		rc = asks_for(&e, &e.before.specs[at], name, &asks);
		if (rc < 0 || asks) {
			break;
		}
		at++;
	}
	if (rc == 0) {
		rc = asks ? cut_item(&e, at) : not_there(&e, name);
	}
	lk_editor_done(&e);
	return rc;
}

int lk_envspec_remove(
	const struct lk_envspec_file *file, lk_str name, struct lk_buf *out, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) one = LK_BUF_INIT(LK_EDIT_MAX_BYTES);
	struct lk_buf LK_CLEANUP(lk_buf_done) next = LK_BUF_INIT(LK_EDIT_MAX_BYTES);
	int rc = remove_first(file, name, &one, err);
	while (rc == 0) {
		const struct lk_envspec_file rest = {file->name, lk_buf_view(&one), file->yaml};
		struct lk_error none = LK_ERROR_INIT;
		lk_buf_clear(&next);
		rc = remove_first(&rest, name, &next, &none);
		if (rc == LK_E_NOT_FOUND) {
			lk_buf_put(out, lk_buf_view(&one));
			return 0;
		}
		if (rc < 0) {
			*err = none;
			return rc;
		}
		lk_buf_clear(&one);
		lk_buf_put(&one, lk_buf_view(&next));
	}
	return rc;
}
