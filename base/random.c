/*
 * getrandom(2).
 */
#include "base/random.h"

#include <errno.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/mem.h"

void lk_random(void *out, size_t len)
{
	/* So few bytes come whole or not at all. */
	if (TEMP_FAILURE_RETRY(getrandom(out, len, 0)) != (ssize_t)len) {
		lk_die("the system gives no random bytes");
	}
}
