/*
 * Calls what the caller wants to be told, and nothing where it does not.
 */
#include "base/report.h"

void lk_warn(const struct lk_report *report, const char *fmt, ...)
{
	if (!report || !report->warn) {
		return;
	}
	va_list args;
	va_start(args, fmt);
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(SIZE_MAX);
	lk_buf_vappendf(&text, fmt, args);
	va_end(args);
	report->warn(report->ctx, lk_buf_cstr(&text));
}

void lk_note(const struct lk_report *report, int level, const char *fmt, ...)
{
	if (!report || !report->note) {
		return;
	}
	va_list args;
	va_start(args, fmt);
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(SIZE_MAX);
	lk_buf_vappendf(&text, fmt, args);
	va_end(args);
	report->note(report->ctx, level, lk_buf_cstr(&text));
}

void lk_report_progress(const struct lk_report *report, const struct lk_progress *progress)
{
	if (report && report->progress) {
		report->progress(report->ctx, progress);
	}
}

bool lk_report_stop(const struct lk_report *report)
{
	return report && report->stop && report->stop(report->ctx);
}
