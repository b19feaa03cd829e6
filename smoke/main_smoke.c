/*
 * lockenv-smoke: the smoke test alone, and the program that each level's process runs.
 *
 *     lockenv-smoke [OPTION]... [PREFIX]
 *     lockenv-smoke --probe      what the host's driver says, as one line of JSON
 *     lockenv-smoke --level NAME --device N --needs-cuda SPEC -- [PREFIX]   (by the runner)
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "smoke/child.h"
#include "smoke/probe.h"
#include "smoke/smoke.h"

#define OUT_MAX ((size_t)8 << 20)
#define USAGE                                                                                      \
	"lockenv-smoke [--json] [--verbose] [--require LEVEL]... [--device N|all] "                \
	"[--needs-cuda SPEC] [--limit SECONDS] [PREFIX]"
#define PROBE_LIMIT_SECONDS 60
#define LIMIT_MAX 86400 /* seconds */
#define EXIT_USAGE 2
#define EXIT_FILES 8

struct request {
	const char *prefix;
	const char *level;
	const char *require[32];
	size_t n_require;
	const char *needs_cuda;
	uint64_t limit;
	int device;
	bool json, verbose, help, version;
};

/* A word that stands alone. */
static bool take_flag(const char *word, struct request *r)
{
	const struct {
		const char *word;
		bool *slot;
	} flags[] = {{"--json", &r->json}, {"--help", &r->help}, {"-h", &r->help},
		{"--version", &r->version}, {"--verbose", &r->verbose}, {"-v", &r->verbose}};
	for (size_t i = 0; i < LK_COUNTOF(flags); i++) {
		if (strcmp(word, flags[i].word) == 0) {
			*flags[i].slot = true;
			return true;
		}
	}
	return false;
}

static bool take_option(const char *word, const char *value, struct request *r)
{
	const struct {
		const char *word, **slot;
	} texts[] = {{"--level", &r->level}, {"--needs-cuda", &r->needs_cuda}};
	for (size_t i = 0; i < LK_COUNTOF(texts); i++) {
		if (strcmp(word, texts[i].word) == 0) {
			*texts[i].slot = value;
			return true;
		}
	}
	if (strcmp(word, "--require") == 0 && r->n_require < LK_COUNTOF(r->require)) {
		r->require[r->n_require++] = value;
		return true;
	}
	if (strcmp(word, "--limit") == 0) {
		return lk_str_to_u64(lk_str_of(value), &r->limit) && r->limit < LIMIT_MAX;
	}
	return strcmp(word, "--device") == 0 && lk_smoke_device_parse(value, &r->device);
}

static bool parse(int argc, char **argv, struct request *r)
{
	bool only_arguments = false;
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		if (only_arguments || word[0] != '-') {
			if (r->prefix) {
				return false;
			}
			r->prefix = word;
		} else if (strcmp(word, "--") == 0) {
			only_arguments = true;
		} else if (!take_flag(word, r) && (++i == argc || !take_option(word, argv[i], r))) {
			return false;
		}
	}
	return true;
}

static int run(const struct request *r)
{
	struct lk_smoke_options options = {
		.prefix = r->prefix,
		.require = r->require,
		.n_require = r->n_require,
		.limit_seconds = (unsigned)r->limit,
		.device = r->device,
		.needs_cuda = r->needs_cuda,
	};
	struct lk_smoke_result result;
	struct lk_error err = LK_ERROR_INIT;
	int rc = lk_smoke_run(&options, &result, &err);
	if (rc < 0) {
		fprintf(stderr, "error: %s\n", err.message);
		if (err.hint[0] != '\0') {
			fprintf(stderr, "hint: %s\n", err.hint);
		}
		return rc == LK_E_USAGE ? EXIT_USAGE : EXIT_FILES;
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) out = LK_BUF_INIT(OUT_MAX);
	if (r->json) {
		struct lk_jw w;
		lk_jw_init(&w, &out, true);
		lk_smoke_json(&result, &w);
		lk_buf_putc(&out, '\n');
	} else {
		lk_smoke_text(&result, false, r->verbose, &out);
	}
	int code = lk_smoke_exit_code(&result);
	lk_smoke_result_done(&result);
	if (out.overflow || fputs(lk_buf_cstr(&out), stdout) < 0 || fflush(stdout) != 0) {
		fputs("error: cannot write the results\n", stderr);
		return EXIT_FILES;
	}
	return code;
}

int main(int argc, char **argv)
{
	struct request r = {0};
	if (argc == 2 && strcmp(argv[1], "--probe") == 0) {
		return lk_probe_main(PROBE_LIMIT_SECONDS);
	}
	if (!parse(argc, argv, &r)) {
		fputs("error: usage: " USAGE "\n", stderr);
		fputs("hint: lockenv-smoke --help lists the options\n", stderr);
		return EXIT_USAGE;
	}
	if (r.version) {
		puts("lockenv-smoke " LOCKENV_VERSION);
		return 0;
	}
	if (r.help) {
		puts("Usage: " USAGE);
		return 0;
	}
	if (r.level) {
		return lk_child_main(r.level,
			&(const struct lk_level_context){
				.prefix = r.prefix,
				.device = r.device,
				.needs_cuda = r.needs_cuda,
			});
	}
	/* Ignored, it would take the status of the levels' processes away. */
	signal(SIGCHLD, SIG_DFL);
	return run(&r);
}
