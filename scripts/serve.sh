# shellcheck shell=sh
# Sourced: nginx on a free loopback port, serving one folder.
#     serve_start DIR STATE   sets serve_port, the first free one from its old value (8931) on
#     serve_stop STATE

serve_start() {
	mkdir -p "$2"
	serve_port=${serve_port:-8931}
	serve_last=$((serve_port + 60))
	while ! serve_try "$1" "$2"; do
		serve_port=$((serve_port + 1))
		if [ "$serve_port" -gt "$serve_last" ]; then
			cat "$2/error.log" >&2
			return 1
		fi
	done
}

serve_try() {
	# As root the workers would become another user, who may not read the folder.
	user=
	[ "$(id -u)" -ne 0 ] || user='user root;'
	cat >"$2/nginx.conf" <<CONF
daemon on;
$user
pid $2/nginx.pid;
error_log $2/error.log;
events { worker_connections 256; }
http {
	access_log $2/access.log;
	client_body_temp_path $2/tmp;
	proxy_temp_path $2/tmp;
	fastcgi_temp_path $2/tmp;
	uwsgi_temp_path $2/tmp;
	scgi_temp_path $2/tmp;
	server {
		listen 127.0.0.1:$serve_port;
		root $1;
	}
}
CONF
	/usr/sbin/nginx -c "$2/nginx.conf" -e "$2/error.log" 2>/dev/null
}

# Returns when the port is closed: nginx takes its pid file away last.
serve_stop() {
	[ ! -f "$1/nginx.pid" ] || /usr/sbin/nginx -c "$1/nginx.conf" -e "$1/error.log" -s quit
	while [ -f "$1/nginx.pid" ]; do
		sleep 0.05
	done
}
