/*
 * What configuration, files and variables say of the way to servers (docs/network.md).
 */
#ifndef LK_CLI_SERVERS_H
#define LK_CLI_SERVERS_H

#include "cli/app.h"
#include "fetch/http.h"
#include "fetch/network.h"

/* LK_E_USAGE, LK_E_FORMAT or LK_E_FS for what the user named and cannot be used; other files that
 * cannot are warned about. The result is the caller's. */
int lk_app_network(struct lk_app *app, const struct lk_config *config, struct lk_network **ret,
	struct lk_error *err) LK_MUST_USE;
/* Whom to trust and how to show who one is; texts are owned by the arena of APP. LK_E_USAGE. */
int lk_app_tls(struct lk_app *app, const struct lk_config *config, struct lk_http_tls *ret,
	struct lk_error *err) LK_MUST_USE;

#endif
