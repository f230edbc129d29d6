#!/usr/bin/env bash
# Asterisk 22.10.1 sets channel variables about the sound of a call at its end, and they do not agree on what `rx` and `tx`
# mean. Here a telephone loses one packet of twenty on its way to Asterisk, and sends no reports itself, so that all
# that is known was measured by Asterisk at what it received. In RTPAUDIOQOS these values are txjitter and txmes, and
# rxjitter and rxmes are 0; in RTPAUDIOQOSJITTER and RTPAUDIOQOSMES they are …rxjitter and …rxmes, and the others are 0.
# Counts are not swapped: rxcount and lp are of what was received. Besides, RTPAUDIOQOSLOSS is neither in packets nor in
# percent: its avgrxlost is near 13, 256ths of the packets of one report. Fails if that changes.
set -euo pipefail
source "$(dirname "$0")/asterisk.bash"
asterisk_fetch 22
export SIP_PORT=$(python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
asterisk_conf pjsip.conf <<CONF
[udp]
type = transport
protocol = udp
bind = 127.0.0.1:$SIP_PORT
[anonymous]
type = endpoint
context = calls
disallow = all
allow = ulaw
CONF
asterisk_conf extensions.conf <<'CONF'
[calls]
exten => echo,1,Answer()
same => n,Echo()
CONF
asterisk_start
asterisk_python <<'PY'
import os
import re
import socket
import struct
import threading
import time

from ami import Manager

manager = Manager()
pbx = "127.0.0.1", int(os.environ["SIP_PORT"])
sip, rtp = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
sip.bind(("127.0.0.1", 0))
rtp.bind(("127.0.0.1", 0))
sip.settimeout(30)
here = f"127.0.0.1:{sip.getsockname()[1]}"


def ask(method, to="", body="", branch="1"):
    lines = [
        f"{method} sip:echo@127.0.0.1:{pbx[1]} SIP/2.0",
        f"Via: SIP/2.0/UDP {here};branch=z9hG4bK{branch}",
        f"From: <sip:caller@{here}>;tag=1",
        f"To: <sip:echo@127.0.0.1>{to}",
        f"Call-ID: one@{here}",
        f"CSeq: {2 if method == 'BYE' else 1} {method}",
        f"Contact: <sip:caller@{here}>",
        "Max-Forwards: 70",
        f"Content-Length: {len(body)}",
        *(["Content-Type: application/sdp"] if body else []),
    ]
    sip.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode(), pbx)


offer = "\r\n".join([
    "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0",
    f"m=audio {rtp.getsockname()[1]} RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "",
])
ask("INVITE", body=offer)
while not (answer := sip.recv(4000).decode()).startswith("SIP/2.0 200"):
    pass
to = re.search(r"^To: [^;]*(;tag=\S+)", answer, re.M)[1]
port = int(re.search(r"m=audio (\d+)", answer)[1])
ask("ACK", to, branch="2")
over = threading.Event()


def talk():
    """Send speech of 20 ms in each packet, and leave out each twentieth."""
    began, number = time.monotonic(), 0
    while not over.is_set():
        if number % 20 != 19:
            head = struct.pack("!BBHII", 0x80, 0, number & 0xFFFF, number * 160, 7)
            rtp.sendto(head + b"\xff" * 160, ("127.0.0.1", port))
        number += 1
        time.sleep(max(0, began + number * 0.02 - time.monotonic()))


thread = threading.Thread(target=talk)
thread.start()
for _ in range(3):
    report = manager.until("RTCPSent")
print("a report of Asterisk's:", {name: report[name] for name in ("Report0FractionLost", "Report0CumulativeLost", "MES")})
over.set()
thread.join()
ask("BYE", to, branch="3")
told = {}
for name in ("RTPAUDIOQOS", "RTPAUDIOQOSJITTER", "RTPAUDIOQOSLOSS", "RTPAUDIOQOSMES"):
    value = manager.until("VarSet", Variable=name)["Value"]
    print(f"{name}: {value}")
    pairs = (pair.split("=") for pair in value.split(";") if "=" in pair)
    told[name] = {key.strip(): float(number) for key, number in pairs}
whole, jitter, loss, mes = told.values()
assert whole["rxmes"] == 0 < whole["txmes"]
assert mes["mintxmes"] == 0 < mes["minrxmes"] <= whole["txmes"] <= mes["maxrxmes"]
assert whole["rxjitter"] == 0 < whole["txjitter"]
assert jitter["maxtxjitter"] == 0 < jitter["maxrxjitter"]
assert whole["lp"] > 0 == whole["rlp"]
assert 11 <= loss["avgrxlost"] <= 15  # 13 of 256 are one of twenty
PY
