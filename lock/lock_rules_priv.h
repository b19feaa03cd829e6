/*
 * What a value of a lock may look like: one set of rules for the reader and the writer, so that
 * what is written can always be read again.
 *
 * A rule takes the text and returns NULL, or what is wrong with it as the end of a sentence that
 * begins with the field's name and value ("is empty").
 */
#ifndef LK_LOCK_LOCK_RULES_PRIV_H
#define LK_LOCK_LOCK_RULES_PRIV_H

#include "conda/record.h"

/* Above this a size is a mistake or an attack (bytes). */
#define LK_LOCK_MAX_SIZE ((uint64_t)1 << 44)

typedef const char *lk_lock_rule(lk_str text);

/* Any text: no control characters. */
const char *lk_lock_wrong_text(lk_str text);
const char *lk_lock_wrong_name(lk_str text);
const char *lk_lock_wrong_version(lk_str text);
/* May be empty. */
const char *lk_lock_wrong_build(lk_str text);
/* One path component with the extension of an archive. */
const char *lk_lock_wrong_file(lk_str text);
const char *lk_lock_wrong_channel_name(lk_str text);
/* A scheme, no white space, no trailing slash. */
const char *lk_lock_wrong_url(lk_str text);
const char *lk_lock_wrong_platform(lk_str text);
const char *lk_lock_wrong_priority(lk_str text);
/* "2026-01-31T00:00:00Z" */
const char *lk_lock_wrong_instant(lk_str text);
const char *lk_lock_wrong_virtual_name(lk_str text);
/* "2.28", and "sm_75 sm_80 compute_80": each once, in order. */
const char *lk_lock_wrong_glibc(lk_str text);
const char *lk_lock_wrong_gpu(lk_str text);

/* Does a URL anywhere in TEXT hold user:pass@ or /t/TOKEN/? Such a text is refused before any rule
 * and must not even be shown in an error. */
bool lk_lock_holds_credentials(lk_str text);

/* Is the archive named as name, version and build have it (CEP 26)? Wheels follow rules of their
 * own: true. */
bool lk_lock_file_follows(const struct lk_record *record);
/* Where the archive is when nothing else is said: CHANNEL_URL/subdir/file. */
lk_str lk_lock_derived_url(
	lk_str channel_url, const struct lk_record *record, struct lk_arena *arena);

/* Does a dependency or constraint name a virtual package? */
bool lk_lock_spec_is_virtual(lk_str spec);

#endif
