/*
 * The results as a table and as JSON.
 */
#include "smoke/smoke.h"

#include <math.h>

#include "base/str.h"

static const char *status_word(enum lk_smoke_status status)
{
	static const char *const words[] = {"passed", "FAILED", "absent"};
	return words[status];
}

void lk_smoke_text(const struct lk_smoke_result *result, bool colour, struct lk_buf *out)
{
	static const char *const colours[] = {"\033[32m", "\033[1;31m", "\033[2m"};
	lk_buf_puts(out, "level       result   time\n");
	for (size_t i = 0; i < result->n_levels; i++) {
		const struct lk_smoke_level *level = &result->levels[i];
		lk_buf_appendf(out, "%-10.*s  %s%-7s%s  ", LK_STR_ARG(level->name),
			colour ? colours[level->status] : "", status_word(level->status),
			colour ? "\033[0m" : "");
		lk_buf_appendf(out, "%.2f s\n            ", level->seconds);
		lk_buf_put_escaped(out, level->reason);
		lk_buf_putc(out, '\n');
		for (size_t k = 0; k < level->n_measures; k++) {
			const struct lk_smoke_measure *m = &level->measures[k];
			lk_buf_puts(out, "            ");
			lk_buf_put_escaped(out, m->precision);
			lk_buf_appendf(out, ": error %.2g, bound %.2g, %u cases\n", m->error,
				m->bound, m->cases);
		}
		for (size_t k = 0; k < level->n_libraries; k++) {
			const struct lk_smoke_library *library = &level->libraries[k];
			lk_buf_puts(out,
				library->inside ? "            uses " : "            OUTSIDE ");
			lk_buf_put_escaped(out, library->path);
			if (library->version.len > 0) {
				lk_buf_puts(out, " (");
				lk_buf_put_escaped(out, library->version);
				lk_buf_putc(out, ')');
			}
			lk_buf_putc(out, '\n');
		}
	}
}

static void put_measures(const struct lk_smoke_level *level, struct lk_jw *w)
{
	lk_jw_key(w, "measures");
	lk_jw_array(w);
	for (size_t i = 0; i < level->n_measures; i++) {
		const struct lk_smoke_measure *m = &level->measures[i];
		lk_jw_object(w);
		lk_jw_key_string(w, "precision", m->precision);
		lk_jw_key(w, "error");
		lk_jw_real(w, m->error);
		lk_jw_key(w, "bound");
		lk_jw_real(w, m->bound);
		lk_jw_key_uint(w, "cases", m->cases);
		lk_jw_end(w);
	}
	lk_jw_end(w);
}

static void put_level(const struct lk_smoke_level *level, struct lk_jw *w)
{
	static const char *const statuses[] = {"passed", "failed", "absent"};
	lk_jw_object(w);
	lk_jw_key_string(w, "level", level->name);
	lk_jw_key_string(w, "status", lk_str_of(statuses[level->status]));
	lk_jw_key_string(w, "reason", level->reason);
	if (level->device >= 0) {
		lk_jw_key_uint(w, "device", (uint64_t)level->device);
	}
	put_measures(level, w);
	lk_jw_key(w, "facts");
	lk_jw_object(w);
	for (size_t i = 0; i < level->n_facts; i++) {
		lk_jw_key_str(w, level->facts[i].key);
		lk_jw_string(w, level->facts[i].value);
	}
	lk_jw_end(w);
	lk_jw_key(w, "seconds");
	lk_jw_real(w, level->seconds);
	lk_jw_key(w, "libraries");
	lk_jw_array(w);
	for (size_t i = 0; i < level->n_libraries; i++) {
		lk_jw_object(w);
		lk_jw_key_string(w, "path", level->libraries[i].path);
		lk_jw_opt_string(w, "version", level->libraries[i].version);
		lk_jw_key(w, "inside");
		lk_jw_bool(w, level->libraries[i].inside);
		lk_jw_end(w);
	}
	lk_jw_end(w);
	lk_jw_end(w);
}

void lk_smoke_json(const struct lk_smoke_result *result, struct lk_jw *w)
{
	lk_jw_object(w);
	lk_jw_opt_string(w, "prefix", result->prefix);
	lk_jw_key_string(w, "lockenv_version", LK_STR(LOCKENV_VERSION));
	lk_jw_key(w, "levels");
	lk_jw_array(w);
	for (size_t i = 0; i < result->n_levels; i++) {
		put_level(&result->levels[i], w);
	}
	lk_jw_end(w);
	lk_jw_end(w);
}
