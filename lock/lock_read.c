/*
 * env.lock to a value (docs/lockfile.md), strictly: the document, its header and its platforms.
 * Works on the tree of base/yaml, whose arena becomes the lock's: texts are not copied.
 *
 * A lock as lockenv writes it is read in the quick way: the tree of lk_yaml_block_parse, several
 * platforms at a time. The quick way can only succeed. Whatever is wrong, odd or worth a warning
 * makes it give up, and the text is read again from libyaml's tree, which is the one that tells.
 */
#include "lock/lockfile.h"

#include <stdlib.h>

#include "base/workers.h"
#include "lock/lock_conflict_priv.h"
#include "lock/lock_read_priv.h"

#define WORTH_THREADS ((size_t)256 * 1024) /* bytes of text */

/* A platform while it is read; its thread's own arena goes to the lock afterwards. */
struct raw_platform {
	struct lk_lock_platform platform;
	const struct lk_yaml *depends_node, *constrains_node; /* of `requires` */
	struct lk_arena arena;
};

static int requires_differ(const struct lk_lock_reader *r, const struct lk_yaml *node,
	struct lk_error *err, const char *fault, lk_str spec)
{
	int rc = lk_yaml_fail(
		r->doc, node, err, "'requires' %s '" LK_STR_FMT "'", fault, LK_STR_ARG(spec));
	lk_error_hint(err,
		"it is computed from the packages and not meant to be edited: lock again "
		"with lockenv solve");
	return rc;
}

/* The list under `requires` against what the packages say; both sorted. */
static int check_requires(const struct lk_lock_reader *r, const struct lk_yaml *list,
	const struct lk_yaml *home, const struct lk_str_list *computed, struct lk_error *err)
{
	const struct lk_yaml *item = list ? list->first : NULL;
	for (size_t i = 0; item || i < computed->n; i++) {
		int order = !item          ? 1
			: i >= computed->n ? -1
					   : lk_str_cmp(item->text, computed->items[i]);
		if (order < 0) {
			return requires_differ(r, item, err,
				"holds, out of place or without a package that says so,",
				item->text);
		}
		if (order > 0) {
			return requires_differ(
				r, item ? item : home, err, "lacks", computed->items[i]);
		}
		item = item->next;
	}
	return 0;
}

static int read_requires(const struct lk_lock_reader *r, const struct lk_lock_field *field,
	const struct lk_yaml *node, void *slot, struct lk_error *err)
{
	struct raw_platform *raw = slot;
	static const struct lk_lock_field fields[] = {
		{"depends", lk_lock_read_list, offsetof(struct lk_lock_platform, requires_depends),
			NULL, false},
		{"constrains", lk_lock_read_list,
			offsetof(struct lk_lock_platform, requires_constrains), NULL, false},
	};
	raw->depends_node = lk_yaml_get(node, "depends");
	raw->constrains_node = lk_yaml_get(node, "constrains");
	return lk_lock_read_members(
		r, node, fields, LK_COUNTOF(fields), &raw->platform, field->name, err);
}

static int by_virtual_name(const void *a, const void *b)
{
	const struct lk_virtual *left = a;
	const struct lk_virtual *right = b;
	return lk_str_cmp(left->name, right->name);
}

static int read_solved_with(const struct lk_lock_reader *r, const struct lk_lock_field *field,
	const struct lk_yaml *node, void *slot, struct lk_error *err)
{
	static const struct lk_lock_field value = {"virtual package", NULL, 0, NULL, false};
	struct lk_virtuals virtuals = {0};
	int rc = lk_lock_check_kind(r, field, node, LK_YAML_MAPPING, err);
	if (rc < 0) {
		return rc;
	}
	virtuals.items = lk_arena_calloc(r->arena, node->n_children, sizeof(*virtuals.items));
	virtuals.cap = node->n_children;
	for (const struct lk_yaml *member = node->first; member; member = member->next) {
		rc = lk_lock_check_text(r, &value, member, err);
		if (rc < 0) {
			return rc;
		}
		size_t equals = lk_str_find_char(member->text, '=');
		const char *wrong = lk_lock_wrong_virtual_name(member->key);
		if (wrong || equals == SIZE_MAX || equals == 0) {
			return lk_yaml_fail(r->doc, member, err,
				"'" LK_STR_FMT ": " LK_STR_FMT
				"' is not a virtual package such as '__glibc: 2.28=0'",
				LK_STR_ARG(member->key), LK_STR_ARG(member->text));
		}
		virtuals.items[virtuals.len++] =
			(struct lk_virtual){member->key, lk_str_slice(member->text, 0, equals),
				lk_str_skip(member->text, equals + 1)};
	}
	if (virtuals.len > 0) {
		qsort(virtuals.items, virtuals.len, sizeof(*virtuals.items), by_virtual_name);
	}
	*(struct lk_virtuals *)slot = virtuals;
	return 0;
}

static int read_platform(const struct lk_lock_reader *r, const struct lk_yaml *node,
	struct raw_platform *raw, struct lk_error *err)
{
#define PLATFORM(member)                                                                           \
	(offsetof(struct raw_platform, platform) + offsetof(struct lk_lock_platform, member))
	static const struct lk_lock_field fields[] = {
		{"specs", lk_lock_read_list, PLATFORM(specs), NULL, true},
		{"pins", lk_lock_read_list, PLATFORM(pins), NULL, false},
		{"solved-with", read_solved_with, PLATFORM(solved_with), NULL, true},
		{"requires", read_requires, 0, NULL, false},
		{"packages", lk_lock_read_packages, offsetof(struct raw_platform, platform), NULL,
			true},
	};
#undef PLATFORM
	const char *wrong = lk_lock_wrong_platform(node->key);
	if (wrong) {
		return lk_fail_at(err, r->name, node->key_line, node->key_column,
			"'" LK_STR_FMT "' %s", LK_STR_ARG(node->key), wrong);
	}
	raw->platform.subdir = node->key;
	int rc = lk_lock_read_members(r, node, fields, LK_COUNTOF(fields), raw, "a platform", err);
	if (rc < 0) {
		return rc;
	}
	lk_lock_requires(&raw->platform, r->arena);
	rc = check_requires(r, raw->depends_node, node, &raw->platform.requires_depends, err);
	if (rc == 0) {
		rc = check_requires(
			r, raw->constrains_node, node, &raw->platform.requires_constrains, err);
	}
	return rc;
}

static int by_subdir(const void *a, const void *b)
{
	const struct lk_lock_platform *left = a;
	const struct lk_lock_platform *right = b;
	return lk_str_cmp(left->subdir, right->subdir);
}

struct platforms {
	const struct lk_lock_reader *reader;
	const struct lk_yaml **nodes;
	struct raw_platform *raws;
};

static int read_one_platform(void *ctx, size_t index, struct lk_error *err)
{
	const struct platforms *p = ctx;
	struct lk_lock_reader r = *p->reader;
	r.arena = &p->raws[index].arena;
	return read_platform(&r, p->nodes[index], &p->raws[index], err);
}

static int read_platforms(const struct lk_lock_reader *r, const struct lk_lock_field *field,
	const struct lk_yaml *node, struct lk_error *err)
{
	int rc = lk_lock_check_kind(r, field, node, LK_YAML_MAPPING, err);
	if (rc < 0) {
		return rc;
	}
	size_t n = node->n_children;
	struct lk_lock *lock = r->lock;
	struct platforms p = {.reader = r};
	p.nodes = lk_arena_calloc(r->arena, n, sizeof(*p.nodes));
	p.raws = lk_calloc(n, sizeof(*p.raws));
	lock->platforms = lk_arena_calloc(r->arena, n, sizeof(*lock->platforms));
	for (const struct lk_yaml *member = node->first; member; member = member->next) {
		p.nodes[lock->n_platforms++] = member;
	}
	/* Warnings come in order where one thread makes them. */
	bool many = r->quick && r->doc->source.len > WORTH_THREADS;
	rc = lk_workers_run(many ? 0 : 1, n, read_one_platform, &p, err);
	for (size_t i = 0; i < n; i++) {
		lock->platforms[i] = p.raws[i].platform;
		lk_arena_take(r->arena, &p.raws[i].arena);
	}
	lk_free(p.raws);
	if (n > 0) {
		qsort(lock->platforms, n, sizeof(*lock->platforms), by_subdir);
	}
	return rc;
}

static int read_channel(const struct lk_lock_reader *r, const struct lk_yaml *node,
	struct lk_channel *channel, struct lk_error *err)
{
	static const struct lk_lock_field fields[] = {
		{"name", lk_lock_read_text, offsetof(struct lk_channel, name),
			lk_lock_wrong_channel_name, true},
		{"url", lk_lock_read_text, offsetof(struct lk_channel, url), lk_lock_wrong_url,
			true},
	};
	int rc = lk_lock_read_members(
		r, node, fields, LK_COUNTOF(fields), channel, "a channel", err);
	channel->auth_url = channel->url;
	return rc;
}

static int read_channels(const struct lk_lock_reader *r, const struct lk_lock_field *field,
	const struct lk_yaml *node, void *slot, struct lk_error *err)
{
	struct lk_lock *lock = slot;
	struct lk_yaml_items items;
	const struct lk_yaml *item;
	int rc = lk_lock_check_kind(r, field, node, LK_YAML_SEQUENCE, err);
	if (rc < 0) {
		return rc;
	}
	lock->channels = lk_arena_calloc(r->arena, node->n_children, sizeof(*lock->channels));
	lk_yaml_items_init(&items, node, r->arena);
	while ((rc = lk_yaml_items_next(&items, &item, err)) > 0) {
		uint32_t index = (uint32_t)lock->n_channels;
		struct lk_channel *channel = &lock->channels[lock->n_channels++];
		rc = read_channel(r, item, channel, err);
		if (rc < 0) {
			return rc;
		}
		if (lk_map_add(r->channels, channel->name, index) != index) {
			return lk_yaml_fail(r->doc, item, err,
				"channel '" LK_STR_FMT "' stands twice", LK_STR_ARG(channel->name));
		}
	}
	return rc;
}

static int read_variables(const struct lk_lock_reader *r, const struct lk_lock_field *field,
	const struct lk_yaml *node, void *slot, struct lk_error *err)
{
	struct lk_lock *lock = slot;
	int rc = lk_lock_check_kind(r, field, node, LK_YAML_MAPPING, err);
	if (rc < 0) {
		return rc;
	}
	lock->variables = lk_arena_calloc(r->arena, node->n_children, sizeof(*lock->variables));
	for (const struct lk_yaml *member = node->first; member; member = member->next) {
		struct lk_lock_variable *variable = &lock->variables[lock->n_variables++];
		variable->name = member->key;
		if (lk_lock_wrong_text(member->key)) {
			return lk_fail_at(err, r->name, member->key_line, member->key_column,
				"the name of a variable holds a control character");
		}
		rc = lk_lock_read_text(r, field, member, &variable->value, err);
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

/* Known to be right: check_version came first. */
static int skip_field(const struct lk_lock_reader *r, const struct lk_lock_field *field,
	const struct lk_yaml *node, void *slot, struct lk_error *err)
{
	(void)r, (void)field, (void)node, (void)slot, (void)err;
	return 0;
}

static int check_version(const struct lk_lock_reader *r, struct lk_error *err)
{
	const struct lk_yaml *root = r->doc->root;
	const struct lk_yaml *node = lk_yaml_get(root, "version");
	if (!node) {
		int rc = lk_yaml_fail(
			r->doc, root, err, "not a lock file: it has no field 'version'");
		lk_error_hint(err, "a lock is made by: lockenv solve");
		return rc;
	}
	uint64_t version;
	if (node->kind != LK_YAML_SCALAR || node->quoted || !lk_str_to_u64(node->text, &version)) {
		return lk_yaml_fail(r->doc, node, err, "'version' must be a whole number");
	}
	if (version != LK_LOCK_VERSION) {
		int rc = lk_yaml_fail(r->doc, node, err,
			"lock format version " LK_STR_FMT
			" is not known: this lockenv reads version %d",
			LK_STR_ARG(node->text), LK_LOCK_VERSION);
		lk_error_hint(err, "a newer lockenv made it: upgrade, or lock again with this one");
		return rc;
	}
	return 0;
}

static int read_root(const struct lk_lock_reader *r, struct lk_error *err)
{
	/* channels stands before platforms here as in the file: packages look their channel up. */
	static const struct lk_lock_field header[] = {
		{"version", skip_field, 0, NULL, true},
		{"channels", read_channels, 0, NULL, true},
		{"channel-priority", lk_lock_read_text, offsetof(struct lk_lock, channel_priority),
			lk_lock_wrong_priority, true},
		{"exclude-newer", lk_lock_read_text, offsetof(struct lk_lock, exclude_newer),
			lk_lock_wrong_instant, false},
		{"variables", read_variables, 0, NULL, false},
		{"platforms", skip_field, 0, NULL, true},
	};
	static const struct lk_lock_field platforms = {"platforms", NULL, 0, NULL, true};
	int rc = check_version(r, err);
	if (rc == 0) {
		rc = lk_lock_read_members(
			r, r->doc->root, header, LK_COUNTOF(header), r->lock, "a lock", err);
	}
	if (rc == 0) {
		rc = read_platforms(r, &platforms, lk_yaml_get(r->doc->root, "platforms"), err);
	}
	return rc;
}

/* The lock of DOC, whose arena becomes the lock's in the end; R names the file and how to read. */
static int read_document(struct lk_yaml_doc *doc, const struct lk_lock_reader *how,
	struct lk_lock *ret, struct lk_error *err)
{
	struct lk_map channels = {0};
	struct lk_lock lock = {.file = lk_str_dup(&doc->arena, lk_str_of(how->name))};
	struct lk_lock_reader r = *how;
	r.doc = doc;
	r.arena = &doc->arena;
	r.lock = &lock;
	r.channels = &channels;
	int rc = read_root(&r, err);
	lk_map_done(&channels);
	if (rc < 0) {
		lk_yaml_doc_done(doc);
		return rc;
	}
	lock.arena = doc->arena;
	*ret = lock;
	return 0;
}

int lk_lock_parse(lk_str source, const char *name, const struct lk_report *report,
	struct lk_lock *ret, struct lk_error *err)
{
	static const struct lk_yaml_limits limits = {LK_LOCK_MAX_BYTES, LK_LOCK_MAX_DEPTH, 0};
	struct lk_lock_reader how = {.name = name, .report = report, .quick = true};
	struct lk_error ignored = LK_ERROR_INIT;
	struct lk_yaml_doc doc;
	if (lk_yaml_block_parse(source, name, &limits, &doc) &&
		read_document(&doc, &how, ret, &ignored) == 0) {
		return 0;
	}
	how.quick = false;
	int rc = lk_lock_refuse_conflict(source, name, err);
	if (rc == 0) {
		rc = lk_yaml_parse(source, name, &limits, &doc, err);
	}
	return rc < 0 ? rc : read_document(&doc, &how, ret, err);
}
