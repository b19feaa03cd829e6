/*
 * A libcuda.so.1 that says what FAKE_DRIVER tells it to, or does what drivers should not:
 *
 *     good, old, no-device, newer-module, strange     what it answers
 *     loud, garble, flood, hang, crash, fork, exit    what it does when it is initialised
 *
 * With -DLACKING it lacks a function; with -DCRASHES it crashes while it is loaded.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is(const char *mode)
{
	const char *chosen = getenv("FAKE_DRIVER");
	return strcmp(chosen ? chosen : "good", mode) == 0;
}

static void garble(void)
{
	for (int fd = 0; fd < 64; fd++) {
		(void)!write(fd, "{\"cuda\": \"99.9\"}\n", 17);
	}
}

int cuInit(unsigned flags);
int cuInit(unsigned flags)
{
	const char *visible = getenv("CUDA_VISIBLE_DEVICES");
	while (is("hang")) {
		alarm(0);
		signal(SIGTERM, SIG_IGN);
		sleep(1);
	}
	while (is("flood")) {
		garble();
	}
	if (is("loud")) {
		puts("{\"cuda\": \"99.9\"}");
		fputs("{\"cuda\": \"99.9\"}\n", stderr);
		fflush(NULL);
	}
	if (is("garble")) {
		garble();
	}
	if (is("crash")) {
		raise(SIGSEGV);
	}
	if (is("exit")) {
		exit(0);
	}
	if (is("fork") && fork() == 0) {
		sleep(100); /* with every descriptor that it got */
	}
	if (is("newer-module")) {
		return 803;
	}
	return is("no-device") || (visible && !*visible) || flags ? 100 : 0;
}

#ifndef LACKING
int cuDriverGetVersion(int *ret);
int cuDriverGetVersion(int *ret)
{
	*ret = is("old") ? 10020 : is("strange") ? -7 : 12040;
	return 0;
}
#endif

int cuGetErrorName(int error, const char **ret);
int cuGetErrorName(int error, const char **ret)
{
	*ret = error == 100 ? "CUDA_ERROR_NO_DEVICE" : "CUDA_ERROR";
	return 0;
}

int cuGetErrorString(int error, const char **ret);
int cuGetErrorString(int error, const char **ret)
{
	*ret = error == 100 ? "no CUDA-capable device is detected" : "an error";
	return 0;
}

int cuDeviceGetCount(int *ret);
int cuDeviceGetCount(int *ret)
{
	*ret = is("old") ? 0 : 2;
	return 0;
}

int cuDeviceGet(int *ret, int ordinal);
int cuDeviceGet(int *ret, int ordinal)
{
	*ret = ordinal;
	return 0;
}

int cuDeviceGetName(char *ret, int len, int device);
int cuDeviceGetName(char *ret, int len, int device)
{
	snprintf(ret, (size_t)len, device == 0 ? "Fake \"GPU\"\033[31m" : "Fake V100");
	return 0;
}

int cuDeviceTotalMem_v2(size_t *ret, int device);
int cuDeviceTotalMem_v2(size_t *ret, int device)
{
	*ret = (size_t)(device + 1) << 30;
	return 0;
}

int cuDeviceGetAttribute(int *ret, int attribute, int device);
int cuDeviceGetAttribute(int *ret, int attribute, int device)
{
	/* 75 and 76: the compute capability. */
	*ret = attribute == 75 ? (device == 0 ? 10 : 7) : attribute == 76 ? 0 : 1;
	return 0;
}

#ifdef CRASHES
__attribute__((constructor)) static void crash(void)
{
	raise(SIGABRT);
}
#endif
