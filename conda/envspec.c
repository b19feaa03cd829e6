/*
 * What the user asks for: environment.yml and spec lists.
 */
#include "conda/envspec.h"

#include "base/fs.h"
#include "base/yaml.h"
#include "conda/subdir.h"

#define MAX_BYTES ((size_t)4 << 20)
#define MAX_DEPTH 16

struct lines LK_VEC_OF(struct lk_envspec_line);

struct reader {
	const char *name;
	const struct lk_report *report;
	struct lk_envspec *envspec;
	struct lk_yaml_doc doc;
	lk_str rest; /* of the source, behind the line read last */
	lk_str line;
	unsigned line_number; /* of `line`; 0: none was read */
	struct lines specs, pip;
	struct lk_error *err;
};

static struct lk_str_list list_of(const struct lk_strs *strs, struct lk_arena *arena)
{
	lk_str *items = lk_arena_calloc(arena, strs->len + 1, sizeof(*items));
	for (size_t i = 0; i < strs->len; i++) {
		items[i] = lk_str_dup(arena, strs->items[i]);
	}
	return (struct lk_str_list){items, strs->len};
}

/* The words of conda-build, as far as they are about the platform. */
static const struct selector {
	const char *word;
	const char *os;   /* NULL: any but Windows, or what `arch` says */
	const char *arch; /* NULL: any */
} selectors[] = {
	{"linux", "linux", NULL},
	{"osx", "osx", NULL},
	{"win", "win", NULL},
	{"unix", NULL, NULL},
	{"linux64", "linux", "64"},
	{"aarch64", "linux", "aarch64"},
	{"ppc64le", "linux", "ppc64le"},
	{"osx64", "osx", "64"},
	{"arm64", NULL, "arm64"},
	{"win64", "win", "64"},
};

static const struct selector *find_selector(lk_str word)
{
	for (size_t i = 0; i < LK_COUNTOF(selectors); i++) {
		if (lk_str_is(word, selectors[i].word)) {
			return &selectors[i];
		}
	}
	return NULL;
}

static bool is_selector(lk_str text)
{
	return find_selector(text) || (lk_subdir_is_known(text) && !lk_str_is(text, "noarch"));
}

/* The source line NUMBER; nodes are read in the order of the text, so each line is passed once. */
static lk_str source_line(struct reader *r, unsigned number)
{
	while (r->line_number < number && lk_str_split(&r->rest, '\n', &r->line)) {
		r->line_number++;
	}
	return r->line;
}

/* Where the text at byte AT of LINE ends in the quote that it begins with; the length of LINE when
 * it does not, or begins with none. */
static size_t quoted_end(lk_str line, size_t at)
{
	char quote = at < line.len ? line.ptr[at] : '\0';
	if (quote != '\'' && quote != '"') {
		return line.len;
	}
	for (size_t i = at + 1; i < line.len; i++) {
		bool twice = quote == '\'' && i + 1 < line.len && line.ptr[i + 1] == quote;
		if (line.ptr[i] == quote && !twice) {
			return i + 1;
		}
		i += line.ptr[i] == quote || (quote == '"' && line.ptr[i] == '\\');
	}
	return line.len;
}

/* The comment behind NODE on its line, without '#'; empty when there is none. */
static lk_str comment_behind(lk_str line, const struct lk_yaml *node)
{
	size_t at = 0;
	for (unsigned column = 1; column < node->column && at < line.len; column++) {
		uint32_t ignored;
		at += lk_utf8_decode(lk_str_skip(line, at), &ignored);
	}
	for (size_t i = node->quoted ? quoted_end(line, at) : at; i < line.len; i++) {
		if (line.ptr[i] == '#' && i > 0 && lk_is_space(line.ptr[i - 1])) {
			return lk_str_trim(lk_str_skip(line, i + 1));
		}
	}
	return LK_STR("");
}

/* The selector of a comment "# why [linux]" behind the node, or an empty view. */
static lk_str line_selector(struct reader *r, const struct lk_yaml *node)
{
	lk_str comment = comment_behind(source_line(r, node->line), node);
	size_t open = lk_str_rfind_char(comment, '[');
	if (open == SIZE_MAX || !lk_str_ends(comment, LK_STR("]"))) {
		return LK_STR("");
	}
	lk_str word = lk_str_trim(lk_str_slice(comment, open + 1, comment.len - 1));
	if (is_selector(word)) {
		return word;
	}
	if (open == 0) {
		lk_warn(r->report, "%s:%u: the comment '" LK_STR_FMT "' is no selector we know",
			r->name, node->line, LK_STR_ARG(comment));
	}
	return LK_STR("");
}

static void add_line(
	struct reader *r, struct lines *lines, const struct lk_yaml *node, lk_str selector)
{
	struct lk_arena *arena = &r->envspec->arena;
	struct lk_envspec_line line = {lk_str_dup(arena, lk_str_trim(node->text)),
		lk_str_dup(arena, selector), node->line, node->column};
	lk_vec_push(lines, line);
}

/* Requirements in pip's own language; they are kept as they are. */
static int read_pip(struct reader *r, const struct lk_yaml *list)
{
	if (list->kind == LK_YAML_NULL) {
		return 0;
	}
	if (list->kind != LK_YAML_SEQUENCE) {
		return lk_yaml_fail(&r->doc, list, r->err, "'pip' must be a list");
	}
	for (const struct lk_yaml *item = list->first; item; item = item->next) {
		if (item->kind != LK_YAML_SCALAR || lk_str_trim(item->text).len == 0) {
			return lk_yaml_fail(
				&r->doc, item, r->err, "a requirement of pip must be plain text");
		}
		add_line(r, &r->pip, item, line_selector(r, item));
	}
	return 0;
}

/* "sel(linux): SPEC" or "pip: [...]". */
static int read_section(struct reader *r, const struct lk_yaml *member)
{
	lk_str key = member->key;
	if (lk_str_is(key, "pip")) {
		return read_pip(r, member);
	}
	if (lk_str_starts(key, LK_STR("sel(")) && lk_str_ends(key, LK_STR(")"))) {
		lk_str selector = lk_str_trim(lk_str_slice(key, 4, key.len - 1));
		if (is_selector(selector) && member->kind == LK_YAML_SCALAR) {
			add_line(r, &r->specs, member, selector);
			return 0;
		}
		lk_yaml_fail(
			&r->doc, member, r->err, "bad selector '" LK_STR_FMT "'", LK_STR_ARG(key));
		lk_error_hint(
			r->err, "write sel(linux), sel(unix), sel(osx) or sel(win), and one spec");
		return LK_E_FORMAT;
	}
	return lk_yaml_fail(
		&r->doc, member, r->err, "unknown section '" LK_STR_FMT "'", LK_STR_ARG(key));
}

static int read_dependency(struct reader *r, const struct lk_yaml *node)
{
	if (node->kind == LK_YAML_SCALAR) {
		add_line(r, &r->specs, node, line_selector(r, node));
		return 0;
	}
	if (node->kind != LK_YAML_MAPPING) {
		return lk_yaml_fail(&r->doc, node, r->err, "a dependency must be a spec");
	}
	for (const struct lk_yaml *member = node->first; member; member = member->next) {
		int rc = read_section(r, member);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

/* A sequence or nothing; the scalars in it. */
static int read_strings(
	struct reader *r, const struct lk_yaml *node, const char *what, struct lk_strs *ret)
{
	if (node->kind == LK_YAML_NULL) {
		return 0;
	}
	if (node->kind != LK_YAML_SEQUENCE) {
		return lk_yaml_fail(&r->doc, node, r->err, "'%s' must be a list", what);
	}
	for (const struct lk_yaml *item = node->first; item; item = item->next) {
		if (item->kind != LK_YAML_SCALAR || item->text.len == 0) {
			return lk_yaml_fail(
				&r->doc, item, r->err, "'%s' must hold plain names", what);
		}
		lk_vec_push(ret, item->text);
	}
	return 0;
}

/* CEP 24 keeps the name `base` from new environments; files for images update that one, and a lock
 * has no name, so it is fine here. */
static int read_name(struct reader *r, const struct lk_yaml *node)
{
	if (node->kind == LK_YAML_NULL) {
		return 0;
	}
	if (node->kind != LK_YAML_SCALAR) {
		return lk_yaml_fail(&r->doc, node, r->err, "'name' must be a name");
	}
	bool bad = false;
	for (size_t i = 0; i < node->text.len; i++) {
		bad = bad || (unsigned char)node->text.ptr[i] < 0x20 ||
			lk_str_find_char(LK_STR("/ :#"), node->text.ptr[i]) != SIZE_MAX;
	}
	if (bad) {
		lk_yaml_fail(&r->doc, node, r->err, "'" LK_STR_FMT "' cannot name an environment",
			LK_STR_ARG(node->text));
		lk_error_hint(r->err, "no '/', ':', '#' or space");
		return LK_E_FORMAT;
	}
	r->envspec->name = lk_str_dup(&r->envspec->arena, node->text);
	return 0;
}

static int read_channels(struct reader *r, const struct lk_yaml *node)
{
	struct lk_strs all = {0};
	struct lk_strs channels = {0};
	int rc = read_strings(r, node, "channels", &all);
	for (size_t i = 0; i < all.len; i++) {
		if (lk_str_is(all.items[i], "nodefaults")) {
			r->envspec->nodefaults = true;
		} else {
			lk_vec_push(&channels, all.items[i]);
		}
	}
	r->envspec->channels = list_of(&channels, &r->envspec->arena);
	lk_vec_done(&all);
	lk_vec_done(&channels);
	return rc;
}

static int read_platforms(struct reader *r, const struct lk_yaml *node)
{
	struct lk_strs platforms = {0};
	int rc = read_strings(r, node, "platforms", &platforms);
	const struct lk_yaml *item = node->first;
	for (size_t i = 0; rc == 0 && i < platforms.len; i++, item = item->next) {
		if (!lk_subdir_is_valid(platforms.items[i])) {
			rc = lk_yaml_fail(&r->doc, item, r->err, "'" LK_STR_FMT "' is no platform",
				LK_STR_ARG(platforms.items[i]));
		}
	}
	r->envspec->platforms = list_of(&platforms, &r->envspec->arena);
	lk_vec_done(&platforms);
	return rc;
}

static int read_dependencies(struct reader *r, const struct lk_yaml *node)
{
	if (node->kind == LK_YAML_NULL) {
		return 0;
	}
	if (node->kind != LK_YAML_SEQUENCE) {
		return lk_yaml_fail(&r->doc, node, r->err, "'dependencies' must be a list");
	}
	for (const struct lk_yaml *item = node->first; item; item = item->next) {
		int rc = read_dependency(r, item);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

static int read_variables(struct reader *r, const struct lk_yaml *node)
{
	struct lk_envspec *envspec = r->envspec;
	if (node->kind == LK_YAML_NULL) {
		return 0;
	}
	if (node->kind != LK_YAML_MAPPING) {
		return lk_yaml_fail(&r->doc, node, r->err, "'variables' must map names to values");
	}
	envspec->variables =
		lk_arena_calloc(&envspec->arena, node->n_children + 1, sizeof(*envspec->variables));
	for (const struct lk_yaml *member = node->first; member; member = member->next) {
		if (member->kind != LK_YAML_SCALAR || member->key.len == 0 ||
			lk_str_find_char(member->key, '=') != SIZE_MAX) {
			return lk_yaml_fail(&r->doc, member, r->err,
				"a variable must have a name and a plain value");
		}
		size_t at = envspec->n_variables++;
		envspec->variables[at].name = lk_str_dup(&envspec->arena, member->key);
		envspec->variables[at].value = lk_str_dup(&envspec->arena, member->text);
	}
	return 0;
}

static int read_nothing(struct reader *r, const struct lk_yaml *node)
{
	(void)r;
	(void)node;
	return 0;
}

static int read_member(struct reader *r, const struct lk_yaml *member)
{
	static const struct {
		const char *key;
		int (*read)(struct reader *r, const struct lk_yaml *node);
	} keys[] = {
		{"name", read_name},
		{"channels", read_channels},
		{"dependencies", read_dependencies},
		{"platforms", read_platforms},
		{"variables", read_variables},
		{"prefix", read_nothing},
		{"category", read_nothing},
	};
	for (size_t i = 0; i < LK_COUNTOF(keys); i++) {
		if (lk_str_is(member->key, keys[i].key)) {
			return keys[i].read(r, member);
		}
	}
	if (lk_str_is(member->key, "<<")) {
		int rc = lk_fail_at(r->err, r->name, member->key_line, member->key_column,
			"merge keys ('<<') are not read");
		lk_error_hint(r->err, "write out what it would merge");
		return rc;
	}
	lk_warn(r->report, "%s:%u: unknown key '" LK_STR_FMT "' is ignored", r->name,
		member->key_line, LK_STR_ARG(member->key));
	return 0;
}

static int read_document(struct reader *r)
{
	const struct lk_yaml *root = r->doc.root;
	if (root->kind == LK_YAML_NULL) {
		return 0;
	}
	if (root->kind != LK_YAML_MAPPING) {
		return lk_yaml_fail(&r->doc, root, r->err,
			"an environment file must be a mapping with 'dependencies'");
	}
	for (const struct lk_yaml *member = root->first; member; member = member->next) {
		int rc = read_member(r, member);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

static int read_yaml(struct reader *r, lk_str text)
{
	static const struct lk_yaml_limits limits = {MAX_BYTES, MAX_DEPTH, 0};
	int rc = lk_yaml_parse(text, r->name, &limits, &r->doc, r->err);
	if (rc < 0) {
		return rc;
	}
	r->rest = r->doc.source;
	rc = read_document(r);
	lk_yaml_doc_done(&r->doc);
	return rc;
}

/* "# platform: linux-64" is advice that some exporters write. */
static void read_comment(lk_str comment, struct lk_strs *platforms)
{
	lk_str text = lk_str_trim(lk_str_skip(comment, 1));
	if (lk_str_starts(text, LK_STR("platform:"))) {
		lk_str subdir = lk_str_trim(lk_str_skip(text, 9));
		if (lk_subdir_is_valid(subdir)) {
			lk_vec_push(platforms, subdir);
		}
	}
}

static int read_list(struct reader *r, lk_str text)
{
	struct lk_arena *arena = &r->envspec->arena;
	struct lk_strs platforms = {0};
	lk_str rest = text;
	lk_str whole;
	for (unsigned line = 1; lk_str_split(&rest, '\n', &whole); line++) {
		lk_str spec = lk_str_trim(whole);
		if (spec.len == 0) {
			continue;
		}
		if (!lk_utf8_is_valid(spec)) {
			lk_vec_done(&platforms);
			return lk_fail_at(r->err, r->name, line, 0, "the line is not UTF-8");
		}
		if (spec.ptr[0] == '#') {
			read_comment(spec, &platforms);
		} else if (lk_str_is(spec, "@EXPLICIT")) {
			r->envspec->explicit_urls = true;
		} else {
			struct lk_envspec_line entry = {.text = lk_str_dup(arena, spec),
				.line = line,
				.column = (unsigned)(spec.ptr - whole.ptr) + 1};
			lk_vec_push(&r->specs, entry);
		}
	}
	r->envspec->platforms = list_of(&platforms, arena);
	lk_vec_done(&platforms);
	return 0;
}

/* Moves LINES into ARENA. */
static struct lk_envspec_line *keep_lines(
	struct lines *lines, struct lk_arena *arena, size_t *ret_n)
{
	struct lk_envspec_line *kept = lk_arena_calloc(arena, lines->len, sizeof(*kept));
	for (size_t i = 0; i < lines->len; i++) {
		kept[i] = lines->items[i];
	}
	*ret_n = lines->len;
	lk_vec_done(lines);
	return kept;
}

int lk_envspec_parse(lk_str text, const char *name, bool yaml, const struct lk_report *report,
	struct lk_envspec *ret, struct lk_error *err)
{
	struct lk_envspec envspec = {0};
	lk_arena_init(&envspec.arena);
	envspec.file = lk_str_dup(&envspec.arena, lk_str_of(name));
	envspec.source = lk_str_dup(&envspec.arena, text);
	struct reader r = {.name = name, .report = report, .envspec = &envspec, .err = err};
	int rc = yaml ? read_yaml(&r, text) : read_list(&r, text);
	envspec.specs = keep_lines(&r.specs, &envspec.arena, &envspec.n_specs);
	envspec.pip = keep_lines(&r.pip, &envspec.arena, &envspec.n_pip);
	if (rc < 0) {
		lk_envspec_done(&envspec);
		return rc;
	}
	*ret = envspec;
	return 0;
}

bool lk_envspec_is_yaml(const char *path)
{
	lk_str name = lk_str_of(path);
	return lk_str_ends(name, LK_STR(".yml")) || lk_str_ends(name, LK_STR(".yaml"));
}

int lk_envspec_read(const char *path, const struct lk_report *report, struct lk_envspec *ret,
	struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(MAX_BYTES);
	int rc = lk_fs_read_file(AT_FDCWD, path, &text, err);
	if (rc == LK_E_NOT_FOUND) {
		lk_fail(err, LK_E_USAGE, "there is no file '%s'", path);
		lk_error_hint(err, "check the path");
		return LK_E_USAGE;
	}
	if (rc < 0) {
		return rc;
	}
	return lk_envspec_parse(
		lk_buf_view(&text), path, lk_envspec_is_yaml(path), report, ret, err);
}

void lk_envspec_done(struct lk_envspec *envspec)
{
	lk_arena_done(&envspec->arena);
	*envspec = (struct lk_envspec){0};
}

bool lk_envspec_line_applies(const struct lk_envspec_line *line, lk_str subdir)
{
	const struct selector *selector = find_selector(line->selector);
	lk_str os = lk_subdir_os(subdir);
	if (!selector) {
		return line->selector.len == 0 || lk_str_eq(line->selector, subdir);
	}
	if (selector->arch && !lk_str_is(lk_str_skip(subdir, os.len + 1), selector->arch)) {
		return false;
	}
	if (selector->os) {
		return lk_str_is(os, selector->os);
	}
	return selector->arch || (os.len > 0 && !lk_str_is(os, "win"));
}
