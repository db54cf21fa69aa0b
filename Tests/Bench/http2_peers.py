"""Other proxies that do what a relay does: TLS on both legs, WebSockets of both versions of HTTP to one upstream of HTTP/1.1,
`Authorization` replaced, the upstream's certificate verified, one worker."""

import json
import shutil


class Setting:
    """What a proxy is told, and where it may write."""

    def __init__(self, folder, port, upstream_port, authority, chain, key, credential):
        self.folder, self.port, self.upstream_port = folder, port, upstream_port
        self.authority, self.chain, self.key, self.credential = authority, chain, key, credential

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path


def nghttpx(setting, program):
    return [program, "--conf=" + str(setting.write("nghttpx.conf", "")), "--single-process", "--workers=1",
            f"--frontend=127.0.0.1,{setting.port}",
            f"--backend=127.0.0.1,{setting.upstream_port};;tls;sni=localhost;proto=http/1.1", f"--cacert={setting.authority}",
            f"--add-request-header=Authorization: {setting.credential}", "--npn-list=h2,http/1.1", "--ecdh-curves=X25519",
            "--tls-min-proto-version=TLSv1.3", "--frontend-read-timeout=1h", "--frontend-http2-read-timeout=1h",
            "--backend-read-timeout=1h", "--backend-write-timeout=1h", "--backend-connections-per-host=100000",
            "--worker-frontend-connections=0", "--errorlog-file=/dev/null", "--accesslog-file=/dev/null", "--log-level=FATAL",
            str(setting.key), str(setting.chain)]


def haproxy(setting, program):
    pair = setting.write("pair.txt", setting.chain.read_text() + setting.key.read_text())
    return [program, "-db", "-q", "-f", str(setting.write("haproxy.cfg", f"""
global
  nbthread 1
  maxconn 9000
  ssl-default-bind-options ssl-min-ver TLSv1.3
  ssl-default-server-options ssl-min-ver TLSv1.3
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
frontend f
  bind 127.0.0.1:{setting.port} ssl crt {pair} alpn h2,http/1.1 curves X25519
  http-request set-header Authorization {setting.credential}
  http-request set-header Host localhost
  default_backend up
backend up
  server s 127.0.0.1:{setting.upstream_port} ssl verify required ca-file {setting.authority} sni str(localhost) verifyhost localhost alpn http/1.1
"""))]


def envoy(setting, program):
    tls = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3."
    http = "type.googleapis.com/envoy.extensions.filters."
    versions = {"tls_minimum_protocol_version": "TLSv1_3", "tls_maximum_protocol_version": "TLSv1_3", "ecdh_curves": ["X25519"]}
    plenty = {name: 1_000_000 for name in ("max_connections", "max_pending_requests", "max_requests")}
    cluster = {
        "name": "up", "type": "STATIC", "connect_timeout": "5s", "circuit_breakers": {"thresholds": [plenty]},
        "load_assignment": {"cluster_name": "up", "endpoints": [{"lb_endpoints": [{"endpoint": {
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": setting.upstream_port}}}}]}]},
        "transport_socket": {"name": "tls", "typed_config": {
            "@type": tls + "UpstreamTlsContext", "sni": "localhost", "common_tls_context": {
                "tls_params": versions, "validation_context": {"trusted_ca": {"filename": str(setting.authority)}}}}},
    }
    credential = {"header": {"key": "Authorization", "value": setting.credential},
                  "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
    # Envoy leaves it out of the request that it makes of an extended CONNECT (envoyproxy/envoy #8547).
    nonce = {"header": {"key": "Sec-WebSocket-Key", "value": "dGhlIHNhbXBsZSBub25jZQ=="}, "append_action": "ADD_IF_ABSENT"}
    manager = {
        "@type": http + "network.http_connection_manager.v3.HttpConnectionManager", "stat_prefix": "h", "codec_type": "AUTO",
        "generate_request_id": False, "stream_idle_timeout": "0s", "upgrade_configs": [{"upgrade_type": "websocket"}],
        "http2_protocol_options": {"allow_connect": True},
        "http_filters": [{"name": "router", "typed_config": {"@type": http + "http.router.v3.Router", "dynamic_stats": False}}],
        "route_config": {"virtual_hosts": [{
            "name": "v", "domains": ["*"], "request_headers_to_add": [credential, nonce],
            "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "up", "timeout": "0s", "host_rewrite_literal": "localhost"}}]}]},
    }
    listener = {
        "name": "l", "address": {"socket_address": {"address": "127.0.0.1", "port_value": setting.port}},
        "filter_chains": [{
            "transport_socket": {"name": "tls", "typed_config": {
                "@type": tls + "DownstreamTlsContext", "common_tls_context": {
                    "tls_params": versions, "alpn_protocols": ["h2", "http/1.1"], "tls_certificates": [{
                        "certificate_chain": {"filename": str(setting.chain)}, "private_key": {"filename": str(setting.key)}}]}}},
            "filters": [{"name": "hcm", "typed_config": manager}]}],
    }
    settings = {"stats_config": {"stats_matcher": {"reject_all": True}},
                "static_resources": {"clusters": [cluster], "listeners": [listener]}}
    return [program, "-c", str(setting.write("envoy.json", json.dumps(settings))), "--concurrency", "1", "--disable-hot-restart",
            "-l", "critical"]


PEERS = {"nghttpx": nghttpx, "haproxy": haproxy, "envoy": envoy}


def present(programs):
    """Those whose program is named in `programs` or on the path, with it."""
    return {name: (make, programs.get(name) or shutil.which(name)) for name, make in PEERS.items()
            if programs.get(name) or shutil.which(name)}
