"""The how-to guides about operations are true: what is in them works.

What wants a program that is not installed (`systemd-analyze`, a library for YAML) is
skipped where it is not.
"""

from __future__ import annotations

import configparser
import importlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import pytest

from supervision.cli._check.findings import Found
from supervision.cli._check.unit import check_unit, read_service
from tests.docs.pages import PATIENCE, ROOT
from tests.docs.tutorial import Reader, free_port

from .files import save, text_of

NO_SYSTEMD: Final = "no systemd-analyze here, which looks at units"


def blocks_of(page: str, language: str) -> list[str]:
    """The blocks of a guide in a language."""
    return re.findall(rf"```{language}\n(.*?)```", text_of(page), re.DOTALL)


def units() -> dict[str, str]:
    """`{name: text}` of the units of all guides here."""
    found = r"<!-- file: (\S+) -->\n```ini\n(.*?)```"
    pages = text_of("systemd") + text_of("backup")
    return dict(re.findall(found, pages, re.DOTALL))


@pytest.fixture
def folder() -> Generator[Path]:
    """A folder to work in; a socket is in it, so its path is short."""
    with tempfile.TemporaryDirectory(prefix="o-") as name:
        yield Path(name)


class StuckReader(Reader):
    """Somebody who does what the guide about stuck turns says, in a folder here.

    What is left of a limit differs, and the saved file has a line more, the import of
    its pauses.
    """

    def here(self, text: str) -> str:
        """A text of the page, as it is here."""
        text = re.sub(r"left: (\w+) \w+, time \w+", r"left: \1 ..., time ...", text)
        return re.sub(
            r"/srv/chat/stuck\.py:(\d+)",
            lambda found: f"{self.folder}/stuck.py:{int(found[1]) + 1}",
            super().here(text),
        )


def test_a_stuck_turn_is_found_by_the_commands_of_its_page(folder: Path) -> None:
    """All of them are typed, and say what stands there."""
    StuckReader("../how-to/stuck-turn.md", folder).do()


def test_the_unit_is_right_for_its_tree() -> None:
    """`actors check --unit` finds nothing in it; a template replaces its lines."""
    found = Found()
    service = read_service(units()["chat.service"])
    template = read_service(units()["chat@.service"])
    assert service is not None
    assert template is not None

    check_unit(service, "chat:Tree", "chat.service", found)

    assert found.findings == []
    assert template.keys() <= service.keys()
    assert "--budget 25" in template["ExecStart"]


@pytest.mark.parametrize("name", units())
def test_systemd_understands_a_unit(name: str, folder: Path) -> None:
    """All of its lines: one that it does not know is a warning."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip(NO_SYSTEMD)
    path = folder / name.replace("@", "@one")
    there = units()[name].replace("/srv/chat/.venv/bin/actors", "/bin/sh")
    path.write_text(there, encoding="utf-8")
    if path.suffix == ".timer":  # it wants what it starts
        path.with_suffix(".service").write_text("[Service]\nExecStart=/bin/sh\n")

    done = subprocess.run(  # noqa: S603 - our own documentation
        ["systemd-analyze", "verify", "--man=no", str(path)],  # noqa: S607
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert path.name not in done.stderr, done.stderr
    assert configparser.RawConfigParser(strict=False).read(path)


def documents(page: str) -> list[Any]:
    """The documents in YAML of a guide."""
    yaml: Any = importlib.import_module("yaml")  # Any: it has no types
    return [
        document
        for block in blocks_of(page, "yaml")
        for document in yaml.safe_load_all(block)
    ]


def test_the_set_of_one_pod_has_the_time_for_its_drain() -> None:
    """And its probes ask where the service answers."""
    budget, _service, pods = documents("kubernetes")
    spec = pods["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    args = container["args"]
    port = int(args[args.index("--metrics") + 1].rpartition(":")[2])
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    probes = {
        name: container[f"{name}Probe"]["httpGet"]["path"]
        for name in ("startup", "readiness", "liveness")
    }

    assert budget["kind"] == "PodDisruptionBudget"
    assert pods["spec"]["replicas"] == 1
    left = spec["terminationGracePeriodSeconds"] - int(args[args.index("--budget") + 1])
    assert left >= 3
    assert ports["metrics"] == port
    assert probes == {
        "startup": "/health",
        "readiness": "/ready",
        "liveness": "/health",
    }


def test_there_are_five_alerts_and_a_line_for_each() -> None:
    """In the order of the file."""
    scrape, rules = documents("prometheus")
    (group,) = rules["groups"]
    names = [rule["alert"] for rule in group["rules"]]

    assert scrape["scrape_configs"][0]["job_name"] == "chat"
    assert re.findall(r"^\| `(\w+)` \|", text_of("prometheus"), re.MULTILINE) == names
    assert all(rule["expr"].strip() and rule["for"] for rule in group["rules"])


def test_every_metric_of_the_page_is_there() -> None:
    """By its name in what serves them."""
    names = set(re.findall(r"\bactors_\w+", text_of("prometheus")))
    served = "".join(
        (ROOT / "supervision" / path).read_text(encoding="utf-8")
        for path in ("control/_endpoints/metrics.py", "service/_life/measures.py")
    )
    whole = {name.removesuffix("_bucket") for name in names}

    assert {name for name in whole if f'"{name}"' not in served} == set()


def test_every_metric_that_is_served_is_on_the_page_of_metrics() -> None:
    """By its name, so that whoever sees it there finds what it says."""
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    served = {
        name
        for path in ("control/_endpoints/metrics.py", "service/_life/measures.py")
        for name in re.findall(
            r'"(actors_\w+)"', (ROOT / "supervision" / path).read_text("utf-8")
        )
    }

    assert len(served) > 50
    assert sorted(served - set(re.findall(r"`(actors_\w+)[`{]", page))) == []


def dockerfile() -> dict[str, list[str]]:
    """`{instruction: what stands behind it}` of the guide about Docker."""
    (text,) = blocks_of("docker", "dockerfile")
    found: dict[str, list[str]] = {}
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        if line:
            word, _, rest = line.partition(" ")
            found.setdefault(word, []).append(rest)
    return found


def test_what_the_image_runs_is_well_and_drains(folder: Path) -> None:
    """Its command and its health check, typed here, beside the files of the page."""
    image = dockerfile()
    (command,) = image["CMD"]
    (check,) = re.findall(r"CMD (\[.*\])", image["HEALTHCHECK"][0])
    port = str(free_port())
    words: list[str] = json.loads(command.replace("9464", port))
    probe: list[str] = json.loads(check.replace("9464", port))
    variables = dict(each.split("=") for each in shlex.split(image["ENV"][0]))
    there = {name: f"{folder}{path}" for name, path in variables.items()}
    (folder / "data").mkdir()
    save("docker", folder)

    assert words[0] == "actors"
    with (
        subprocess.Popen(  # noqa: S603 - our own documentation
            [sys.executable, "-W", "error", "-m", "supervision.cli", *words[1:]],
            cwd=folder,
            env={**os.environ, **there},
            stderr=subprocess.PIPE,
            text=True,
        ) as service
    ):
        try:
            end = time.monotonic() + PATIENCE
            healthy = False
            while not healthy and service.poll() is None and time.monotonic() < end:
                done = subprocess.run(  # noqa: S603 - as above
                    [sys.executable, *probe[1:]],
                    capture_output=True,
                    timeout=PATIENCE,
                    check=False,
                )
                healthy = done.returncode == 0
            service.send_signal(signal.SIGTERM)
            _, log = service.communicate(timeout=PATIENCE)
        finally:
            service.kill()

    assert healthy, log
    assert service.returncode == 0, log
    assert (folder / "data" / "chat.db").exists()
    assert {"FROM", "RUN", "WORKDIR", "COPY", "USER"} == image.keys() - {
        "CMD",
        "ENV",
        "HEALTHCHECK",
    }


def test_the_container_has_the_time_for_its_drain() -> None:
    """By each of the two ways to start it."""
    budget = re.search(r'"--budget", "(\d+)"', dockerfile()["CMD"][0])
    stops = re.findall(
        r"(?:--stop-timeout|stop_grace_period:) (\d+)", text_of("docker")
    )
    (compose,) = documents("docker")

    assert budget is not None
    assert compose["services"]["chat"]["init"] is True
    assert len(stops) == 2 + 1
    assert all(int(stop) >= int(budget[1]) + 3 for stop in stops)
