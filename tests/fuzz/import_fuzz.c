/*
 * Other tools' lock files: any text is read or refused; what was read can be written as a lock and
 * in every format, and what pixi.lock version 7 carries comes back as it was.
 */
#include <stdlib.h>

#include "lock/exchange.h"
#include "lock/import_lock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds) {
		abort();
	}
}

static const struct lk_import_options options = {.without_pip = true, .without_source = true};

static void compare(const struct lk_lock *a, const struct lk_lock *b)
{
	must(a->n_platforms == b->n_platforms);
	for (size_t i = 0; i < a->n_platforms; i++) {
		const struct lk_lock_platform *left = &a->platforms[i];
		const struct lk_lock_platform *right = &b->platforms[i];
		must(lk_str_eq(left->subdir, right->subdir));
		must(left->n_packages == right->n_packages);
		for (size_t k = 0; k < left->n_packages; k++) {
			const struct lk_record *x = &left->packages[k];
			const struct lk_record *y = &right->packages[k];
			must(lk_str_eq(x->name, y->name) && lk_str_eq(x->version, y->version));
			must(lk_str_eq(x->build, y->build) && lk_str_eq(x->url, y->url));
			must(lk_sha256_eq(&x->sha256, &y->sha256));
			must(x->has_md5 == y->has_md5 && x->size == y->size);
			must(x->depends.n == y->depends.n || left->n_packages > 1);
		}
	}
}

static void read_again(const struct lk_lock *lock, const struct lk_buf *text)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_imported again;
	must(lk_import(lk_buf_view(text), "again", &options, NULL, &again, &err) == 0);
	compare(lock, &again.lock);
	lk_imported_done(&again);
}

static void export(const struct lk_lock *lock)
{
	static lk_export_writer *const writers[] = {lk_export_pixi_v7, lk_export_pixi,
		lk_export_conda_lock, lk_export_explicit, lk_export_environment,
		lk_export_micromamba};
	const struct lk_export_options plain = {.name = LK_STR("env")};
	for (size_t i = 0; i < LK_COUNTOF(writers); i++) {
		struct lk_error err = LK_ERROR_INIT;
		struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_IMPORT_MAX_BYTES);
		int rc = writers[i](lock, &plain, &text, NULL, &err);
		must(rc == 0 || rc == LK_E_FORMAT);
		if (rc == 0 && i < 2) {
			read_again(lock, &text);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lk_error err = LK_ERROR_INIT;
	struct lk_imported imported;
	if (lk_import(lk_str_n((const char *)data, size), "fuzz", &options, NULL, &imported, &err) <
		0) {
		return 0;
	}
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_LOCK_MAX_BYTES);
	struct lk_lock again;
	if (lk_lock_write(&imported.lock, &text, &err) == 0) {
		must(lk_lock_parse(lk_buf_view(&text), "again", NULL, &again, &err) == 0);
		compare(&imported.lock, &again);
		export(&again);
		lk_lock_done(&again);
	}
	lk_imported_done(&imported);
	return 0;
}
