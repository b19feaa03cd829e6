/*
 * For the tests of fetch: a scratch folder, servers on loopback, files to serve.
 */
#ifndef LK_TESTS_FETCH_SUPPORT_H
#define LK_TESTS_FETCH_SUPPORT_H

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/str.h"
#include "base/stream.h"

#define FAULT_SERVER LK_TEST_DATA "/../support/fault_server.py"

struct scratch {
	char path[64];
};

static inline void scratch_init(struct scratch *scratch)
{
	strcpy(scratch->path, "/tmp/lockenv-fetch-XXXXXX"); /* NOLINT: fits */
	assert_non_null(mkdtemp(scratch->path));
	/* nginx started by root serves as somebody else. */
	assert_int_equal(chmod(scratch->path, 0755), 0);
	/* No proxy and no netrc of the user's between the tests and loopback. */
	setenv("no_proxy", "*", 1);
	setenv("HOME", scratch->path, 1);
}

static inline void scratch_done(struct scratch *scratch)
{
	struct lk_error err = LK_ERROR_INIT;
	assert_int_equal(lk_fs_remove_tree(AT_FDCWD, scratch->path, &err), 0);
}

/* Writes DIR/NAME, making folders. */
static inline void put_file(const char *dir, const char *name, const void *bytes, size_t len)
{
	struct lk_error err = LK_ERROR_INIT;
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	char *slash = strrchr(path, '/');
	*slash = '\0';
	assert_int_equal(lk_fs_mkdirs(AT_FDCWD, path, 0, false, &err), 0);
	*slash = '/';
	assert_int_equal(lk_fs_write_atomic(AT_FDCWD, path, bytes, len, 0644, &err), 0);
}

static inline void put_text(const char *dir, const char *name, const char *text)
{
	put_file(dir, name, text, strlen(text));
}

static inline void put_zst(const char *dir, const char *name, const char *text)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_buf zst = LK_BUF_INIT(1 << 20);
	assert_int_equal(lk_compress(LK_CODEC_ZSTD, 3, text, strlen(text), &zst, &err), 0);
	put_file(dir, name, zst.ptr, zst.len);
	lk_buf_done(&zst);
}

static inline bool file_exists(const char *dir, const char *name)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

static inline size_t count_files(const char *dir)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_arena arena = {0};
	struct lk_strs names = {0};
	assert_int_equal(lk_fs_list(AT_FDCWD, dir, &arena, &names, &err), 0);
	size_t n = names.len;
	lk_vec_done(&names);
	lk_arena_done(&arena);
	return n;
}

/* Bytes that do not compress, the same for the same SEED. */
static inline void fill(unsigned char *bytes, size_t len, uint32_t seed)
{
	uint32_t x = seed * 2654435761u + 1;
	for (size_t i = 0; i < len; i++) {
		x = x * 1664525u + 1013904223u;
		bytes[i] = (unsigned char)(x >> 24);
	}
}

struct server {
	pid_t pid;
	int port;
	int other_port;
};

static inline void server_stop(struct server *server)
{
	if (server->pid > 0) {
		kill(server->pid, SIGTERM);
		waitpid(server->pid, NULL, 0);
	}
	server->pid = 0;
}

static inline void fault_server_start(struct server *server, const char *root)
{
	int out[2];
	assert_int_equal(pipe(out), 0);
	server->pid = fork();
	if (server->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(out[1], STDOUT_FILENO);
		execlp("python3", "python3", FAULT_SERVER, root, (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	FILE *ports = fdopen(out[0], "r");
	assert_int_equal(
		fscanf(ports, "%d %d", &server->port, &server->other_port), 2); /* NOLINT */
	fclose(ports);
}

/* A port of loopback that nobody listens on now. */
static inline int free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	close(fd);
	return ntohs(address.sin_port);
}

static inline bool port_answers(int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = {htonl(INADDR_LOOPBACK)},
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool ok = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	close(fd);
	return ok;
}

/* Does a program of that name lie in the usual places? */
static inline bool have_program(const char *name)
{
	return file_exists("/usr/sbin", name) || file_exists("/usr/bin", name);
}

/* nginx serves SCRATCH/www by HTTP on `port` and, with TLS and HTTP/2, on `other_port`; the
 * certificate for 127.0.0.1 that nobody signed is SCRATCH/cert.pem. */
static inline void nginx_start(struct server *server, const struct scratch *scratch)
{
	char text[4096];
	snprintf(text, sizeof(text),
		"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 "
		"-addext subjectAltName=IP:127.0.0.1 -keyout %s/key.pem -out %s/cert.pem "
		">/dev/null 2>&1",
		scratch->path, scratch->path);
	assert_int_equal(system(text), 0); /* NOLINT: fixed command */
	server->port = free_port();
	server->other_port = free_port();
	const char *s = scratch->path;
	snprintf(text, sizeof(text),
		"daemon off; worker_processes 1; pid %s/nginx.pid; error_log %s/error.log;\n"
		"events { worker_connections 64; }\n"
		"http { log_format log '$request\" $status $connection';\n"
		"access_log %s/access.log log; sendfile on; client_body_temp_path %s/t1;\n"
		"proxy_temp_path %s/t2; fastcgi_temp_path %s/t3; uwsgi_temp_path %s/t4;\n"
		"scgi_temp_path %s/t5; server { listen 127.0.0.1:%d;\n"
		"listen 127.0.0.1:%d ssl http2; ssl_certificate %s/cert.pem;\n"
		"ssl_certificate_key %s/key.pem; root %s/www; } }\n",
		s, s, s, s, s, s, s, s, server->port, server->other_port, s, s, s);
	put_text(scratch->path, "nginx.conf", text);
	char config[128];
	snprintf(config, sizeof(config), "%s/nginx.conf", scratch->path);
	server->pid = fork();
	if (server->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
		execlp("nginx", "nginx", "-c", config, "-p", s, "-e", "stderr", (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 500 && !port_answers(server->port); i++) {
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	}
}

#endif
