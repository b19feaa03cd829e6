/*
 * The device code of one file: everything in it that is meant for a GPU.
 *
 * That is what its fat binaries hold (audit/fatbin.h), in the sections made for them and, in
 * libraries that have one of NVIDIA's sections, among their other data; or what the file is, where
 * it is itself a cubin or a fat binary.
 *
 * The entries' headers are believed, and a few of each architecture are held against their
 * payloads: one that lies is told.
 */
#ifndef LK_AUDIT_DEVICE_CODE_H
#define LK_AUDIT_DEVICE_CODE_H

#include "audit/bytes.h"
#include "base/gpu_code.h"

struct lk_device_code {
	struct lk_gpu_codes codes; /* owned by the arena: not to be changed or done */
	uint64_t entries;
	uint64_t bytes; /* as they are stored */
	bool alone;     /* the file is nothing else: it is read by a library, not loaded as one */
	lk_str wrong;   /* what is wrong with it, as a phrase; empty: nothing that was seen */
};

/* *RET gets what BYTES has, owned by ARENA; NULL when there is nothing. LK_E_FS when it cannot be
 * read. */
int lk_device_code_read(struct lk_bytes *bytes, struct lk_arena *arena,
	const struct lk_device_code **ret, struct lk_error *err) LK_MUST_USE;

#endif
