/*
 * What the parts of the MatchSpec parser share. For conda/matchspec*.c only.
 */
#ifndef LK_CONDA_MATCHSPEC_PRIV_H
#define LK_CONDA_MATCHSPEC_PRIV_H

#include "conda/matchspec.h"

/* Keys that were given, as a bit set: to refuse a second one, or a bracket against a positional
 * one. */
enum matchspec_key {
	MATCHSPEC_KEY_NAME = 1 << 0,
	MATCHSPEC_KEY_VERSION = 1 << 1,
	MATCHSPEC_KEY_BUILD = 1 << 2,
	MATCHSPEC_KEY_CHANNEL = 1 << 3,
	MATCHSPEC_KEY_SUBDIR = 1 << 4,
	MATCHSPEC_KEY_URL = 1 << 5,
	MATCHSPEC_KEY_MD5 = 1 << 6,
	MATCHSPEC_KEY_SHA256 = 1 << 7,
};

struct matchspec_parser {
	lk_str text; /* the whole spec, in the arena: every slice below points into it */
	enum lk_spec_origin origin;
	bool in_when; /* a leaf of a condition: may have none itself */
	struct lk_arena *arena;
	struct lk_error *err;
	struct lk_matchspec *spec;
	unsigned positional; /* enum matchspec_key */
};

/* LK_E_FORMAT at AT, which points into the text. */
int matchspec_fail(struct matchspec_parser *p, const char *at, const char *fmt, ...)
	LK_PRINTF(3, 4);
/* An error in PART, which was read at AT and may have been unescaped, becomes one in the text. */
void matchspec_part_error(struct matchspec_parser *p, lk_str part, const char *at);

/* A spec that may be (IN_WHEN) a leaf of a condition. */
int matchspec_parse_text(lk_str text, enum lk_spec_origin origin, bool in_when,
	struct lk_arena *arena, const struct lk_matchspec **ret, struct lk_error *err) LK_MUST_USE;

/* Set one thing, read at AT. */
int matchspec_set_version(struct matchspec_parser *p, lk_str text, const char *at) LK_MUST_USE;
int matchspec_set_build(struct matchspec_parser *p, lk_str text, const char *at) LK_MUST_USE;
void matchspec_set_channel(struct matchspec_parser *p, lk_str text);

/* "key=value, …": what is between the brackets. */
int matchspec_parse_keys(struct matchspec_parser *p, lk_str inside) LK_MUST_USE;
/* The value of `when`. */
int matchspec_parse_when(struct matchspec_parser *p, lk_str text, const char *at,
	const struct lk_condition **ret) LK_MUST_USE;

#endif
