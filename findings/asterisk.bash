# What the findings about Asterisk share; they source it. An Asterisk is fetched as Debian packages from the
# mirror that this machine's apt already knows, with private apt folders, and unpacked into a temporary folder.
# It runs by its own dynamic loader and libraries, as any user, on a free port of the loopback interface.
# Debian bullseye has Asterisk 16.28.0, sid has 22.10.1; a mirror that no longer has them fails the finding.
#
#   asterisk_fetch 22       unpacks that version, and makes it the one that the other functions use;
#                           with ASTERISK_TREES=FOLDER in the environment it is kept there for the next finding
#   asterisk_conf NAME      writes standard input to a configuration file, before the start
#   asterisk_start          starts it, waits until it has booted, and checks its version; `asterisk_stop` ends it
#   asterisk_cli COMMAND    gives a command to its console
#   asterisk_python         runs a Python script from standard input, which can `from ami import Manager`

asterisk_place=$(mktemp -d)
asterisk_pid=
trap 'asterisk_stop; rm -rf "$asterisk_place"' EXIT

asterisk_fetch() {
    local suite
    asterisk_stop
    asterisk_version=$1
    case $1 in
        16) suite=bullseye asterisk_package='1:16.28.0~dfsg-0+deb11u4' ;;
        22) suite=sid asterisk_package='1:22.10.1+dfsg+~cs6.17.60671434-1' ;;
    esac
    asterisk_tree=${ASTERISK_TREES:-$asterisk_place}/tree-$1
    [[ -d $asterisk_tree ]] || asterisk_unpack "$suite" "$asterisk_package"
    asterisk_lib=$(echo "$asterisk_tree"/usr/lib/*-linux-*)
    # What belongs to one run: configuration, database, logs, control socket.
    asterisk_run=$asterisk_place/run-$1
    rm -rf "$asterisk_run"
    mkdir -p "$asterisk_run"/{etc,var/keys,log/cdr-csv,log/cdr-custom,log/cel-custom,spool/tmp}
    ami_port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    asterisk_defaults
}

asterisk_unpack() {
    local apt=$asterisk_place/apt-$asterisk_version work=$asterisk_tree.new deb mirror options
    mirror=$(apt-get indextargets --format '$(COMPONENT) $(ORIGIN) $(REPO_URI)' 'Created-By: Packages' |
        awk '$1 == "main" && $2 == "Debian" { print $3 }' | head -1)
    [[ -n $mirror ]] || { echo "apt knows no mirror of Debian" >&2; return 1; }
    mkdir -p "$apt"/state/lists/partial "$apt"/cache/archives/partial "$work"
    : > "$apt/status"
    echo "deb $mirror $1 main" > "$apt/sources.list"
    options=(-qq -y -oDir::Etc::sourcelist="$apt/sources.list" -oDir::Etc::sourceparts=/dev/null
        -oDir::Etc::preferences=/dev/null -oDir::Etc::preferencesparts=/dev/null -oAPT::Default-Release=
        -oDir::State="$apt/state" -oDir::State::Lists="$apt/state/lists" -oDir::State::status="$apt/status"
        -oDir::Cache="$apt/cache" -oAPT::Install-Recommends=false -oAcquire::Check-Valid-Until=false
        -oAcquire::Languages=none -oAcquire::Retries=3 -oAPT::Sandbox::User=root -oDebug::NoLocking=true)
    apt-get "${options[@]}" update
    apt-get "${options[@]}" --download-only install "asterisk=$2" libc6 > "$apt/log" 2>&1 ||
        { tail -5 "$apt/log" >&2; return 1; }
    for deb in "$apt"/cache/archives/*.deb; do
        dpkg-deb -x "$deb" "$work"
    done
    rm -rf "$apt"
    mv "$work" "$asterisk_tree"
}

asterisk_conf() {
    cat > "$asterisk_run/etc/$1"
}

asterisk_defaults() {
    asterisk_conf asterisk.conf <<CONF
[directories]
astetcdir = $asterisk_run/etc
astmoddir = $(find "$asterisk_tree/usr/lib" -path '*/asterisk/modules')
astvarlibdir = $asterisk_run/var
astdbdir = $asterisk_run/var
astkeydir = $asterisk_run/var
astcachedir = $asterisk_run/spool/tmp
astdatadir = $asterisk_tree/usr/share/asterisk
astagidir = $asterisk_run/var
astspooldir = $asterisk_run/spool
astrundir = $asterisk_run
astlogdir = $asterisk_run/log
[options]
nocolor = yes
CONF
    asterisk_conf modules.conf <<CONF
[modules]
autoload = yes
noload = app_voicemail_imap.so
noload = app_voicemail_odbc.so
CONF
    asterisk_conf logger.conf <<CONF
[logfiles]
messages.log = notice,warning,error
CONF
    asterisk_conf manager.conf <<CONF
[general]
enabled = yes
bindaddr = 127.0.0.1
port = $ami_port
[all]
secret = all
read = all
write = all
writetimeout = 5000
CONF
    cat > "$asterisk_run/ami.py" <<'PYTHON'
"""A plain client of Asterisk's manager interface: it sends actions, and keeps what it hears."""

import os
import socket


class Manager:
    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", int(os.environ["AMI_PORT"])), timeout=30)
        self.stream = self.socket.makefile("rb")
        self.greeting = self.stream.readline()
        self.heard = []  # every message as a dict; of a repeated header, the last value
        self.raw = []  # the same messages as they came
        self.sent = 0
        self.place = 0  # behind what `until` has found last
        self.ask("Login", Username="all", Secret="all")

    def send(self, action, **headers):
        """Send an action, and return its ActionID."""
        self.sent += 1
        lines = {"Action": action, "ActionID": self.sent} | headers
        text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.socket.sendall(text.encode() + b"\r\n")
        return str(self.sent)

    def hear(self):
        """Wait for the next message."""
        raw = b""
        while not raw.endswith(b"\r\n\r\n"):
            line = self.stream.readline()
            assert line, "Asterisk has closed the connection"
            raw += line
        pairs = (line.partition(":") for line in raw.decode().split("\r\n"))
        self.raw.append(raw)
        self.heard.append({name: value.removeprefix(" ") for name, colon, value in pairs if colon})
        return self.heard[-1]

    def until(self, event, **headers):
        """Wait for the next event that has these headers, and return it."""
        wanted = {"Event": event} | headers
        while True:
            while self.place == len(self.heard):
                self.hear()
            self.place += 1
            if wanted.items() <= self.heard[self.place - 1].items():
                return self.heard[self.place - 1]

    def ask(self, action, **headers):
        """Send an action, and wait for its response."""
        number = self.send(action, **headers)
        while True:
            message = self.hear()
            if message.get("ActionID") == number and "Response" in message:
                return message

    def list(self, action, **headers):
        """Send an action that is answered by a list, and return the list's events."""
        number, events = self.send(action, **headers), []
        while True:
            message = self.hear()
            if message.get("ActionID") == number:
                events.append(message)
                if message.get("EventList") == "Complete" or message.get("Response") == "Error":
                    return [event for event in events if "EventList" not in event]

    def events(self, *names):
        """Return what was heard of these events until now, in order."""
        return [message for message in self.heard if message.get("Event") in names]
PYTHON
}

asterisk_command() {
    local loader
    # With `exec` in asterisk_exec, the shell that calls becomes Asterisk: its process id is then known.
    # The libraries are named to the loader, so that what Asterisk starts finds those of this machine.
    loader=$(compgen -G "$asterisk_tree/lib/*/ld-linux*.so.*" || compgen -G "$asterisk_lib/ld-linux*.so.*")
    ${asterisk_exec:-} "$loader" --library-path "$asterisk_lib:$asterisk_tree/lib/$(basename "$asterisk_lib"):$asterisk_tree/usr/lib" \
        "$asterisk_tree/usr/sbin/asterisk" -C "$asterisk_run/etc/asterisk.conf" "$@"
}

asterisk_start() {
    local try
    asterisk_exec=exec asterisk_command -f > "$asterisk_run/console" 2>&1 < /dev/null &
    asterisk_pid=$!
    for ((try = 0; try < 300; try++)); do
        kill -0 "$asterisk_pid" 2> /dev/null || break
        if [[ $(asterisk_cli 'core waitfullybooted' 2> /dev/null) == *'fully booted'* ]]; then
            asterisk_cli 'core show version' | cut -d' ' -f1,2 | tee "$asterisk_run/version"
            [[ $(cat "$asterisk_run/version") == "Asterisk ${asterisk_package#*:}" ]]
            return
        fi
        sleep 0.2
    done
    echo "Asterisk $asterisk_version did not start" >&2
    cat "$asterisk_run/console" >&2
    return 1
}

asterisk_stop() {
    if [[ -n $asterisk_pid ]]; then
        kill "$asterisk_pid" 2> /dev/null || true
        wait "$asterisk_pid" 2> /dev/null || true
        asterisk_pid=
    fi
}

asterisk_cli() {
    asterisk_command -rx "$1" < /dev/null
}

asterisk_python() {
    AMI_PORT=$ami_port ASTERISK_RUN=$asterisk_run ASTERISK_VERSION=$asterisk_version \
        PYTHONPATH=$asterisk_run python3 -
}
