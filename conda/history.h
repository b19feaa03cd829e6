/*
 * conda-meta/history: what an environment's users asked for, as far as conda and its kin wrote it
 * down.
 *
 * Of the whole only the lines "# update specs: ['numpy >=2', ...]" matter here (install, create,
 * update and neutered ask for, remove and uninstall take back; conda before 4.5 wrote no list but
 * "a >=1,<2,b"). Source: conda-formats.md 6.6, and histories as they are found.
 */
#ifndef LK_CONDA_HISTORY_H
#define LK_CONDA_HISTORY_H

#include "conda/record.h"

/* Bytes; a longer history is not worth reading. */
#define LK_HISTORY_MAX ((size_t)16 << 20)

struct lk_asked {
	lk_str name; /* lower case */
	lk_str spec; /* that was given last */
};
struct lk_askeds LK_VEC_OF(struct lk_asked);

/* Appends what is asked for at the end of TEXT, each name once, in the order in which they were
 * first asked for (or again, after they were taken back). Strings are owned by ARENA. What cannot
 * be read, and specs without an exact name, are passed over. */
void lk_history_asked(lk_str text, struct lk_arena *arena, struct lk_askeds *ret);

/* Appends the lines by which a history that began as BEFORE asks for just SPECS: what is to be
 * taken back, then what is asked for. Nothing when there are no specs. Specs that conda could not
 * read (`when`, extras, flags) and those without an exact name are left out. */
void lk_history_note(lk_str before, const struct lk_str_list *specs, struct lk_buf *out);

/* The name in lower case that SPEC asks for, owned by ARENA; empty for what conda could not read
 * and for no exact name. */
lk_str lk_history_name(lk_str spec, struct lk_arena *arena);

/* Appends "CHANNEL/SUBDIR::NAME-VERSION-BUILD": how conda calls RECORD in its history, so that what
 * one writes the other can take back. CHANNEL is a URL or name, with or without the subdir. Below
 * the channel alias it counts by its name, else by its URL; pkgs/main and pkgs/r are "defaults". */
void lk_history_put(struct lk_buf *out, lk_str channel, const struct lk_record *record);

#endif
