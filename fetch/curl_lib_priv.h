/*
 * libcurl, loaded when the first transfer starts: it and some thirty libraries that it needs take
 * longer to load than most commands take to run. Types and constants are those of its own header.
 */
#ifndef LK_FETCH_CURL_LIB_PRIV_H
#define LK_FETCH_CURL_LIB_PRIV_H

#include <curl/curl.h>

#include "base/err.h"

/* The functions that are used: curl_global_init is global_init. easy_setopt and easy_getinfo are
 * not the header's macros, which look at the type of the value: a number must be cast to long. */
#define LK_CURL_FUNCTIONS(X)                                                                       \
	X(global_init)                                                                             \
	X(global_cleanup)                                                                          \
	X(multi_init)                                                                              \
	X(multi_cleanup)                                                                           \
	X(multi_setopt)                                                                            \
	X(multi_add_handle)                                                                        \
	X(multi_remove_handle)                                                                     \
	X(multi_perform)                                                                           \
	X(multi_poll)                                                                              \
	X(multi_info_read)                                                                         \
	X(easy_init)                                                                               \
	X(easy_cleanup)                                                                            \
	X(easy_reset)                                                                              \
	X(easy_setopt)                                                                             \
	X(easy_getinfo)                                                                            \
	X(easy_header)                                                                             \
	X(easy_strerror)                                                                           \
	X(slist_append)                                                                            \
	X(slist_free_all)

struct lk_curl {
#define LK_CURL_MEMBER(name) __typeof__(curl_##name) *name;
	LK_CURL_FUNCTIONS(LK_CURL_MEMBER)
#undef LK_CURL_MEMBER
};

/* Loads libcurl.so.4, for the rest of the process, and makes it ready. LK_E_NETWORK with a hint
 * when there is none, or it is older than 7.85, whose options are used. */
int lk_curl_start(struct lk_curl *curl, struct lk_error *err) LK_MUST_USE;
void lk_curl_stop(const struct lk_curl *curl);

#endif
