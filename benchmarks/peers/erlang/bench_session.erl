%% A session of a pool: a gen_server that takes one turn at a time.
%%
%% Each turn is a process of its own, so that it can be killed and the session goes on.
%% It is monitored: what it ends with is its outcome, which goes to whoever has sent the
%% prompt. How prompts are sent, and what turns do, is in bench_sessions.erl.
-module(bench_session).
-behaviour(gen_server).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-record(session, {body, turn = none, waiting = queue:new()}).

init(Body) -> {ok, #session{body = Body}}.

handle_call(state, _From, Session) -> {reply, Session, Session}.

handle_cast({prompt, Id, From, Value, Reader}, #session{turn = none} = Session) ->
    {noreply, begin_turn({Id, From, Value, Reader}, Session)};
handle_cast({prompt, Id, From, Value, Reader}, #session{waiting = Waiting} = Session) ->
    Prompt = {Id, From, Value, Reader},
    {noreply, Session#session{waiting = queue:in(Prompt, Waiting)}};
handle_cast(stop, Session) -> {stop, normal, Session}.

handle_info({'DOWN', Monitor, process, _, Reason},
            #session{turn = {Monitor, Id, From}} = Session) ->
    From ! {outcome, Id, outcome(Reason)},
    {noreply, next_turn(Session)}.

outcome({answer, Result}) -> {completed, Result};
outcome(Reason) -> {failed, Reason}.

next_turn(#session{waiting = Waiting} = Session) ->
    case queue:out(Waiting) of
        {empty, _} -> Session#session{turn = none};
        {{value, Prompt}, Rest} -> begin_turn(Prompt, Session#session{waiting = Rest})
    end.

begin_turn({Id, From, Value, Reader}, #session{body = Body} = Session) ->
    {_, Monitor} = spawn_monitor(fun() -> exit({answer, Body(Value, Id, Reader)}) end),
    Session#session{turn = {Monitor, Id, From}}.
