"""How an agent is had and started, as a value; and the folder in which it lives.

In words of a recipe, `$url` is the scripted model, `$home` and `$project` the agent's
home and working directory, `$bin` where its programs are.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template

import attrs

from supervision.acp import AgentSettings


@attrs.frozen
class Recipe:
    """How one agent is had, started, and pointed at the scripted model."""

    name: str
    """Its name here, and that of its file of results."""
    command: Sequence[str]
    """Its program and arguments."""
    npm: Sequence[str] = ()
    """Packages with their versions: `package@1.2.3`."""
    pypi: Sequence[str] = ()
    """Packages with their versions: `package==1.2.3`."""
    scripts: bool = False
    """Whether npm may run the scripts of these packages."""
    node: str = ""
    """The major version of Node.js that is installed beside it; nothing: ours."""
    python: str = "3.13"
    """The version of Python that it is installed for."""
    version: Sequence[str] = ()
    """A command that prints its version; nothing: `agentInfo` tells."""
    dialect: str = "openai chat"
    """Which API of a model it is made to use; nothing: it asks no model of ours."""
    env: Mapping[str, str] = attrs.field(factory=dict[str, str])
    """Over the environment."""
    files: Mapping[str, str] = attrs.field(factory=dict[str, str])
    """`{path: text}` below its home, or its working directory: `$project/...`."""
    auth: str = ""
    """The id of the way to log in that is asked for before a session is made."""
    note: str = ""
    """What whoever runs it should know, as Markdown."""

    @property
    def packages(self) -> str:
        """What is installed, with versions, as one word or a few."""
        return ", ".join((*self.npm, *self.pypi))


@attrs.frozen
class Place:
    """The folder of an agent: what is installed, its home, and where it works."""

    root: Path

    @property
    def home(self) -> Path:
        """Its home; what it keeps is here."""
        return self.root / "home"

    @property
    def project(self) -> Path:
        """Its working directory, named as a user's may be: some tell its name."""
        return self.root / "project"

    @property
    def npm(self) -> Path:
        """Where npm has installed it."""
        return self.root / "npm"

    @property
    def venv(self) -> Path:
        """Where pip has installed it."""
        return self.root / "venv"

    def filled(self, text: str, url: str) -> str:
        """Fill in a word of a recipe."""
        return Template(text).safe_substitute(
            url=url,
            home=self.home,
            project=self.project,
            bin=self.npm / "node_modules" / ".bin",
            venv=self.venv / "bin",
            npm=self.npm / "node_modules",
        )

    def lay_out(self, recipe: Recipe, url: str) -> None:
        """Make its home and working directory, and write its files."""
        for folder in (self.home, self.project):
            folder.mkdir(parents=True, exist_ok=True)
        for name, text in recipe.files.items():
            path = self.home / self.filled(name, url)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.filled(text, url), encoding="utf-8")

    def settings(self, recipe: Recipe, url: str) -> AgentSettings:
        """Say how it is run."""
        return AgentSettings(
            [self.filled(word, url) for word in recipe.command],
            cwd=self.project,
            env=self.environment(recipe, url),
            start_within=150.0,
            end_within=3.0,
        )

    def environment(self, recipe: Recipe, url: str) -> dict[str, str]:
        """Give its environment: all its own, and no way out but to loopback."""
        programs = (self.npm / "node_modules" / ".bin", self.venv / "bin")
        nowhere = "http://127.0.0.1:9"
        made = {
            "HOME": str(self.home),
            "PATH": os.pathsep.join([*map(str, programs), os.environ["PATH"]]),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "XDG_DATA_HOME": str(self.home / ".local" / "share"),
            "XDG_STATE_HOME": str(self.home / ".local" / "state"),
            "XDG_CACHE_HOME": str(self.home / ".cache"),
            "HTTP_PROXY": nowhere,
            "HTTPS_PROXY": nowhere,
            "http_proxy": nowhere,
            "https_proxy": nowhere,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }
        return made | {k: self.filled(v, url) for k, v in recipe.env.items()}
