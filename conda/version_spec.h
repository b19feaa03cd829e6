/*
 * Version specs: ">=1.2,<2|3.*" and the rest of conda-formats' grammar (CEP 29, CEP 33).
 */
#ifndef LK_CONDA_VERSION_SPEC_H
#define LK_CONDA_VERSION_SPEC_H

#include <stdbool.h>

#include "conda/version.h"

/* Who wrote it decides how strict we are: channels carry old mistakes, a manifest should not. */
enum lk_spec_origin {
	LK_SPEC_USER,
	LK_SPEC_REPODATA,
};

struct lk_version_spec; /* immutable, owned by the arena it was parsed into */

/* LK_E_FORMAT with the column in TEXT and TEXT as excerpt. */
int lk_version_spec_parse(lk_str text, enum lk_spec_origin origin, struct lk_arena *arena,
		const struct lk_version_spec **ret, struct lk_error *err) LK_MUST_USE;
bool lk_version_spec_matches(const struct lk_version_spec *spec, const struct lk_version *version);
/* Accepts everything ("*")? */
bool lk_version_spec_is_any(const struct lk_version_spec *spec);

#endif
