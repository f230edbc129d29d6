#!/usr/bin/env bash
# Asterisk 16.28.0 and 22.10.1: `allowmultiplelogin` in [general] of manager.conf is a default that is copied into a
# user's section when Asterisk reads that section first. If it is changed from no to yes there, `manager reload` reads
# it, `manager show settings` tells the new value, and the user's second login is refused as before. A user
# who is new in the file has the new value. The line in the user's own section works at once.
# Fails if any of this changes.
set -euo pipefail
source "$(dirname "$0")/asterisk.bash"
for version in 16 22; do
    asterisk_fetch "$version"
    conf=$asterisk_run/etc/manager.conf
    sed -i 's/^enabled = yes/&\nallowmultiplelogin = no/' "$conf"
    asterisk_start
    cat > "$asterisk_run/twice.py" <<'PY'
import os
import socket
import sys


def login(user):
    connection = socket.create_connection(("127.0.0.1", int(os.environ["AMI_PORT"])), timeout=30)
    connection.sendall(f"Action: Login\r\nUsername: {user}\r\nSecret: all\r\nEvents: off\r\n\r\n".encode())
    stream = connection.makefile("rb")
    while not (line := stream.readline()).startswith(b"Response: "):
        pass
    return connection, line.decode().strip().removeprefix("Response: ")


# The first connection stays open for as long as the second one is tried.
first, second = login(sys.argv[1]), login(sys.argv[1])
print(first[1], second[1])
PY
    twice() {
        AMI_PORT=$ami_port python3 "$asterisk_run/twice.py" "$1"
    }
    [[ $(twice all) == 'Success Error' ]]
    sed -i 's/^allowmultiplelogin = no/allowmultiplelogin = yes/' "$conf"
    sed -n '/^\[all\]/,$p' "$conf" | sed 's/\[all\]/[new]/' >> "$conf"
    asterisk_cli 'manager reload'
    asterisk_cli 'manager show settings' | grep -i 'multiple'
    echo "who was there: $(twice all); who is new: $(twice new)"
    [[ $(twice all) == 'Success Error' && $(twice new) == 'Success Success' ]]
    sed -i 's/^\[all\]/&\nallowmultiplelogin = yes/' "$conf"
    asterisk_cli 'manager reload'
    [[ $(twice all) == 'Success Success' ]]
done
