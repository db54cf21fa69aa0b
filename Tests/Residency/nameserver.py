"""A name server that says what a case wants it to, over UDP and TCP (RFC 1035): `NameServer(address, answer)`."""

import dataclasses
import ipaddress
import socket
import struct
import threading

PORT = 53
MAX_UDP_BYTES = 512
A, CNAME, AAAA = 1, 5, 28
SERVFAIL, NXDOMAIN = 2, 3
TRUNCATED = 0x0200


@dataclasses.dataclass
class Reply:
    """The records of a name: addresses of either family, or an alias; none and no `code` is an empty answer."""

    addresses: tuple = ()
    alias: str = ""
    code: int = 0
    ttl: int = 0

    def records(self, kind):
        """Type and data of each record that answers a question of this kind."""
        if self.alias:
            return [(CNAME, name_bytes(self.alias))]
        parsed = map(ipaddress.ip_address, self.addresses)
        return [(kind, address.packed) for address in parsed if (A, AAAA)[address.version == 6] == kind]


class NameServer:
    """`answer(name)` gives a `Reply`, or None for silence. Counts the questions."""

    def __init__(self, address, answer):
        self.answer = answer
        self.questions = 0
        self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._datagrams.bind((address, PORT))
        self._streams = socket.create_server((address, PORT))
        for serve in (self._serve_datagrams, self._serve_streams):
            threading.Thread(target=serve, daemon=True).start()

    def _serve_datagrams(self):
        while True:
            query, peer = self._datagrams.recvfrom(MAX_UDP_BYTES)
            if answer := self._answer(query):
                # RFC 1035 §4.2.1: what does not fit is asked for again over TCP.
                self._datagrams.sendto(answer if len(answer) <= MAX_UDP_BYTES else truncated(query), peer)

    def _serve_streams(self):
        while True:
            connection, _ = self._streams.accept()
            with connection, connection.makefile("rb") as stream:
                while head := stream.read(2):
                    if answer := self._answer(stream.read(struct.unpack(">H", head)[0])):
                        connection.sendall(struct.pack(">H", len(answer)) + answer)

    def _answer(self, query):
        self.questions += 1
        name, kind = question(query)
        reply = self.answer(name)
        if reply is None:
            return None
        records = b"".join(
            # The name is that of the question, at offset 12 of the message (RFC 1035 §4.1.4).
            struct.pack(">HHHIH", 0xC00C, record, 1, reply.ttl, len(data)) + data
            for record, data in reply.records(kind))
        return head(query, reply.code, len(reply.records(kind))) + query[12:question_end(query)] + records


def head(query, code, answers):
    return query[:2] + struct.pack(">HHHHH", 0x8580 | code, 1, answers, 0, 0)


def truncated(query):
    return query[:2] + struct.pack(">HHHHH", 0x8580 | TRUNCATED, 1, 0, 0, 0) + query[12:question_end(query)]


def question(query):
    labels, at = [], 12
    while length := query[at]:
        labels.append(query[at + 1:at + 1 + length].decode())
        at += 1 + length
    return ".".join(labels).lower(), struct.unpack_from(">H", query, at + 1)[0]


def question_end(query):
    return query.index(0, 12) + 5


def name_bytes(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
