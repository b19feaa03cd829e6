/*
 * TLS and proxies set on a curl handle. Nothing is left to curl's own look at the environment.
 */
#include "fetch/way_priv.h"

#include <errno.h>
#include <sys/socket.h>

static CURLcode set_tls(const struct lk_curl *curl, CURL *easy, const struct lk_http_tls *tls)
{
	CURLcode rc = CURLE_OK;
	if (tls->no_verify) {
		rc |= curl->easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
		rc |= curl->easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
		rc |= curl->easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYPEER, 0L);
		rc |= curl->easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYHOST, 0L);
	} else if (tls->ca_file || tls->ca_folder) {
		/* Both, also where one is NULL: curl's defaults are not trusted then. */
		rc |= curl->easy_setopt(easy, CURLOPT_CAINFO, tls->ca_file);
		rc |= curl->easy_setopt(easy, CURLOPT_CAPATH, tls->ca_folder);
		rc |= curl->easy_setopt(easy, CURLOPT_PROXY_CAINFO, tls->ca_file);
		rc |= curl->easy_setopt(easy, CURLOPT_PROXY_CAPATH, tls->ca_folder);
	}
	if (tls->client_cert) {
		const char *key = tls->client_key ? tls->client_key : tls->client_cert;
		rc |= curl->easy_setopt(easy, CURLOPT_SSLCERT, tls->client_cert);
		rc |= curl->easy_setopt(easy, CURLOPT_SSLKEY, key);
		/* An encrypted key is an error and no question on the terminal. */
		rc |= curl->easy_setopt(easy, CURLOPT_KEYPASSWD, "");
	}
	return rc;
}

static const struct lk_proxy *proxy_for(const struct lk_http_settings *settings, const char *url)
{
	const struct lk_proxy *proxy =
		settings->proxies ? lk_proxies_find(settings->proxies, lk_str_of(url)) : NULL;
	return proxy && proxy->url[0] != '\0' ? proxy : NULL;
}

/* curl does not tell why there is no socket. */
static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	int *ret_errno = ctx;
	(void)purpose;
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	*ret_errno = fd < 0 ? errno : 0;
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

CURLcode lk_way_set(const struct lk_curl *curl, CURL *easy, const struct lk_http_settings *settings,
	const char *url, int *ret_socket_errno)
{
	const struct lk_proxy *proxy = proxy_for(settings, url);
	const char *except = proxy ? settings->proxies->except : NULL;
	CURLcode rc = set_tls(curl, easy, &settings->tls);
	*ret_socket_errno = 0;
	curl->easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl->easy_setopt(easy, CURLOPT_OPENSOCKETDATA, ret_socket_errno);
	curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)settings->connect_timeout_s);
	curl->easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)settings->min_rate);
	curl->easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)settings->stall_timeout_s);
	rc |= curl->easy_setopt(easy, CURLOPT_PROXY, proxy ? proxy->url : "");
	rc |= curl->easy_setopt(easy, CURLOPT_NOPROXY, except ? except : "");
	if (proxy && proxy->user) {
		rc |= curl->easy_setopt(easy, CURLOPT_PROXYAUTH, (long)CURLAUTH_ANY);
		rc |= curl->easy_setopt(easy, CURLOPT_PROXYUSERNAME, proxy->user);
		rc |= curl->easy_setopt(easy, CURLOPT_PROXYPASSWORD, proxy->password);
	}
	return rc;
}

bool lk_way_is_refused(const struct lk_curl *curl, CURL *easy)
{
	long status = 0;
	curl->easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &status);
	return status >= 400 && status <= 499;
}

const char *lk_way_hint(const struct lk_http_settings *settings, const char *url, CURLcode code,
	const char *reason, struct lk_arena *arena)
{
	const struct lk_proxy *proxy = proxy_for(settings, url);
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		return "give the certificate authority of your site as ssl_verify in .condarc";
	case CURLE_SSL_CERTPROBLEM:
		return "client_ssl_cert and client_ssl_cert_key in .condarc must be PEM files, "
		       "the key without a passphrase";
	default:
		break;
	}
	if (strstr(reason, "certificate required")) {
		return "give a client certificate as client_ssl_cert in .condarc";
	}
	if (!proxy) {
		return NULL;
	}
	return lk_arena_printf(arena,
		"the way there leads through the proxy %s: check proxy_servers in .condarc, the "
		"variables https_proxy and http_proxy, and its user and password",
		proxy->url);
}
