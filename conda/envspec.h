/*
 * What the user asks for: environment.yml (CEP 24) and spec lists (CEP 23).
 */
#ifndef LK_CONDA_ENVSPEC_H
#define LK_CONDA_ENVSPEC_H

#include "base/report.h"
#include "conda/record.h"

struct lk_envspec_line {
	lk_str text;     /* the spec as written */
	lk_str selector; /* "linux", "unix", "osx", "win" of sel(...) or a line selector; empty:
			    always */
	unsigned line, column;
};

struct lk_envspec {
	struct lk_arena arena;
	lk_str file;
	lk_str source; /* its whole text, for excerpts */
	lk_str name;
	struct lk_str_list channels; /* without nodefaults */
	bool nodefaults;
	struct lk_str_list platforms;
	struct lk_envspec_line *specs;
	size_t n_specs;
	struct {
		lk_str name, value;
	} * variables;
	size_t n_variables;
	bool explicit_urls; /* an @EXPLICIT list: specs are URLs with hashes, no solver */
	unsigned pip_line, pip_column; /* of the first pip section, which solve refuses; else 0 */
};

/* By extension: .yml and .yaml are environment.yml, everything else is a spec list. LK_E_FORMAT
 * with file:line:column, LK_E_USAGE when there is no such file; unknown top-level keys are warned
 * about. */
int lk_envspec_read(const char *path, const struct lk_report *report, struct lk_envspec *ret,
	struct lk_error *err) LK_MUST_USE;
int lk_envspec_parse(lk_str text, const char *name, bool yaml, const struct lk_report *report,
	struct lk_envspec *ret, struct lk_error *err) LK_MUST_USE;
void lk_envspec_done(struct lk_envspec *envspec);
/* Does the line apply to SUBDIR? */
bool lk_envspec_line_applies(const struct lk_envspec_line *line, lk_str subdir);

#endif
