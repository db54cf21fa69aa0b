"""A server that is not what the relay looks for: it shows a certificate, or none, and counts what it is told."""

import socket
import ssl
import threading


class Impostor:
    """`certificate` is a path without its ending; none speaks before it is spoken to, and no TLS."""

    GREETING = b"220 welcome\r\n"

    def __init__(self, place, certificate=None):
        self.heard = 0
        self._tls = None
        if certificate:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(f"{certificate}.crt", f"{certificate}.key")
        self._socket = socket.create_server(place)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Wakes the thread, which closing alone does not.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                try:
                    self._listen(connection)
                except OSError:
                    continue  # As it should be: the relay left.

    def _listen(self, connection):
        if not self._tls:
            connection.sendall(self.GREETING)
            return
        with self._tls.wrap_socket(connection, server_side=True) as secure:
            while piece := secure.recv(4096):
                self.heard += len(piece)
