"""A quota of sessions over two relays and one Redis server: `run.py BINARIES [SEED]`.

Clients of one tenant want more sessions than it may have, at both relays, all the time. Meanwhile a relay is killed, then the
Redis server, for less and for more than a lease, then a relay is cut off from it. What counts is what the provider sees: never
more sessions than the quota, and the quota in full again after every one of these. A token that is shown at both opens one session.
"""

import asyncio
import json
import os
import pathlib
import random
import ssl
import sys
import tempfile
import time
import urllib.request

import websockets

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "Clients"), str(HERE)]

from expectations import expect, expect_equal  # noqa: E402
from relay import client_key, secret_file, start_relay, tenant, zone  # noqa: E402
from redis import Proxy, Redis  # noqa: E402
from standin import StandIn  # noqa: E402

QUOTA = 12
WANTED = 20
LEASE_SECONDS = 3
# A place that is free is found by a client that comes back this often.
BETWEEN_TRIES_SECONDS = 0.1
TOKENS, SHOWN = 10, 10
PATIENCE_SECONDS = 20


async def main(binaries, folder, seed):
    print(f"seed {seed}", flush=True)
    harbour = Harbour(pathlib.Path(binaries), pathlib.Path(folder), random.Random(seed))
    with harbour.standin.program, harbour.redis:
        await harbour.start()
        watch = asyncio.create_task(harbour.watch())
        crowd = [asyncio.create_task(harbour.come_and_stay()) for _ in range(WANTED)]
        await harbour.until_full("at first")
        for story in (one_token, killed_relay, killed_redis, redis_away, partition, relay_back):
            await story(harbour)
        for task in [*crowd, watch]:
            task.cancel()
        await asyncio.gather(*crowd, watch, return_exceptions=True)
        for relay in harbour.relays:
            expect_equal(await asyncio.to_thread(relay.stop), 0, "exit status")
    expect(harbour.most <= QUOTA, f"{harbour.most} sessions of {QUOTA}")
    expect(harbour.looks > 100, "the provider was hardly looked at")
    print(f"{harbour.begun} sessions in all, {harbour.looks} looks at the provider, "
          f"never more than {harbour.most} of {QUOTA} at once", flush=True)
    return 0


async def one_token(harbour):
    """Shown at both relays at once, and once more when it is spent."""
    for _ in range(TOKENS):
        token = await asyncio.to_thread(harbour.mint)
        begun = await asyncio.gather(*(harbour.begins_with(token, number % 2) for number in range(SHOWN)))
        expect_equal(sum(begun), 1, "sessions that one token opened")
        for number in range(2):
            expect(not await harbour.begins_with(token, number), "a token that is spent opens a session")
    print(f"passed  {TOKENS} tokens, each shown {SHOWN + 2} times at two relays, open a session each", flush=True)


async def killed_relay(harbour):
    """Its places come back after a lease; the other relay has them all then."""
    await harbour.until(lambda: all(harbour.held), "both relays have sessions")
    started = time.monotonic()
    harbour.relays[0].kill()
    await harbour.until_full("after a relay was killed", at=1)
    waited = time.monotonic() - started
    expect(waited > LEASE_SECONDS / 2, f"places of a killed relay were given away after {waited:.1f} s")
    harbour.start_relay(0)
    print(f"passed  a relay is killed: its places were used again after {waited:.1f} s", flush=True)


async def killed_redis(harbour):
    """Whoever is there stays, and nobody gets a place twice, though the server has forgotten everything."""
    before = harbour.ended
    harbour.redis.kill()
    harbour.redis.start()
    await asyncio.sleep(LEASE_SECONDS * 1.5)
    expect_equal(harbour.ended - before, 0, "sessions that ended with the server")
    await harbour.until_full("after the Redis server was killed")
    await harbour.churn()
    await harbour.until_full("after the Redis server was killed, and sessions came and went")
    print("passed  the Redis server is killed, and back in time", flush=True)


async def redis_away(harbour):
    """For longer than a lease: sessions that nobody can vouch for end. Whoever is not counted stays."""
    async with harbour.connect(harbour.free_key) as free:
        await free.recv()
        harbour.redis.kill()
        await harbour.until(lambda: sum(harbour.held) == 0, "sessions without a lease end")
        await asyncio.sleep(1)
        harbour.redis.start()
        await harbour.until_full("after the Redis server was away")
        await free.send(json.dumps({"type": "Terminate"}))
        expect("Termination" in [json.loads(text)["type"] async for text in free], "a session that is not counted ended")
    print("passed  the Redis server is away for longer than a lease", flush=True)


async def partition(harbour):
    """The relay that is cut off gives its sessions up before the other one gets their places."""
    await harbour.rebalance()
    harbour.proxy.cut()
    await harbour.until(lambda: harbour.held[0] == 0, "a relay that is cut off ends its sessions")
    await harbour.until_full("while a relay is cut off", at=1)
    print("passed  a relay is cut off from the Redis server", flush=True)


async def relay_back(harbour):
    """It counts again, and gets what is free."""
    harbour.proxy.heal()
    # It may take its time to look again, and the other one has the places meanwhile.
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not harbour.held[0]:
        expect(time.monotonic() < deadline, "a relay that is back gets no sessions")
        await harbour.churn()
        await harbour.until_full("after a relay came back")
    print("passed  a relay is back", flush=True)


class Harbour:
    """The stand-in, Redis, and two relays: the first reaches Redis through a proxy that can be cut."""

    def __init__(self, binaries, folder, source):
        self.binaries, self.folder, self.source = binaries, folder, source
        self.standin = StandIn(binaries, "--zones", "eu")
        self.key, self.free_key = client_key(), client_key()
        self.signing_key = secret_file(folder, "token-signing-key", os.urandom(32).hex())
        self.redis = Redis(folder)
        self.relays, self.ports = [None, None], [0, 0]
        self.held = [0, 0]
        self.begun = self.ended = self.looks = self.most = 0
        self.sockets = []
        self.tls = ssl.create_default_context(cafile=self.standin.authority)

    async def start(self):
        self.proxy = await Proxy.start(self.redis.port)
        for number in range(2):
            self.start_relay(number)

    def start_relay(self, number):
        folder = self.folder / f"relay-{number}"
        folder.mkdir(exist_ok=True)
        key = secret_file(folder, "key-eu", self.standin.key("eu"))
        port = self.proxy.port if number == 0 else self.redis.port
        bounded = tenant("eu", self.key)
        bounded["limits"] = {"sessions": QUOTA}
        self.relays[number], self.ports[number] = start_relay(
            self.binaries, folder, self.standin.certificate,
            {"eu": zone(f"wss://{self.standin.host('eu')}/v3/ws", key, self.standin.authority)},
            {"bounded": bounded, "free": tenant("eu", self.free_key)},
            shared_state={"redis": {"url": f"redis://127.0.0.1:{port}/0", "lease": f"{LEASE_SECONDS}s"}},
            tokens={"signing_keys": [{"file": str(self.signing_key)}]}, limits={"refusals_per_minute": 100_000})

    def mint(self):
        request = urllib.request.Request(
            f"https://localhost:{self.ports[0]}/v3/token?expires_in_seconds=60", headers={"Authorization": self.free_key})
        with urllib.request.urlopen(request, timeout=10, context=self.tls) as answer:
            return json.load(answer)["token"]

    async def begins_with(self, token, number):
        """Whether somebody who shows the token has a session."""
        try:
            async with websockets.connect(
                    f"wss://localhost:{self.ports[number]}/v3/ws?sample_rate=16000&token={token}", ssl=self.tls, proxy=None,
                    close_timeout=1) as socket:
                return json.loads(await socket.recv())["type"] == "Begin"
        except websockets.WebSocketException:
            return False

    def connect(self, key, number=1):
        return websockets.connect(
            f"wss://localhost:{self.ports[number]}/v3/ws?sample_rate=16000&of={'bounded' if key == self.key else 'free'}",
            additional_headers={"Authorization": key}, ssl=self.tls, proxy=None, ping_interval=None, close_timeout=1)

    async def come_and_stay(self):
        """A client that wants a session for ever, at whichever relay."""
        while True:
            number = self.source.randrange(2)
            try:
                async with self.connect(self.key, number) as socket:
                    if json.loads(await socket.recv()).get("type") != "Begin":
                        continue
                    self.held[number] += 1
                    self.begun += 1
                    self.sockets.append(socket)
                    try:
                        async for _ in socket:
                            pass
                    finally:
                        self.held[number] -= 1
                        self.ended += 1
                        self.sockets.remove(socket)
            except (OSError, websockets.WebSocketException):
                pass
            await asyncio.sleep(BETWEEN_TRIES_SECONDS)

    async def watch(self):
        """What the provider sees, all the time."""
        while True:
            running = await asyncio.to_thread(self.running)
            self.looks += 1
            self.most = max(self.most, running)
            expect(running <= QUOTA, f"{running} sessions of {QUOTA}")
            await asyncio.sleep(0.02)

    def running(self):
        return sum(entry.ended == "open" and "of=bounded" in entry.query for entry in self.standin.ledger())

    async def until_full(self, when, at=None):
        await self.until(
            lambda: sum(self.held) == QUOTA and (at is None or self.held[at] == QUOTA), f"{QUOTA} sessions {when}")
        expect_equal(await asyncio.to_thread(self.running), QUOTA, f"sessions at the provider {when}")

    async def until(self, is_so, what):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_so():
            expect(time.monotonic() < deadline, f"not so: {what} ({self.held})")
            expect(self.most <= QUOTA, f"{self.most} sessions of {QUOTA}")
            await asyncio.sleep(0.05)

    async def churn(self):
        """Half of the sessions end, and others take their places."""
        for socket in self.source.sample(self.sockets, len(self.sockets) // 2):
            await socket.close()

    async def rebalance(self):
        while not (self.held[0] > 2 and self.held[1] > 2):
            await self.churn()
            await self.until_full("when sessions come and go")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="tidegate-shared-") as scratch:
        chance = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(2**32)
        sys.exit(asyncio.run(main(sys.argv[1], scratch, chance)))
