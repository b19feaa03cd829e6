/*
 * What Python's packages are made of, in lines, for the scripts beside this file: "cmp TAB A TAB B"
 * gives <, = or >, "normal TAB A" the normal form, "match TAB SPECIFIERS TAB A" yes or no, "pre TAB
 * SPECIFIERS" yes or no, "marker TAB MARKER TAB NAME=VALUE;NAME=VALUE..." yes or no, "requirement
 * TAB TEXT" its parts; what cannot be read gives "!".
 */
#include <stdio.h>

#include "wheel/name.h"
#include "wheel/requirement.h"

static const char *compare(lk_str a, lk_str b, struct lk_arena *arena)
{
	struct lk_error err;
	struct lk_pep440 x;
	struct lk_pep440 y;
	if (lk_pep440_parse(a, arena, &x, &err) < 0 || lk_pep440_parse(b, arena, &y, &err) < 0) {
		return "!";
	}
	int order = lk_pep440_cmp(&x, &y);
	return order < 0 ? "<" : (order > 0 ? ">" : "=");
}

static const char *normal(lk_str a, struct lk_arena *arena)
{
	struct lk_error err;
	struct lk_pep440 x;
	if (lk_pep440_parse(a, arena, &x, &err) < 0) {
		return "!";
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(4 * LK_PEP440_MAX_LEN);
	lk_pep440_put(&x, &out);
	return lk_str_dup(arena, lk_buf_view(&out)).ptr;
}

static const char *match(lk_str specifiers, lk_str a, struct lk_arena *arena)
{
	struct lk_error err;
	struct lk_specifiers set;
	struct lk_pep440 x;
	if (lk_specifiers_parse(specifiers, arena, &set, &err) < 0 ||
		lk_pep440_parse(a, arena, &x, &err) < 0) {
		return "!";
	}
	return lk_specifiers_match(&set, &x) ? "yes" : "no";
}

static const char *takes_pre(lk_str specifiers, struct lk_arena *arena)
{
	struct lk_error err;
	struct lk_specifiers set;
	if (lk_specifiers_parse(specifiers, arena, &set, &err) < 0) {
		return "!";
	}
	return lk_specifiers_take_pre(&set) ? "yes" : "no";
}

static const char *marker_holds(lk_str text, lk_str values, struct lk_arena *arena)
{
	struct lk_error err;
	const struct lk_marker *marker;
	struct lk_marker_environment environment = {0};
	if (lk_marker_parse(text, arena, &marker, &err) < 0) {
		return "!";
	}
	lk_str pair;
	lk_str name;
	while (lk_str_split(&values, ';', &pair)) {
		(void)lk_str_split(&pair, '=', &name);
		for (int i = 0; i < LK_MARKER_N_VARIABLES; i++) {
			if (lk_str_is(name, lk_marker_variable_name((enum lk_marker_variable)i))) {
				environment.values[i] = pair;
			}
		}
	}
	return lk_marker_holds(marker, &environment) ? "yes" : "no";
}

static const char *requirement(lk_str text, struct lk_arena *arena)
{
	struct lk_error err;
	struct lk_requirement r;
	if (lk_requirement_parse(text, arena, &r, &err) < 0) {
		return "!";
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(65536);
	lk_buf_put(&out, lk_wheel_name(arena, r.name));
	for (size_t i = 0; i < r.n_extras; i++) {
		lk_buf_puts(&out, i > 0 ? "," : "[");
		lk_buf_put(&out, r.extras[i]);
	}
	lk_buf_appendf(&out, "|%zu|" LK_STR_FMT "|%s", r.specifiers.n, LK_STR_ARG(r.url),
		r.marker ? "marker" : "");
	return lk_str_dup(arena, lk_buf_view(&out)).ptr;
}

static const char *answer_two(lk_str what, lk_str first, lk_str second, struct lk_arena *arena)
{
	if (lk_str_is(what, "cmp")) {
		return compare(first, second, arena);
	}
	return lk_str_is(what, "marker") ? marker_holds(first, second, arena)
					 : match(first, second, arena);
}

int main(void)
{
	char line[16384];
	while (fgets(line, sizeof(line), stdin)) {
		struct lk_arena LK_CLEANUP(lk_arena_done) arena;
		lk_arena_init(&arena);
		lk_str rest = lk_str_trim_end(lk_str_of(line), '\n');
		lk_str what = {0};
		lk_str first = {0};
		(void)lk_str_split(&rest, '\t', &what);
		const char *answer = "?";
		if (lk_str_is(what, "normal")) {
			answer = normal(rest, &arena);
		} else if (lk_str_is(what, "requirement")) {
			answer = requirement(rest, &arena);
		} else if (lk_str_is(what, "pre")) {
			answer = takes_pre(rest, &arena);
		} else if (lk_str_split(&rest, '\t', &first)) {
			answer = answer_two(what, first, rest, &arena);
		}
		puts(answer);
	}
	return 0;
}
