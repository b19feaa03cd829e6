/*
 * A package as --json shows it, the same in every command that looks at packages.
 */
#ifndef LK_CLI_RECORD_JSON_H
#define LK_CLI_RECORD_JSON_H

#include "base/json.h"
#include "conda/record.h"

/* Members into the object that W is in: what names the package, its archive, its licence, its
 * dependencies; a member without value is left out. */
void lk_put_record(struct lk_jw *w, const struct lk_record *record);
/* The members beside these that only a channel knows: build number, time stamp and so on. */
void lk_put_record_rest(struct lk_jw *w, const struct lk_record *record);

#endif
