/*
 * Fields of a lock: members by a table, texts and lists with their rules.
 */
#include "lock/lock_read_priv.h"

/* The place of KEY in the table, or N_FIELDS. Fields mostly come in the order of the table: GUESS
 * is looked at first. */
static size_t find_field(
	const struct lk_lock_field *fields, size_t n_fields, lk_str key, size_t guess)
{
	for (size_t i = 0; i < n_fields; i++) {
		size_t at = guess + i < n_fields ? guess + i : guess + i - n_fields;
		if (lk_str_is(key, fields[at].name)) {
			return at;
		}
	}
	return n_fields;
}

static int unknown_field(const struct lk_lock_reader *r, const struct lk_yaml *member,
	const char *what, struct lk_error *err)
{
	if (r->quick) {
		return lk_fail(err, LK_E_FORMAT, "an unknown field");
	}
	lk_warn(r->report, "%s:%u: unknown field '" LK_STR_FMT "' of %s is ignored", r->name,
		member->key_line, LK_STR_ARG(member->key), what);
	return 0;
}

int lk_lock_read_members(const struct lk_lock_reader *r, const struct lk_yaml *node,
	const struct lk_lock_field *fields, size_t n_fields, void *into, const char *what,
	struct lk_error *err)
{
	if (node->kind != LK_YAML_MAPPING) {
		return lk_yaml_fail(r->doc, node, err, "%s must be a mapping of fields", what);
	}
	uint32_t seen = 0;
	size_t next = 0;
	for (const struct lk_yaml *member = node->first; member; member = member->next) {
		size_t i = find_field(fields, n_fields, member->key, next);
		if (i == n_fields) {
			int rc = unknown_field(r, member, what, err);
			if (rc < 0) {
				return rc;
			}
			continue;
		}
		seen |= (uint32_t)1 << i;
		next = i + 1;
		int rc =
			fields[i].read(r, &fields[i], member, (char *)into + fields[i].offset, err);
		if (rc < 0) {
			return rc;
		}
	}
	for (size_t i = 0; i < n_fields; i++) {
		if (fields[i].required && !(seen & (uint32_t)1 << i)) {
			return lk_yaml_fail(
				r->doc, node, err, "%s has no field '%s'", what, fields[i].name);
		}
	}
	return 0;
}

/* Neither the text nor its line may be shown. */
static int refuse_credentials(const struct lk_lock_reader *r, const struct lk_lock_field *field,
	const struct lk_yaml *node, struct lk_error *err)
{
	int rc = lk_fail_at(
		err, r->name, node->line, node->column, "'%s' holds credentials", field->name);
	lk_error_hint(
		err, "take them out of the lock, and change them: whoever saw the file has them");
	return rc;
}

int lk_lock_check_text(const struct lk_lock_reader *r, const struct lk_lock_field *field,
	const struct lk_yaml *node, struct lk_error *err)
{
	if (node->kind != LK_YAML_SCALAR) {
		return lk_yaml_fail(r->doc, node, err, "'%s' must be text", field->name);
	}
	if (lk_lock_holds_credentials(node->text)) {
		return refuse_credentials(r, field, node, err);
	}
	const char *wrong = lk_lock_wrong_text(node->text);
	if (!wrong && field->rule) {
		wrong = field->rule(node->text);
	}
	if (wrong) {
		return lk_yaml_fail(r->doc, node, err, "%s '" LK_STR_FMT "' %s", field->name,
			LK_STR_ARG(node->text), wrong);
	}
	return 0;
}

int lk_lock_check_kind(const struct lk_lock_reader *r, const struct lk_lock_field *field,
	const struct lk_yaml *node, enum lk_yaml_kind kind, struct lk_error *err)
{
	if (node->kind == kind) {
		return 0;
	}
	return lk_yaml_fail(r->doc, node, err, "'%s' must be a %s", field->name,
		kind == LK_YAML_SEQUENCE ? "list" : "mapping");
}

int lk_lock_read_text(const struct lk_lock_reader *r, const struct lk_lock_field *field,
	const struct lk_yaml *node, void *slot, struct lk_error *err)
{
	int rc = lk_lock_check_text(r, field, node, err);
	if (rc == 0) {
		*(lk_str *)slot = node->text;
	}
	return rc;
}

int lk_lock_read_list(const struct lk_lock_reader *r, const struct lk_lock_field *field,
	const struct lk_yaml *node, void *slot, struct lk_error *err)
{
	struct lk_yaml_items items;
	const struct lk_yaml *item;
	int rc = lk_lock_check_kind(r, field, node, LK_YAML_SEQUENCE, err);
	if (rc < 0 || node->n_children == 0) {
		return rc;
	}
	lk_str *texts = lk_arena_calloc(r->arena, node->n_children, sizeof(*texts));
	size_t n = 0;
	lk_yaml_items_init(&items, node, r->arena);
	while ((rc = lk_yaml_items_next(&items, &item, err)) > 0) {
		rc = lk_lock_read_text(r, field, item, &texts[n++], err);
		if (rc < 0) {
			return rc;
		}
	}
	*(struct lk_str_list *)slot = (struct lk_str_list){texts, n};
	return rc;
}
