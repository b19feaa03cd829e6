/*
 * Errors of the transfer loop.
 */
#ifndef LK_FETCH_HTTP_ERROR_PRIV_H
#define LK_FETCH_HTTP_ERROR_PRIV_H

#include "fetch/curl_lib_priv.h"
#include "fetch/http.h"

/* Of all answers of a try: redirects, provisional ones, the last. */
#define LK_HTTP_HEADERS_MAX ((size_t)256 * 1024)

/* A try that came to no answer. */
struct lk_http_failure {
	const struct lk_http_settings *settings;
	const struct lk_curl *curl;
	CURLcode code;
	long status;        /* of the last answer, 0 when there was none */
	int socket_errno;   /* why there was no socket, or 0 */
	size_t head_bytes;  /* of all headers that came */
	bool head_whole;    /* those of the last answer came to their end */
	const char *reason; /* in curl's words, or "" */
	const char *url;
	const char *shown;
};

/* LK_E_NETWORK about the file that is `shown`, with a hint; LK_E_FS where no descriptor was left.
 */
int lk_http_fail_try(const struct lk_http_failure *failure, struct lk_error *err);

#endif
