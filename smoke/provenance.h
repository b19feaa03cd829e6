/*
 * Which libraries does this process have mapped, and does each lie where it should?
 */
#ifndef LK_SMOKE_PROVENANCE_H
#define LK_SMOKE_PROVENANCE_H

#include "smoke/smoke.h"

struct lk_smoke_libraries LK_VEC_OF(struct lk_smoke_library);

/* Every shared object of this process, sorted by path, owned by ARENA, except the vdso, this
 * program and the C library's own family: libc and the siblings that lie beside it.
 *
 * Inside is what lies below PREFIX (absolute, without links; NULL: nothing does), what a link in
 * PREFIX takes from an extracted package, and the driver's own libraries in DRIVER_FOLDER ("" for
 * none), which belong to the host. */
void lk_provenance(const char *prefix, const char *driver_folder, struct lk_arena *arena,
	struct lk_smoke_libraries *ret);

/* The same of another process that runs on this host's C library, by its /proc/PID/maps: adds each
 * file of MAPS that is mapped to be executed, its program too, unless RET has it. */
void lk_provenance_of_maps(const char *maps, const char *prefix, const char *driver_folder,
	struct lk_arena *arena, struct lk_smoke_libraries *ret);

/* The version in a library's file name, a view of PATH: "0.3.21" of "libopenblasp-r0.3.21.so", "2"
 * of "libmkl_avx512.so.2"; empty when it has none. */
lk_str lk_library_version(lk_str path);

#endif
