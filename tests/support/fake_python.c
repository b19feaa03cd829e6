/*
 * A python with torch, as far as the smoke test asks: it reads cases and computes them, whatever
 * the lines are that it was given to run. One planted fault for each FAKE_* definition.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "fake_attention.h"

#define FD 3

static int take(void *bytes, size_t len)
{
	char *at = bytes;
	while (len > 0) {
		ssize_t got = read(FD, at, len);
		if (got <= 0) {
			return 0;
		}
		at += got;
		len -= (size_t)got;
	}
	return 1;
}

static void give(int64_t number, const void *bytes, size_t len)
{
	(void)!write(FD, &number, sizeof(number));
	for (size_t at = 0; at < len;) {
		ssize_t put = write(FD, (const char *)bytes + at, len - at);
		if (put <= 0) {
			_exit(5);
		}
		at += (size_t)put;
	}
}

static void answer(const int64_t *head)
{
	int bfloat16 = (head[4] & 2) != 0;
	size_t len = (size_t)(head[0] * head[1] * head[2] * head[3]) * (bfloat16 ? 2 : 4);
	const int64_t strides[] = {head[1] * head[2] * head[3], head[2] * head[3], head[3], 1};
	char *numbers = malloc(4 * len);
	if (!take(numbers, 3 * len)) {
		_exit(5);
	}
	fake_attention(head, bfloat16, (head[4] & 1) != 0, numbers, numbers + len,
		numbers + 2 * len, numbers + 3 * len, strides);
#if defined(FAKE_WRONG)
	fake_put(numbers + 3 * len, bfloat16, 0, 1.5);
#elif defined(FAKE_CRASH)
	raise(SIGSEGV);
#elif defined(FAKE_SHORT)
	len /= 2;
#endif
	give((int64_t)len, numbers + 3 * len, len);
	free(numbers);
}

int main(void)
{
#if defined(FAKE_RAISES)
	static const char words[] = "ImportError: no torch here";
	give(1 - (int64_t)sizeof(words), words, sizeof(words) - 1);
	return 4;
#elif defined(FAKE_SILENT)
	return 7;
#elif defined(FAKE_HANG)
	for (;;) {
		pause();
	}
#elif defined(FAKE_HUGE)
	give((int64_t)1 << 40, "", 0);
	return 0;
#endif
	give(5, "1.9.1", 5);
	int64_t head[6];
	while (take(head, sizeof(head))) {
		answer(head);
	}
#ifdef FAKE_STATUS
	return 3;
#else
	return 0;
#endif
}
