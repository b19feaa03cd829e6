/*
 * A python process, and the cases that go to it and come back.
 *
 * Both talk over one socket. A case is six numbers of 64 bits (batch, heads, n, d_k, 1 for causal
 * + 2 for bfloat16, and the GPU or -1 for the CPU), then Q, K and V; the answer is the number of
 * bytes and the output, or the number of bytes below zero and an error's words. Before the first
 * case python answers with the version of torch.
 */
#include "smoke/torch_python.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

/* The descriptor of the socket in python. */
#define PYTHON_FD 3
#define WORDS_MAX 3000
#define MAPS_MAX ((size_t)4 << 20)

/* Needs torch 1.10 (frombuffer), and nothing else: torch works without numpy. Before torch 2.0
 * there was no operator for the whole. */
static const char script[] =
	"import os, struct\n"
	"def take(n):\n"
	"    parts = bytearray()\n"
	"    while len(parts) < n:\n"
	"        part = os.read(3, n - len(parts))\n"
	"        if not part:\n"
	"            os._exit(0 if not parts else 3)\n"
	"        parts += part\n"
	"    return parts\n"
	"def give(n, data):\n"
	"    data = memoryview(struct.pack('q', n) + bytes(data))\n"
	"    while data:\n"
	"        data = data[os.write(3, data):]\n"
	"def attend(q, k, v, causal):\n"
	"    import torch\n"
	"    whole = getattr(torch.nn.functional, 'scaled_dot_product_attention', None)\n"
	"    if whole:\n"
	"        return whole(q, k, v, is_causal=causal)\n"
	"    s = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5\n"
	"    if causal:\n"
	"        s = s.masked_fill(torch.ones(s.shape[-2:]).triu(1).bool(), float('-inf'))\n"
	"    return torch.softmax(s, -1) @ v\n"
	"def main():\n"
	"    import torch\n"
	"    torch.set_grad_enabled(False)\n"
	"    version = torch.__version__.encode()\n"
	"    give(len(version), version)\n"
	"    while True:\n"
	"        *shape, kind, gpu = struct.unpack('6q', take(48))\n"
	"        device = f'cuda:{gpu}' if gpu >= 0 else 'cpu'\n"
	"        dtype = torch.bfloat16 if kind & 2 else torch.float32\n"
	"        count = shape[0] * shape[1] * shape[2] * shape[3]\n"
	"        size = count * (2 if kind & 2 else 4)\n"
	"        q, k, v = (torch.frombuffer(take(size), dtype=dtype).reshape(shape).to(device) "
	"for _ in 'qkv')\n"
	"        result = attend(q, k, v, bool(kind & 1))\n"
	"        if str(result.device) != device:\n"
	"            raise RuntimeError(f'the result lies on {result.device}, not {device}')\n"
	"        out = bytearray(b'\\xff' * size)\n"
	"        torch.frombuffer(out, dtype=dtype).copy_(result.reshape(-1))\n"
	"        give(size, out)\n"
	"try:\n"
	"    main()\n"
	"except BaseException as error:\n"
	"    words = f'{type(error).__name__}: {error}'.encode('utf-8', 'replace')[:2000]\n"
	"    give(-len(words), words)\n"
	"    os._exit(4)\n";

bool lk_torch_python_find(const char *prefix, char *ret, size_t ret_len)
{
	return snprintf(ret, ret_len, "%s/bin/python", prefix) < (int)ret_len &&
		access(ret, X_OK) == 0;
}

static bool put_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;
	while (len > 0) {
		ssize_t put = send(fd, at, len, MSG_NOSIGNAL);
		if (put < 0 && errno == EINTR) {
			continue;
		}
		if (put <= 0) {
			return false;
		}
		at += put;
		len -= (size_t)put;
	}
	return true;
}

static bool get_all(int fd, void *bytes, size_t len)
{
	char *at = bytes;
	while (len > 0) {
		ssize_t got = read(fd, at, len);
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0) {
			return false;
		}
		at += got;
		len -= (size_t)got;
	}
	return true;
}

/* Waits for the process and says how it ended. */
static bool reap(const struct lk_torch_python *python, struct lk_level_report *report)
{
	int status = 0;
	pid_t done;
	do {
		done = waitpid(python->pid, &status, 0);
	} while (done < 0 && errno == EINTR);
	if (done != python->pid) {
		lk_level_say(report, LK_SMOKE_FAILED, "cannot tell how python ended");
	} else if (WIFSIGNALED(status)) {
		lk_level_say(report, LK_SMOKE_FAILED, "python crashed: signal %d (%s)",
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	} else if (WEXITSTATUS(status) != 0) {
		lk_level_say(report, LK_SMOKE_FAILED, "python ended with exit status %d",
			WEXITSTATUS(status));
	}
	return done == python->pid && status == 0;
}

/* An answer of at most MAX bytes into RET; its length, or -1 with the reason in REPORT. */
static int64_t get_answer(
	struct lk_torch_python *python, void *ret, size_t max, struct lk_level_report *report)
{
	int64_t len;
	if (!get_all(python->fd, &len, sizeof(len))) {
		if (reap(python, report)) {
			lk_level_say(report, LK_SMOKE_FAILED, "python ended without an answer");
		}
		python->pid = -1;
		return -1;
	}
	char words[WORDS_MAX + 1] = "";
	if (len < 0 && len >= -WORDS_MAX && get_all(python->fd, words, (size_t)-len)) {
		lk_level_say(report, LK_SMOKE_FAILED, "python: %s", words);
		return -1;
	}
	if (len < 0 || (uint64_t)len > max || !get_all(python->fd, ret, (size_t)len)) {
		lk_level_say(report, LK_SMOKE_FAILED, "python's answer is not whole");
		return -1;
	}
	return len;
}

static int spawn_python(const char *python, int fd, pid_t *ret_pid)
{
	const char *const words[] = {python, "-B", "-c", script, NULL};
	posix_spawn_file_actions_t actions;
	int rc = posix_spawn_file_actions_init(&actions);
	if (rc == 0) {
		rc = posix_spawn_file_actions_adddup2(&actions, fd, PYTHON_FD);
		rc = rc == 0 ? posix_spawn(ret_pid, python, &actions, NULL, (char *const *)words,
				       environ)
			     : rc;
		posix_spawn_file_actions_destroy(&actions);
	}
	return rc;
}

/* A pair that no program inherits by itself; python's end lies above PYTHON_FD, where dup2 would
 * leave it closed on exec. */
static int open_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
		return errno;
	}
	int moved = fcntl(fds[1], F_DUPFD_CLOEXEC, PYTHON_FD + 1);
	int error = errno;
	close(fds[1]);
	fds[1] = moved;
	if (moved < 0) {
		close(fds[0]);
		return error;
	}
	return 0;
}

/* "-c" puts the current folder in front of the module path: one without modules. The environment
 * variables stay: a PYTHONPATH that leads outside is to be seen. */
bool lk_torch_python_start(
	const char *python, struct lk_torch_python *ret, struct lk_level_report *report)
{
	int fds[2] = {-1, -1};
	*ret = (struct lk_torch_python){.pid = -1, .fd = -1};
	int rc = chdir("/") == 0 ? open_pair(fds) : errno;
	if (rc == 0) {
		rc = spawn_python(python, fds[1], &ret->pid);
		close(fds[1]);
		ret->fd = fds[0];
	}
	if (rc != 0) {
		lk_level_say(report, LK_SMOKE_FAILED, "cannot start %s: %s", python, strerror(rc));
		return false;
	}
	int64_t len = get_answer(ret, ret->version, sizeof(ret->version) - 1, report);
	ret->version[len < 0 ? 0 : len] = '\0';
	return len >= 0;
}

bool lk_torch_python_compute(struct lk_torch_python *python, struct lk_trial *trial, int device,
	struct lk_level_report *report)
{
	const struct lk_attention_shape *s = &trial->shape;
	const int64_t head[] = {(int64_t)s->batch, (int64_t)s->heads, (int64_t)s->n,
		(int64_t)s->d_k, (s->causal ? 1 : 0) + (trial->precision == LK_BFLOAT16 ? 2 : 0),
		device};
	if (put_all(python->fd, head, sizeof(head)) &&
		put_all(python->fd, trial->q, trial->bytes) &&
		put_all(python->fd, trial->k, trial->bytes)) {
		(void)put_all(python->fd, trial->v, trial->bytes);
	}
	/* Where python ended instead of listening, its answer or its end tells why. */
	int64_t len = get_answer(python, trial->out, trial->bytes, report);
	if (len >= 0 && (size_t)len != trial->bytes) {
		lk_level_say(report, LK_SMOKE_FAILED, "python's answer is not whole");
	}
	return len >= 0 && (size_t)len == trial->bytes;
}

/* A file of /proc, heap text; NULL when it cannot be read. */
static char *read_text(const char *path)
{
	struct lk_buf text = LK_BUF_INIT(MAPS_MAX);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char bytes[4096];
	ssize_t got = -1;
	while (fd >= 0 && (got = read(fd, bytes, sizeof(bytes))) > 0) {
		lk_buf_append(&text, bytes, (size_t)got);
	}
	if (fd >= 0) {
		close(fd);
	}
	char *copy = got == 0 && !text.overflow ? lk_strdup(lk_buf_cstr(&text)) : NULL;
	lk_buf_done(&text);
	return copy;
}

bool lk_torch_python_end(struct lk_torch_python *python, struct lk_level_report *report)
{
	bool good = true;
	if (python->pid > 0) {
		char path[64];
		snprintf(path, sizeof(path), "/proc/%ld/maps", (long)python->pid);
		report->maps = read_text(path);
		shutdown(python->fd, SHUT_WR);
		good = reap(python, report);
		if (good && !report->maps) {
			lk_level_say(report, LK_SMOKE_FAILED, "cannot tell what python has mapped");
			good = false;
		}
	}
	close(python->fd);
	return good;
}
