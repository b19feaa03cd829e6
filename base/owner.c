/*
 * Identity of processes, from /proc.
 */
#include "base/owner.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"

#define PREFIX "owner,"
#define MAX_PROC_BYTES 4096

struct owner {
	lk_str host, boot, name_space, pid, start;
};

static bool parse(lk_str name, struct owner *ret)
{
	lk_str *fields[] = {&ret->host, &ret->boot, &ret->name_space, &ret->pid, &ret->start};
	if (!lk_str_starts(name, LK_STR(PREFIX))) {
		return false;
	}
	lk_str rest = lk_str_skip(name, strlen(PREFIX));
	for (size_t i = 0; i < LK_COUNTOF(fields); i++) {
		if (!lk_str_split(&rest, ',', fields[i])) {
			return false;
		}
	}
	return rest.ptr == NULL;
}

bool lk_owner_is_name(lk_str file_name)
{
	struct owner owner;
	return parse(file_name, &owner);
}

/* The text of a file of /proc, trimmed; empty when it cannot be read. */
static void read_proc(const char *path, struct lk_buf *out)
{
	struct lk_error ignored = LK_ERROR_INIT;
	if (lk_fs_read_file(AT_FDCWD, path, out, &ignored) < 0) {
		lk_buf_clear(out);
	}
}

/* Field 22 of /proc/PID/stat, counted after the command's name, which may hold anything. Empty for
 * a process that has ended and only waits for its parent. */
static lk_str start_time(lk_str stat_text)
{
	size_t paren = lk_str_rfind_char(stat_text, ')');
	lk_str rest = paren == SIZE_MAX ? lk_str_n(NULL, 0) : lk_str_skip(stat_text, paren + 2);
	lk_str field = rest;
	for (int i = 3; i <= 22; i++) {
		if (!lk_str_split(&rest, ' ', &field) || (i == 3 && lk_str_is(field, "Z"))) {
			return lk_str_n(NULL, 0);
		}
	}
	return field;
}

static void put_boot(struct lk_buf *out)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(MAX_PROC_BYTES);
	read_proc("/proc/sys/kernel/random/boot_id", &text);
	lk_buf_put(out, lk_str_trim(lk_buf_view(&text)));
}

static void put_name_space(struct lk_buf *out)
{
	struct stat status;
	if (stat("/proc/self/ns/pid", &status) == 0) {
		lk_buf_appendf(out, "%llu", (unsigned long long)status.st_ino);
	}
}

static void put_start(struct lk_buf *out, lk_str pid)
{
	char path[64];
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(MAX_PROC_BYTES);
	snprintf(path, sizeof(path), "/proc/" LK_STR_FMT "/stat",
		LK_STR_ARG(lk_str_slice(pid, 0, 20)));
	read_proc(path, &text);
	lk_buf_put(out, start_time(lk_buf_view(&text)));
}

/* The machine's name, with what a file name or our commas could not bear replaced. */
static void put_host(struct lk_buf *out)
{
	char host[65] = "";
	gethostname(host, sizeof(host) - 1);
	for (const char *c = host; *c != '\0'; c++) {
		lk_buf_putc(out, lk_is_alnum(*c) || *c == '.' || *c == '-' ? *c : '_');
	}
}

char *lk_owner_self(void)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) name = LK_BUF_INIT(255);
	char pid[24];
	int len = snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	lk_buf_puts(&name, PREFIX);
	put_host(&name);
	lk_buf_putc(&name, ',');
	put_boot(&name);
	lk_buf_putc(&name, ',');
	put_name_space(&name);
	lk_buf_appendf(&name, ",%s,", pid);
	put_start(&name, lk_str_n(pid, (size_t)len));
	return lk_strdup(lk_buf_cstr(&name));
}

/* Does a process PID live of which /proc shows nothing: another user's, where it is mounted so? */
static bool is_hidden(uint64_t pid)
{
	char path[64];
	struct stat status;
	snprintf(path, sizeof(path), "/proc/%llu/stat", (unsigned long long)pid);
	return pid > 0 && pid <= INT_MAX && stat(path, &status) != 0 &&
		(kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

bool lk_owner_is_gone(lk_str name)
{
	struct owner owner;
	uint64_t pid;
	if (!parse(name, &owner) || !lk_str_to_u64(owner.pid, &pid)) {
		return false;
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) host = LK_BUF_INIT(255);
	struct lk_buf LK_CLEANUP(lk_buf_done) boot = LK_BUF_INIT(255);
	struct lk_buf LK_CLEANUP(lk_buf_done) name_space = LK_BUF_INIT(255);
	struct lk_buf LK_CLEANUP(lk_buf_done) start = LK_BUF_INIT(255);
	put_host(&host);
	put_boot(&boot);
	put_name_space(&name_space);
	if (owner.boot.len == 0 || !lk_str_eq(owner.boot, lk_buf_view(&boot))) {
		/* This machine before its last boot, or another one. */
		return owner.boot.len > 0 && boot.len > 0 &&
			lk_str_eq(owner.host, lk_buf_view(&host));
	}
	if (!lk_str_eq(owner.name_space, lk_buf_view(&name_space))) {
		return false;
	}
	put_start(&start, owner.pid);
	return !lk_str_eq(owner.start, lk_buf_view(&start)) && !is_hidden(pid);
}

void lk_owner_describe(lk_str name, struct lk_buf *out)
{
	struct owner owner;
	if (parse(name, &owner)) {
		lk_buf_appendf(out, "process " LK_STR_FMT " on " LK_STR_FMT, LK_STR_ARG(owner.pid),
			LK_STR_ARG(owner.host));
	}
}
