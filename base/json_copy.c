/*
 * A parsed tree into the writer. Apart from the writer, so that a program that only writes JSON
 * does not need the parser's library.
 */
#include "base/json.h"

static int put_member(void *ctx, lk_str key, const struct lk_json *member)
{
	struct lk_jw *w = ctx;
	lk_jw_key_str(w, key);
	lk_jw_value(w, member);
	return 0;
}

void lk_jw_value(struct lk_jw *w, const struct lk_json *value)
{
	switch (lk_json_kind(value)) {
	case LK_JSON_ABSENT:
	case LK_JSON_NULL:
		lk_jw_null(w);
		break;
	case LK_JSON_BOOL:
		lk_jw_bool(w, lk_json_bool(value, false));
		break;
	case LK_JSON_INT:
		lk_jw_int(w, lk_json_int(value, 0));
		break;
	case LK_JSON_REAL:
		lk_jw_exact_real(w, lk_json_real(value, 0.0));
		break;
	case LK_JSON_STRING:
		lk_jw_string(w, lk_json_string(value));
		break;
	case LK_JSON_ARRAY:
		lk_jw_array(w);
		for (size_t i = 0; i < lk_json_size(value); i++) {
			lk_jw_value(w, lk_json_at(value, i));
		}
		lk_jw_end(w);
		break;
	case LK_JSON_OBJECT:
		lk_jw_object(w);
		(void)lk_json_each(value, put_member, w);
		lk_jw_end(w);
		break;
	}
}
