/*
 * What the readers of credentials share.
 */
#ifndef LK_FETCH_CREDENTIALS_PRIV_H
#define LK_FETCH_CREDENTIALS_PRIV_H

#include "fetch/credentials.h"

/* Appends an entry to the source begun last. WHERE is a host, "host:port", "*.parent", a URL, or
 * any of these and a path; one that is none of them matches nothing, one that is (lk_str){0} every
 * host. USER is NULL unless KIND is
 * BASIC; SECRET is NULL for kinds that keep none. LK_E_FORMAT for a secret that is refused. */
int lk_credentials_put(struct lk_credentials *credentials, enum lk_credential_kind kind,
	lk_str where, const lk_str *user, const lk_str *secret, struct lk_error *err) LK_MUST_USE;
const char *lk_credentials_source(const struct lk_credentials *credentials);

#endif
