"""A door before the relay, through which the first client hears nothing once it has asked."""

import contextlib
import socket
import threading


class SlowDoor:
    """Passes bytes both ways. Of the first connection, what the relay says after the client's second word is kept back:
    TLS comes to stand, the request goes out, and the answer does not arrive."""

    def __init__(self, port):
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                relay = socket.create_connection(self._target)
                is_mute = threading.Event()
                up = (client, relay, is_mute if self.connections == 1 else None, None)
                for arguments in (up, (relay, client, None, is_mute)):
                    threading.Thread(target=self._pass, args=arguments, daemon=True).start()

    def _pass(self, source, sink, mutes, muted):
        words = 0
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                words += 1
                if mutes and words == 2:
                    mutes.set()
                if not (muted and muted.is_set()):
                    sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)
