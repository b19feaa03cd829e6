/*
 * The driver's version and devices, asked in this process and told on one line.
 */
#include "smoke/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cuda_version.h"
#include "base/json.h"
#include "smoke/cuda_driver.h"

#define MAX_DEVICES 64
#define WHY_MAX 1024

struct found {
	int cuda;                    /* the driver's version; 0: none that works */
	char why[WHY_MAX];           /* why not */
	char library[PATH_MAX + 64]; /* "" when there is none */
	int n_devices;
	struct {
		char name[128];
		int major, minor;
	} devices[MAX_DEVICES];
};

static bool ok(const struct lk_cuda_driver *d, int error, const char *what, struct found *ret)
{
	if (error != 0) {
		char text[512];
		lk_cuda_error_text(d, error, text, sizeof(text));
		snprintf(ret->why, sizeof(ret->why), "%s: %s", what, text);
	}
	return error == 0;
}

static bool ask_device(const struct lk_cuda_driver *d, int ordinal, struct found *ret)
{
	int device = 0;
	char *name = ret->devices[ordinal].name;
	size_t room = sizeof(ret->devices[ordinal].name);
	bool good = ok(d, d->device(&device, ordinal), "cuDeviceGet", ret) &&
		ok(d, d->device_name(name, (int)room, device), "cuDeviceGetName", ret) &&
		ok(d,
			d->device_attribute(
				&ret->devices[ordinal].major, LK_CUDA_CAPABILITY_MAJOR, device),
			"cuDeviceGetAttribute", ret) &&
		ok(d,
			d->device_attribute(
				&ret->devices[ordinal].minor, LK_CUDA_CAPABILITY_MINOR, device),
			"cuDeviceGetAttribute", ret);
	name[room - 1] = '\0';
	return good;
}

static void ask(struct found *ret)
{
	struct lk_cuda_driver d;
	int version = 0;
	int count = 0;
	enum lk_cuda_presence presence = lk_cuda_driver_look(&d, ret->why, sizeof(ret->why));
	if (presence != LK_CUDA_ABSENT && d.folder[0]) {
		snprintf(ret->library, sizeof(ret->library), "%s/libcuda.so.%s", d.folder,
			d.file_version[0] ? d.file_version : "1");
	}
	if (presence != LK_CUDA_OPEN || !ok(&d, d.init(0), "cuInit", ret) ||
		!ok(&d, d.version(&version), "cuDriverGetVersion", ret) ||
		!ok(&d, d.device_count(&count), "cuDeviceGetCount", ret)) {
		return;
	}
	if (version < 1000) {
		snprintf(ret->why, sizeof(ret->why), "the driver says that its version is %d",
			version);
		return;
	}
	for (int i = 0; i < count && i < MAX_DEVICES; i++) {
		if (!ask_device(&d, i, ret)) {
			return;
		}
		ret->n_devices = i + 1;
	}
	ret->cuda = version;
}

static void put(const struct found *found, struct lk_buf *out)
{
	struct lk_jw w;
	char text[32];
	lk_jw_init(&w, out, false);
	lk_jw_object(&w);
	lk_jw_opt_string(&w, "library", lk_str_of(found->library));
	if (found->cuda == 0) {
		lk_jw_key_string(&w, "reason", lk_str_of(found->why));
	} else {
		snprintf(text, sizeof(text), "%d.%d", LK_CUDA_MAJOR(found->cuda),
			LK_CUDA_MINOR(found->cuda));
		lk_jw_key_string(&w, "cuda", lk_str_of(text));
		lk_jw_key(&w, "devices");
		lk_jw_array(&w);
		for (int i = 0; i < found->n_devices; i++) {
			snprintf(text, sizeof(text), "%d.%d", found->devices[i].major,
				found->devices[i].minor);
			lk_jw_object(&w);
			lk_jw_key_string(&w, "name", lk_str_of(found->devices[i].name));
			lk_jw_key_string(&w, "compute_capability", lk_str_of(text));
			lk_jw_end(&w);
		}
		lk_jw_end(&w);
	}
	lk_jw_end(&w);
	lk_buf_putc(out, '\n');
}

/* Standard output for the driver, and all that it loads, is /dev/null from here on; the real one is
 * returned, or -1. */
static int take_output(void)
{
	int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (out >= 0 && null >= 0 && dup2(null, STDOUT_FILENO) >= 0) {
		(void)dup2(null, STDERR_FILENO);
		close(null);
		return out;
	}
	return -1;
}

static bool write_all(int fd, lk_str text)
{
	while (text.len > 0) {
		ssize_t written = write(fd, text.ptr, text.len);
		if (written < 0 && errno != EINTR) {
			return false;
		}
		text = lk_str_skip(text, written > 0 ? (size_t)written : 0);
	}
	return true;
}

int lk_probe_main(unsigned limit_seconds)
{
	struct found *found = lk_calloc(1, sizeof(*found));
	struct lk_buf out = LK_BUF_INIT(LK_PROBE_MAX);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CORE, &(const struct rlimit){0, 0});
	signal(SIGALRM, SIG_DFL);
	alarm(limit_seconds);
	unsetenv("CUDA_VISIBLE_DEVICES");
	int fd = take_output();
	if (fd < 0) {
		return 1;
	}
	ask(found);
	put(found, &out);
	bool good = !out.overflow && write_all(fd, lk_buf_view(&out));
	/* At once: what the driver has registered to run at the end may hang or crash. */
	_exit(good ? 0 : 1);
}
