/*
 * getrandom(2), or what a system without it has.
 */
#include "base/random.h"

#include <errno.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/fs.h"

static bool from_device(void *out, size_t len)
{
	int LK_AUTO_CLOSE fd = open("/dev/urandom", O_RDONLY | O_NOCTTY | O_CLOEXEC);
	return fd >= 0 && TEMP_FAILURE_RETRY(read(fd, out, len)) == (ssize_t)len;
}

/* A bare chroot on a kernel of 2013 has neither call nor device. The 16 bytes that the kernel hands
 * to each program it starts are as good; the rest makes this process, thread and call differ. */
static void from_start(unsigned char *out, size_t len)
{
	struct {
		unsigned char kernel[16];
		const void *thread;
		struct timespec now;
		pid_t pid;
		size_t done;
	} seed;
	memset(&seed, 0, sizeof(seed));
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): so the auxiliary vector has its addresses */
	const void *kernel = (const void *)getauxval(AT_RANDOM);
	if (kernel) {
		memcpy(seed.kernel, kernel, sizeof(seed.kernel));
	} else {
		lk_die("the system gives no random bytes");
	}
	seed.thread = &seed;
	seed.pid = getpid();
	(void)clock_gettime(CLOCK_MONOTONIC, &seed.now);
	while (seed.done < len) {
		struct lk_sha256 block = lk_sha256_of(&seed, sizeof(seed));
		size_t some = len - seed.done < LK_SHA256_LEN ? len - seed.done : LK_SHA256_LEN;
		memcpy(out + seed.done, block.bytes, some);
		seed.done += some;
	}
}

void lk_random(void *out, size_t len)
{
	/* So few bytes come whole or not at all. */
	if (TEMP_FAILURE_RETRY(getrandom(out, len, 0)) != (ssize_t)len && !from_device(out, len)) {
		from_start(out, len);
	}
}
