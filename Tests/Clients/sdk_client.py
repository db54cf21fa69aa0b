"""The provider's Python SDK, used as its documentation shows, with only the host changed."""

import json
import sys

import httpx
from assemblyai.streaming.v3 import (
    StreamingClient,
    StreamingClientOptions,
    StreamingEvents,
    StreamingParameters,
)

from client import paced_audio, tell


def main(host, audio, key=None, token=None, mint=None):
    """`mint` asks for a token and ends: the parameters of `create_temporary_token`."""
    client = StreamingClient(StreamingClientOptions(api_host=host, api_key=key, token=token))
    if mint:
        return create_token(client, mint)
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


def create_token(client, parameters):
    try:
        tell("minted", token=client.create_temporary_token(**parameters))
    except httpx.HTTPStatusError as error:
        tell("unminted", status=error.response.status_code, text=error.response.text)


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
