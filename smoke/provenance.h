/*
 * Which libraries does this process have mapped, and does each lie inside the prefix?
 */
#ifndef LK_SMOKE_PROVENANCE_H
#define LK_SMOKE_PROVENANCE_H

#include "smoke/smoke.h"

struct lk_smoke_libraries LK_VEC_OF(struct lk_smoke_library);

/* Every shared object of this process but the exempt ones: the vdso, the C library's own family, this
 * program, and what lies in EXEMPT_FOLDER ("" for none). Sorted by path, owned by ARENA. PREFIX may be
 * NULL: then nothing counts as inside. */
void lk_provenance(const char *prefix, const char *exempt_folder, struct lk_arena *arena,
		struct lk_smoke_libraries *ret);

/* The version in a library's file name: "0.3.21" of "libopenblasp-r0.3.21.so"; empty when none. */
lk_str lk_library_version(lk_str path);

#endif
