"""What is up right now is what a real Asterisk lists."""

import pytest

from tests.lab.asterisk import Asterisk
from tests.lab.fixtures import require
from tests.support.living import connected, living, names
from tests.support.waiting import eventually, stays


def test_channels_agree_with_what_asterisk_lists(pbx):
    with living(pbx) as (_, live):
        pbx.originate("Local/600@phones/n", "600@phones")
        eventually(lambda: len(live.channels) == len(pbx.channels()) == 2)
        assert names(live) == sorted(pbx.channels())
        assert set(live.channels["state"]) == {"Up"}
        assert live.channels["device"].isna().all()
        assert live.channels["linkedid"].nunique() == live.calls == 1
        pbx.cli("channel request hangup all")
        eventually(lambda: live.channels.empty)
        eventually(lambda: live.calls == 0)


def test_calls_that_are_up_at_connect_are_known_once_it_is_primed(pbx):
    with pbx.telephone("30").calls("600"), pbx.telephone("300").calls("600"):
        eventually(lambda: len(pbx.channels()) == 2)
        with living(pbx) as (_, live):
            assert names(live) == sorted(pbx.channels())
            (channel,) = live.channels_of("30")
            assert channel.startswith(f"{pbx.tech}/30-")
            assert live.channels_of(f"{pbx.tech}/300") != [channel]
            assert live.calls == 2
            (watched,) = live.channels[live.channels["channel"] == channel].itertuples()
            assert (watched.device, watched.caller) == (f"{pbx.tech}/30", "30")
            assert watched.since.tzinfo


def test_a_watch_hears_of_the_first_and_the_last_channel_only(pbx):
    heard, other = [], []
    with living(pbx) as (_, live):
        watch = live.watch_device("30", heard.append)
        live.watch_device("300", other.append)
        eventually(lambda: heard == [False])
        with pbx.telephone("30").calls("600"):
            eventually(lambda: heard == [False, True])
            assert watch.value is True
            with pbx.telephone("30").calls("600"):
                eventually(lambda: len(live.channels_of("30")) == 2)
            eventually(lambda: len(live.channels_of("30")) == 1)
            assert heard == [False, True]
        eventually(lambda: heard == [False, True, False])
        watch.close()
        watch.close()
        with pbx.telephone("30").calls("600"):
            eventually(lambda: live.channels_of("30"))
        eventually(lambda: not live.channels_of("30"))
        assert heard == [False, True, False]
        assert other == [False]


def test_a_watched_mailbox_says_how_many_new_messages_it_holds(pbx):
    heard = []
    with living(pbx) as (_, live):
        watch = live.watch_mailbox("22@default", heard.append)
        before = eventually(lambda: heard)[0]
        pbx.leave_message("22")
        eventually(lambda: watch.value == before + 1)
        assert heard == [before, before + 1]
        mailbox = live.mailboxes.set_index("mailbox").loc["22@default"]
        assert (mailbox["new"], mailbox["old"]) == (before + 1, 0)
        nobody = live.watch_mailbox("99@nowhere", [].append)
        eventually(lambda: nobody.value == 0)


def test_many_short_calls_leave_nothing_behind(pbx):
    with living(pbx) as (session, live):
        for _ in range(30):
            session.request(
                {
                    "Action": "Originate",
                    "Channel": "Local/5@flood/n",
                    "Application": "Hangup",
                    "Async": "true",
                }
            )
        eventually(lambda: not pbx.channels())
        eventually(lambda: live.channels.empty)
        eventually(lambda: live.calls == 0)
        assert live.concurrency().max() >= 1


def test_priming_in_the_midst_of_calls_that_come_and_go_is_right_in_the_end(pbx):
    with living(pbx) as (session, live):
        for _ in range(10):
            pbx.originate("Local/20@flood/n", "620@phones")
        for _ in range(10):
            session.request(
                {
                    "Action": "Originate",
                    "Channel": "Local/200@flood/n",
                    "Application": "Wait",
                    "Data": "1",
                    "Async": "true",
                }
            )
            late_session, late = connected(pbx)
            with late_session:
                eventually(late.primed.is_set)
        eventually(lambda: names(live) == sorted(pbx.channels()))
        pbx.cli("channel request hangup all")
        eventually(lambda: live.channels.empty and not pbx.channels())


def test_an_attended_transfer_leaves_each_device_with_its_own_channel(pbx):
    heard = {device: [] for device in ("30", "200", "240")}
    with (
        living(pbx) as (session, live),
        pbx.telephone("200").answers(),
        pbx.telephone("240").answers(),
    ):
        for device, told in heard.items():
            live.watch_device(device, told.append)
        with pbx.telephone("30").calls("200"):
            channel = eventually(
                lambda: [
                    row["channel"]
                    for row in live.tables["channels"].rows().values()
                    if row["device"].endswith("/200") and row["bridge"]
                ]
            )[0]
            session.request(
                {"Action": "Atxfer", "Channel": channel, "Exten": "240", "Context": "phones"}
            )
            eventually(lambda: heard["240"] == [False, True])
            session.request({"Action": "Hangup", "Channel": channel})
            eventually(lambda: heard["200"] == [False, True, False])
            assert stays(lambda: heard["30"] == heard["240"] == [False, True])
            eventually(lambda: names(live) == sorted(pbx.channels()))
        eventually(lambda: live.channels.empty)
        eventually(lambda: set(map(tuple, heard.values())) == {(False, True, False)})
        eventually(lambda: live.calls == 0)


@pytest.mark.parametrize("version", [16, 22])
def test_after_asterisk_was_killed_all_is_as_it_then_is(version):
    require(version)
    heard = []
    with Asterisk(version) as pbx, living(pbx) as (_, live):
        watch = live.watch_device("30", heard.append)
        with pbx.telephone("30").calls("600"):
            eventually(lambda: heard == [False, True])
            pbx.kill()
            eventually(lambda: live.stale)
            assert not live.primed.is_set()
            assert live.channels_of("30")
            assert watch.value is True
        pbx.start()
        eventually(live.primed.is_set, 40)
        assert not live.stale
        assert live.channels.empty
        eventually(lambda: live.calls == 0)
        eventually(lambda: heard == [False, True, False])
        with pbx.telephone("30").calls("600"):
            eventually(lambda: heard == [False, True, False, True])
