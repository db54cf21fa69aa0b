"""The tour's clients: each tenant streams recorded speech, over and over, and says what became of it.

`visitors.py wss://relay:8443 /made/tls/ca.crt /tour/speech.wav [ROUNDS]`; without ROUNDS until it is stopped.
"""

import itertools
import json
import random
import sys
import threading
import time
import wave

import websocket

CHUNK_SECONDS = 0.1
PATIENCE_SECONDS = 20
TOO_MANY = 429
# Whose key, and what is asked for. The last two are refused, and the dashboard shows why.
VISITS = [
    ("acme-gmbh", "/v3/ws"),
    ("acme-gmbh", "/eu/v3/ws"),
    ("globex", "/v3/ws"),
    ("initech", "/v3/ws"),
    ("hooli", "/v3/ws"),
    ("hooli", "/v3/ws?zone=us"),
    ("acme-gmbh", "/us/v3/ws"),
    ("nobody", "/v3/ws"),
]


def main(relay, authority, recording, rounds=None):
    threads = [threading.Thread(target=visit_often, args=(relay, authority, recording, *visit, rounds), daemon=True)
               for visit in VISITS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def visit_often(relay, authority, recording, tenant, target, rounds):
    for _ in itertools.count() if rounds is None else range(int(rounds)):
        outcome = visit_when_there_is_room(relay, authority, recording, tenant, target)
        # One write: others print, too.
        sys.stdout.write(f"{tenant:10} {target:16} {outcome}\n")
        sys.stdout.flush()
        if rounds is None:
            time.sleep(random.uniform(2, 10))


def visit_when_there_is_room(*place):
    """Who is told when to come back does so. When all begins, no relay knows yet what others hold."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return visit(*place)
        except websocket.WebSocketBadStatusException as refusal:
            wait = float(refusal.resp_headers.get("retry-after", PATIENCE_SECONDS))
            if refusal.status_code != TOO_MANY or time.monotonic() + wait > deadline:
                return f"refused: HTTP {refusal.status_code}"
            time.sleep(wait)


def visit(relay, authority, recording, tenant, target):
    """One session from the first chunk to the provider's last word, or why there was none."""
    url = relay + target + ("&" if "?" in target else "?") + "sample_rate=16000"
    client = websocket.WebSocket(sslopt={"ca_certs": authority})
    client.settimeout(PATIENCE_SECONDS)
    try:
        client.connect(url, header={"Authorization": f"tour-{tenant}"}, suppress_origin=True)
        for chunk in paced(recording):
            client.send_binary(chunk)
        client.send(json.dumps({"type": "Terminate"}))
        return f"heard: {transcript(client)}"
    except websocket.WebSocketBadStatusException:
        raise
    except (websocket.WebSocketException, OSError) as error:
        return f"lost: {error}"
    finally:
        client.close()


def paced(recording):
    """The samples of a WAV file, as a microphone would give them."""
    with wave.open(recording) as audio:
        while chunk := audio.readframes(int(audio.getframerate() * CHUNK_SECONDS)):
            yield chunk
            time.sleep(CHUNK_SECONDS)


def transcript(client):
    turns = []
    while True:
        message = json.loads(client.recv() or '{"type": "Termination"}')
        if message["type"] == "Turn" and message.get("end_of_turn"):
            turns.append(message["transcript"])
        if message["type"] == "Termination":
            return " ".join(turns)


if __name__ == "__main__":
    main(*sys.argv[1:])
