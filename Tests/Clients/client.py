"""What the Python client programs share: the audio, and how they tell the runner what they see."""

import json
import sys
import time
import wave

CHUNK_SECONDS = 0.1
PACE_SECONDS = 0.03  # between chunks: about three times real time, which the provider takes


def tell(event, **facts):
    """One line of JSON for the runner."""
    print(json.dumps({"event": event, **facts}, default=str), flush=True)


def paced_audio(path):
    """The samples of a WAV file, in chunks as a microphone would give them."""
    with wave.open(path) as recording:
        while chunk := recording.readframes(int(recording.getframerate() * CHUNK_SECONDS)):
            yield chunk
            time.sleep(PACE_SECONDS)
