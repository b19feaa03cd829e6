/*
 * The child's end: run the level, look where its libraries came from, tell.
 */
#include "smoke/child.h"

#include <unistd.h>

#include "smoke/provenance.h"

#define REPORT_MAX ((size_t)1 << 20)

/* A computation that is right proves nothing when its libraries are not the environment's. */
static void judge_provenance(
		const struct lk_smoke_libraries *libraries, struct lk_level_report *report)
{
	for (size_t i = 0; i < libraries->len; i++) {
		if (!libraries->items[i].inside && report->status == LK_SMOKE_PASSED) {
			lk_level_say(report, LK_SMOKE_FAILED, LK_STR_FMT " lies outside the environment",
					LK_STR_ARG(libraries->items[i].path));
		}
	}
}

/* Line breaks would end the value. */
static void put_value(struct lk_buf *out, lk_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		lk_buf_putc(out, text.ptr[i] == '\n' || text.ptr[i] == '\t' ? ' ' : text.ptr[i]);
	}
}

static void put_report(const struct lk_level_report *report,
		const struct lk_smoke_libraries *libraries, struct lk_buf *out)
{
	static const char *const statuses[] = {"passed", "failed", "absent"};
	lk_buf_appendf(out, "status %s\nreason ", statuses[report->status]);
	put_value(out, lk_buf_view(&report->reason));
	if (report->has_error) {
		lk_buf_appendf(out, "\nerror %.17g\nbound %.17g\ncases %u", report->error, report->bound,
				report->cases);
	}
	for (size_t i = 0; i < libraries->len; i++) {
		const struct lk_smoke_library *library = &libraries->items[i];
		lk_buf_appendf(out, "\nlibrary %s\t", library->inside ? "inside" : "outside");
		put_value(out, library->version);
		lk_buf_putc(out, '\t');
		put_value(out, library->path);
	}
	lk_buf_puts(out, "\nend\n");
}

static bool write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t written = write(fd, bytes, len);
		if (written <= 0) {
			return false;
		}
		bytes += written;
		len -= (size_t)written;
	}
	return true;
}

int lk_child_main(const char *level, const char *prefix, int fd)
{
	struct lk_level_report report = {.status = LK_SMOKE_FAILED};
	lk_buf_init(&report.reason, REPORT_MAX);
	const struct lk_level *chosen = NULL;
	for (size_t i = 0; i < lk_n_levels; i++) {
		if (lk_str_is(lk_str_of(level), lk_levels[i].name)) {
			chosen = &lk_levels[i];
		}
	}
	if (!chosen) {
		return 2;
	}
	chosen->run(prefix, &report);
	struct lk_arena LK_CLEANUP(lk_arena_done) arena;
	lk_arena_init(&arena);
	struct lk_smoke_libraries libraries = {0};
	lk_provenance(prefix, report.exempt_folder, &arena, &libraries);
	judge_provenance(&libraries, &report);
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(REPORT_MAX);
	put_report(&report, &libraries, &text);
	bool told = !text.overflow && write_all(fd, text.ptr, text.len);
	lk_vec_done(&libraries);
	lk_buf_done(&report.reason);
	return told ? 0 : 1;
}
