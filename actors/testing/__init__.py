"""What you need to test your own actors.  A running service never loads it.

General layout; all of it stands on the public API of `actors`, with two exceptions:

    _seeds      seeds, run_seeded: many orders of scheduling (Trio's private parts)
    _standstill StandstillError: what waits for ever ends, and says so
    _livelock   LivelockError: what goes on for ever while the clock stands
    _waiting    who_waits: who that is, and in what (looks into the engine)
    _probe      Probe: an actor that writes down and expects
    _letters    DeadLetterProbe: the same for dead letters
    _log        EventLog: every event, and the promises that hold for every run
    _turn_book  what the events of sessions and turns may be
    _turn_log   TurnLog: those events, and the promises that hold for every run
    _faults     with_faults: hooks that fail where you say
    _tasks      open_tasks: is anything left behind?
    _stand_ins/ settled_receipt: a receipt without a router
    _models/    ScriptedModel, Tape: a model that follows a script, and its answers
    plugin      the option --actors-seed of pytest, and tests that must not pass

With pytest-trio: do not cancel its fixture `nursery`.  The test runs inside of it, so
it is cancelled too, and whatever it was to assert after that is not reached; the plugin
fails such a test.  Open a nursery of your own.
"""

from ._faults import Fault as Fault
from ._faults import with_faults as with_faults
from ._letters import DeadLetterProbe as DeadLetterProbe
from ._log import EventLog as EventLog
from ._models.calls import CallEnd as CallEnd
from ._models.calls import ModelCall as ModelCall
from ._models.scripted import ScriptedModel as ScriptedModel
from ._models.tape import RecordedError as RecordedError
from ._models.tape import Tape as Tape
from ._models.words import Answer as Answer
from ._models.words import Hold as Hold
from ._models.words import Model as Model
from ._models.words import ScriptError as ScriptError
from ._models.words import Wait as Wait
from ._models.words import words as words
from ._probe import Probe as Probe
from ._probe import start_probe as start_probe
from ._seeds import run_seeded as run_seeded
from ._seeds import seeds as seeds
from ._stand_ins.receipt import settled_receipt as settled_receipt
from ._standstill import LivelockError as LivelockError
from ._standstill import StandstillError as StandstillError
from ._tasks import open_tasks as open_tasks
from ._turn_log import TurnLog as TurnLog
from ._waiting import who_waits as who_waits

__all__ = (
    "Answer",
    "CallEnd",
    "DeadLetterProbe",
    "EventLog",
    "Fault",
    "Hold",
    "LivelockError",
    "Model",
    "ModelCall",
    "Probe",
    "RecordedError",
    "ScriptError",
    "ScriptedModel",
    "StandstillError",
    "Tape",
    "TurnLog",
    "Wait",
    "open_tasks",
    "run_seeded",
    "seeds",
    "settled_receipt",
    "start_probe",
    "who_waits",
    "with_faults",
    "words",
)
