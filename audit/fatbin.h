/*
 * CUDA fat binaries: which device code does a library carry?
 *
 * nvcc puts the code for every GPU architecture into containers, one after the other, in the ELF
 * sections .nv_fatbin and __nv_relfatbin (relocatable device code); some libraries keep more of
 * them among other data (cuFFT in .ldata, cuBLASLt in .cask_resource) and load them themselves.
 * A container is
 *
 *     u32 magic 0xBA55ED50, u16 version 1, u16 header size (16), u64 bytes of the entries
 *
 * and an entry, little-endian, its payload behind it:
 *
 *      0 u16 kind: 1 PTX, 2 cubin (ELF), 4 old cubin, 8 NVVM IR (LTO), 16 another ELF,
 *            64 tile IR, 256 several entries compressed together (nvcc --concat)
 *      2 u16 0x0101            4 u32 bytes of this header
 *      8 u64 bytes of the payload, padded to 8
 *     16 u32 compressed bytes  20 u32 where the options stand, 0: none
 *     24 u16 minor, u16 major: of the PTX ISA, or of the code
 *     28 u32 architecture (75, 90, 120)
 *     32 u32 where the identifier stands, u32 its length
 *     40 u64 flags: 0x1 64 bit, 0x2 debug, 0x2000 LZ4 block, 0x8000 zstd, 0x10000 obfuscated,
 *            0x100000 architecture-specific ("sm_90a"), 0x200000 family-specific ("sm_100f")
 *     56 u64 bytes when decompressed
 *
 * Of kind 256 the header holds a directory: u32 count, u32 bytes of it, then a header like the
 * above for each entry, in which bytes 4..7 are its place in the decompressed payload.
 *
 * NVIDIA documents the container and the first kinds and flags (fatbinary.h, fatbinary_section.h of
 * the toolkit), not the entries. Sources: ZLUDA (zluda_dump, struct FatbinFileHeader),
 * n-eiling/cuda-fatbin-decompression and cricket, jiegec/fatbinary, GrigoryEvko/nvopen-tools
 * (fatbin/FORMAT_SPECIFICATION.md); variants, zstd and kind 256 observed with fatbinary and
 * cuobjdump of CUDA 13 on code of our own, and held against cuobjdump on the libraries of CUDA 13
 * (docs/audit.md).
 *
 * What is read is untrusted. Nothing is loaded but a window of 256 KiB, however large the section.
 */
#ifndef LK_AUDIT_FATBIN_H
#define LK_AUDIT_FATBIN_H

#include "audit/bytes.h"
#include "base/err.h"
#include "base/gpu_code.h"

/* A section of a file. SIZE bytes from AT on lie inside it. */
struct lk_fatbin_section {
	struct lk_bytes *bytes;
	uint64_t at, size; /* bytes */
	bool mixed;        /* containers stand among other data; else that is a fault */
};

enum lk_fatbin_packing {
	LK_FATBIN_PLAIN,
	LK_FATBIN_LZ4,
	LK_FATBIN_ZSTD,
};

#define LK_FATBIN_NAME_MAX 63

struct lk_fatbin_entry {
	struct lk_gpu_code code;
	enum lk_fatbin_packing packing;
	bool bits64, debug, obfuscated;
	bool grouped;    /* compressed together with others: the payload is the group's */
	uint64_t offset; /* of the payload in the section */
	uint64_t stored; /* its bytes there */
	uint64_t size;   /* its bytes decompressed */
	char name[LK_FATBIN_NAME_MAX + 1]; /* identifier, mostly empty; foreign text, cut */
};
/* 0, or a negative code that ends the reading and is returned. */
typedef int lk_fatbin_fn(void *ctx, const struct lk_fatbin_entry *entry, struct lk_error *err);

struct lk_fatbin_stats {
	uint64_t containers, entries;
	uint64_t faults;   /* places that were not understood */
	const char *fault; /* the first: "an entry ends outside its container"; NULL: none */
	uint64_t fault_at; /* its offset */
};

/* Calls FN for each entry, in the order of the section. What is not understood is counted in RET
 * and left out, and the reading goes on behind it; in a mixed section other data is no fault.
 * LK_E_FS when the file cannot be read, or what FN returned; RET holds what was seen so far. */
int lk_fatbin_each(const struct lk_fatbin_section *section, lk_fatbin_fn *fn, void *ctx,
	struct lk_fatbin_stats *ret, struct lk_error *err) LK_MUST_USE;

/* What the payload itself says: the cubin's ELF header, or PTX's .target. */
struct lk_fatbin_inside {
	bool known;   /* false: obfuscated, grouped, of another kind */
	unsigned sm;  /* 0: the payload is not what the entry says it is */
	char variant; /* of PTX; a cubin does not tell it */
};
/* Decompresses as much of the payload as is needed, at most some KiB out of at most 256 KiB. A
 * payload that cannot be decompressed has sm 0. LK_E_FS when the file cannot be read. */
int lk_fatbin_look_inside(const struct lk_fatbin_section *section,
	const struct lk_fatbin_entry *entry, struct lk_fatbin_inside *ret,
	struct lk_error *err) LK_MUST_USE;

/* Is a section of that name one of containers alone? */
bool lk_fatbin_is_section(const char *name);
/* Is the file itself one, by its first bytes? */
bool lk_fatbin_is(struct lk_bytes *bytes);
/* The architecture of a file that is a cubin; 0 when it is none. */
unsigned lk_fatbin_sm_of_cubin(struct lk_bytes *bytes);

#endif
