/*
 * The order in which packages are linked: each after what it depends on. Where two packages bring
 * one path, the later in this order wins (install/clobber.h). Pure.
 *
 * Where the dependencies have no cycle it is conda's: packages that stand alone come first, then
 * round after round those whose dependencies are all placed, each round in input order; python does
 * not wait for pip, and whatever uses python waits for menuinst. A cycle is broken inside a group
 * that waits for nothing else, at what is not noarch, then at what waits for the fewest
 * (conda-formats.md 6.1).
 */
#ifndef LK_INSTALL_LINK_ORDER_H
#define LK_INSTALL_LINK_ORDER_H

#include "conda/record.h"

/* Indices of RECORDS (sorted by name, so that the order is that of the names), owned by ARENA.
 * Dependencies on what is not among them are passed over. */
uint32_t *lk_link_order(const struct lk_record *records, size_t n, struct lk_arena *arena);

#endif
