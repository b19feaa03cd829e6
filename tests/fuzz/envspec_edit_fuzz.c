/*
 * An edit of any text: the first byte says which, the first line what, the rest is the file.
 *
 * What comes out must be a file again in which all but a line or two stand as they stood, and where
 * the same edit finds nothing left to do.
 */
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "conda/envspec.h"
#include "conda/envspec_edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct edit {
	unsigned op; /* 0: add, 1: remove, 2: a channel */
	lk_str what;
	bool yaml;
};

static int apply(const struct edit *edit, lk_str text, struct lk_buf *out,
	enum lk_envspec_effect *effect, struct lk_error *err)
{
	const struct lk_envspec_file file = {"env", text, edit->yaml};

	*effect = LK_ENVSPEC_REPLACED;
	return edit->op == 0    ? lk_envspec_add(&file, edit->what, out, effect, err)
		: edit->op == 1 ? lk_envspec_remove(&file, edit->what, out, err)
				: lk_envspec_add_channel(&file, edit->what, out, effect, err);
}

static void require(bool holds)
{
	if (!holds) {
		abort();
	}
}

static size_t count_lines(lk_str text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		n += text.ptr[i] == '\n';
	}
	return n;
}

/* What differs between the texts, their common start and end (whole lines) aside. */
static void trim_common(lk_str *a, lk_str *b)
{
	size_t same = 0;
	size_t start = 0;
	size_t end = 0;
	size_t shorter = a->len < b->len ? a->len : b->len;

	for (; same < shorter && a->ptr[same] == b->ptr[same]; same++) {
		start = a->ptr[same] == '\n' ? same + 1 : start;
	}
	for (same = 0;
		same < shorter - start && a->ptr[a->len - 1 - same] == b->ptr[b->len - 1 - same];
		same++) {
		end = a->ptr[a->len - 1 - same] == '\n' ? same : end;
	}
	*a = lk_str_slice(*a, start, a->len - end);
	*b = lk_str_slice(*b, start, b->len - end);
}

static void check(const struct edit *edit, lk_str before, lk_str after, bool same)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) again = LK_BUF_INIT((size_t)8 << 20);
	struct lk_envspec envspec;
	struct lk_error err = LK_ERROR_INIT;
	enum lk_envspec_effect effect;
	lk_str old = before;
	lk_str new = after;

	require(lk_envspec_parse(after, "env", edit->yaml, NULL, &envspec, &err) == 0);
	lk_envspec_done(&envspec);
	trim_common(&old, &new);
	require(!same || lk_str_eq(before, after));
	if (edit->op == 1) {
		require(apply(edit, after, &again, &effect, &err) < 0);
		return;
	}
	require(count_lines(old) <= 2 && count_lines(new) <= 3);
	require(apply(edit, after, &again, &effect, &err) == 0 && effect == LK_ENVSPEC_SAME &&
		lk_str_eq(lk_buf_view(&again), after));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT((size_t)8 << 20);
	struct lk_error err = LK_ERROR_INIT;
	enum lk_envspec_effect effect;
	struct edit edit;
	lk_str text = lk_str_n((const char *)data, size);

	if (size < 2 || !lk_str_split(&text, '\n', &edit.what) || edit.what.len == 0) {
		return 0;
	}
	edit.op = (unsigned char)edit.what.ptr[0] % 3;
	edit.yaml = (unsigned char)edit.what.ptr[0] % 2 == 0;
	edit.what = lk_str_skip(edit.what, 1);
	text = text.ptr ? text : LK_STR("");
	if (apply(&edit, text, &out, &effect, &err) == 0) {
		check(&edit, text, lk_buf_view(&out), effect == LK_ENVSPEC_SAME);
	} else {
		require(err.code == LK_E_FORMAT || err.code == LK_E_USAGE ||
			err.code == LK_E_NOT_FOUND);
		require(out.len == 0 && err.message[0]);
	}
	return 0;
}
