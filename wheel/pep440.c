/*
 * The parts of a version, one after the other, and their order.
 */
#include "wheel/pep440.h"

struct parser {
	lk_str text;
	size_t at, end; /* white space around the version lies outside */
	struct lk_arena *arena;
	struct lk_error *err;
};

/* -- reading ----------------------------------------------------------------------------------- */

static int refuse(const struct parser *p, size_t at, const char *what)
{
	lk_fail_at(p->err, NULL, 1, (unsigned)at + 1, "'" LK_STR_FMT "' is no Python version: %s",
		LK_STR_ARG(p->text), what);
	lk_error_excerpt(p->err, p->text);
	return LK_E_FORMAT;
}

/* No version has more parts than separators and one. */
static size_t most_parts(const struct parser *p)
{
	size_t n = 1;
	for (size_t i = p->at; i < p->end; i++) {
		n += !lk_is_alnum(p->text.ptr[i]);
	}
	return n;
}

static char peek(const struct parser *p, size_t ahead)
{
	return p->at + ahead < p->end ? lk_lower(p->text.ptr[p->at + ahead]) : '\0';
}

static bool is_separator(char c)
{
	return c == '.' || c == '-' || c == '_';
}

/* A run of digits, perhaps empty. */
static lk_pep440_number number(struct parser *p)
{
	size_t from = p->at;
	while (lk_is_digit(peek(p, 0))) {
		p->at++;
	}
	while (from < p->at && p->text.ptr[from] == '0') {
		from++;
	}
	return lk_str_n(p->text.ptr + from, p->at - from);
}

/* Takes WORD, with a separator before it or none. */
static bool take_word(struct parser *p, const char *word)
{
	size_t skip = is_separator(peek(p, 0)) ? 1 : 0;
	size_t len = strlen(word);
	if (p->end - p->at < skip + len ||
		!lk_str_eq_nocase(lk_str_n(p->text.ptr + p->at + skip, len), lk_str_n(word, len))) {
		return false;
	}
	p->at += skip + len;
	return true;
}

/* The number after a word, 0 when there is none: with a separator before it or without. Even
 * without a number the standard's pattern takes a separator. */
static lk_pep440_number word_number(struct parser *p)
{
	p->at += is_separator(peek(p, 0));
	return number(p);
}

static int read_release(struct parser *p, struct lk_pep440 *v)
{
	lk_pep440_number *release = lk_arena_calloc(p->arena, most_parts(p), sizeof(*release));
	v->release = release;
	if (!lk_is_digit(peek(p, 0))) {
		return refuse(p, p->at, "a number is missing");
	}
	release[0] = number(p);
	if (peek(p, 0) == '!') {
		v->epoch = release[0];
		p->at++;
		if (!lk_is_digit(peek(p, 0))) {
			return refuse(p, p->at, "a number is missing after the epoch");
		}
		release[0] = number(p);
	}
	v->n_release = 1;
	while (peek(p, 0) == '.' && lk_is_digit(peek(p, 1))) {
		p->at++;
		release[v->n_release++] = number(p);
	}
	return 0;
}

static void read_pre(struct parser *p, struct lk_pep440 *v)
{
	/* A word before those that it begins with. */
	static const struct {
		const char *word;
		enum lk_pep440_pre pre;
	} words[] = {
		{"alpha", LK_PEP440_ALPHA},
		{"a", LK_PEP440_ALPHA},
		{"beta", LK_PEP440_BETA},
		{"b", LK_PEP440_BETA},
		{"preview", LK_PEP440_CANDIDATE},
		{"pre", LK_PEP440_CANDIDATE},
		{"rc", LK_PEP440_CANDIDATE},
		{"c", LK_PEP440_CANDIDATE},
	};
	v->pre = LK_PEP440_FINAL;
	for (size_t i = 0; i < LK_COUNTOF(words); i++) {
		if (take_word(p, words[i].word)) {
			v->pre = words[i].pre;
			v->pre_number = word_number(p);
			return;
		}
	}
}

/* "post", "rev", "r", or a hyphen and a number. */
static void read_post(struct parser *p, struct lk_pep440 *v)
{
	if (peek(p, 0) == '-' && lk_is_digit(peek(p, 1))) {
		p->at++;
		v->has_post = true;
		v->post = number(p);
	} else if (take_word(p, "post") || take_word(p, "rev") || take_word(p, "r")) {
		v->has_post = true;
		v->post = word_number(p);
	}
}

/* Behind the plus sign. */
static int read_local(struct parser *p, struct lk_pep440 *v)
{
	struct lk_pep440_local *local = lk_arena_calloc(p->arena, most_parts(p), sizeof(*local));
	v->local = local;
	for (;;) {
		bool is_number = true;
		size_t from = p->at;
		while (lk_is_alnum(peek(p, 0))) {
			is_number = is_number && lk_is_digit(peek(p, 0));
			p->at++;
		}
		if (p->at == from) {
			return refuse(p, from, "a letter or digit is missing in the local part");
		}
		while (is_number && from < p->at && p->text.ptr[from] == '0') {
			from++;
		}
		local[v->n_local++] = (struct lk_pep440_local){
			.text = lk_str_lower(p->arena, lk_str_slice(p->text, from, p->at)),
			.is_number = is_number,
		};
		if (!is_separator(peek(p, 0))) {
			return 0;
		}
		p->at++;
	}
}

int lk_pep440_parse(
	lk_str text, struct lk_arena *arena, struct lk_pep440 *ret, struct lk_error *err)
{
	*ret = (struct lk_pep440){0};
	struct parser p = {.text = text, .end = text.len, .arena = arena, .err = err};
	if (text.len > LK_PEP440_MAX_LEN) {
		return lk_fail(
			err, LK_E_FORMAT, "a Python version of %zu bytes is too long", text.len);
	}
	p.text = lk_str_dup(arena, text);
	while (p.end > 0 && lk_is_space(p.text.ptr[p.end - 1])) {
		p.end--;
	}
	while (p.at < p.end && lk_is_space(p.text.ptr[p.at])) {
		p.at++;
	}
	p.at += peek(&p, 0) == 'v';
	int rc = read_release(&p, ret);
	if (rc < 0) {
		return rc;
	}
	read_pre(&p, ret);
	read_post(&p, ret);
	if (take_word(&p, "dev")) {
		ret->has_dev = true;
		ret->dev = word_number(&p);
	}
	if (peek(&p, 0) == '+') {
		p.at++;
		rc = read_local(&p, ret);
	}
	return rc == 0 && p.at < p.end ? refuse(&p, p.at, "it ends here by PEP 440's grammar") : rc;
}

/* -- order ------------------------------------------------------------------------------------- */

int lk_pep440_number_cmp(lk_pep440_number a, lk_pep440_number b)
{
	if (a.len != b.len) {
		return a.len < b.len ? -1 : 1;
	}
	return a.len == 0 ? 0 : memcmp(a.ptr, b.ptr, a.len);
}

int lk_pep440_cmp_base(const struct lk_pep440 *a, const struct lk_pep440 *b)
{
	int order = lk_pep440_number_cmp(a->epoch, b->epoch);
	for (size_t i = 0; order == 0 && (i < a->n_release || i < b->n_release); i++) {
		const lk_pep440_number zero = {0};
		order = lk_pep440_number_cmp(i < a->n_release ? a->release[i] : zero,
			i < b->n_release ? b->release[i] : zero);
	}
	return order;
}

/* A development version of the release itself comes before its alphas. */
static int pre_rank(const struct lk_pep440 *v)
{
	return v->pre == LK_PEP440_FINAL && !v->has_post && v->has_dev ? -1 : (int)v->pre;
}

int lk_pep440_cmp_public(const struct lk_pep440 *a, const struct lk_pep440 *b)
{
	int order = lk_pep440_cmp_base(a, b);
	if (order == 0) {
		order = pre_rank(a) - pre_rank(b);
	}
	if (order == 0) {
		order = lk_pep440_number_cmp(a->pre_number, b->pre_number);
	}
	if (order == 0) {
		order = (int)a->has_post - (int)b->has_post;
	}
	if (order == 0) {
		order = lk_pep440_number_cmp(a->post, b->post);
	}
	if (order == 0) {
		order = (int)b->has_dev - (int)a->has_dev;
	}
	return order == 0 ? lk_pep440_number_cmp(a->dev, b->dev) : order;
}

/* Numbers come after words, and what goes on after what ends. */
static int local_cmp(const struct lk_pep440 *a, const struct lk_pep440 *b)
{
	for (size_t i = 0; i < a->n_local && i < b->n_local; i++) {
		const struct lk_pep440_local *x = &a->local[i];
		const struct lk_pep440_local *y = &b->local[i];
		int order = (int)x->is_number - (int)y->is_number;
		if (order == 0) {
			order = x->is_number ? lk_pep440_number_cmp(x->text, y->text)
					     : lk_str_cmp(x->text, y->text);
		}
		if (order != 0) {
			return order;
		}
	}
	return (a->n_local > b->n_local) - (a->n_local < b->n_local);
}

int lk_pep440_cmp(const struct lk_pep440 *a, const struct lk_pep440 *b)
{
	int order = lk_pep440_cmp_public(a, b);
	return order == 0 ? local_cmp(a, b) : order;
}

bool lk_pep440_is_pre(const struct lk_pep440 *version)
{
	return version->pre != LK_PEP440_FINAL || version->has_dev;
}

/* -- writing ----------------------------------------------------------------------------------- */

static void put_number(struct lk_buf *out, const char *before, lk_pep440_number number)
{
	lk_buf_puts(out, before);
	lk_buf_put(out, number.len > 0 ? number : LK_STR("0"));
}

void lk_pep440_put(const struct lk_pep440 *version, struct lk_buf *out)
{
	static const char *const pre[] = {"a", "b", "rc"};
	if (version->epoch.len > 0) {
		put_number(out, "", version->epoch);
		lk_buf_putc(out, '!');
	}
	for (size_t i = 0; i < version->n_release; i++) {
		put_number(out, i > 0 ? "." : "", version->release[i]);
	}
	if (version->pre != LK_PEP440_FINAL) {
		put_number(out, pre[version->pre], version->pre_number);
	}
	if (version->has_post) {
		put_number(out, ".post", version->post);
	}
	if (version->has_dev) {
		put_number(out, ".dev", version->dev);
	}
	for (size_t i = 0; i < version->n_local; i++) {
		put_number(out, i > 0 ? "." : "+", version->local[i].text);
	}
}
