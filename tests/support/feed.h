/*
 * The scan of a text that arrives in pieces, held against the scan of the same text as a whole.
 */
#ifndef LK_TESTS_FEED_H
#define LK_TESTS_FEED_H

#include <string.h>

#include "conda/repodata_index_priv.h"

/* Gives pieces of pseudo-random lengths up to MOST bytes, whatever is wanted. */
struct pieces {
	lk_str text;
	size_t given;
	size_t most;
	uint32_t seed;
};

static inline int next_piece(void *ctx, size_t passed, size_t want, size_t *ret_len,
	bool *ret_whole, struct lk_error *err)
{
	struct pieces *pieces = ctx;
	if (passed > pieces->given || want <= pieces->given) {
		return lk_fail(err, LK_E_FS, "asked for what is there, or passed what is not");
	}
	pieces->seed = pieces->seed * 1664525u + 1013904223u;
	size_t left = pieces->text.len - pieces->given;
	size_t piece = 1 + (pieces->seed >> 8) % pieces->most;
	pieces->given += piece < left ? piece : left;
	*ret_len = pieces->given;
	*ret_whole = pieces->given == pieces->text.len && (pieces->seed & 1);
	return 0;
}

static inline int image_of(lk_str text, struct pieces *pieces, struct lk_buf *image,
	struct lk_index_head *head, struct lk_error *err)
{
	struct lk_index_draft draft;
	const struct lk_index_feed feed = {text.ptr, pieces, next_piece};
	int rc = lk_index_scan(text, pieces ? &feed : NULL, "repodata.json", false, &draft, err);
	if (rc == 0) {
		lk_index_lay_out(&draft, 0, image, head);
	}
	lk_index_draft_done(&draft);
	return rc;
}

/* NULL when both find the same, else what differs. TEXT has to be more than 0 bytes long. */
static inline const char *compare_in_pieces(lk_str text, size_t most, uint32_t seed)
{
	struct lk_buf whole LK_CLEANUP(lk_buf_done) = LK_BUF_INIT(LK_INDEX_IMAGE_MAX);
	struct lk_buf parts LK_CLEANUP(lk_buf_done) = LK_BUF_INIT(LK_INDEX_IMAGE_MAX);
	struct lk_index_head whole_head = {0};
	struct lk_index_head parts_head = {0};
	struct lk_error whole_err = LK_ERROR_INIT;
	struct lk_error parts_err = LK_ERROR_INIT;
	struct pieces pieces = {text, 0, most, seed};
	int whole_rc = image_of(text, NULL, &whole, &whole_head, &whole_err);
	int parts_rc = image_of(text, &pieces, &parts, &parts_head, &parts_err);
	if (whole_rc != parts_rc) {
		return "another return code";
	}
	if (whole_rc < 0) {
		return strcmp(whole_err.message, parts_err.message) != 0 ||
				whole_err.line != parts_err.line ||
				whole_err.column != parts_err.column
			? "another error"
			: NULL;
	}
	if (memcmp(&whole_head, &parts_head, sizeof(whole_head)) != 0) {
		return "another head";
	}
	return !lk_str_eq(lk_buf_view(&whole), lk_buf_view(&parts)) ? "other tables" : NULL;
}

#endif
