/*
 * The option parser behind cli/opt.h.
 */
#include "cli/opt.h"

#include <limits.h>
#include <string.h>

#include "base/str.h"

#define COMMON(field) offsetof(struct lk_common, field)

const struct lk_opt lk_common_options[] = {
	{"help", 'h', LK_OPT_FLAG, COMMON(help), NULL, "show this help", NULL},
	{"quiet", 'q', LK_OPT_FLAG, COMMON(quiet), NULL, "no progress and no notes", NULL},
	{"verbose", 'v', LK_OPT_COUNT, COMMON(verbose), NULL, "say more; repeat for still more",
		NULL},
	{"json", 0, LK_OPT_FLAG, COMMON(json), NULL, "print one JSON document, also on failure",
		NULL},
	{"color", 0, LK_OPT_STRING, COMMON(color), "WHEN", "colour: auto, always or never",
		"auto|always|never"},
	{"cache", 0, LK_OPT_STRING, COMMON(cache), "DIR[:RO...]",
		"cache folder, and others to read only (default: LOCKENV_CACHE)", NULL},
	{"config", 0, LK_OPT_STRING, COMMON(config), "FILE", "read this .condarc file only", NULL},
	{"jobs", 0, LK_OPT_UINT, COMMON(jobs), "N",
		"N threads (default: all processors) or downloads (8) at a time", NULL},
};
const size_t lk_n_common_options = LK_COUNTOF(lk_common_options);

struct parser {
	const struct lk_opt *options;
	size_t n_options;
	char *context;
	char *common;
	int argc;
	char *const *argv;
	int at; /* next word */
	struct lk_error *err;
};

/* Finds an option by name or letter; *RET_BASE is the struct its offset counts from. */
static const struct lk_opt *find(const struct parser *p, lk_str name, char letter, char **ret_base)
{
	for (size_t i = 0; i < p->n_options + lk_n_common_options; i++) {
		bool own = i < p->n_options;
		const struct lk_opt *opt =
			own ? &p->options[i] : &lk_common_options[i - p->n_options];
		if (letter ? opt->letter == letter : lk_str_is(name, opt->name)) {
			*ret_base = own ? p->context : p->common;
			return opt;
		}
	}
	return NULL;
}

static int unknown(const struct parser *p, lk_str name)
{
	const char *best = NULL;
	unsigned best_distance = 3;
	for (size_t i = 0; i < p->n_options + lk_n_common_options; i++) {
		const struct lk_opt *opt =
			i < p->n_options ? &p->options[i] : &lk_common_options[i - p->n_options];
		unsigned distance = lk_str_distance(name, lk_str_of(opt->name), best_distance);
		if (distance < best_distance) {
			best_distance = distance;
			best = opt->name;
		}
	}
	lk_fail(p->err, LK_E_USAGE, "unknown option '--" LK_STR_FMT "'", LK_STR_ARG(name));
	if (best) {
		lk_error_hint(p->err, "did you mean '--%s'?", best);
	} else {
		lk_error_hint(p->err, "see --help for the options of this command");
	}
	return LK_E_USAGE;
}

static bool is_choice(const char *choices, const char *value)
{
	lk_str rest = lk_str_of(choices);
	lk_str choice;
	while (lk_str_split(&rest, '|', &choice)) {
		if (lk_str_is(choice, value)) {
			return true;
		}
	}
	return false;
}

static void store_names(struct lk_opt_names *field, const char *value)
{
	lk_str rest = lk_str_of(value);
	lk_str name;
	field->given = true;
	field->all = field->all || !value;
	while (value && lk_str_split(&rest, ',', &name)) {
		if (name.len > 0) {
			lk_vec_push(&field->names, name);
		}
	}
}

static int store_value(
	const struct parser *p, const struct lk_opt *opt, char *base, const char *value)
{
	void *field = base + opt->offset;
	uint64_t number;
	if (value && !*value) {
		lk_fail(p->err, LK_E_USAGE, "the value of '--%s' is empty", opt->name);
		lk_error_hint(p->err, "give one: --%s %s", opt->name, opt->value);
		return LK_E_USAGE;
	}
	switch (opt->kind) {
	case LK_OPT_FLAG:
		*(bool *)field = true;
		return 0;
	case LK_OPT_COUNT:
		*(unsigned *)field += 1;
		return 0;
	case LK_OPT_STRING:
		if (opt->choices && !is_choice(opt->choices, value)) {
			lk_fail(p->err, LK_E_USAGE, "'%s' is no value for '--%s'", value,
				opt->name);
			lk_error_hint(p->err, "one of: %s", opt->choices);
			return LK_E_USAGE;
		}
		*(const char **)field = value;
		return 0;
	case LK_OPT_LIST:
		lk_vec_push((struct lk_args *)field, value);
		return 0;
	case LK_OPT_UINT:
		if (!lk_str_to_u64(lk_str_of(value), &number) || number > 4096) {
			lk_fail(p->err, LK_E_USAGE,
				"'--%s' takes a number from 0 to 4096, not '%s'", opt->name, value);
			return LK_E_USAGE;
		}
		*(unsigned *)field = (unsigned)number;
		return 0;
	case LK_OPT_NAMES:
		store_names(field, value);
		return 0;
	}
	return lk_fail(p->err, LK_E_BUG, "option '--%s' has no kind", opt->name);
}

static bool takes_value(const struct lk_opt *opt)
{
	return opt->kind != LK_OPT_FLAG && opt->kind != LK_OPT_COUNT && opt->kind != LK_OPT_NAMES;
}

static int missing_value(const struct parser *p, const struct lk_opt *opt)
{
	return lk_fail(p->err, LK_E_USAGE, "option '--%s' needs a value: --%s %s", opt->name,
		opt->name, opt->value);
}

static int parse_long(struct parser *p, const char *word)
{
	lk_str rest = lk_str_of(word + 2);
	size_t equals = lk_str_find_char(rest, '=');
	lk_str name = equals == SIZE_MAX ? rest : lk_str_slice(rest, 0, equals);
	char *base = NULL;
	const struct lk_opt *opt = find(p, name, 0, &base);
	if (!opt) {
		return unknown(p, name);
	}
	if (!takes_value(opt)) {
		if (equals == SIZE_MAX || opt->kind == LK_OPT_NAMES) {
			return store_value(
				p, opt, base, equals == SIZE_MAX ? NULL : rest.ptr + equals + 1);
		}
		return lk_fail(p->err, LK_E_USAGE, "option '--%s' takes no value", opt->name);
	}
	if (equals != SIZE_MAX) {
		return store_value(p, opt, base, rest.ptr + equals + 1);
	}
	if (p->at >= p->argc) {
		return missing_value(p, opt);
	}
	return store_value(p, opt, base, p->argv[p->at++]);
}

static int parse_short(struct parser *p, const char *word)
{
	for (const char *c = word + 1; *c; c++) {
		char *base = NULL;
		const struct lk_opt *opt = find(p, (lk_str){0}, *c, &base);
		if (!opt) {
			lk_fail(p->err, LK_E_USAGE, "unknown option '-%c'", *c);
			lk_error_hint(p->err, "see --help for the options of this command");
			return LK_E_USAGE;
		}
		if (takes_value(opt)) {
			const char *value = c[1] ? c + 1 : NULL;
			if (!value && p->at < p->argc) {
				value = p->argv[p->at++];
			}
			return value ? store_value(p, opt, base, value) : missing_value(p, opt);
		}
		int rc = store_value(p, opt, base, NULL);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

int lk_opt_parse(const struct lk_opt *options, size_t n_options, bool leading, void *context,
	struct lk_common *common, int argc, char *const *argv, struct lk_args *args,
	struct lk_error *err)
{
	struct parser p = {options, n_options, context, (char *)common, argc, argv, 0, err};
	bool only_arguments = false;
	while (p.at < argc) {
		const char *word = argv[p.at++];
		int rc = 0;
		if (only_arguments || word[0] != '-' || word[1] == '\0') {
			lk_vec_push(args, word);
			only_arguments = only_arguments || leading;
		} else if (strcmp(word, "--") == 0) {
			only_arguments = true;
		} else if (word[1] == '-') {
			rc = parse_long(&p, word);
		} else {
			rc = parse_short(&p, word);
		}
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

struct lk_str_list lk_opt_names_list(const struct lk_opt_names *option)
{
	return (struct lk_str_list){option->names.items, option->all ? 0 : option->names.len};
}

void lk_opt_done(const struct lk_opt *options, size_t n_options, void *context)
{
	for (size_t i = 0; i < n_options; i++) {
		if (options[i].kind == LK_OPT_LIST) {
			struct lk_args *list = (void *)((char *)context + options[i].offset);
			lk_vec_done(list);
		} else if (options[i].kind == LK_OPT_NAMES) {
			struct lk_opt_names *names = (void *)((char *)context + options[i].offset);
			lk_vec_done(&names->names);
		}
	}
}
