"""Every packet that leaves the relay, as the kernel saw it: `Sniffer(interface)`."""

import dataclasses
import ipaddress
import socket
import struct

ETH_P_ALL = 0x0003
ETH_P_IP = 0x0800
ETH_P_IPV6 = 0x86DD
ETH_P_ARP = 0x0806
PROTOCOLS = {socket.IPPROTO_TCP: "tcp", socket.IPPROTO_UDP: "udp"}
PACKET_OUTGOING = 4
PACKET_STATISTICS = 6
SOL_PACKET = 263
SO_TIMESTAMPNS = 35
SO_RCVBUFFORCE = 33
BUFFER_BYTES = 64 << 20
HEAD_BYTES = 128
SYN, ACK = 0x02, 0x10


@dataclasses.dataclass(frozen=True)
class Packet:
    """What a packet's headers say. `protocol` is `tcp`, `udp`, or what else the number stands for; `sequence` is TCP's
    number of the payload's first byte."""

    time: float
    protocol: str
    source: tuple
    destination: tuple
    opens: bool
    payload: int
    sequence: int = 0

    @property
    def connection(self):
        return self.source, self.destination


NOT_OF_THE_RELAY = Packet(0, "", None, None, False, 0)


class Sniffer:
    """Keeps the packets that come in over an interface until they are taken. The kernel does the keeping."""

    def __init__(self, interface):
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.bind((interface, ETH_P_ALL))
        self._socket.setblocking(False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def take(self):
        """The packets since the last time, and how many the kernel had to leave out."""
        packets = []
        while packet := self._read():
            if packet.destination is not None:
                packets.append(packet)
        _, lost = struct.unpack("II", self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        return packets, lost

    def _read(self):
        try:
            data, ancillary, _, address = self._socket.recvmsg(HEAD_BYTES, 64)
        except BlockingIOError:
            return None
        _, kind, direction = address[:3]
        if direction == PACKET_OUTGOING or kind == ETH_P_ARP:
            return NOT_OF_THE_RELAY
        return parse(data, kind, timestamp(ancillary))


def timestamp(ancillary):
    seconds, nanoseconds = struct.unpack("ll", ancillary[0][2])
    return seconds + nanoseconds / 1e9


def parse(data, kind, time):
    if kind == ETH_P_IP:
        start, number = (data[0] & 0x0F) * 4, data[9]
        end, addresses = struct.unpack_from(">H", data, 2)[0], (data[12:16], data[16:20])
    elif kind == ETH_P_IPV6:
        # No extension headers: what has them is reported as what they are.
        start, number = 40, data[6]
        end, addresses = 40 + struct.unpack_from(">H", data, 4)[0], (data[8:24], data[24:40])
    else:
        return Packet(time, f"ethertype {kind:#06x}", ("", 0), ("", 0), False, 0)
    protocol = PROTOCOLS.get(number, f"protocol {number}")
    ports = struct.unpack_from(">HH", data, start) if number in PROTOCOLS else (0, 0)
    source, destination = ((str(ipaddress.ip_address(address)), port) for address, port in zip(addresses, ports))
    flags = data[start + 13] if protocol == "tcp" else 0
    header = (data[start + 12] >> 4) * 4 if protocol == "tcp" else 8
    sequence = struct.unpack_from(">I", data, start + 4)[0] if protocol == "tcp" else 0
    opens = flags & SYN != 0 and flags & ACK == 0
    return Packet(time, protocol, source, destination, opens, end - start - header, sequence)
