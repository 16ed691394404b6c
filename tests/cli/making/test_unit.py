"""Facts about unit files: what systemd would do to a service that drains."""

from __future__ import annotations

import math
from pathlib import Path, PurePosixPath

import pytest

from supervision.cli._check.findings import Found
from supervision.cli._check.folders import check_folders
from supervision.cli._check.unit import (
    check_unit,
    command_of,
    read_service,
    seconds_of,
)

RIGHT = """
[Unit]
Description=x
[Service]
# a comment
; another
Type=notify
KillMode=mixed
Environment=A=1
Environment=B=2
ExecStart=/srv/.venv/bin/actors run chat:Tree \\
    --metrics 127.0.0.1:9100 --budget 25
TimeoutStopSec=30
Restart=on-failure
RestartPreventExitStatus=2 3
[Install]
WantedBy=multi-user.target
"""


def findings(text: str) -> list[tuple[str, str, str]]:
    """Say what is found in a unit file."""
    service, found = read_service(text), Found()
    assert service is not None
    check_unit(service, "chat:Tree", "chat.service", found)
    return [(each.severity.value, each.what, each.right) for each in found.findings]


def test_nothing_is_found_in_a_unit_that_is_right() -> None:
    """Lines go on behind a backslash, and later values count, or say more."""
    assert findings(RIGHT) == []
    service = read_service(RIGHT)
    assert service is not None
    assert service["Environment"] == "A=1 B=2"
    assert read_service("[Unit]\nTimeoutStopSec=3\n") is None


@pytest.mark.parametrize(
    ("old", "new", "severity", "said"),
    [
        ("Sec=30", "Sec=20", "wrong", "kills after 20 s|25 s|TimeoutStopSec=28 or"),
        ("Sec=30", "Sec=26", "doubtful", "kills after 26 s|TimeoutStopSec=28 or"),
        ("Sec=30", "Sec=soon", "wrong", "is no time|TimeoutStopSec=28"),
        ("TimeoutStopSec=30", "TimeoutSec=5s", "wrong", "kills after 5 s"),
        ("TimeoutStopSec=30\n", "", None, ""),
        ("Sec=30", "Sec=0", None, ""),
        ("Sec=30", "Sec=infinity", None, ""),
        ("--budget 25", "--budget=100", "wrong", "100 s|TimeoutStopSec=103"),
        ("--budget 25", "--budget x", "wrong", "--budget in ExecStart is no number"),
        ("--budget 25", "--budget inf", "wrong", "is no number of seconds, 0 or more"),
        ("--budget 25", "--budget=-5", "wrong", "is no number of seconds, 0 or more"),
        ("--budget 25", "", None, ""),
        ("Type=notify", "Type=simple", "doubtful", "Type=notify"),
        ("KillMode=mixed\n", "", "doubtful", "KillMode=mixed"),
        ("Restart=on-failure\n", "", "doubtful", "Restart=on-failure"),
        ("Status=2 3", "Status=3", "doubtful", "RestartPreventExitStatus=2"),
        ("chat:Tree", "chat:Other", "doubtful", "runs chat:Other, not chat:Tree"),
        ("actors run chat:Tree", "chatd", "wrong", "does not say `actors run"),
        ("/srv/", '/srv/"', "wrong", "does not say `actors run"),
    ],
)
def test_what_systemd_would_do_is_held_against_the_tree(
    old: str, new: str, severity: str | None, said: str
) -> None:
    """One change of a right unit, one finding."""
    assert old in RIGHT
    found = findings(RIGHT.replace(old, new))

    assert [each[0] for each in found] == ([severity] if severity else [])
    for part in said.split("|"):
        assert part in " ".join(map(" / ".join, found))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30.0),
        ("2min 30s", 150.0),
        ("1h", 3600.0),
        ("500ms", 0.5),
        ("1.5 min", 90.0),
        ("infinity", math.inf),
        ("", None),
        ("3 fortnights", None),
        ("-1", None),
    ],
)
def test_times_are_read_as_systemd_does(text: str, seconds: float | None) -> None:
    """Numbers with units, one behind the other; no unit is seconds."""
    assert seconds_of(text) == seconds


def test_the_command_of_a_unit_is_found_among_its_options() -> None:
    """An address is no tree."""
    line = "/bin/actors run --metrics localhost:9100 --name x app.chat:make"

    assert command_of({"ExecStart": line}).target == "app.chat:make"
    assert command_of({}).target is None


HERE = PurePosixPath("/home/ann/chat")
STATE = "StateDirectory=chat\n"


@pytest.mark.parametrize(
    ("unit", "file", "there"),
    [
        ("DynamicUser=yes", "/home/ann/chat/a.db", "/a.db"),
        ("DynamicUser=yes\nWorkingDirectory=/srv/chat", "/home/ann/chat/a.db", "/srv/"),
        (f"DynamicUser=1\n{STATE}", "/home/ann/chat/a.db", "=%S/chat, or"),
        (f"DynamicUser=yes\n{STATE}", "/srv/a.db", "/srv/a.db"),
        ("ProtectSystem=strict", "/srv/a.db", "strict / StateDirectory=chat, "),
        (f"ProtectSystem=strict\n{STATE}", "/var/lib/other/a.db", "/var/lib/other"),
        (f"DynamicUser=yes\n{STATE}", "/var/lib/chat/a.db", None),
        (f"DynamicUser=yes\n{STATE}StateDirectory=b", "/var/lib/chat/a.db", None),
        (
            f"DynamicUser=yes\n{STATE}WorkingDirectory=%S/chat",
            "/home/ann/chat/a.db",
            None,
        ),
        ("ProtectSystem=strict\nReadWritePaths=-/data", "/data/a.db", None),
        ("DynamicUser=yes", "/dev/a.db", None),
        ("User=chat\nProtectSystem=full", "/home/ann/chat/a.db", None),
        (f"DynamicUser=yes\n{STATE}WorkingDirectory=%h", "/srv/a.db", None),
        (
            f"DynamicUser=yes\n{STATE}Environment=A=1\nEnvironment=DB=/var/lib/chat/a",
            "/srv/a.db",
            None,
        ),
        (
            f"DynamicUser=yes\n{STATE}Environment=ACTORS_RUNTIME_DIR=/var/lib/chat",
            "/srv/a.db",
            "/srv/a.db",
        ),
        ("DynamicUser=yes\nEnvironmentFile=/etc/chat", "/srv/a.db", None),
    ],
)
def test_a_store_that_the_unit_may_not_write_is_found(
    unit: str, file: str, there: str | None
) -> None:
    """A relative path is in the unit's working folder, not in this one."""
    service, found = read_service(f"[Service]\n{unit}\n"), Found()
    assert service is not None
    found.stores.append(("/Tree/router", Path(file)))

    check_folders(service, HERE, "chat.service", found)

    said = [f"{each.what} / {each.right}" for each in found.findings]
    assert len(said) == (0 if there is None else 1)
    assert there is None or there in said[0]
