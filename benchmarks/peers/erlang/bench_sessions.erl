%% Sessions and turns: what is measured, and the time; bench_session.erl is a session.
%%
%% Called by bench.erl, with the same answers. The sessions are found in an ets table;
%% whoever has sent a prompt checks its outcome.
-module(bench_sessions).
-export([workload/3]).

-define(CLIENTS, 100).
-define(LIVES, 500).
-define(AT_ONCE, 100).
-define(UNREAD, 64).

workload(Name, Body, N) ->
    Table = ets:new(sessions, [set, public, {read_concurrency, true}]),
    Found = run(Name, Table, body(Body), N),
    close(Table, [Key || {Key, _} <- ets:tab2list(Table)]),
    ets:delete(Table),
    Found.

%% The bodies of turns: what they make of their prompt, for an id and a reader, if any.
body(0) -> fun(Value, _Id, _Reader) -> Value + 1 end;
body(1) -> fun(Value, Id, Reader) ->
    erlang:yield(),
    emit(Id, Reader, Value),
    erlang:yield(),
    Value + 1
end;
body(2) -> fun(Value, Id, Reader) -> stream(Id, Reader, 0, Value, ?UNREAD) end.

emit(_, none, _) -> ok;
emit(Id, Reader, Chunk) -> Reader ! {chunk, Id, self(), Chunk}, ok.

%% So many chunks; without credit it waits until the reader asks for more.
stream(_, _, N, N, _) -> N;
stream(Id, Reader, Number, N, 0) ->
    receive {more, Id, Credit} -> stream(Id, Reader, Number, N, Credit) end;
stream(Id, Reader, Number, N, Credit) ->
    emit(Id, Reader, Number),
    stream(Id, Reader, Number + 1, N, Credit - 1).

run(turn_1, Table, Body, N) ->
    Started = bench:now_ns(),
    Right = turns(Table, key, Body, 0, N, 0),
    [{seconds, since(Started)}, {total, Right}];
run(turn_100, Table, Body, N) ->
    Each = N div ?CLIENTS,
    clients(fun(Key) -> turns(Table, Key, Body, 0, Each, 0) end);
run(stream_100, Table, Body, N) ->
    Each = N div ?CLIENTS,
    clients(fun(Key) ->
        Id = send(Table, Key, Body, Each, self()),
        Right = read(Id, 0, Each, 0),
        Each = outcome(Id),
        Right
    end);
run(churn, Table, Body, N) ->
    Started = bench:now_ns(),
    Right = churn(Table, Body, 0, N, 0),
    Seconds = since(Started),
    0 = ets:info(Table, size),
    [{seconds, Seconds}, {total, Right}];
run(session_memory, Table, Body, N) ->
    ?AT_ONCE = open(Table, Body, first, 0, ?AT_ONCE, 0),
    erlang:garbage_collect(),
    Before = erlang:memory(total),
    Started = bench:now_ns(),
    Right = open(Table, Body, key, 0, N, 0),
    Seconds = since(Started),
    erlang:garbage_collect(),
    Bytes = (erlang:memory(total) - Before) / N,
    true = N + ?AT_ONCE =:= ets:info(Table, size),
    [{seconds, Seconds}, {bytes, Bytes}, {total, Right}].

%% One turn after the other; how many were right.
turns(_, _, _, N, N, Right) -> Right;
turns(Table, Key, Body, Value, N, Right) ->
    Id = send(Table, Key, Body, Value, none),
    turns(Table, Key, Body, Value + 1, N, Right + right(outcome(Id), Value + 1)).

right(Wanted, Wanted) -> 1;
right(_, _) -> 0.

%% A process for each, with a key of its own; the sum of what they return.
clients(Work) ->
    Bench = self(),
    Started = bench:now_ns(),
    [spawn_link(fun() -> Bench ! {right, Work({key, Number})} end)
     || Number <- lists:seq(1, ?CLIENTS)],
    Right = lists:sum([receive {right, Each} -> Each end
                       || _ <- lists:seq(1, ?CLIENTS)]),
    [{seconds, since(Started)}, {total, Right}].

%% The chunks of one answer, of which half as many as may wait are asked for at a time;
%% how many came in their order.
read(_, N, N, Right) -> Right;
read(Id, Number, N, Right) ->
    receive {chunk, Id, Turn, Chunk} ->
        more(Id, Turn, Number + 1),
        read(Id, Number + 1, N, Right + right(Chunk, Number))
    end.

more(Id, Turn, Seen) when Seen rem (?UNREAD div 2) =:= 0 ->
    Turn ! {more, Id, ?UNREAD div 2};
more(_, _, _) -> ok.

churn(_, _, N, N, Right) -> Right;
churn(Table, Body, First, N, Right) ->
    Following = min(First + ?LIVES, N),
    Values = lists:seq(First, Following - 1),
    Ids = [{Value, send(Table, Value, Body, Value, none)} || Value <- Values],
    New = [right(outcome(Id), Value + 1) || {Value, Id} <- Ids],
    close(Table, Values),
    churn(Table, Body, Following, N, Right + lists:sum(New)).

%% Each has had one turn, some at a time; how many were right.
open(_, _, _, N, N, Right) -> Right;
open(Table, Body, Name, First, N, Right) ->
    Following = min(First + ?AT_ONCE, N),
    Ids = [{Value, send(Table, {Name, Value}, Body, Value, none)}
           || Value <- lists:seq(First, Following - 1)],
    New = [right(outcome(Id), Value + 1) || {Value, Id} <- Ids],
    open(Table, Body, Name, Following, N, Right + lists:sum(New)).

%% ----------------------------------------------------------------- the pool itself

%% Find the session or start it, and hand it the prompt; the id of its outcome.
send(Table, Key, Body, Value, Reader) ->
    Pid = case ets:lookup(Table, Key) of
        [{_, Found}] -> Found;
        [] ->
            {ok, New} = gen_server:start(bench_session, Body, []),
            ets:insert(Table, {Key, New}),
            New
    end,
    Id = make_ref(),
    gen_server:cast(Pid, {prompt, Id, self(), Value, Reader}),
    Id.

outcome(Id) -> receive {outcome, Id, {completed, Result}} -> Result end.

%% Forget these sessions and stop them, and wait until they have ended.
close(Table, Keys) ->
    Monitors = [begin
        [{_, Pid}] = ets:take(Table, Key),
        Monitor = monitor(process, Pid),
        gen_server:cast(Pid, stop),
        Monitor
    end || Key <- Keys],
    [receive {'DOWN', Monitor, _, _, normal} -> ok end || Monitor <- Monitors].

since(Started) -> (bench:now_ns() - Started) / 1.0e9.
