/*
 * Licences as SPDX knows them: identifiers, and expressions of them.
 *
 * Source: SPDX specification 2.3, annex D (licence expressions), and the SPDX Licence List. What a
 * channel says of a licence is often no such expression ("BSD 3-Clause", "Public-Domain"): then
 * nothing is guessed.
 */
#ifndef LK_LOCK_SPDX_H
#define LK_LOCK_SPDX_H

#include "base/str.h"

/* The identifier as the list spells it (static), whatever the case of ID's letters; NULL when the
 * list does not have it. */
const char *lk_spdx_licence(lk_str id);
const char *lk_spdx_exception(lk_str id);

/* Is TEXT an expression of listed licences and exceptions, "LicenseRef-…" and AND, OR, WITH? RET is
 * it in canonical form: identifiers as listed, operators in capitals, single spaces. References are
 * appended to REFS, each time they stand there. Owned by ARENA, REFS by the caller. */
bool lk_spdx_expression(lk_str text, struct lk_arena *arena, lk_str *ret, struct lk_strs *refs);

#endif
