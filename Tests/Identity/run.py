"""Tokens of a company's own identity provider, through its whole life: `run.py BINARIES [SECONDS]`.

The provider publishes a discovery document and a key set over HTTPS with a certificate of its own authority. Clients keep
connecting with fresh tokens while its keys are rotated, with and without notice, while strangers name keys that nobody
has, and while the provider is away. No client with a good token may be refused, and no other may be let in. SECONDS is how
long each of these lasts.
"""

import asyncio
import collections
import json
import pathlib
import ssl
import sys
import tempfile
import time

import jwt
import websockets

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Clients"))

from provider import AUDIENCE, TENANT_CLAIM, Provider, SigningKey  # noqa: E402
from relay import secret_file, start_relay, zone  # noqa: E402
from standin import StandIn  # noqa: E402

CLIENTS = 16
BETWEEN_ROTATIONS_SECONDS = 11
STRANGERS_PER_SECOND = 50
UNKNOWN = "not known or not accepted here"


async def main(binaries, folder, seconds):
    harbour = Harbour(pathlib.Path(binaries), pathlib.Path(folder))
    faults = []
    with harbour.standin.program, harbour.relay:
        for name, story in [
            ("good tokens of every kind are let in", good_tokens),
            ("keys are rotated without notice under load", sudden_rotation),
            ("keys are rotated with notice while strangers name keys that nobody has", announced_rotation),
            ("whatever is not good is refused, alike", bad_tokens),
            ("the provider is away", absence),
        ]:
            found = await story(harbour, seconds)
            print(f"{'FAILED' if found else 'passed'}  {name}", flush=True)
            faults += found
    for fault in faults:
        print(f"FAULT: {fault}")
    return 1 if faults else 0


async def good_tokens(harbour, _):
    tokens = {key.algorithm: harbour.provider.token("acme", key=key) for key in harbour.provider.keys}
    outcomes = {name: await harbour.connect(token) for name, token in tokens.items()}
    outcomes["in the query"] = await harbour.connect(harbour.provider.token("acme"), place="parameter")
    faults = [f"a token {name}: {outcome}" for name, outcome in outcomes.items() if outcome != "open"]
    return faults + ([] if len(tokens) == 3 else ["not every algorithm was tried"])


async def bad_tokens(harbour, _):
    provider = harbour.provider
    now = int(time.time())
    stranger = SigningKey(provider.current.algorithm, provider.current.id)
    claims = jwt.decode(provider.token("acme"), options={"verify_signature": False})
    tokens = {
        "of another signer": provider.token("acme", key=stranger),
        "of a key that nobody has": provider.token("acme", key=SigningKey("ES256", "nobody's")),
        "for another audience": provider.token("acme", aud="tts"),
        "of another issuer": provider.token("acme", iss="https://elsewhere.example/"),
        "of a tenant that there is not": provider.token("nobody"),
        "not good yet": provider.token("acme", nbf=now + 600),
        "without an end": without(provider, "exp"),
        "without a tenant": without(provider, TENANT_CLAIM),
        "of another type": provider.token("acme", header={"typ": "logout+jwt"}),
        "with a critical extension": provider.token("acme", header={"crit": ["exp"]}),
        "without a signature": jwt.encode(claims, None, algorithm="none"),
        "signed with what is public": jwt.encode(claims, public_number(provider.current), algorithm="HS256"),
        "cut short": provider.token("acme")[:-1],
    }
    faults = []
    for name, token in tokens.items():
        outcome = await harbour.connect(token)
        if not (isinstance(outcome, tuple) and outcome[0] == 401 and UNKNOWN in outcome[1]):
            faults.append(f"a token {name}: {outcome}")
    outcome = await harbour.connect(provider.token("acme", exp=now - 600))
    if not (isinstance(outcome, tuple) and outcome[0] == 401 and "expired" in outcome[1]):
        faults.append(f"a token whose time is over: {outcome}")
    return faults


def public_number(key):
    published = key.published()
    return published.get("n") or published["x"]


def without(provider, name):
    claims = jwt.decode(provider.token("acme"), options={"verify_signature": False})
    return provider.current.sign({key: value for key, value in claims.items() if key != name})


async def sudden_rotation(harbour, seconds):
    return await under_load(harbour, rotate_often(harbour, seconds))


async def rotate_often(harbour, seconds):
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        harbour.provider.rotate()
        await asyncio.sleep(BETWEEN_ROTATIONS_SECONDS)


async def announced_rotation(harbour, seconds):
    return await under_load(harbour, rotate_among_strangers(harbour, seconds))


async def rotate_among_strangers(harbour, seconds):
    """Strangers use up the allowance for looking again; a key that was announced longer ago than that is known."""
    before = len(harbour.provider.requests)
    started = time.monotonic()
    strangers = asyncio.create_task(harbour.send_strangers())
    while time.monotonic() < started + seconds:
        key = harbour.provider.publish()
        await asyncio.sleep(BETWEEN_ROTATIONS_SECONDS)
        harbour.provider.use(key)
    strangers.cancel()
    asked = len(harbour.provider.requests) - before
    print(f"        {harbour.strangers} strangers, {asked} requests to the provider in {time.monotonic() - started:.0f} s")
    return [] if asked <= 2 + (time.monotonic() - started) / 10 else ["strangers make the relay ask too often"]


async def absence(harbour, seconds):
    harbour.provider.stop()
    faults = await under_load(harbour, asyncio.sleep(seconds))
    key = harbour.provider.publish()
    outcome = await harbour.connect(harbour.provider.token("acme", key=key))
    if outcome == "open":
        faults.append("a key that cannot be known was believed")
    harbour.provider.start()
    await asyncio.sleep(BETWEEN_ROTATIONS_SECONDS)
    outcome = await harbour.connect(harbour.provider.token("acme", key=key))
    return faults + ([] if outcome == "open" else [f"after the provider's return: {outcome}"])


async def under_load(harbour, happening):
    """Clients come and go with fresh tokens while something happens. Returns what became of those not let in."""
    outcomes = collections.Counter()
    slowest = 0.0
    is_over = asyncio.Event()

    async def come_and_go():
        nonlocal slowest
        while not is_over.is_set():
            started = time.monotonic()
            outcomes[await harbour.connect(harbour.provider.token("acme"))] += 1
            slowest = max(slowest, time.monotonic() - started)

    clients = [asyncio.create_task(come_and_go()) for _ in range(CLIENTS)]
    faults = await happening or []
    is_over.set()
    await asyncio.gather(*clients)
    print(f"        {outcomes['open']} sessions opened, the slowest in {slowest:.2f} s")
    return faults + [f"{count} clients: {outcome}" for outcome, count in outcomes.items() if outcome != "open"]


class Harbour:
    def __init__(self, binaries, folder):
        self.provider = Provider(folder)
        self.standin = StandIn(binaries)
        self.strangers = 0
        eu = zone(f"wss://{self.standin.host('eu')}/v3/ws", secret_file(folder, "eu.key", self.standin.key("eu")),
                  self.standin.authority)
        self.relay, port = start_relay(
            binaries, folder, self.standin.certificate, {"eu": eu},
            {"acme": {"residency": "eu", "clients": {"jwt": {"claim": TENANT_CLAIM, "value": "acme"}}}},
            identity=[{"issuer": self.provider.issuer, "audience": AUDIENCE, "tenant_claim": TENANT_CLAIM,
                       "algorithms": ["RS256", "ES256", "EdDSA"], "ca": str(self.provider.ca)}],
            limits={"refusals_per_minute": 100_000})  # every reason is to be heard
        self._url = f"wss://localhost:{port}/v3/ws?sample_rate=16000"
        self._tls = ssl.create_default_context(cafile=self.standin.authority)

    async def connect(self, token, place="header"):
        """`open` when the provider of speech has begun a session, else the status and the sentence of the refusal."""
        url = self._url + (f"&token={token}" if place == "parameter" else "")
        headers = {"Authorization": f"Bearer {token}"} if place == "header" else {}
        try:
            async with websockets.connect(url, additional_headers=headers, ssl=self._tls, proxy=None) as socket:
                begin = json.loads(await asyncio.wait_for(socket.recv(), 10))
                await socket.send(json.dumps({"type": "Terminate"}))
                async for _ in socket:
                    pass
                return "open" if begin.get("type") == "Begin" else f"the first message: {begin}"
        except websockets.InvalidStatus as refusal:
            return refusal.response.status_code, refusal.response.body.decode()
        except (OSError, websockets.WebSocketException, asyncio.TimeoutError) as failure:
            return f"{type(failure).__name__}: {failure}"

    async def send_strangers(self):
        key = SigningKey("EdDSA", "")
        while True:
            key.id = f"stranger-{self.strangers}"
            self.strangers += 1
            asyncio.create_task(self.connect(self.provider.token("acme", key=key)))
            await asyncio.sleep(1 / STRANGERS_PER_SECOND)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="tidegate-identity-") as scratch:
        sys.exit(asyncio.run(main(sys.argv[1], scratch, float(sys.argv[2] if len(sys.argv) > 2 else 12))))
