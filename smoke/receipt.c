/*
 * The results as a receipt: one JSON object for who reviews, without the machine at hand.
 */
#include <stdio.h>

#include "base/str.h"
#include "smoke/smoke.h"

/* Raised when a field changes its meaning or goes away. */
#define RECEIPT_VERSION 1

static lk_str status_word(enum lk_smoke_status status)
{
	static const char *const words[] = {"passed", "failed", "absent"};
	return lk_str_of(words[status]);
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
		if (m->seconds > 0) {
			lk_jw_key(w, "seconds");
			lk_jw_real(w, m->seconds);
		}
		lk_jw_end(w);
	}
	lk_jw_end(w);
}

static void put_level(const struct lk_smoke_level *level, struct lk_jw *w)
{
	lk_jw_object(w);
	lk_jw_key_string(w, "level", level->name);
	lk_jw_key_string(w, "status", status_word(level->status));
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
		lk_jw_opt_string(w, "package", level->libraries[i].package);
		lk_jw_opt_string(w, "sha256", level->libraries[i].sha256);
		lk_jw_key(w, "inside");
		lk_jw_bool(w, level->libraries[i].inside);
		lk_jw_end(w);
	}
	lk_jw_end(w);
	lk_jw_end(w);
}

/* What the installer recorded; nothing of it is checked here. */
static void put_installed(const struct lk_smoke_result *result, struct lk_jw *w)
{
	lk_jw_key(w, "installed");
	lk_jw_object(w);
	lk_jw_opt_string(w, "platform", result->platform);
	lk_jw_opt_string(w, "lock_sha256", result->lock);
	lk_jw_opt_string(w, "tree_digest", result->tree_digest);
	lk_jw_opt_string(w, "needs_cuda", result->needs_cuda);
	lk_jw_end(w);
}

static void put_device(const struct lk_smoke_result *result, unsigned device, struct lk_jw *w)
{
	static const char *const keys[] = {"name", "capability", "memory", "uuid"};
	lk_jw_object(w);
	lk_jw_key_uint(w, "device", device);
	for (size_t i = 0; i < LK_COUNTOF(keys); i++) {
		char key[64];
		snprintf(key, sizeof(key), "device-%u-%s", device, keys[i]);
		lk_jw_opt_string(w, keys[i], lk_smoke_fact(result, "driver", key));
	}
	lk_jw_end(w);
}

/* From what the levels found out. */
static void put_host(const struct lk_smoke_result *result, struct lk_jw *w)
{
	static const char *const facts[][2] = {{"reference", "machine"}, {"reference", "processor"},
		{"reference", "kernel"}, {"reference", "glibc"}, {"driver", "driver"},
		{"driver", "cuda"}};
	lk_jw_key(w, "host");
	lk_jw_object(w);
	for (size_t i = 0; i < LK_COUNTOF(facts); i++) {
		lk_jw_opt_string(w, facts[i][1], lk_smoke_fact(result, facts[i][0], facts[i][1]));
	}
	lk_jw_key(w, "devices");
	lk_jw_array(w);
	char key[64] = "device-0-name";
	for (unsigned i = 0; lk_smoke_fact(result, "driver", key).len > 0; i++) {
		put_device(result, i, w);
		snprintf(key, sizeof(key), "device-%u-name", i + 1);
	}
	lk_jw_end(w);
	lk_jw_end(w);
}

void lk_smoke_json(const struct lk_smoke_result *result, struct lk_jw *w)
{
	lk_jw_object(w);
	lk_jw_key_uint(w, "receipt_version", RECEIPT_VERSION);
	lk_jw_key_string(w, "lockenv_version", LK_STR(LOCKENV_VERSION));
	lk_jw_opt_string(w, "date", result->date);
	lk_jw_key_string(w, "verdict", status_word(lk_smoke_verdict(result)));
	lk_jw_opt_string(w, "prefix", result->prefix);
	put_installed(result, w);
	put_host(result, w);
	lk_jw_key(w, "levels");
	lk_jw_array(w);
	for (size_t i = 0; i < result->n_levels; i++) {
		put_level(&result->levels[i], w);
	}
	lk_jw_end(w);
	lk_jw_end(w);
}
