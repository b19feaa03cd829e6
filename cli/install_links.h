/*
 * How files came into an environment, told to the user.
 */
#ifndef LK_CLI_INSTALL_LINKS_H
#define LK_CLI_INSTALL_LINKS_H

#include "base/json.h"
#include "install/install.h"

/* Appends ", by hardlink (copy for 12 files)"; where files came from several layers of CACHE, so
 * for each. Nothing when none came. */
void lk_install_links_text(
	const struct lk_install_result *result, const struct lk_cache *cache, struct lk_buf *text);
/* The keys "link_mode", "linked" (how many files each way) and, for several layers, "layers" (the
 * same for each). */
void lk_install_links_json(
	const struct lk_install_result *result, const struct lk_cache *cache, struct lk_jw *w);

#endif
