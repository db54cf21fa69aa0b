"""An identity provider as a company runs one: discovery, a key set over HTTPS, and keys that are rotated."""

import http.server
import json
import pathlib
import ssl
import sys
import threading
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Residency"))

from authority import Authority  # noqa: E402

AUDIENCE = "stt"
TENANT_CLAIM = "https://login.example.com/tenant"
ALGORITHMS = ["RS256", "ES256", "EdDSA"]
KEPT_KEYS = 2


class SigningKey:
    """One key of the provider: what it signs with, and what it publishes of it."""

    def __init__(self, algorithm, key_id):
        self.algorithm = algorithm
        self.id = key_id
        self.private = {
            "RS256": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
            "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
            "EdDSA": ed25519.Ed25519PrivateKey.generate,
        }[algorithm]()

    def published(self):
        public = jwt.get_algorithm_by_name(self.algorithm).to_jwk(self.private.public_key(), as_dict=True)
        return {**public, "kid": self.id, "use": "sig", "alg": self.algorithm, "key_ops": ["verify"]}

    def sign(self, claims, **header):
        return jwt.encode(claims, self.private, algorithm=self.algorithm, headers={"kid": self.id, **header})


class Provider:
    """Serves on loopback, on a port that stays its own while it is away."""

    def __init__(self, folder):
        self.authority = Authority(folder / "authority")
        self._certificate = folder / "provider"
        self.authority.issue(self._certificate, ["localhost"])
        self._keys = []
        self._made = 0
        self.requests = []
        self._server = None
        self._port = 0
        self.start()
        for _ in ALGORITHMS:
            self.use(self.publish())

    @property
    def issuer(self):
        return f"https://localhost:{self._port}/"

    @property
    def ca(self):
        return self.authority.certificate

    def start(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{self._certificate}.crt", f"{self._certificate}.key")
        self._server = Server(("127.0.0.1", self._port), self.answer, context)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        """Nobody answers any more."""
        self._server.shutdown()
        self._server.server_close()

    def publish(self):
        """A new key, of the next kind, stands in the set, and the oldest leaves it. Nothing is signed with it yet."""
        key = SigningKey(ALGORITHMS[self._made % len(ALGORITHMS)], f"key-{self._made}")
        self._made += 1
        self._keys = [*self._keys[-KEPT_KEYS:], key]
        return key

    @property
    def keys(self):
        """Those published now."""
        return list(self._keys)

    def use(self, key):
        """Signs with this key from now on."""
        self.current = key

    def rotate(self):
        """Signs from this moment on with a key that nobody has seen."""
        self.use(self.publish())

    def token(self, tenant, key=None, header=None, **claims):
        now = int(time.time())
        usual = {
            "iss": self.issuer, "aud": ["other", AUDIENCE], "sub": "somebody", TENANT_CLAIM: tenant,
            "iat": now, "nbf": now, "exp": now + 300,
        }
        return (key or self.current).sign({**usual, **claims}, **(header or {}))

    def answer(self, path):
        self.requests.append(path)
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}keys", "response_types_supported": ["code"],
                    "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ALGORITHMS}
        if path == "/keys":
            return {"keys": [{"kty": "oct", "kid": "not-for-us", "k": "AAAA"}, *(key.published() for key in self._keys)]}
        return None


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address, answer, context):
        super().__init__(address, Handler)
        self.answer = answer
        self._context = context

    def finish_request(self, request, client_address):
        """The TLS handshake belongs to the connection's thread, so that none waits for another's."""
        request.settimeout(10)
        with self._context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request, client_address):
        """A client that leaves is no fault of the provider."""


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802, the name that http.server calls
        document = self.server.answer(self.path)
        body = json.dumps(document if document is not None else {"error": "not found"}).encode()
        self.send_response(200 if document is not None else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "public, max-age=3600")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Requests are kept by the provider."""
