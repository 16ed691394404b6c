"""The agents that were tried, each with its recipe; keys are dummies."""

from __future__ import annotations

import json

from .recipe import Recipe

OPENCODE = json.dumps(
    {
        "autoupdate": False,
        "share": "disabled",
        "model": "scripted/scripted",
        "small_model": "scripted/scripted",
        "provider": {
            "scripted": {
                "npm": "@ai-sdk/openai-compatible",
                "options": {"baseURL": "$url/v1", "apiKey": "dummy"},
                "models": {"scripted": {"name": "scripted", "tool_call": True}},
            }
        },
    }
)
CODEX = """\
model = "gpt-5.5"
model_provider = "scripted"
[model_providers.scripted]
name = "scripted"
base_url = "$url/v1"
wire_api = "responses"
env_key = "OPENAI_API_KEY"
"""
VIBE = """\
active_model = "scripted"
enable_telemetry = false
enable_update_checks = false
[[providers]]
name = "scripted"
api_base = "$url/v1"
api_key_env_var = "SCRIPTED_KEY"
[[models]]
name = "scripted"
provider = "scripted"
alias = "scripted"
"""
KIMI = """\
default_model = "scripted"
[models.scripted]
provider = "scripted"
model = "scripted"
max_context_size = 100000
[providers.scripted]
type = "openai_legacy"
base_url = "$url/v1"
api_key = "dummy"
"""
KIMI_LOGIN = json.dumps(
    {
        "access_token": "dummy",
        "refresh_token": "dummy",
        "expires_at": 4_000_000_000,
        "scope": "",
        "token_type": "Bearer",
        "expires_in": 100_000_000,
    }
)
PI = json.dumps(
    {
        "providers": {
            "scripted": {
                "baseUrl": "$url/v1",
                "api": "openai-completions",
                "apiKey": "dummy",
                "models": [{"id": "scripted"}],
            }
        }
    }
)
HERMES = """\
model:
  provider: custom
  base_url: $url/v1
  api_key: dummy
  default: scripted
"""

PUPPY = """\
[puppy]
puppy_name = scripted
owner_name = scripted
model = scripted
"""

RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "claude-agent-acp",
            ["$bin/claude-agent-acp"],
            npm=["@agentclientprotocol/claude-agent-acp@0.101.0"],
            node="22",
            dialect="anthropic messages",
            env={
                "ANTHROPIC_BASE_URL": "$url",
                "ANTHROPIC_API_KEY": "dummy",
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
                "IS_SANDBOX": "1",
            },
            note=(
                "begins in `auto`, where nothing was asked; `default` asks for "
                "both. Started by root it opens no session unless `IS_SANDBOX=1`: "
                "it is started so that permissions can be skipped, whether or not "
                "they are. What it has to say about the bill of `auto` comes among "
                "the pieces of an answer, marked as no part of it: `AgentSession` "
                "gives it as `Information`."
            ),
        ),
        Recipe(
            "codex-acp",
            ["$bin/codex-acp"],
            npm=["@agentclientprotocol/codex-acp@2.6.0"],
            node="22",
            dialect="openai responses",
            files={".codex/config.toml": CODEX},
            env={"OPENAI_API_KEY": "dummy", "CODEX_HOME": "$home/.codex"},
            note=(
                "a patch that is denied ends the turn as `cancelled`, although no "
                "one has cancelled it. In `read-only` a command is not asked for: "
                "it runs in a sandbox, and fails there. With a model that it does "
                "not know, a warning is the beginning of the answer. Who asks for "
                "version 2 must greet in the form of version 2."
            ),
        ),
        Recipe(
            "opencode",
            ["$npm/opencode-linux-x64/bin/opencode", "acp"],
            npm=["opencode-ai@1.18.33"],
            version=["$npm/opencode-linux-x64/bin/opencode", "--version"],
            files={".config/opencode/opencode.json": OPENCODE},
            note=(
                "nothing was asked in either mode; in `plan` files are not written,"
                " but commands run, also those that write."
            ),
        ),
        Recipe(
            "kilo",
            ["$npm/@kilocode/cli-linux-x64/bin/kilo", "acp"],
            npm=["@kilocode/cli-linux-x64@7.7.9"],
            version=["$npm/@kilocode/cli-linux-x64/bin/kilo", "--version"],
            files={".config/kilo/kilo.json": OPENCODE},
            note=(
                "akin to opencode. Nothing was asked in any mode; in `ask` and "
                "`plan` the model is offered what it may not do, and it is not "
                "done."
            ),
        ),
        Recipe(
            "qwen-code",
            ["$bin/qwen", "--acp"],
            npm=["@qwen-code/qwen-code@0.24.4"],
            node="22",
            version=["$bin/qwen", "--version"],
            files={
                ".qwen/settings.json": json.dumps(
                    {
                        "security": {"auth": {"selectedType": "openai"}},
                        "model": {"name": "scripted"},
                        "privacy": {"usageStatisticsEnabled": False},
                    }
                )
            },
            env={
                "OPENAI_API_KEY": "dummy",
                "OPENAI_BASE_URL": "$url/v1",
                "OPENAI_MODEL": "scripted",
            },
            note=(
                "begins in `auto`, where files are written unasked. A second prompt"
                " ends the first one with an internal error. Its launcher goes at "
                "SIGTERM, and two processes of it stay. Some requests have two "
                "options of the kind `allow_once`."
            ),
        ),
        Recipe(
            "gemini-cli",
            ["$bin/gemini", "--acp"],
            npm=["@google/gemini-cli@0.61.0"],
            version=["$bin/gemini", "--version"],
            dialect="google generate",
            files={
                ".gemini/settings.json": json.dumps(
                    {
                        "security": {
                            "auth": {"selectedType": "gemini-api-key"},
                            "folderTrust": {"enabled": False},
                        },
                        "privacy": {"usageStatisticsEnabled": False},
                    }
                )
            },
            env={
                "GEMINI_API_KEY": "dummy",
                "GOOGLE_GEMINI_BASE_URL": "$url",
                "GEMINI_MODEL": "gemini-2.5-flash",
            },
            note=(
                "the request for permission is the first that is heard of a tool. "
                "It does not go at SIGTERM, nor at the end of its input in the "
                "middle of an answer. A session that is loaded within the minute in"
                " which it was begun cannot be loaded, then or later: the file that"
                " has it is begun again."
            ),
        ),
        Recipe(
            "copilot",
            ["$bin/copilot", "--acp"],
            npm=["@github/copilot@1.0.102"],
            version=["$bin/copilot", "--version"],
            env={
                "COPILOT_PROVIDER_BASE_URL": "$url/v1",
                "COPILOT_PROVIDER_API_KEY": "dummy",
                "COPILOT_PROVIDER_TYPE": "openai",
                "COPILOT_MODEL": "scripted",
                "COPILOT_OFFLINE": "true",
            },
            note=(
                "its launcher goes at SIGTERM, and the agent stays. After a denial "
                "the answer is `Info: Operation cancelled by user`, and an error of"
                " the model is an answer, too."
            ),
        ),
        Recipe(
            "pi-acp",
            ["$bin/pi-acp"],
            npm=["pi-acp@0.0.34", "@earendil-works/pi-coding-agent@1.6.0"],
            node="22",
            env={"PI_OFFLINE": "1", "npm_config_fetch_retries": "0"},
            files={
                ".pi/agent/models.json": PI,
                ".pi/agent/settings.json": json.dumps(
                    {"defaultProvider": "scripted", "defaultModel": "scripted"}
                ),
            },
            note=(
                "an adapter; pi itself is version 1.6.0, and has no permissions. "
                "Its modes are how much it thinks. A banner with pi's version is "
                "said as a piece of an answer when a session is opened, or comes "
                "with the first one. An error of the model is an empty answer. "
                "Without a network `session/new` takes its time: it looks for a "
                "newer pi."
            ),
        ),
        Recipe(
            "kimi-code",
            ["$bin/kimi", "acp"],
            npm=["@moonshot-ai/kimi-code@2.1.0"],
            node="22",
            version=["$bin/kimi", "--version"],
            files={".kimi-code/config.toml": KIMI.replace("openai_legacy", "openai")},
            env={"KIMI_CODE_HOME": "$home/.kimi-code"},
            note=(
                "refuses a second prompt while it answers one. An error of the "
                "model is an empty answer."
            ),
        ),
        Recipe(
            "cline",
            ["$npm/@cline/cli-linux-x64/bin/cline", "--acp"],
            npm=["cline@3.0.65"],
            version=["$npm/@cline/cli-linux-x64/bin/cline", "--version"],
            note=("has ways to log in, and opens no session before that."),
        ),
        Recipe(
            "auggie",
            ["$bin/auggie", "--acp"],
            npm=["@augmentcode/auggie@0.36.0"],
            version=["$bin/auggie", "--version"],
            dialect="",
        ),
        Recipe(
            "qodercli",
            ["$bin/qodercli", "--acp"],
            npm=["@qoder-ai/qodercli@1.1.52"],
            version=["$bin/qodercli", "--version"],
            dialect="",
        ),
        Recipe(
            "mistral-vibe",
            ["$venv/vibe-acp"],
            pypi=["mistral-vibe==3.0.2"],
            version=["$venv/vibe-acp", "--version"],
            files={".vibe/config.toml": VIBE},
            env={"VIBE_HOME": "$home/.vibe", "SCRIPTED_KEY": "dummy"},
            note=(
                "begins in `accept-edits`, where files are written unasked. It "
                "refuses a second prompt while it answers one, can `resume` without"
                " saying so, and takes some seconds to go, at the end of its input "
                "as at SIGTERM."
            ),
        ),
        Recipe(
            "kimi-cli",
            ["$venv/kimi", "acp"],
            pypi=["kimi-cli==1.52.0"],
            version=["$venv/kimi", "--version"],
            files={
                ".kimi/config.toml": KIMI,
                ".kimi/credentials/kimi-code.json": KIMI_LOGIN,
            },
            note=(
                "the last release says that it is no longer maintained, and exits; "
                "its successor is kimi-code."
            ),
        ),
        Recipe(
            "hermes",
            ["$venv/hermes-acp"],
            pypi=["hermes-agent[acp]==0.19.0"],
            version=["$venv/hermes", "--version"],
            files={".hermes/config.yaml": HERMES},
            note=(
                "the command was not asked for in any mode, the file in `default`. A "
                "prompt for a session that it does not know is a `refusal`."
            ),
        ),
        Recipe(
            "fast-agent",
            ["$venv/fast-agent-acp", "--model", "generic.scripted", "--shell"],
            pypi=["fast-agent-mcp==0.10.48"],
            version=["$venv/fast-agent", "--version"],
            env={"GENERIC_API_KEY": "dummy", "GENERIC_BASE_URL": "$url/v1"},
            note=(
                "with `--shell`; nothing was asked. A prompt for a session that it "
                "does not know is a `refusal`, and it says that it speaks whatever "
                "version it is asked for."
            ),
        ),
        Recipe(
            "code-puppy",
            ["$venv/code-puppy", "--acp"],
            pypi=["code-puppy==0.0.946"],
            version=["$venv/code-puppy", "--version"],
            files={
                ".config/code_puppy/puppy.cfg": PUPPY,
                ".local/share/code_puppy/extra_models.json": json.dumps(
                    {
                        "scripted": {
                            "type": "custom_openai",
                            "name": "scripted",
                            "custom_endpoint": {
                                "url": "$url/v1",
                                "api_key": "dummy",
                            },
                            "context_length": 100_000,
                        }
                    }
                ),
            },
            note=(
                "nothing was asked. It says that it can `resume`, and has no such "
                "method; `load` works. A turn that is cancelled ends as if it had "
                "come to its end, and an error of the model is a `refusal`. It "
                "takes its time to start."
            ),
        ),
        Recipe(
            "deepagents",
            ["$venv/python", "-m", "deepagents_acp"],
            pypi=["deepagents-acp==0.0.13", "langchain-openai==1.7.4"],
            env={"OPENAI_API_KEY": "dummy", "OPENAI_BASE_URL": "$url/v1"},
            note=(
                "the example agent of the package, which has no shell, asks "
                "nothing, and keeps its sessions in memory. It answers two prompts "
                "of one session at once, and says that it speaks whatever version "
                "it is asked for."
            ),
        ),
        Recipe(
            "gptme",
            ["$venv/gptme-acp"],
            pypi=["gptme-acp==0.35.1", "gptme[acp]==0.35.1"],
            version=["$venv/gptme", "--version"],
            env={
                "OPENAI_API_KEY": "dummy",
                "OPENAI_BASE_URL": "$url/v1",
                "MODEL": "local/scripted",
                "TOOL_FORMAT": "tool",
            },
            note=(
                "its tools are blocks of Markdown and no tools of the model's API, "
                "so none was called. A new session in the same folder began with "
                "what earlier ones there were told. Who cancels a turn ends the "
                "session: the turn runs on to its end, and every prompt after it is "
                "answered with `cancelled`, without a word."
            ),
        ),
    )
}
"""By name, in the order of the page."""
