/*
 * The changes of a diff that a policy names.
 */
#include "lock/lock_diff_policy.h"

#include <stdlib.h>

#include "lock/lock_diff_out_priv.h"

struct finder {
	const struct lk_policy *policy;
	size_t n_changes;
	struct LK_VEC_OF(struct lk_diff_failure) found;
};

static void judge(struct finder *f, enum lk_change kind, lk_str platform, lk_str subject)
{
	if (kind != LK_CHANGE_COUNT && lk_policy_fails(f->policy, kind, LK_STR(""))) {
		lk_vec_push(&f->found, (struct lk_diff_failure){kind, platform, subject, false});
		f->n_changes++;
	}
}

static void judge_edits(struct finder *f, lk_str platform, const struct lk_lock_edits *edits)
{
	for (size_t i = 0; i < edits->n; i++) {
		const struct lk_lock_edit *edit = &edits->items[i];
		bool named = edit->key.len > 0;
		judge(f, edit->change, platform,
			named ? edit->key : lk_str_of(lk_edit_field_name(edit->field)));
	}
}

static void judge_package(struct finder *f, lk_str platform, const struct lk_package_change *change)
{
	size_t before = f->found.len;
	for (enum lk_change kind = 0; kind < LK_CHANGE_COUNT; kind++) {
		if (lk_package_has(change, kind) &&
			lk_policy_fails(f->policy, kind, change->name)) {
			lk_vec_push(&f->found,
				(struct lk_diff_failure){kind, platform, change->name, true});
		}
	}
	f->n_changes += f->found.len > before ? 1 : 0;
}

static void judge_platform(struct finder *f, const struct lk_platform_diff *platform)
{
	lk_str name = platform->subdir;
	judge(f, !platform->from ? LK_CHANGE_PLATFORM_ADDED : LK_CHANGE_COUNT, name, LK_STR(""));
	judge(f, !platform->to ? LK_CHANGE_PLATFORM_REMOVED : LK_CHANGE_COUNT, name, LK_STR(""));
	judge_edits(f, name, &platform->edits);
	for (size_t i = 0; i < platform->n_requirements; i++) {
		const struct lk_requirement_change *requirement = &platform->requirements[i];
		judge(f, lk_requirement_kind(requirement), name, requirement->name);
	}
	for (size_t i = 0; i < platform->n_changes; i++) {
		judge_package(f, name, &platform->changes[i]);
	}
}

static int by_kind(const void *a, const void *b)
{
	const struct lk_diff_failure *left = a;
	const struct lk_diff_failure *right = b;
	if (left->kind != right->kind) {
		return left->kind < right->kind ? -1 : 1;
	}
	int order = lk_str_cmp(left->subject, right->subject);
	return order != 0 ? order : lk_str_cmp(left->platform, right->platform);
}

void lk_diff_verdict_make(const struct lk_policy *policy, const struct lk_lock_diff *diff,
	struct lk_diff_verdict *ret)
{
	struct finder f = {.policy = policy};
	*ret = (struct lk_diff_verdict){.policy = policy, .n_platforms = diff->n_platforms};
	lk_arena_init(&ret->arena);
	judge_edits(&f, LK_STR(""), &diff->edits);
	for (size_t i = 0; i < diff->n_platforms; i++) {
		judge_platform(&f, &diff->platforms[i]);
	}
	struct lk_diff_failure *items = lk_arena_calloc(&ret->arena, f.found.len, sizeof(*items));
	for (size_t i = 0; i < f.found.len; i++) {
		items[i] = f.found.items[i];
	}
	if (f.found.len > 0) {
		qsort(items, f.found.len, sizeof(*items), by_kind);
	}
	ret->items = items;
	ret->n = f.found.len;
	ret->n_changes = f.n_changes;
	lk_vec_done(&f.found);
}

void lk_diff_verdict_done(struct lk_diff_verdict *verdict)
{
	lk_arena_done(&verdict->arena);
	*verdict = (struct lk_diff_verdict){0};
}

/* Behind the last failure of the same kind about the same thing, on one platform after another. */
static size_t end_of(const struct lk_diff_verdict *verdict, size_t i)
{
	const struct lk_diff_failure *first = &verdict->items[i];
	while (i < verdict->n && verdict->items[i].kind == first->kind &&
		lk_str_eq(verdict->items[i].subject, first->subject)) {
		i++;
	}
	return i;
}

/* "numpy" where it is on every platform, else "numpy (linux-64, osx-arm64)"; LAST: no comma. */
static void put_subject(struct lk_out *out, const struct lk_diff_verdict *verdict, size_t from,
	size_t to, bool last)
{
	const size_t indent = 6;
	const struct lk_diff_failure *first = &verdict->items[from];
	bool everywhere = first->platform.len == 0 || to - from == verdict->n_platforms;
	bool named = first->subject.len > 0;
	struct lk_buf LK_CLEANUP(lk_buf_done) piece = LK_BUF_INIT(2 * LK_LOCK_MAX_BYTES);
	lk_buf_put(&piece, first->subject);
	if (named && everywhere) {
		lk_buf_puts(&piece, last ? "" : ",");
		lk_out_piece(out, indent, 1, LK_PLAIN, lk_buf_view(&piece));
		return;
	}
	for (size_t i = from; i < to; i++) {
		lk_buf_puts(&piece, named && i == from ? " (" : "");
		lk_buf_put(&piece, verdict->items[i].platform);
		lk_buf_puts(&piece, named && i + 1 == to ? ")" : "");
		lk_buf_puts(&piece, last && i + 1 == to ? "" : ",");
		lk_out_piece(out, indent, 1, LK_PLAIN, lk_buf_view(&piece));
		lk_buf_clear(&piece);
	}
}

void lk_diff_verdict_text(const struct lk_diff_verdict *verdict, bool colour, struct lk_buf *buf)
{
	struct lk_out out;
	lk_out_init(&out, buf, colour);
	lk_out_newline(&out);
	lk_out_puts(&out, verdict->n > 0 ? LK_ALARM : LK_GREEN,
		verdict->n > 0 ? "fails by the policy" : "passes by the policy");
	lk_out_piece(&out, 2, 1, LK_PLAIN, verdict->policy->file);
	for (size_t i = 0; i < verdict->n;) {
		enum lk_change kind = verdict->items[i].kind;
		lk_out_newline(&out);
		lk_out_pad_to(&out, 2);
		lk_out_puts(&out, lk_out_change_colour(kind), lk_change_name(kind));
		lk_out_puts(&out, LK_PLAIN, ":");
		while (i < verdict->n && verdict->items[i].kind == kind) {
			size_t end = end_of(verdict, i);
			put_subject(&out, verdict, i, end,
				end == verdict->n || verdict->items[end].kind != kind);
			i = end;
		}
	}
	lk_out_newline(&out);
	lk_out_done(&out);
}

void lk_diff_verdict_json(const struct lk_diff_verdict *verdict, struct lk_jw *w)
{
	lk_jw_key(w, "policy");
	lk_jw_object(w);
	lk_jw_key_string(w, "file", verdict->policy->file);
	lk_jw_key(w, "passes");
	lk_jw_bool(w, verdict->n == 0);
	lk_jw_key(w, "failures");
	lk_jw_array(w);
	for (size_t i = 0; i < verdict->n; i++) {
		const struct lk_diff_failure *failure = &verdict->items[i];
		lk_jw_object(w);
		lk_jw_key_string(w, "change", lk_str_of(lk_change_name(failure->kind)));
		lk_jw_key_string(w, "severity",
			lk_str_of(lk_severity_name(lk_change_severity(failure->kind))));
		lk_jw_opt_string(w, "platform", failure->platform);
		lk_jw_opt_string(w, failure->is_package ? "package" : "subject", failure->subject);
		lk_jw_end(w);
	}
	lk_jw_end(w);
	lk_jw_end(w);
}
