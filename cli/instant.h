/*
 * Absolute instants as --exclude-newer and the lock's header write them.
 */
#ifndef LK_CLI_INSTANT_H
#define LK_CLI_INSTANT_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* "2026-01-31" (to the end of that day, UTC) or RFC 3339 "2026-01-31T12:00:00Z" / "+02:00", to
 * milliseconds since 1970. LK_E_USAGE for anything else. */
int lk_instant_parse(lk_str text, uint64_t *ret_ms, struct lk_error *err) LK_MUST_USE;
/* The canonical text, "2026-01-31T12:00:00Z" (whole seconds), owned by ARENA. */
lk_str lk_instant_text(uint64_t ms, struct lk_arena *arena);
/* The second since 1970 that a build says it is of (reproducible-builds.org, SOURCE_DATE_EPOCH).
 * *RET_GIVEN: it does. LK_E_USAGE for a text that is none. */
int lk_instant_source_date(
	bool *ret_given, uint64_t *ret_seconds, struct lk_error *err) LK_MUST_USE;
/* That, else the clock's. */
int lk_instant_now(uint64_t *ret_seconds, struct lk_error *err) LK_MUST_USE;

#endif
