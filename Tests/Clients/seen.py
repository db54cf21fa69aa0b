"""What a client saw, event by event, and what is expected of it."""

import collections
import json

from expectations import expect, expect_equal


def by_kind(events):
    """The events, by kind."""
    seen = collections.defaultdict(list)
    for event in events:
        seen[event["event"]].append(event)
    return seen


def messages(seen):
    return [json.loads(event["text"]) for event in seen["message"]]


def of_type(seen, kind):
    return [message for message in messages(seen) if message.get("type") == kind]


def finals(seen):
    return [turn["transcript"] for turn in of_type(seen, "Turn") if turn["end_of_turn"]]


def closing(seen):
    """Code and reason of the close, as the client tells it."""
    expect_equal(len(seen["closed"]), 1, f"closes in {dict(seen)}")
    return seen["closed"][0]["code"], seen["closed"][0]["reason"]


def expect_refusal(client, seen, name, status, code):
    """A refusal reaches each client in the way it can read: see the table of refusals."""
    if client == "sdk":
        expect_equal([error["code"] for error in seen["error"]], [status], "the SDK's error code")
    elif client == "ws":
        answer = seen["refused"][0]
        expect_equal(answer["status"], status, "the status")
        expect_equal(answer["headers"]["content-type"], "application/problem+json", "the content type")
        expect_equal(json.loads(answer["body"])["type"], f"urn:tidegate:refusal:{name}", "the problem")
    else:
        # It sends an Origin, so it is told as a page would be.
        expect_told_by_websocket(seen, code)


def expect_told_by_websocket(seen, code):
    """A refusal as a page can read it: the provider's own message and a close, both with the sentence. Returns that."""
    error, = of_type(seen, "Error")
    expect_equal(error["error_code"], code, "the error code")
    expect_equal(closing(seen)[0], code, "the close code")
    expect(error["error"].startswith(closing(seen)[1].rstrip("…")[:100]), "the reason is not the sentence")
    return error["error"]
