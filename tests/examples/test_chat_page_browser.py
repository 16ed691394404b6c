"""The chat page in a real browser: what a person sees and does.

Words come when the test lets them, as in `test_chat_page`; the browser is asked until
it shows what it should, or its time is up.  Needs the extra `browser` and Chromium.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from examples import chat_page
from examples.chat_page_picture import LIMIT, Stage, play

from .browser import Browser, Page, expect, open_chromium

MANY = 100  # words: more than any answer has


@pytest.fixture(scope="module")
def chromium() -> Generator[Browser]:
    """One for all tests; each has its own profile."""
    with open_chromium() as browser:
        yield browser


@pytest.fixture
def stage() -> Generator[Stage]:
    """The page, served."""
    with play() as played:
        yield played


class Tab:
    """A tab, as a person uses it."""

    def __init__(self, page: Page, errors: list[str]) -> None:
        self.page = page
        self.errors = errors  # of its script
        self.said = page.locator(".said")
        self.answers = page.locator(".answer")
        self.outcomes = page.locator(".outcome")
        self.state = page.locator("#state")
        self.box = page.get_by_role("textbox")

    def say(self, text: str) -> None:
        """Type it, press Enter, and see it on the page."""
        before = self.said.count()
        self.box.fill(text)
        expect(self.page.locator("#send")).to_be_enabled()
        self.box.press("Enter")
        expect(self.said).to_have_count(before + 1)


class Profile:
    """A person's browser: tabs that share what is stored."""

    def __init__(self, chromium: Browser, stage: Stage) -> None:
        self.context = chromium.new_context(reduced_motion="reduce")
        self.context.set_default_timeout(10_000)
        self.stage = stage
        self.errors: list[str] = []

    def open(self, name: str) -> Tab:
        """Open a tab with a session."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda line: self.errors.append(line.text))
        page.goto(f"{self.stage.url}/#{name}")
        expect(page.locator("#state")).to_have_text("idle")
        return Tab(page, self.errors)


@pytest.fixture
def profile(chromium: Browser, stage: Stage) -> Generator[Profile]:
    """A new profile; its pages must not have complained about anything."""
    made = Profile(chromium, stage)
    yield made
    made.context.close()
    assert made.errors == []


def test_words_are_seen_one_by_one(profile: Profile, stage: Stage) -> None:
    """The answer grows; it is marked as running, and then as completed."""
    tab = profile.open("ann")

    tab.say("hello")
    stage.words(1)
    expect(tab.answers).to_have_text("“hello”")
    expect(tab.state).to_have_text("answering")
    expect(tab.page).to_have_title("● ann - chat")
    stage.words(1)
    expect(tab.answers).to_have_text("“hello” is")
    stage.words(MANY)

    expect(tab.outcomes).to_contain_text("Completed · ")
    expect(tab.answers).to_contain_text("it does not wait for me.")
    expect(tab.state).to_have_text("idle")
    expect(tab.page).to_have_title("ann - chat")


@pytest.mark.parametrize("way", ["button", "key"])
def test_stop_ends_the_answer(profile: Profile, stage: Stage, way: str) -> None:
    """What was said stays, the next prompt is answered; then nothing can be stopped."""
    tab = profile.open("ann")
    stop = tab.page.get_by_role("button", name="Stop")
    expect(stop).to_be_hidden()

    tab.say("hello")
    stage.words(3)
    expect(tab.answers).to_have_text("“hello” is number")
    if way == "button":
        stop.click()
    else:
        tab.page.keyboard.press("Escape")
    expect(tab.outcomes).to_have_text("Stopped · 3 words")
    expect(stop).to_be_hidden()
    tab.say("again")
    stage.words(4)

    expect(tab.answers.nth(1)).to_have_text("“again” is number 1")
    expect(tab.answers.nth(0)).to_have_text("“hello” is number")


def test_steering_is_seen_where_it_took_effect(profile: Profile, stage: Stage) -> None:
    """It waits, then stands in the answer that it has changed; there is no other."""
    tab = profile.open("ann")
    send = tab.page.locator("#send")

    tab.say("hello")
    stage.words(2)
    expect(send).to_have_text("Steer")
    tab.say("shorter")
    expect(tab.page.locator(".exchange[data-is=waiting] .said")).to_have_text("shorter")
    stage.words(2)
    expect(tab.page.locator(".answer .steer")).to_have_text("↳ steeredshorter")
    expect(tab.said).to_have_text(["hello"])
    stage.words(MANY)

    expect(tab.outcomes).to_have_count(1)
    expect(tab.answers).to_have_text(
        "“hello” is ↳ steeredshorter“shorter”: all right, I go on from there."
    )
    expect(send).to_have_text("Send")


def test_what_was_to_steer_is_taken_back_by_a_stop(
    profile: Profile, stage: Stage
) -> None:
    """And the page says so."""
    tab = profile.open("ann")

    tab.say("hello")
    stage.words(1)
    tab.say("more")
    tab.page.keyboard.press("Escape")

    expect(tab.outcomes).to_have_text(
        ["Stopped · 1 word", "Taken back · before it was answered"]
    )


def test_two_tabs_have_two_sessions(profile: Profile, stage: Stage) -> None:
    """They answer at the same time; each tab sees that the other's is busy."""
    ann, bob = profile.open("ann"), profile.open("bob")

    ann.say("hello")
    bob.say("salut")
    stage.words(2)

    expect(ann.answers).to_have_text("“hello” is")
    expect(bob.answers).to_have_text("“salut” is")
    for tab in (ann, bob):
        expect(tab.page.locator("nav a.busy span")).to_have_text(["bob", "ann"])
    bob.page.keyboard.press("Escape")
    expect(ann.page.locator("nav a.busy span")).to_have_text(["ann"])


def test_a_reload_loses_nothing(profile: Profile, stage: Stage) -> None:
    """In the middle of an answer: what was said is there, and it goes on."""
    tab = profile.open("ann")

    tab.say("hello")
    stage.words(3)
    expect(tab.answers).to_have_text("“hello” is number")
    tab.page.reload()
    expect(tab.answers).to_have_text("“hello” is number")
    stage.words(1)

    expect(tab.said).to_have_text(["hello"])
    expect(tab.answers).to_have_text("“hello” is number 1")
    expect(tab.state).to_have_text("answering")


def test_two_windows_on_a_session_show_the_same(
    chromium: Browser, profile: Profile, stage: Stage
) -> None:
    """Whoever looks reads along, and may stop."""
    other = Profile(chromium, stage)
    mine, theirs = profile.open("ann"), other.open("ann")

    mine.say("hello")
    stage.words(2)
    expect(theirs.answers).to_have_text("“hello” is")
    theirs.page.keyboard.press("Escape")

    expect(mine.outcomes).to_have_text("Stopped · 2 words")
    other.context.close()
    assert other.errors == []


def test_another_session_is_picked_in_the_list_and_by_its_address(
    profile: Profile, stage: Stage
) -> None:
    """Its conversation is there, and the other's is not; any text is a name."""
    tab = profile.open("ann")
    tab.say("hello")
    stage.words(2)

    tab.page.goto(f"{stage.url}/#b%2F%3F%C3%A9")
    expect(tab.page.locator("h1")).to_have_text("b/?é")
    expect(tab.said).to_have_count(0)
    tab.say("salut")
    stage.words(1)
    expect(tab.answers).to_have_text("“salut”")
    tab.page.get_by_role("link", name="ann").click()

    expect(tab.said).to_have_text(["hello"])
    expect(tab.answers).to_have_text("“hello” is number")


def test_a_new_session_gets_a_name(profile: Profile, stage: Stage) -> None:
    """Also whoever comes without one."""
    tab = Tab(profile.context.new_page(), profile.errors)
    tab.page.goto(stage.url)
    heading = tab.page.locator("h1")
    expect(heading).not_to_be_empty()
    first = heading.inner_text()
    tab.page.get_by_role("button", name="New session").click()
    expect(heading).not_to_have_text(first)
    second = heading.inner_text()

    assert tab.page.url.endswith(f"#{second}")
    expect(tab.page.locator("nav a")).to_have_count(2)


def test_markup_is_text(profile: Profile, stage: Stage) -> None:
    """In what is said, in what steers, and in a session's name."""
    tab = profile.open("%3Cb%3Eann")
    evil = "<img src=x onerror=alert(1)>"

    tab.say(evil)
    stage.words(1)
    tab.say(evil)
    stage.words(20)

    expect(tab.page.locator("h1")).to_have_text("<b>ann")
    expect(tab.page.locator(".steer span")).to_have_text(evil)
    expect(tab.said).to_have_text([evil])
    expect(
        tab.page.locator("#log img, #log b:not(.steer b, .outcome b)")
    ).to_have_count(0)


def test_the_page_comes_back_with_the_service(
    profile: Profile, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says that it is alone, keeps what is typed, and finds the next service."""
    monkeypatch.setattr(chat_page, "PORT", int(stage.url.rpartition(":")[2]))
    tab = profile.open("ann")
    tab.box.fill("hello")

    stage.run(lambda: stage.service.stop_now("a test"))
    stage.player.join(LIMIT)
    expect(tab.state).to_have_text("reconnecting …")
    expect(tab.page.locator("#send")).to_be_disabled()
    profile.errors.clear()  # the browser tells of connections that were refused
    with play(chat_page.PORT) as again:
        expect(tab.state).to_have_text("idle")
        profile.errors.clear()
        tab.box.press("Enter")
        expect(tab.said).to_have_text(["hello"])
        again.words(1)
        expect(tab.answers).to_have_text("“hello”")
        tab.page.goto("about:blank")


def test_the_pictures_are_taken(tmp_path: Path) -> None:
    """By the command that the documentation names."""
    subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "examples.chat_page_picture", str(tmp_path)],
        cwd=Path(__file__).resolve().parents[2],
        timeout=LIMIT,
        check=True,
    )

    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert sizes.keys() == {"chat_page.png", "chat_page_dark.png"}
    assert min(sizes.values()) > 50_000
