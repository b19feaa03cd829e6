/*
 * MatchSpec (CEP 29, 43, 44, 45): what a dependency or a user asks for.
 *
 *     [channel[/subdir]::]name [version [build]] [key=value, …]
 *     a URL or path of an archive, with "#md5" or "#sha256" behind it
 *
 * Text from outside goes through lk_matchspec_parse and nothing else; matching allocates nothing
 * unless a regular expression is in the spec. A parsed spec may be read from several threads.
 */
#ifndef LK_CONDA_MATCHSPEC_H
#define LK_CONDA_MATCHSPEC_H

#include <stdbool.h>

#include "conda/pattern.h"
#include "conda/record.h"
#include "conda/version_spec.h"
#include "conda/virtual.h"

struct lk_condition; /* CEP 43 `when`: and / or over specs */

enum lk_number_op {
	LK_NUMBER_ANY,
	LK_NUMBER_EQ,
	LK_NUMBER_NE,
	LK_NUMBER_LT,
	LK_NUMBER_LE,
	LK_NUMBER_GT,
	LK_NUMBER_GE,
};

/* Immutable, owned by the arena it was parsed into. Keys that were not given are ANY or empty. */
struct lk_matchspec {
	lk_str text;                           /* as written */
	lk_str name;                           /* lower case; pattern text when not exact */
	enum lk_pattern_kind name_kind;        /* ANY for "*" */
	const struct lk_pattern *name_pattern; /* GLOB and REGEX names; else NULL */
	const struct lk_version_spec *version; /* NULL: any */
	const struct lk_pattern *build;        /* NULL: any */
	enum lk_number_op build_number_op;
	uint64_t build_number;
	lk_str channel; /* name, URL or glob as written; empty: any */
	lk_str subdir;  /* exact or glob; empty: any */
	lk_str url;     /* a URL spec: exactly this artifact */
	lk_str fn;
	bool has_md5, has_sha256;
	struct lk_md5 md5;
	struct lk_sha256 sha256;
	const struct lk_pattern *license, *license_family;
	struct lk_str_list track_features; /* all must be there */
	struct lk_str_list extras;         /* groups turned on; do not filter */
	struct lk_str_list flags;          /* every entry must match some record flag */
	const struct lk_condition *when;   /* NULL: unconditional */
	lk_str version_text, build_text, license_text, license_family_text; /* canonical pieces */
	lk_str when_text;
	const char *warning; /* NULL, or one line on what was ignored: for specs of users */
};

/* Parses one spec. LK_E_FORMAT with the column in TEXT and TEXT as excerpt for the caret. */
int lk_matchspec_parse(lk_str text, enum lk_spec_origin origin, struct lk_arena *arena,
	const struct lk_matchspec **ret, struct lk_error *err) LK_MUST_USE;

/* Everything but `channel` and `when` is compared against the record; VERSION is its parsed
 * version. The channel is compared by lk_matchspec_channel_matches, because it needs the channel's
 * URL. */
bool lk_matchspec_matches(const struct lk_matchspec *spec, const struct lk_record *record,
	const struct lk_version *version);
/* The same in two steps for a record whose name and version are known to match: does SPEC ask for
 * anything beyond these, and does the record have it? */
bool lk_matchspec_asks_beyond(const struct lk_matchspec *spec);
bool lk_matchspec_matches_beyond(const struct lk_matchspec *spec, const struct lk_record *record);
/* Does the spec's channel (if any) name the channel NAME at URL? A short name means the URL
 * ALIAS/name; globs are allowed. */
bool lk_matchspec_channel_matches(
	const struct lk_matchspec *spec, lk_str channel_name, lk_str channel_url, lk_str alias);
/* Name, version and build only: for virtual packages and `debug match`. */
bool lk_matchspec_matches_nvb(const struct lk_matchspec *spec, lk_str name,
	const struct lk_version *version, lk_str build);

/* The same of a virtual package; NULL or a version that does not parse: no. */
bool lk_matchspec_matches_virtual(
	const struct lk_matchspec *spec, const struct lk_virtual *virtual);

/* The canonical form of CEP 29 appendix A, appended to BUF. */
void lk_matchspec_canonical(const struct lk_matchspec *spec, struct lk_buf *buf);

/* A condition is true if HOLDS says so of its leaf specs, combined. */
bool lk_condition_eval(const struct lk_condition *condition,
	bool (*holds)(void *ctx, const struct lk_matchspec *leaf), void *ctx);
enum lk_condition_op {
	LK_CONDITION_SPEC,
	LK_CONDITION_AND,
	LK_CONDITION_OR,
};
struct lk_condition {
	enum lk_condition_op op;
	const struct lk_matchspec *spec;         /* SPEC only */
	const struct lk_condition *left, *right; /* AND, OR */
};

#endif
