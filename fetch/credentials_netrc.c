/*
 * Netrc files: words in any layout, an entry for each machine.
 */
#include "fetch/credentials_priv.h"

struct reader {
	struct lk_credentials *credentials;
	lk_str rest;
	unsigned line;
	struct lk_buf word; /* the last one */
	struct lk_error *err;
};

struct entry {
	bool open; /* one has begun */
	bool is_default;
	lk_str machine; /* owned by the credentials, as are the others */
	lk_str login;
	lk_str password;
};

static int fail(const struct reader *r, const char *why)
{
	return lk_fail_at(r->err, lk_credentials_source(r->credentials), r->line, 0, "%s", why);
}

static void skip_line(struct reader *r)
{
	size_t end = lk_str_find_char(r->rest, '\n');
	r->rest = lk_str_skip(r->rest, end == SIZE_MAX ? r->rest.len : end);
}

/* Passes over white space and COMMENTS, which a number sign begins. */
static void skip_space(struct reader *r, bool comments)
{
	while (r->rest.len > 0) {
		char c = r->rest.ptr[0];
		if (c == '#' && comments) {
			skip_line(r);
			continue;
		}
		if (!lk_is_space(c)) {
			return;
		}
		r->line += c == '\n';
		r->rest = lk_str_skip(r->rest, 1);
	}
}

/* A word in double quotes, in which a backslash takes the next character as it is. */
static int quoted_word(struct reader *r)
{
	size_t at = 1;
	for (; at < r->rest.len && r->rest.ptr[at] != '"' && r->rest.ptr[at] != '\n'; at++) {
		if (r->rest.ptr[at] == '\\' && at + 1 < r->rest.len) {
			at++;
		}
		lk_buf_putc(&r->word, r->rest.ptr[at]);
	}
	if (at == r->rest.len || r->rest.ptr[at] == '\n') {
		return fail(r, "a quoted word does not end");
	}
	r->rest = lk_str_skip(r->rest, at + 1);
	return 1;
}

/* 1 with the next word in `word`, 0 at the end. A VALUE may begin with a number sign. */
static int next_word(struct reader *r, bool is_value)
{
	skip_space(r, !is_value);
	lk_buf_clear(&r->word);
	if (r->rest.len == 0) {
		return 0;
	}
	if (r->rest.ptr[0] == '"') {
		return quoted_word(r);
	}
	size_t len = 0;
	while (len < r->rest.len && !lk_is_space(r->rest.ptr[len])) {
		len++;
	}
	lk_buf_put(&r->word, lk_str_slice(r->rest, 0, len));
	r->rest = lk_str_skip(r->rest, len);
	return 1;
}

/* The word after a keyword. */
static int value(struct reader *r, lk_str *ret)
{
	int rc = next_word(r, true);
	if (rc == 0) {
		return fail(r, "the last word wants another after it");
	}
	*ret = lk_str_dup(&r->credentials->arena, lk_buf_view(&r->word));
	return rc < 0 ? rc : 0;
}

static int end_entry(struct reader *r, struct entry *entry)
{
	if (!entry->open || !entry->password.ptr) {
		return 0;
	}
	lk_str where = {0};
	if (!entry->is_default) {
		where = entry->machine;
	}
	lk_str user = entry->login.ptr ? entry->login : LK_STR("");
	return lk_credentials_put(
		r->credentials, LK_CREDENTIAL_BASIC, where, &user, &entry->password, r->err);
}

/* A macro: what follows its name, to the first empty line. */
static void skip_macro(struct reader *r)
{
	size_t end = lk_str_find(r->rest, LK_STR("\n\n"));
	size_t len = end == SIZE_MAX ? r->rest.len : end;
	for (size_t i = 0; i < len; i++) {
		r->line += r->rest.ptr[i] == '\n';
	}
	r->rest = lk_str_skip(r->rest, len);
}

static int keyword(struct reader *r, struct entry *entry)
{
	lk_str word = lk_buf_view(&r->word);
	lk_str ignored;
	if (lk_str_is(word, "machine") || lk_str_is(word, "default")) {
		bool is_default = lk_str_is(word, "default");
		int rc = end_entry(r, entry);
		*entry = (struct entry){.open = true, .is_default = is_default};
		return rc < 0 || is_default ? rc : value(r, &entry->machine);
	}
	if (lk_str_is(word, "login")) {
		return value(r, &entry->login);
	}
	if (lk_str_is(word, "password")) {
		return value(r, &entry->password);
	}
	if (lk_str_is(word, "account")) {
		return value(r, &ignored);
	}
	if (lk_str_is(word, "macdef")) {
		skip_macro(r);
		return 0;
	}
	return fail(r,
		"a word that is none of machine, default, login, password, account and "
		"macdef");
}

int lk_credentials_add_netrc(struct lk_credentials *credentials, lk_str text, struct lk_error *err)
{
	struct reader r = {
		.credentials = credentials,
		.rest = text,
		.line = 1,
		.word = LK_BUF_INIT(LK_CREDENTIALS_MAX),
		.err = err,
	};
	struct entry entry = {0};
	size_t n = credentials->items.len;
	int rc;
	while ((rc = next_word(&r, false)) > 0) {
		rc = keyword(&r, &entry);
		if (rc < 0) {
			break;
		}
	}
	rc = rc < 0 ? rc : end_entry(&r, &entry);
	if (rc < 0) {
		credentials->items.len = n;
	}
	lk_buf_done(&r.word);
	return rc;
}
