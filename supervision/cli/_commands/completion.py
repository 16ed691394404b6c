"""`actors completion`: what makes a shell complete commands and their options.

Made from the command line as it is declared, so it knows what this version knows.
Files are completed where nothing better is known.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping

from supervision.service import ExitCode

Words = Mapping[str, tuple[str, ...]]
"""`{command: its options}`."""


def print_completion(arguments: Namespace) -> int:
    """`actors completion SHELL`: `arguments.words` are the commands and options."""
    sys.stdout.write(_SCRIPTS[arguments.shell](arguments.words))
    return ExitCode.OK


def _cases(words: Words, line: str) -> str:
    return "\n".join(
        line.format(name=name, options=" ".join(options))
        for name, options in words.items()
    )


def _bash(words: Words) -> str:
    return f"""\
_actors() {{
  local word=${{COMP_WORDS[COMP_CWORD]}}
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "{" ".join(words)}" -- "$word"))
    return
  fi
  case ${{COMP_WORDS[1]}} in
{_cases(words, '    {name}) COMPREPLY=($(compgen -W "{options}" -- "$word")) ;;')}
  esac
}}
complete -o default -F _actors actors
"""


def _zsh(words: Words) -> str:
    return f"""\
#compdef actors
_actors() {{
  if (( CURRENT == 2 )); then
    compadd -- {" ".join(words)}
    return
  fi
  case $words[2] in
{_cases(words, "    {name}) compadd -- {options} ;;")}
  esac
  _files
}}
compdef _actors actors
"""


def _fish(words: Words) -> str:
    commands = " ".join(words)
    lines = [f"complete -c actors -n __fish_use_subcommand -a '{commands}'"]
    for name, options in words.items():
        lines += [
            f"complete -c actors -n '__fish_seen_subcommand_from {name}' "
            f"-l {option.removeprefix('--')}"
            for option in options
        ]
    return "\n".join(lines) + "\n"


_SCRIPTS = {"bash": _bash, "zsh": _zsh, "fish": _fish}
