/*
 * Symbol versions and processor levels by their names.
 */
#ifndef LK_AUDIT_SYMVER_H
#define LK_AUDIT_SYMVER_H

#include <stdbool.h>

#include "base/str.h"

/* "GLIBCXX" and "3.4.30" of "GLIBCXX_3.4.30". False for what does not end in _NUMBERS. Views. */
bool lk_symver_split(lk_str version, lk_str *ret_family, lk_str *ret_number);
/* The order of numbers with points between them: "2.9" before "2.17". */
int lk_symver_cmp(lk_str a, lk_str b);
/* The glibc that has the version: "2.34" of "GLIBC_2.34"; "2.36" of "GLIBC_ABI_DT_RELR". Empty for
 * what tells none. */
lk_str lk_symver_glibc(lk_str version);

/* The x86-64 level, 1 to 4, that a processor called as archspec does has ("haswell": 3,
 * "x86_64_v2": 2); 0 for one that is not known. */
unsigned lk_x86_level(lk_str name);
/* The lowest level of those that are named in TEXT, a requirement on __archspec; 0: none. */
unsigned lk_x86_level_in(lk_str text);
/* The level that the bits of GNU_PROPERTY_X86_ISA_1_NEEDED ask for; 0: none. */
unsigned lk_x86_level_of_bits(uint32_t bits);

#endif
