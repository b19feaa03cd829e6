/*
 * The installer's stamp and the packages' records, as values for the receipt.
 */
#include "cli/smoke_origin.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/digest.h"
#include "install/stamp.h"
#include "lock/lockfile.h"

/* One spec for all: version specs that are joined by commas must all hold. */
static void join_needs(const struct lk_str_list *specs, struct lk_buf *out)
{
	for (size_t i = 0; i < specs->n; i++) {
		lk_str rest = specs->items[i];
		lk_str name;
		if (!lk_str_split(&rest, ' ', &name) || !lk_str_is(name, "__cuda")) {
			continue;
		}
		lk_str version = lk_str_slice(rest, 0, lk_str_find_char(rest, ' '));
		if (version.len > 0) {
			lk_buf_appendf(
				out, "%s" LK_STR_FMT, out->len > 0 ? "," : "", LK_STR_ARG(version));
		}
	}
}

static void read_needs(struct lk_app *app, struct lk_smoke_origin *origin)
{
	struct lk_record *packages =
		lk_arena_calloc(&app->arena, origin->records.len, sizeof(*packages));
	for (size_t i = 0; i < origin->records.len; i++) {
		packages[i] = origin->records.items[i].record;
	}
	struct lk_lock_platform platform = {
		.packages = packages,
		.n_packages = origin->records.len,
	};
	lk_lock_requires(&platform, &app->arena);
	struct lk_buf LK_CLEANUP(lk_buf_done) needs = LK_BUF_INIT(4096);
	join_needs(&platform.requires_depends, &needs);
	join_needs(&platform.requires_constrains, &needs);
	origin->needs_cuda = lk_str_dup(&app->arena, lk_buf_view(&needs)).ptr;
}

static lk_str hex_text(struct lk_app *app, const struct lk_sha256 *sha256)
{
	char hex[LK_HEX_MAX];
	lk_hex(sha256->bytes, LK_SHA256_LEN, hex);
	return lk_str_dup(&app->arena, lk_str_of(hex));
}

static void read_stamp(struct lk_app *app, int prefix_fd, struct lk_smoke_origin *origin)
{
	struct lk_stamp stamp;
	if (lk_stamp_read(prefix_fd, &app->arena, &stamp)) {
		origin->lock = hex_text(app, &stamp.lock);
		origin->platform = stamp.subdir;
		origin->tree_digest = stamp.tree_digest;
	}
}

int lk_smoke_origin_read(
	struct lk_app *app, const char *prefix, struct lk_smoke_origin *ret, struct lk_error *err)
{
	*ret = (struct lk_smoke_origin){.needs_cuda = ""};
	int fd = prefix ? open(prefix, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd < 0) {
		return 0; /* lk_smoke_run has the words for it */
	}
	int rc = lk_meta_read_sound(1, fd, &app->report, &ret->records, err);
	if (rc == 0) {
		read_needs(app, ret);
		read_stamp(app, fd, ret);
	}
	close(fd);
	return rc;
}

void lk_smoke_origin_done(struct lk_smoke_origin *origin)
{
	lk_prefix_records_done(&origin->records);
}

static void tell_library(struct lk_app *app, const struct lk_smoke_origin *origin, lk_str file,
	struct lk_smoke_library *library)
{
	for (size_t i = 0; i < origin->records.len; i++) {
		const struct lk_prefix_record *r = &origin->records.items[i];
		for (size_t k = 0; k < r->n_paths; k++) {
			const struct lk_prefix_path *path = &r->paths[k];
			if (!lk_str_eq(path->path, file)) {
				continue;
			}
			library->package =
				lk_str_printf(&app->arena, LK_STR_FMT " " LK_STR_FMT " " LK_STR_FMT,
					LK_STR_ARG(r->record.name), LK_STR_ARG(r->record.version),
					LK_STR_ARG(r->record.build));
			if (path->has_sha256_in_prefix) {
				library->sha256 = hex_text(app, &path->sha256_in_prefix);
			} else if (path->has_sha256 && path->prefix_mode == LK_PREFIX_NONE) {
				library->sha256 = hex_text(app, &path->sha256);
			}
			return;
		}
	}
}

void lk_smoke_origin_tell(
	struct lk_app *app, const struct lk_smoke_origin *origin, struct lk_smoke_result *result)
{
	result->platform = origin->platform;
	result->lock = origin->lock;
	result->tree_digest = origin->tree_digest;
	for (size_t i = 0; i < result->n_levels; i++) {
		for (size_t k = 0; k < result->levels[i].n_libraries; k++) {
			struct lk_smoke_library *library = &result->levels[i].libraries[k];
			if (lk_str_starts(library->path, result->prefix) && library->inside) {
				tell_library(app, origin,
					lk_str_skip(library->path, result->prefix.len + 1),
					library);
			}
		}
	}
}
