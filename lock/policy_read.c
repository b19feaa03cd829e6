/*
 * The policy file read: every key and value is known or refused.
 */
#include "lock/policy.h"

#include "base/fs.h"
#include "base/yaml.h"
#include "conda/channel.h"
#include "lock/lock_diff.h"
#include "lock/lock_rules_priv.h"

#define MAX_DEPTH 8

struct reader {
	struct lk_policy *policy;
	struct lk_yaml_doc doc;
	struct lk_error *err;
};

/* A key of a mapping; SLOT is what the mapping is read into. */
struct key {
	const char *name;
	int (*read)(struct reader *r, const struct lk_yaml *node, void *slot);
	size_t offset; /* of the key's value in SLOT */
	bool required;
};

_Static_assert(LK_CHANGE_COUNT <= 32, "a bit for each kind");

/* The severity of that name; LK_SEVERITY_COUNT when there is none. */
static enum lk_severity severity_of(lk_str name)
{
	unsigned severity = 0;
	while (severity < LK_SEVERITY_COUNT && !lk_str_is(name, lk_severity_name(severity))) {
		severity++;
	}
	return severity;
}

/* The kinds whose names match TEXT, which may have stars. */
static uint32_t kinds_of(lk_str text)
{
	uint32_t kinds = 0;
	for (unsigned i = 0; i < LK_CHANGE_COUNT; i++) {
		bool named = lk_str_glob(text, lk_str_of(lk_change_name(i)), false);
		kinds |= named ? (uint32_t)1 << i : 0;
	}
	return kinds;
}

static lk_str keep(struct reader *r, lk_str text)
{
	return lk_str_dup(&r->policy->arena, text);
}

static void hint_keys(struct reader *r, const struct key *keys, size_t n)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) names = LK_BUF_INIT(512);
	for (size_t i = 0; i < n; i++) {
		lk_buf_appendf(&names, "%s%s", i ? ", " : "", keys[i].name);
	}
	lk_error_hint(r->err, "known here: %s", lk_buf_cstr(&names));
}

static int read_mapping(struct reader *r, const struct lk_yaml *node, const char *what,
	const struct key *keys, size_t n, void *slot)
{
	if (node->kind != LK_YAML_MAPPING) {
		lk_yaml_fail(&r->doc, node, r->err, "%s must be a mapping", what);
		hint_keys(r, keys, n);
		return LK_E_FORMAT;
	}
	for (const struct lk_yaml *member = node->first; member; member = member->next) {
		size_t i = 0;
		while (i < n && !lk_str_is(member->key, keys[i].name)) {
			i++;
		}
		if (i == n) {
			lk_fail_at(r->err, r->doc.name.ptr, member->key_line, member->key_column,
				"unknown key '" LK_STR_FMT "'", LK_STR_ARG(member->key));
			lk_error_excerpt_from(r->err, r->doc.source);
			hint_keys(r, keys, n);
			return LK_E_FORMAT;
		}
		int rc = keys[i].read(r, member, (char *)slot + keys[i].offset);
		if (rc < 0) {
			return rc;
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (keys[i].required && !lk_yaml_get(node, keys[i].name)) {
			return lk_yaml_fail(
				&r->doc, node, r->err, "%s has no key '%s'", what, keys[i].name);
		}
	}
	return 0;
}

/* Calls READ for each item of a list with a slot of SIZE bytes of its own, which are joined into
 * *RET_ITEMS; with the slot of the whole list where SIZE is 0. */
static int read_items(struct reader *r, const struct lk_yaml *node,
	int (*read)(struct reader *r, const struct lk_yaml *node, void *slot), size_t size,
	void *slot)
{
	int rc = 0;
	if (node->kind != LK_YAML_SEQUENCE) {
		return lk_yaml_fail(&r->doc, node, r->err, "'" LK_STR_FMT "' must be a list",
			LK_STR_ARG(node->key));
	}
	for (const struct lk_yaml *item = node->first; rc == 0 && item; item = item->next) {
		rc = read(r, item, slot);
		slot = (char *)slot + size;
	}
	return rc;
}

/* Room for the items of a list; those of what is none are never read. */
static void *room_for(struct reader *r, const struct lk_yaml *node, size_t size, size_t *ret_n)
{
	*ret_n = node->kind == LK_YAML_SEQUENCE ? node->n_children : 0;
	return lk_arena_calloc(&r->policy->arena, *ret_n, size);
}

/* An empty list would allow nothing, or everything: nobody can tell which was meant. */
static int refuse_empty(struct reader *r, const struct lk_yaml *node)
{
	if (node->kind == LK_YAML_SEQUENCE && node->n_children == 0) {
		lk_yaml_fail(&r->doc, node, r->err, "'" LK_STR_FMT "' names nothing",
			LK_STR_ARG(node->key));
		lk_error_hint(r->err, "name at least one, or leave it out");
		return LK_E_FORMAT;
	}
	return 0;
}

static int read_text(struct reader *r, const struct lk_yaml *node, void *slot)
{
	if (node->kind != LK_YAML_SCALAR || lk_str_trim(node->text).len == 0 ||
		lk_str_has_control(node->text)) {
		lk_yaml_fail(&r->doc, node, r->err, "one line of text must stand here");
		return LK_E_FORMAT;
	}
	*(lk_str *)slot = keep(r, lk_str_trim(node->text));
	return 0;
}

/* A name of packages, with stars. */
static int read_glob(struct reader *r, const struct lk_yaml *node, void *slot)
{
	int rc = read_text(r, node, slot);
	if (rc < 0) {
		return rc;
	}
	lk_str text = *(lk_str *)slot;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (!lk_is_alnum(c) && lk_str_find_char(LK_STR("*._-"), c) == SIZE_MAX) {
			lk_yaml_fail(&r->doc, node, r->err, "'" LK_STR_FMT "' cannot name packages",
				LK_STR_ARG(text));
			lk_error_hint(r->err, "a name, '*' for any run of characters");
			return LK_E_FORMAT;
		}
	}
	*(lk_str *)slot = lk_str_lower(&r->policy->arena, text);
	return 0;
}

static int fail_kind(struct reader *r, const struct lk_yaml *node, lk_str text)
{
	const char *best = NULL;
	unsigned nearest = 4;
	for (unsigned i = 0; i < LK_CHANGE_COUNT; i++) {
		const char *name = lk_change_name(i);
		unsigned distance = lk_str_distance(text, lk_str_of(name), nearest - 1);
		if (distance < nearest) {
			nearest = distance;
			best = name;
		}
	}
	lk_yaml_fail(&r->doc, node, r->err, "'" LK_STR_FMT "' is no kind of difference",
		LK_STR_ARG(text));
	if (best) {
		lk_error_hint(r->err, "did you mean '%s'?", best);
	} else {
		lk_error_hint(r->err, "docs/policy.md lists the kinds");
	}
	return LK_E_FORMAT;
}

/* Adds the kinds that a name, which may have stars, stands for. */
static int read_kind(struct reader *r, const struct lk_yaml *node, void *slot)
{
	lk_str text;
	int rc = read_text(r, node, &text);
	if (rc < 0) {
		return rc;
	}
	uint32_t kinds = kinds_of(text);
	*(uint32_t *)slot |= kinds;
	return kinds != 0 ? 0 : fail_kind(r, node, text);
}

static int read_kinds(struct reader *r, const struct lk_yaml *node, void *slot)
{
	int rc = refuse_empty(r, node);
	return rc < 0 ? rc : read_items(r, node, read_kind, 0, slot);
}

static int read_severity(struct reader *r, const struct lk_yaml *node, void *slot)
{
	enum lk_severity severity = severity_of(node->text);
	if (node->kind != LK_YAML_SCALAR || severity == LK_SEVERITY_COUNT) {
		lk_yaml_fail(&r->doc, node, r->err, "'" LK_STR_FMT "' is no severity",
			LK_STR_ARG(node->text));
		lk_error_hint(r->err, "one of critical, high, medium, low, info");
		return LK_E_FORMAT;
	}
	for (unsigned i = 0; i < LK_CHANGE_COUNT; i++) {
		*(uint32_t *)slot |= lk_change_severity(i) <= severity ? (uint32_t)1 << i : 0;
	}
	return 0;
}

/* A kind, or "severity: NAME" for all that are as bad or worse. */
static int read_fail(struct reader *r, const struct lk_yaml *node, void *slot)
{
	static const struct key keys[] = {{"severity", read_severity, 0, true}};
	if (node->kind == LK_YAML_MAPPING) {
		return read_mapping(r, node, "an item of 'fail'", keys, LK_COUNTOF(keys), slot);
	}
	return read_kind(r, node, slot);
}

static int read_fails(struct reader *r, const struct lk_yaml *node, void *slot)
{
	return read_items(r, node, read_fail, 0, slot);
}

static int read_diff_exception(struct reader *r, const struct lk_yaml *node, void *slot)
{
	static const struct key keys[] = {
		{"package", read_glob, offsetof(struct lk_policy_kinds, package), true},
		{"kinds", read_kinds, offsetof(struct lk_policy_kinds, kinds), true},
	};
	return read_mapping(r, node, "an exception", keys, LK_COUNTOF(keys), slot);
}

static int read_diff_exceptions(struct reader *r, const struct lk_yaml *node, void *slot)
{
	struct lk_policy_diff *diff = slot;
	struct lk_policy_kinds *items = room_for(r, node, sizeof(*items), &diff->n_except);
	diff->except = items;
	return read_items(r, node, read_diff_exception, sizeof(*items), items);
}

static int read_diff(struct reader *r, const struct lk_yaml *node, void *slot)
{
	static const struct key keys[] = {
		{"fail", read_fails, offsetof(struct lk_policy_diff, fail), true},
		{"except", read_diff_exceptions, 0, false},
	};
	((struct lk_policy_diff *)slot)->given = true;
	return read_mapping(r, node, "'diff'", keys, LK_COUNTOF(keys), slot);
}

static int refuse_channel(
	struct reader *r, const struct lk_yaml *node, const char *why, const char *hint)
{
	lk_yaml_fail(&r->doc, node, r->err, "%s", why);
	lk_error_hint(r->err, "%s", hint);
	return LK_E_FORMAT;
}

/* A name under the usual alias, with stars. */
static bool is_channel_name(lk_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!lk_is_alnum(text.ptr[i]) &&
			lk_str_find_char(LK_STR("*._-/"), text.ptr[i]) == SIZE_MAX) {
			return false;
		}
	}
	return text.len > 0 && lk_str_find_char(LK_STR("./"), text.ptr[0]) == SIZE_MAX;
}

/* A URL, a name under the usual alias, or "defaults"; as a URL. */
static int read_channel(struct reader *r, const struct lk_yaml *node, void *slot)
{
	lk_str *channel = slot;
	int rc = read_text(r, node, slot);
	if (rc < 0) {
		return rc;
	}
	lk_str text = lk_str_trim_end(*channel, '/');
	bool is_url = lk_str_find(text, LK_STR("://")) != SIZE_MAX;
	if (!is_url && !is_channel_name(text)) {
		return refuse_channel(r, node, "neither the name of a channel nor a URL",
			"a folder is file:///…, as locks have it; '*' stands for anything");
	}
	if (lk_lock_holds_credentials(text)) {
		return refuse_channel(r, node, "the URL holds credentials",
			"take them out: locks never have them");
	}
	if (lk_str_is(text, "defaults")) {
		text = LK_STR("https://repo.anaconda.com/pkgs/*");
	} else if (!is_url && !lk_str_is(text, "*")) {
		text = lk_str_printf(
			&r->policy->arena, "%s/" LK_STR_FMT, LK_CHANNEL_ALIAS, LK_STR_ARG(text));
	}
	*channel = text;
	return 0;
}

static int read_channel_list(struct reader *r, const struct lk_yaml *node, void *slot)
{
	struct lk_str_list *list = slot;
	lk_str *items = room_for(r, node, sizeof(*items), &list->n);
	list->items = items;
	return read_items(r, node, read_channel, sizeof(*items), items);
}

static int read_channel_allow(struct reader *r, const struct lk_yaml *node, void *slot)
{
	int rc = refuse_empty(r, node);
	return rc < 0 ? rc : read_channel_list(r, node, slot);
}

static int read_channel_exception(struct reader *r, const struct lk_yaml *node, void *slot)
{
	static const struct key keys[] = {
		{"package", read_glob, offsetof(struct lk_policy_more_channels, package), true},
		{"allow", read_channel_allow, offsetof(struct lk_policy_more_channels, allow),
			true},
	};
	return read_mapping(r, node, "an exception", keys, LK_COUNTOF(keys), slot);
}

static int read_channel_exceptions(struct reader *r, const struct lk_yaml *node, void *slot)
{
	struct lk_policy_channels *channels = slot;
	struct lk_policy_more_channels *items =
		room_for(r, node, sizeof(*items), &channels->n_except);
	channels->except = items;
	return read_items(r, node, read_channel_exception, sizeof(*items), items);
}

static int read_channels(struct reader *r, const struct lk_yaml *node, void *slot)
{
	static const struct key keys[] = {
		{"allow", read_channel_allow, offsetof(struct lk_policy_channels, allow), false},
		{"deny", read_channel_list, offsetof(struct lk_policy_channels, deny), false},
		{"except", read_channel_exceptions, 0, false},
	};
	return read_mapping(r, node, "'channels'", keys, LK_COUNTOF(keys), slot);
}

static int read_license(struct reader *r, const struct lk_yaml *node, void *slot)
{
	lk_str text;
	int rc = read_text(r, node, &text);
	if (rc == 0) {
		*(struct lk_license_pattern *)slot = lk_license_pattern_of(text, &r->policy->arena);
	}
	return rc;
}

static int read_license_list(struct reader *r, const struct lk_yaml *node, void *slot)
{
	struct lk_license_patterns *list = slot;
	struct lk_license_pattern *items = room_for(r, node, sizeof(*items), &list->n);
	list->items = items;
	return read_items(r, node, read_license, sizeof(*items), items);
}

static int read_license_allow(struct reader *r, const struct lk_yaml *node, void *slot)
{
	int rc = refuse_empty(r, node);
	return rc < 0 ? rc : read_license_list(r, node, slot);
}

static int read_license_exception(struct reader *r, const struct lk_yaml *node, void *slot)
{
	static const struct key keys[] = {
		{"package", read_glob, offsetof(struct lk_policy_more_licenses, package), true},
		{"allow", read_license_allow, offsetof(struct lk_policy_more_licenses, allow),
			true},
	};
	return read_mapping(r, node, "an exception", keys, LK_COUNTOF(keys), slot);
}

static int read_license_exceptions(struct reader *r, const struct lk_yaml *node, void *slot)
{
	struct lk_policy_licenses *licenses = slot;
	struct lk_policy_more_licenses *items =
		room_for(r, node, sizeof(*items), &licenses->n_except);
	licenses->except = items;
	return read_items(r, node, read_license_exception, sizeof(*items), items);
}

static int read_licenses(struct reader *r, const struct lk_yaml *node, void *slot)
{
	static const struct key keys[] = {
		{"allow", read_license_allow, offsetof(struct lk_policy_licenses, allow), false},
		{"deny", read_license_list, offsetof(struct lk_policy_licenses, deny), false},
		{"except", read_license_exceptions, 0, false},
	};
	return read_mapping(r, node, "'licenses'", keys, LK_COUNTOF(keys), slot);
}

/* What a lock does not hold cannot be denied by it. */
static const char *unknown_to_locks(const struct lk_matchspec *spec)
{
	return spec->build_number_op != LK_NUMBER_ANY ? "build_number"
		: spec->track_features.n > 0          ? "track_features"
		: spec->flags.n > 0                   ? "flags"
		: spec->license_family                ? "license_family"
		: spec->extras.n > 0                  ? "extras"
		: spec->when                          ? "when"
						      : NULL;
}

static int read_spec(struct reader *r, const struct lk_yaml *node, void *slot)
{
	lk_str text;
	struct lk_error why = LK_ERROR_INIT;
	const struct lk_matchspec *spec;
	int rc = read_text(r, node, &text);
	if (rc < 0) {
		return rc;
	}
	if (lk_matchspec_parse(text, LK_SPEC_USER, &r->policy->arena, &spec, &why) < 0) {
		return lk_yaml_fail(&r->doc, node, r->err, "%s", why.message);
	}
	const char *unknown = unknown_to_locks(spec);
	if (unknown || spec->warning) {
		lk_yaml_fail(&r->doc, node, r->err,
			unknown ? "a lock does not hold what '%s' asks for" : "%s",
			unknown ? unknown : spec->warning);
		lk_error_hint(r->err, "ask for name, version, build, channel, license or hashes");
		return LK_E_FORMAT;
	}
	*(const struct lk_matchspec **)slot = spec;
	return 0;
}

/* A spec, alone or with the reason why. */
static int read_denied_package(struct reader *r, const struct lk_yaml *node, void *slot)
{
	static const struct key keys[] = {
		{"spec", read_spec, offsetof(struct lk_policy_package, spec), true},
		{"reason", read_text, offsetof(struct lk_policy_package, reason), false},
	};
	struct lk_policy_package *package = slot;
	if (node->kind == LK_YAML_MAPPING) {
		return read_mapping(r, node, "a denied package", keys, LK_COUNTOF(keys), package);
	}
	return read_spec(r, node, &package->spec);
}

static int read_denied_packages(struct reader *r, const struct lk_yaml *node, void *slot)
{
	struct lk_policy *policy = slot;
	struct lk_policy_package *items = room_for(r, node, sizeof(*items), &policy->n_denied);
	policy->denied = items;
	return read_items(r, node, read_denied_package, sizeof(*items), items);
}

static int read_packages(struct reader *r, const struct lk_yaml *node, void *slot)
{
	static const struct key keys[] = {{"deny", read_denied_packages, 0, true}};
	return read_mapping(r, node, "'packages'", keys, LK_COUNTOF(keys), slot);
}

static int fail_ceiling(struct reader *r, const struct lk_yaml *node, const char *why)
{
	lk_yaml_fail(&r->doc, node, r->err, "'" LK_STR_FMT "' %s", LK_STR_ARG(node->text), why);
	lk_error_hint(r->err, "such as '__glibc <=2.28', or '__cuda none' for a host without it");
	return LK_E_FORMAT;
}

/* "__cuda <=12.4" or "__cuda none" */
static int read_ceiling(struct reader *r, const struct lk_yaml *node, void *slot)
{
	struct lk_policy_ceiling *ceiling = slot;
	struct lk_error ignored = LK_ERROR_INIT;
	const struct lk_version *version;
	int rc = read_text(r, node, &ceiling->text);
	if (rc < 0) {
		return rc;
	}
	lk_str text = ceiling->text;
	size_t end = 0;
	while (end < text.len && !lk_is_space(text.ptr[end]) && text.ptr[end] != '<') {
		end++;
	}
	ceiling->name = lk_str_slice(text, 0, end);
	lk_str rest = lk_str_trim(lk_str_skip(text, end));
	if (!lk_name_is_virtual(ceiling->name)) {
		return fail_ceiling(r, node, "names no virtual package");
	}
	for (size_t i = 0; i < r->policy->n_requires; i++) {
		const struct lk_policy_ceiling *other = &r->policy->requires_[i];
		if (other != ceiling && lk_str_eq(other->name, ceiling->name)) {
			return fail_ceiling(r, node, "is about the same as an item before it");
		}
	}
	if (lk_str_is(rest, "none")) {
		return 0;
	}
	if (!lk_str_starts(rest, LK_STR("<="))) {
		return fail_ceiling(r, node, "is no limit");
	}
	ceiling->version = lk_str_trim(lk_str_skip(rest, 2));
	if (lk_version_parse(ceiling->version, &r->policy->arena, &version, &ignored) < 0) {
		return fail_ceiling(r, node, "is no limit");
	}
	return 0;
}

static int read_ceilings(struct reader *r, const struct lk_yaml *node, void *slot)
{
	struct lk_policy *policy = slot;
	struct lk_policy_ceiling *items = room_for(r, node, sizeof(*items), &policy->n_requires);
	policy->requires_ = items;
	return read_items(r, node, read_ceiling, sizeof(*items), items);
}

static int read_field(struct reader *r, const struct lk_yaml *node, void *slot)
{
	struct lk_policy_integrity *integrity = slot;
	lk_str text;
	int rc = read_text(r, node, &text);
	if (rc < 0) {
		return rc;
	}
	if (lk_str_is(text, "md5")) {
		integrity->md5 = true;
	} else if (lk_str_is(text, "size")) {
		integrity->size = true;
	} else if (!lk_str_is(text, "sha256")) {
		lk_yaml_fail(
			&r->doc, node, r->err, "a lock has no '" LK_STR_FMT "'", LK_STR_ARG(text));
		lk_error_hint(r->err, "sha256, md5 and size can be demanded");
		return LK_E_FORMAT;
	}
	return 0;
}

static int read_integrity(struct reader *r, const struct lk_yaml *node, void *slot)
{
	return read_items(r, node, read_field, 0, slot);
}

static int read_version(struct reader *r, const struct lk_yaml *node, void *slot)
{
	(void)slot;
	if (!lk_str_is(node->text, "1")) {
		lk_yaml_fail(&r->doc, node, r->err,
			"policy version '" LK_STR_FMT
			"' is not known: this lockenv reads version 1",
			LK_STR_ARG(node->text));
		lk_error_hint(r->err, "a newer lockenv may read it");
		return LK_E_FORMAT;
	}
	return 0;
}

static int read_root(struct reader *r)
{
	static const struct key keys[] = {
		{"version", read_version, 0, true},
		{"diff", read_diff, offsetof(struct lk_policy, diff), false},
		{"channels", read_channels, offsetof(struct lk_policy, channels), false},
		{"licenses", read_licenses, offsetof(struct lk_policy, licenses), false},
		{"packages", read_packages, 0, false},
		{"requires", read_ceilings, 0, false},
		{"integrity", read_integrity, offsetof(struct lk_policy, integrity), false},
	};
	return read_mapping(r, r->doc.root, "a policy", keys, LK_COUNTOF(keys), r->policy);
}

int lk_policy_parse(lk_str source, const char *name, struct lk_policy *ret, struct lk_error *err)
{
	static const struct lk_yaml_limits limits = {LK_POLICY_MAX_BYTES, MAX_DEPTH, 0};
	struct lk_policy policy = {0};
	struct reader r = {.policy = &policy, .err = err};
	int rc = lk_yaml_parse(source, name, &limits, &r.doc, err);
	if (rc < 0) {
		return rc;
	}
	policy.file = lk_str_dup(&policy.arena, lk_str_of(name));
	rc = read_root(&r);
	lk_yaml_doc_done(&r.doc);
	if (rc < 0) {
		lk_policy_done(&policy);
		return rc;
	}
	*ret = policy;
	return 0;
}

int lk_policy_read(const char *path, struct lk_policy *ret, struct lk_error *err)
{
	struct lk_buf LK_CLEANUP(lk_buf_done) text = LK_BUF_INIT(LK_POLICY_MAX_BYTES);
	int rc = lk_fs_read_file(AT_FDCWD, path, &text, err);
	if (rc == LK_E_NOT_FOUND) {
		lk_fail(err, LK_E_USAGE, "there is no policy '%s'", path);
		lk_error_hint(
			err, "check the path after --policy; docs/policy.md says what it holds");
		return LK_E_USAGE;
	}
	return rc < 0 ? rc : lk_policy_parse(lk_buf_view(&text), path, ret, err);
}

void lk_policy_done(struct lk_policy *policy)
{
	lk_arena_done(&policy->arena);
	*policy = (struct lk_policy){0};
}
