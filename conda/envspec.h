/*
 * What the user asks for: environment.yml (CEP 24) and spec lists (CEP 23).
 */
#ifndef LK_CONDA_ENVSPEC_H
#define LK_CONDA_ENVSPEC_H

#include "base/report.h"
#include "conda/record.h"

struct lk_envspec_line {
	lk_str text; /* the spec or requirement as written */
	/* Of "sel(...)" or a comment "# [...]"; empty: always. "linux", "osx", "win", "unix"; with
	 * the architecture "linux64", "aarch64", "ppc64le", "osx64", "arm64", "win64"; or a
	 * platform, "linux-64". */
	lk_str selector;
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
	struct lk_envspec_line
		*pip; /* requirements of its pip sections, for pip and never solved */
	size_t n_pip;
	struct {
		lk_str name, value;
	} * variables;
	size_t n_variables;
	bool explicit_urls; /* an @EXPLICIT list: specs are URLs with hashes, no solver */
};

/* By extension: .yml and .yaml are environment.yml, everything else is a spec list. LK_E_FORMAT
 * with file:line:column, LK_E_USAGE when there is no such file; unknown top-level keys are warned
 * about. */
int lk_envspec_read(const char *path, const struct lk_report *report, struct lk_envspec *ret,
	struct lk_error *err) LK_MUST_USE;
bool lk_envspec_is_yaml(const char *path);
int lk_envspec_parse(lk_str text, const char *name, bool yaml, const struct lk_report *report,
	struct lk_envspec *ret, struct lk_error *err) LK_MUST_USE;
void lk_envspec_done(struct lk_envspec *envspec);
/* Does the line apply to SUBDIR? */
bool lk_envspec_line_applies(const struct lk_envspec_line *line, lk_str subdir);

#endif
