/*
 * The results as a table of 80 columns.
 */
#include <stdio.h>

#include "base/str.h"
#include "smoke/smoke.h"

#define INDENT "            "

static void put_measure(const struct lk_smoke_measure *m, struct lk_buf *out)
{
	lk_buf_puts(out, "  ");
	lk_buf_put_escaped(out, m->precision);
	for (size_t i = m->precision.len; i < 9; i++) {
		lk_buf_putc(out, ' ');
	}
	lk_buf_appendf(out, "  %-7.2g  %-5.1g  %5u", m->error, m->bound, m->cases);
	if (m->seconds > 0) {
		lk_buf_appendf(out, "  %9.3f", m->seconds);
	}
}

static void put_row(const struct lk_smoke_level *level, bool colour, struct lk_buf *out)
{
	static const char *const words[] = {"passed", "FAILED", "absent"};
	static const char *const colours[] = {"\033[32m", "\033[1;31m", "\033[2m"};
	char device[16] = "";
	if (level->device >= 0) {
		snprintf(device, sizeof(device), "%d", level->device);
	}
	lk_buf_appendf(out, "%-10.*s  %3s  %s%s%s  %7.2f", LK_STR_ARG(level->name), device,
		colour ? colours[level->status] : "", words[level->status], colour ? "\033[0m" : "",
		level->seconds);
	for (size_t i = 0; i < level->n_measures; i++) {
		if (i > 0) {
			lk_buf_appendf(out, "\n%32s", "");
		}
		put_measure(&level->measures[i], out);
	}
	lk_buf_puts(out, "\n" INDENT);
	lk_buf_put_escaped(out, level->reason);
	lk_buf_putc(out, '\n');
}

static void put_library(const struct lk_smoke_library *library, lk_str prefix, struct lk_buf *out)
{
	lk_str path = library->path;
	bool below = prefix.len > 0 && lk_str_starts(path, prefix) && path.len > prefix.len &&
		path.ptr[prefix.len] == '/';
	lk_buf_puts(out, library->inside ? INDENT "uses " : INDENT "OUTSIDE ");
	lk_buf_put_escaped(out, below ? lk_str_skip(path, prefix.len + 1) : path);
	lk_str version = library->package.len > 0 ? library->package : library->version;
	if (version.len > 0) {
		lk_buf_puts(out, " (");
		lk_buf_put_escaped(out, version);
		lk_buf_putc(out, ')');
	}
	lk_buf_putc(out, '\n');
}

void lk_smoke_text(
	const struct lk_smoke_result *result, bool colour, bool verbose, struct lk_buf *out)
{
	lk_buf_puts(out,
		"level       gpu  result  seconds  precision  error    bound  cases"
		"  computing\n");
	for (size_t i = 0; i < result->n_levels; i++) {
		const struct lk_smoke_level *level = &result->levels[i];
		put_row(level, colour, out);
		for (size_t k = 0; k < level->n_libraries; k++) {
			if (verbose || !level->libraries[k].inside) {
				put_library(&level->libraries[k], result->prefix, out);
			}
		}
	}
}
