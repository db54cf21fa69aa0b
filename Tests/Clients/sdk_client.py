"""The provider's Python SDK, used as its documentation shows, with only the host changed."""

import json
import sys

from assemblyai.streaming.v3 import (
    StreamingClient,
    StreamingClientOptions,
    StreamingEvents,
    StreamingParameters,
)

from client import paced_audio, tell


def main(host, key, audio):
    client = StreamingClient(StreamingClientOptions(api_host=host, api_key=key))
    client.on(StreamingEvents.Begin, lambda _, event: tell("begin", id=event.id))
    client.on(StreamingEvents.Turn, lambda _, event: tell("message", text=event.model_dump_json()))
    client.on(StreamingEvents.Termination, lambda _, event: tell("termination", text=event.model_dump_json()))
    client.on(StreamingEvents.Error, lambda _, error: tell("error", code=error.code, text=str(error)))
    tell("connecting")
    client.connect(StreamingParameters(sample_rate=16000, format_turns=True, keyterms_prompt=["tide gate", "ünï"]))
    if client._websocket is None:
        return
    client.stream(paced_audio(audio))
    client.disconnect(terminate=True)
    # The SDK keeps a clean close to itself, but its connection knows. It closes as soon as it has `Termination`, so
    # whether the server's reason or an echo without one comes first is chance, and the code alone is told.
    received = client._websocket.protocol.close_rcvd
    tell("closed", code=received and received.code, reason="")


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
