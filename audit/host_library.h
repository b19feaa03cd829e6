/*
 * Libraries that an environment takes from the host it runs on.
 */
#ifndef LK_AUDIT_HOST_LIBRARY_H
#define LK_AUDIT_HOST_LIBRARY_H

#include <stdbool.h>

#include "base/str.h"

enum lk_host_library {
	LK_HOST_NOT,      /* the environment has to have it */
	LK_HOST_C,        /* the C library's family: always the host's */
	LK_HOST_DRIVER,   /* of the GPU: comes with the kernel's part */
	LK_HOST_SYSTEM,   /* the desktop, fabrics, what conda channels build against and do not ship
			   */
	LK_HOST_COMPILER, /* run time of gcc: most hosts have one, of any age */
};

/* By the name that a file needs. */
enum lk_host_library lk_host_library_of(lk_str name);
const char *lk_host_library_what(enum lk_host_library kind); /* "the C library", …; static */

#endif
