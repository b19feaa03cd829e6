/*
 * A working folder in a directory, and who owns it.
 *
 * It holds one empty file whose name says who that is (host, boot, pid name space, pid, start
 * time). mkdir and rename alone decide: no lock is needed. The folder of a process that is gone is
 * taken over by renaming its owner file. One that belongs to another user is not: who can write
 * into it could exchange what is built there.
 */
#ifndef LK_INSTALL_OWN_H
#define LK_INSTALL_OWN_H

#include <stdbool.h>

#include "base/err.h"

struct lk_own {
	int base_fd;        /* the directory that it lies in; borrowed, as are these: */
	const char *base;   /* its path */
	const char *prefix; /* what it is about */
	const char *owner;  /* our name */
	char *name;         /* of the folder, in base; owned */
	int fd;             /* -1 until it is ours */
	bool busy;          /* it was another process's when we last looked */
};

/* Makes the folder, or takes it over; tries for a moment. LK_E_FS: another process owns it (BUSY is
 * set, the error says who), another user does, something else has its name, or the directory cannot
 * be written (sys_errno). */
int lk_own_take(struct lk_own *own, struct lk_error *err) LK_MUST_USE;
/* Writes nothing; LK_E_FS, and BUSY, when a process that may live owns it. */
int lk_own_check(struct lk_own *own, struct lk_error *err) LK_MUST_USE;
/* Is there such a folder, of anybody? */
bool lk_own_is_there(const struct lk_own *own);
/* Lets go of it: it is removed when nothing is in it but our name. */
void lk_own_release(struct lk_own *own);

/* Is what FD, a directory in BASE_FD, holds to be trusted: is it this user's, or that of the owner
 * of BASE_FD, who can exchange it anyway? */
bool lk_own_is_trusted(int base_fd, int fd);

#endif
