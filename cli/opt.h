/*
 * Options from a table: parsing, and what help, man page and completions are made from.
 *
 * An option binds to a field of a context struct by its offset. Long options take "--name VALUE"
 * and
 * "--name=VALUE", short ones "-xVALUE", "-x VALUE", and flags can be bundled; "--" ends options;
 * options and arguments may be mixed, unless the parser is told to leave all from the first
 * argument on alone. Unknown or incomplete ones are LK_E_USAGE with a near miss.
 */
#ifndef LK_CLI_OPT_H
#define LK_CLI_OPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"
#include "conda/record.h"

struct lk_args LK_VEC_OF(const char *); /* borrowed from argv */

enum lk_opt_kind {
	LK_OPT_FLAG,   /* bool: becomes true */
	LK_OPT_COUNT,  /* unsigned: one more each time */
	LK_OPT_STRING, /* const char * */
	LK_OPT_LIST,   /* struct lk_args: one more value each time */
	LK_OPT_UINT,   /* unsigned */
	LK_OPT_NAMES,  /* struct lk_opt_names: a flag, or --name=A,B for these alone */
};

/* What a LK_OPT_NAMES option became. Without a value anywhere it stands for all. */
struct lk_opt_names {
	bool given;
	bool all;
	struct lk_strs names; /* borrowed from argv */
};

struct lk_opt {
	const char *name; /* without the dashes */
	char letter;      /* or 0 */
	enum lk_opt_kind kind;
	size_t offset;       /* of the field in the context */
	const char *value;   /* name of the value in help; NULL for flags */
	const char *help;    /* one line, no full stop */
	const char *choices; /* "a|b|c" for STRING, or NULL */
};

/* Options that every command takes, bound to struct lk_common. */
struct lk_common {
	bool help;
	bool quiet;
	bool json;
	unsigned verbose;
	unsigned jobs;
	const char *color;
	const char *cache;
	const char *config;
};
extern const struct lk_opt lk_common_options[];
extern const size_t lk_n_common_options;

/* Parses ARGV[0..ARGC) (without program and command name) into CONTEXT, COMMON and ARGS. LEADING:
 * options end at the first argument, for what follows is somebody else's command line. */
int lk_opt_parse(const struct lk_opt *options, size_t n_options, bool leading, void *context,
	struct lk_common *common, int argc, char *const *argv, struct lk_args *args,
	struct lk_error *err) LK_MUST_USE;
/* The names that were given, borrowed; none where the option stands for all. */
struct lk_str_list lk_opt_names_list(const struct lk_opt_names *option);
/* Frees the LIST and NAMES fields of CONTEXT. */
void lk_opt_done(const struct lk_opt *options, size_t n_options, void *context);

#endif
