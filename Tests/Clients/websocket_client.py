"""Python's `websocket-client`, in the shape of the provider's documented raw example, with only the host changed."""

import json
import sys
import threading

import websocket

from client import paced_audio, tell


def main(url, key, audio, origin=None, certificate=None):
    def on_open(socket):
        tell("open")
        threading.Thread(target=send, args=(socket,), daemon=True).start()

    def send(socket):
        try:
            for chunk in paced_audio(audio):
                socket.send(chunk, websocket.ABNF.OPCODE_BINARY)
            socket.send(json.dumps({"type": "Terminate"}))
        except (websocket.WebSocketException, OSError) as error:
            tell("unsent", text=str(error))

    def on_error(_, error):
        if isinstance(error, websocket.WebSocketBadStatusException):
            body = (error.resp_body or b"").decode(errors="replace")
            tell("refused", status=error.status_code, headers=dict(error.resp_headers), body=body)
        else:
            tell("error", text=str(error))

    tell("connecting")
    websocket.WebSocketApp(
        url,
        header={"Authorization": key} if key else {},
        on_open=on_open,
        on_message=lambda _, text: tell("message", text=text),
        on_error=on_error,
        on_close=lambda _, code, reason: tell("closed", code=code, reason=reason),
    ).run_forever(origin=origin, sslopt=shown(certificate))


def shown(certificate):
    """What the client shows of itself while TLS is set up."""
    return dict(zip(("certfile", "keyfile"), certificate)) if certificate else None


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
