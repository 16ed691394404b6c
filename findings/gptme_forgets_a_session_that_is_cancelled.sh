#!/usr/bin/env bash
# gptme: `session/cancel` ends the session, not the turn; what comes next is `cancelled`.
#
# A client of the Agent Client Protocol sends `session/cancel` when its user has read
# enough.  The guess is that the turn ends soon, with the stop reason `cancelled`, and that
# the conversation goes on.  gptme forgets the session instead, and the turn runs on to its
# end: it is answered with all its words and `end_turn`.  It is the next prompt, and each
# one after it, that is answered with `cancelled`, at once, and without a word: that the
# session is unknown stands in the log alone.  A client that takes the answer for what it
# says waits for a user who has cancelled nothing.  After a cancel begin a new session.
#
# Takes PYTHON, python3.13 by default.  Seen with gptme 0.35.1, gptme-acp 0.35.1:
#
#     cancelled while it runs: end_turn, and the model has said: never mind
#     the prompt after that:   cancelled, and the model was not asked
#     in a new session:        end_turn, and the model has said: never mind
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3.13}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet gptme-acp==0.35.1 'gptme[acp]==0.35.1'
mkdir "$work/home" "$work/project" "$work/other"
export HOME=$work/home OPENAI_API_KEY=dummy MODEL=local/scripted TOOL_FORMAT=tool
export HTTPS_PROXY=http://127.0.0.1:9 NO_PROXY=127.0.0.1
unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME
"$work/venv/bin/gptme" --version

"$work/venv/bin/python" - "$work" <<'PY'
import http.server, json, os, subprocess, sys, threading, time

work = sys.argv[1]
asked, go_on = threading.Event(), threading.Event()
count = 0


class Model(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        global count
        self.rfile.read(int(self.headers["content-length"]))
        count += 1
        asked.set()
        go_on.wait(60)
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for delta, reason in (({"content": "never mind"}, None), ({}, "stop")):
            choice = {"index": 0, "delta": delta, "finish_reason": reason}
            line = {"id": "1", "object": "chat.completion.chunk", "created": 0}
            line |= {"model": "scripted", "choices": [choice]}
            self.wfile.write(b"data: " + json.dumps(line).encode() + b"\n\n")
        self.wfile.write(b"data: [DONE]\n\n")

    def do_GET(self):
        self.send_error(404)

    def log_message(self, *_):
        pass


model = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
threading.Thread(target=model.serve_forever, daemon=True).start()
os.environ["OPENAI_BASE_URL"] = f"http://127.0.0.1:{model.server_port}/v1"
agent = subprocess.Popen(
    [f"{work}/venv/bin/gptme-acp"], cwd=f"{work}/project", stdin=subprocess.PIPE,
    stdout=subprocess.PIPE, stderr=open(f"{work}/log", "w"),
)
numbers, said = iter(range(1, 99)), []


def write(method, number=None, **params):
    line = {"jsonrpc": "2.0", "method": method, "params": params}
    line |= {} if number is None else {"id": number}
    agent.stdin.write(json.dumps(line).encode() + b"\n")
    agent.stdin.flush()
    return number


def answer(number):
    for line in agent.stdout:
        message = json.loads(line)
        if message.get("method") == "session/update":
            content = message["params"]["update"].get("content") or {}
            said.append(content.get("text", ""))
        elif message.get("id") == number:
            return message["result"]
    raise SystemExit("the agent has gone")


def begin(folder):
    where = {"cwd": f"{work}/{folder}", "mcpServers": []}
    return answer(write("session/new", next(numbers), **where))["sessionId"]


def prompt(session, text):
    said.clear()
    blocks = [{"type": "text", "text": text}]
    return write("session/prompt", next(numbers), sessionId=session, prompt=blocks)


answer(write("initialize", next(numbers), protocolVersion=1, clientCapabilities={}))
session = begin("project")
first = prompt(session, "Tell me a long story.")
if not asked.wait(120):
    raise SystemExit("the model was not asked")
write("session/cancel", sessionId=session)
for _ in range(300):
    if "Cancelling session" in open(f"{work}/log").read():
        break
    time.sleep(0.1)
else:
    raise SystemExit("the agent has not heard of the cancel")
go_on.set()
one = answer(first)["stopReason"], "never mind" in "".join(said)
before = count
two = answer(prompt(session, "A short one, then."))["stopReason"], count > before
three = answer(prompt(begin("other"), "Once more."))["stopReason"]
three = three, "never mind" in "".join(said)


def words(yes):
    return "has said: never mind" if yes else "was not asked"


print(f"cancelled while it runs: {one[0]}, and the model {words(one[1])}")
print(f"the prompt after that:   {two[0]}, and the model {words(two[1])}")
print(f"in a new session:        {three[0]}, and the model {words(three[1])}")
agent.kill()
agent.wait()
done, forgotten = ("end_turn", True), ("cancelled", False)
sys.exit((one, two, three) != (done, forgotten, done))
PY
