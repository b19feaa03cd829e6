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

#endif
