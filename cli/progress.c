/*
 * The progress line.
 */
#include "cli/progress.h"

#include <stdio.h>
#include <time.h>

#include "base/mem.h"

#define FIRST_AFTER_MS 300
#define REDRAW_MS 80
#define BAR_WIDTH 20

struct lk_progress_view {
	bool enabled;
	bool drawn;
	unsigned columns;
	uint64_t started_ms;
	uint64_t last_ms;
	const char *stage;
};

static uint64_t now_ms(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

struct lk_progress_view *lk_progress_view_new(bool enabled, unsigned columns)
{
	struct lk_progress_view *view = lk_calloc(1, sizeof(*view));
	view->enabled = enabled;
	view->columns = columns < 40 ? 80 : columns;
	return view;
}

void lk_progress_view_free(struct lk_progress_view *view)
{
	if (view) {
		lk_progress_view_clear(view);
	}
	lk_free(view);
}

void lk_progress_view_clear(struct lk_progress_view *view)
{
	if (view->drawn) {
		fputs("\r\033[K", stderr);
		fflush(stderr);
		view->drawn = false;
	}
}

static void put_amount(struct lk_buf *line, uint64_t bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	double amount = (double)bytes;
	size_t unit = 0;
	while (amount >= 1000 && unit + 1 < LK_COUNTOF(units)) {
		amount /= 1000;
		unit++;
	}
	lk_buf_appendf(line, unit ? "%.1f %s" : "%.0f %s", amount, units[unit]);
}

static void put_bar(struct lk_buf *line, uint64_t done, uint64_t total)
{
	uint64_t filled = total ? done * BAR_WIDTH / total : 0;
	lk_buf_puts(line, " [");
	for (uint64_t i = 0; i < BAR_WIDTH; i++) {
		lk_buf_putc(line, i < filled ? '#' : ' ');
	}
	lk_buf_putc(line, ']');
}

static void put_rate(struct lk_buf *line, const struct lk_progress *p, uint64_t elapsed_ms)
{
	put_amount(line, p->bytes);
	if (p->bytes_all) {
		lk_buf_puts(line, " of ");
		put_amount(line, p->bytes_all);
	}
	if (elapsed_ms > 0 && p->bytes > 0) {
		uint64_t rate = p->bytes * 1000 / elapsed_ms;
		lk_buf_puts(line, ", ");
		put_amount(line, rate);
		lk_buf_puts(line, "/s");
		if (p->bytes_all > p->bytes && rate > 0) {
			lk_buf_appendf(line, ", %llu s left",
				(unsigned long long)((p->bytes_all - p->bytes) / rate));
		}
	}
}

void lk_progress_view_show(struct lk_progress_view *view, const struct lk_progress *p)
{
	if (!view->enabled) {
		return;
	}
	uint64_t now = now_ms();
	if (view->stage != p->stage) {
		view->stage = p->stage;
		view->started_ms = now;
	}
	if (now - view->started_ms < FIRST_AFTER_MS || now - view->last_ms < REDRAW_MS) {
		return;
	}
	view->last_ms = now;
	struct lk_buf line = LK_BUF_INIT(4096);
	lk_buf_puts(&line, p->stage);
	put_bar(&line, p->bytes_all ? p->bytes : p->done, p->bytes_all ? p->bytes_all : p->total);
	if (p->total) {
		lk_buf_appendf(&line, " %llu/%llu ", (unsigned long long)p->done,
			(unsigned long long)p->total);
	}
	if (p->bytes) {
		put_rate(&line, p, now - view->started_ms);
	}
	if (p->item.len) {
		lk_buf_putc(&line, ' ');
		lk_buf_put_escaped(&line, p->item);
	}
	fprintf(stderr, "\r\033[K%.*s", (int)(view->columns - 1), lk_buf_cstr(&line));
	fflush(stderr);
	view->drawn = true;
	lk_buf_done(&line);
}
