/*
 * A gate before what takes much memory: as many threads are inside as have room together.
 */
#ifndef LK_BASE_GATE_H
#define LK_BASE_GATE_H

#include <stddef.h>

struct lk_gate;

/* ROOM: bytes. */
struct lk_gate *lk_gate_new(size_t room);
/* NULL is fine; nobody may be inside. */
void lk_gate_free(struct lk_gate *gate);
/* Waits until there is room for SIZE bytes; who needs more than there is at all goes in alone. A
 * thread that is inside must not enter again. */
void lk_gate_enter(struct lk_gate *gate, size_t size);
/* With the SIZE it entered with. */
void lk_gate_leave(struct lk_gate *gate, size_t size);

#endif
