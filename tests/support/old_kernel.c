/*
 * old_kernel ENOSYS|EPERM PROGRAM [ARGUMENT]...: runs PROGRAM as if on a kernel of the age of Linux
 * 3.10. Each system call that came later fails with ENOSYS, as such a kernel has it, or with EPERM,
 * as sandboxes of that age have it. Exit 77: seccomp filters cannot be had here.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Numbers are given in order of age: the first that Linux 3.10 does not have is sched_setattr. The
 * 32-bit calls have other numbers; nothing here makes them. */
#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#define FIRST_LATER 314
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#define FIRST_LATER 274
#else
#error "which call did Linux 3.10 not have yet?"
#endif

static int put_filter(uint32_t errnum)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, FIRST_LATER, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | errnum),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {sizeof(rules) / sizeof(*rules), rules};
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
			prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0
		? 0
		: -1;
}

int main(int argc, char **argv)
{
	if (argc < 3 || (strcmp(argv[1], "ENOSYS") != 0 && strcmp(argv[1], "EPERM") != 0)) {
		(void)fputs("usage: old_kernel ENOSYS|EPERM PROGRAM [ARGUMENT]...\n", stderr);
		return 2;
	}
	if (put_filter(strcmp(argv[1], "EPERM") == 0 ? EPERM : ENOSYS) != 0) {
		perror("old_kernel: no seccomp filter");
		return 77;
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
