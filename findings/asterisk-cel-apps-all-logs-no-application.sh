#!/usr/bin/env bash
# Asterisk 16.28.0 and 22.10.1: the comments of the cel.conf that comes along say that `apps = all` reports all
# applications. It reports none: `all` is taken for the name of an application, which `cel show status` lists, and
# a channel event log has no APP_START and no APP_END at all, silently.
# With `apps = answer,wait` the same call has both rows of both. Fails if any of this changes.
set -euo pipefail
source "$(dirname "$0")/asterisk.bash"
for version in 16 22; do
    for apps in all answer,wait; do
        asterisk_fetch "$version"
        grep -A2 "use 'all'" "$asterisk_tree/etc/asterisk/cel.conf"
        asterisk_conf cel.conf <<CONF
[general]
enable = yes
apps = $apps
events = ALL
CONF
        asterisk_conf cel_custom.conf <<'CONF'
[mappings]
Master.csv => ${eventtype} ${CHANNEL(appname)}
CONF
        asterisk_conf extensions.conf <<'CONF'
[calls]
exten => 1,1,Answer()
 same => n,Wait(1)
CONF
        asterisk_start
        asterisk_cli 'channel originate Local/1@calls/n application Wait 60'
        log=$asterisk_run/log/cel-custom/Master.csv
        for ((try = 0; try < 300; try++)); do
            grep -qs LINKEDID_END "$log" && break
            sleep 0.1
        done
        asterisk_cli 'cel show status' | grep -i '  *\(all\|answer\|wait\)$'
        found=$(grep -c APP_ "$log" || true)
        echo "apps = $apps: $found rows of applications among $(grep -c . "$log")"
        # The dialplan's Answer and Wait, and the Wait of the originated half, which is cut short.
        if [[ $apps == all ]]; then [[ $found == 0 ]]; else [[ $found -ge 5 ]]; fi
    done
done
