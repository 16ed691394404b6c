"""What befalls the nodes of `python -m examples.cluster`, and what it comes to."""

import signal

import trio

from examples.cluster.audit import audit
from examples.cluster.node import TTL
from examples.cluster.proxy import Proxy
from examples.cluster.senders import Senders
from examples.cluster.town import Town

SHOWN = 10  # faults


async def whole(town: Town, turns: int, seconds: float) -> int:
    """Begin, play, and count."""
    town.say("a server is made")
    await town.server.make()
    town.say("nodes a, b and c begin")
    await town.start("a", "b", "c")
    senders = Senders(await town.nursery.start(town.proxy.serve), turns, seconds)
    keys = len({each.key for each in senders.prompts})
    town.say(f"users send {turns:,} prompts of {keys:,} conversations")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(senders.run)
        await course(town)
        town.say("what is left is waited for")
    town.say("all prompts have their outcome; it is counted")
    wrong = await audit(town.server, senders, list(town.proxy.ports.values()))
    for process in town.nodes.values():
        process.terminate()
    statuses = [await each.wait() for each in town.nodes.values()]
    if any(statuses):
        wrong.append(f"the last nodes ended with {statuses}")
    wrong += town.reports()
    town.nursery.cancel_scope.cancel()
    if wrong:
        town.show_logs()
    return told(town.proxy, senders, wrong)


async def course(town: Town) -> None:
    """Everything that befalls them."""
    await trio.sleep(5)
    town.say("node b is killed (kill -9)")
    del town.proxy.ports["b"]
    process = town.nodes.pop("b")
    process.kill()
    await process.wait()
    await town.settled()
    await trio.sleep(3)
    town.say(
        f"node c is stopped (SIGSTOP) for {3 * TTL:g} s, its leases live {TTL:g} s"
    )
    town.nodes["c"].send_signal(signal.SIGSTOP)
    await trio.sleep(3 * TTL)
    town.nodes["c"].send_signal(signal.SIGCONT)
    town.say("node c goes on")
    await town.settled()
    await trio.sleep(3)
    before = await town.epochs()
    town.say("the server is restarted, and is away for three seconds")
    await town.server.stop()
    await trio.sleep(3)
    await town.server.start()
    await trio.sleep(TTL)
    town.say(f"   partitions that changed hands: {await town.epochs() - before}")
    town.say("node d is added")
    await town.start("d")
    await trio.sleep(3)
    town.say("node a is drained (SIGTERM)")
    process = town.nodes.pop("a")
    process.terminate()
    with trio.fail_after(40):
        status = await process.wait()
    del town.proxy.ports["a"]
    town.say(f"node a has ended, with status {status}")
    await town.settled()


def told(proxy: Proxy, senders: Senders, wrong: list[str]) -> int:
    """Print the summary; give the exit status."""
    accepted = sum(map(len, senders.accepted.values()))
    print(f"\naccepted   {accepted:,} prompts of {len(senders.accepted):,} sessions")
    print(f"told       {len(senders.told):,} outcomes")
    for what, number in senders.notes.most_common():
        print(f"           {number:,} x {what}")
    print(f"routed     {proxy.routed:,} to their owner, {proxy.astray:,} elsewhere")
    for each in wrong[:SHOWN]:
        print(f"WRONG      {each}")
    if len(wrong) > SHOWN:
        print(f"WRONG      and {len(wrong) - SHOWN} more")
    if not wrong:
        print("states     each is the completed prompts of its session, in order")
    print("it adds up" if not wrong else "it does NOT add up")
    return int(bool(wrong))
