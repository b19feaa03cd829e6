/*
 * What a lock says and another format has no place for.
 */
#include "lock/exchange.h"

#include "base/attr.h"
#include "lock/lock_facts.h"

static const struct {
	enum lk_lock_part part;
	const char *name; /* as docs/lockfile.md has it */
} part_names[] = {
	{LK_PART_SPECS, "specs"},
	{LK_PART_PINS, "pins"},
	{LK_PART_SOLVED_WITH, "solved-with"},
	{LK_PART_CHANNELS, "channels"},
	{LK_PART_PRIORITY, "channel-priority"},
	{LK_PART_NEWER, "exclude-newer"},
	{LK_PART_VARIABLES, "variables"},
	{LK_PART_FILE, "url"},
	{LK_PART_SHA256, "sha256"},
	{LK_PART_MD5, "md5"},
	{LK_PART_SIZE, "size"},
	{LK_PART_LICENCE, "license"},
	{LK_PART_DEPENDS, "depends"},
	{LK_PART_CONSTRAINS, "constrains"},
	{LK_PART_EXTRAS, "extras"},
	{LK_PART_FACTS, "glibc and gpu"},
};

static unsigned parts_if(bool there, enum lk_lock_part part)
{
	return there ? (unsigned)part : 0;
}

static unsigned parts_of_record(const struct lk_record *record)
{
	return LK_PART_FILE | parts_if(record->has_sha256, LK_PART_SHA256) |
		parts_if(record->has_md5, LK_PART_MD5) | parts_if(record->has_size, LK_PART_SIZE) |
		parts_if(record->license.len > 0, LK_PART_LICENCE) |
		parts_if(record->depends.n > 0, LK_PART_DEPENDS) |
		parts_if(record->constrains.n > 0, LK_PART_CONSTRAINS) |
		parts_if(record->active_extras.n > 0, LK_PART_EXTRAS) |
		parts_if(lk_facts_are_there(&record->facts), LK_PART_FACTS);
}

static unsigned parts_of(const struct lk_lock *lock)
{
	/* A strict priority is what nearly every reader takes for granted. */
	unsigned parts = parts_if(lock->n_channels > 0, LK_PART_CHANNELS) |
		parts_if(!lk_str_is(lock->channel_priority, "strict"), LK_PART_PRIORITY) |
		parts_if(lock->exclude_newer.len > 0, LK_PART_NEWER) |
		parts_if(lock->n_variables > 0, LK_PART_VARIABLES);
	for (size_t i = 0; i < lock->n_platforms; i++) {
		const struct lk_lock_platform *platform = &lock->platforms[i];
		parts |= parts_if(platform->specs.n > 0, LK_PART_SPECS) |
			parts_if(platform->pins.n > 0, LK_PART_PINS) |
			parts_if(platform->solved_with.len > 0, LK_PART_SOLVED_WITH);
		for (size_t k = 0; k < platform->n_packages; k++) {
			parts |= parts_of_record(&platform->packages[k]);
		}
	}
	return parts;
}

unsigned lk_lock_tell_lost(const struct lk_lock *lock, const char *format, unsigned parts,
	const struct lk_report *report)
{
	unsigned lost = parts_of(lock) & ~parts;
	unsigned n = 0;
	struct lk_buf LK_CLEANUP(lk_buf_done) names = LK_BUF_INIT(1024);
	for (size_t i = 0; i < LK_COUNTOF(part_names); i++) {
		if (lost & (unsigned)part_names[i].part) {
			lk_buf_appendf(&names, "%s%s", n++ == 0 ? "" : ", ", part_names[i].name);
		}
	}
	if (n > 0) {
		lk_warn(report, "%s has no place for what the lock says of: %s", format,
			lk_buf_cstr(&names));
	}
	return n;
}
