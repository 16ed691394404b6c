%% The workloads on Erlang/OTP; the servers are in bench_server.erl, the workloads with
%% supervisors, but for `restart`, in bench_supervision.erl, those with sessions in
%% bench_sessions.erl.
%%
%% erl +S 1:1 -noshell -pa EBIN -s bench main -extra WORKLOAD COUNT WARM_UP PARAMETER
%% does WARM_UP operations, then COUNT measured ones, and prints one object of JSON:
%% {"seconds": ..., "total": ...} and, of some, "bytes" each or "samples" in
%% microseconds. The total is what has been done; whoever reads it checks it. A wrong
%% result on the way is a badmatch, which ends the emulator with an error, as the end of
%% the standard input does. `skynet` and `busy` are plain processes.
-module(bench).
-export([main/0, now_ns/0, timed_asks/2]).

-define(CLIENTS, 100).
-define(BUSY, 1000).
-define(FORKS, 60).
-define(BIG, 120).
-define(CREATURES, 100).
%% A supervisor walks the list of its restarts of the last second at each restart.
-define(CRASHES, 50).

%% The process that the emulator calls traps exits: the work has one of its own.
main() ->
    {_, Monitor} = spawn_monitor(fun run/0),
    spawn(fun() -> eof = io:get_line(""), halt(1) end),
    receive
        {'DOWN', Monitor, _, _, normal} -> halt(0);
        {'DOWN', Monitor, _, _, Reason} ->
            io:format(standard_error, "~p~n", [Reason]),
            halt(1)
    end.

run() ->
    [Name | Numbers] = init:get_plain_arguments(),
    [Count, WarmUp, Parameter] = [list_to_integer(Each) || Each <- Numbers],
    Workload = list_to_atom(Name),
    case WarmUp of 0 -> ok; _ -> workload(Workload, Parameter, WarmUp) end,
    [erlang:garbage_collect(Pid) || Pid <- processes()],
    Fields = [field(Each) || Each <- workload(Workload, Parameter, Count)],
    io:format("{~s}~n", [lists:join(", ", Fields)]).

field({total, Total}) -> io_lib:format("\"total\": ~b", [Total]);
field({samples, Samples}) ->
    Texts = [io_lib:format("~.3f", [Ns / 1000]) || Ns <- Samples],
    io_lib:format("\"samples\": [~s]", [lists:join(", ", Texts)]);
field({Name, Number}) -> io_lib:format("\"~s\": ~.9f", [Name, float(Number)]).

workload(tell, Producers, N) -> tell(Producers, N);
workload(ping_pong, _, N) -> ping_pong(N);
workload(ask, _, N) -> asks(1, 1, N, fun ask/3);
workload(ask_within, _, N) -> asks(1, 1, N, fun ask_within/3);
workload(ask_100, Servers, N) -> asks(?CLIENTS, Servers, N, fun ask/3);
workload(ring, Size, N) -> ring(Size, N);
workload(spawn_stop, _, N) -> spawn_stop(N);
workload(fork_join, _, N) -> fork_join(N);
workload(big, _, N) -> big(N);
workload(chameneos, _, N) -> chameneos(N);
workload(skynet, _, N) -> skynet(N);
workload(memory, _, N) -> memory(N);
workload(latency, Runnable, N) -> latency(Runnable, N);
workload(restart, Queued, N) -> restart(Queued, N);
workload(long_queue, Asks, Queued) -> long_queue(Asks, Queued);
workload(watch, Ends, N) -> watch(Ends, N);
workload(busy, _, N) -> busy(N);
workload(Name, Parameter, N) when Name =:= turn_1; Name =:= turn_100;
        Name =:= stream_100; Name =:= churn; Name =:= session_memory ->
    bench_sessions:workload(Name, Parameter, N);
workload(Name, Parameter, N) -> bench_supervision:workload(Name, Parameter, N).

%% ------------------------------------------------------------------- messages

tell(Producers, N) ->
    Each = N div Producers,
    Counter = bench_server:start({0, N, self()}),
    Seconds = timed(fun() ->
        [spawn_link(fun() -> produce([Counter], Each) end) || _ <- seq(Producers)],
        receive done -> ok end
    end),
    [{seconds, Seconds}, {total, counted([Counter])}].

%% `Rounds` messages to each.
produce(_, 0) -> ok;
produce(Pids, Rounds) ->
    [gen_server:cast(Pid, {add, 1}) || Pid <- Pids],
    produce(Pids, Rounds - 1).

counted(Pids) ->
    lists:sum([element(1, gen_server:call(Pid, state)) || Pid <- Pids]).

fork_join(N) ->
    Each = N div ?FORKS,
    Pids = bench_server:start(?FORKS, {0, Each, self()}),
    Seconds = timed(fun() ->
        produce(Pids, Each),
        [receive done -> ok end || _ <- Pids]
    end),
    [{seconds, Seconds}, {total, counted(Pids)}].

ring(Size, N) ->
    [First | Rest] = Pids = bench_server:start(Size, none),
    link_up(Pids, Rest ++ [First]),
    Seconds = timed(fun() ->
        gen_server:cast(First, {hop, N - 1, self()}),
        receive done -> ok end
    end),
    Hops = [element(2, gen_server:call(Pid, state)) || Pid <- Pids],
    [{seconds, Seconds}, {total, lists:sum(Hops)}].

link_up(Pids, Following) ->
    [ok = gen_server:call(Pid, {following, Next})
     || {Pid, Next} <- lists:zip(Pids, Following)].

busy(N) ->
    Bench = self(),
    Each = N div ?BUSY,
    Sleeper = spawn(fun() -> timer:sleep(3600000) end),
    Pids = [spawn_link(fun() -> worker(Bench, Each, 0) end) || _ <- seq(?BUSY)],
    Seconds = timed(fun() ->
        [[Pid ! {add, 1} || Pid <- Pids] || _ <- seq(Each)],
        [receive {done, Pid} -> ok end || Pid <- Pids]
    end),
    true = is_process_alive(Sleeper),
    [{seconds, Seconds}, {total, lists:sum([ask_worker(Pid) || Pid <- Pids])}].

worker(Bench, Goal, Goal) ->
    Bench ! {done, self()},
    receive {total, From} -> From ! {total, self(), Goal} end;
worker(Bench, Goal, Total) ->
    receive {add, Amount} -> worker(Bench, Goal, Total + Amount) end.

ask_worker(Pid) -> Pid ! {total, self()}, receive {total, Pid, Total} -> Total end.

%% ----------------------------------------------------------------------- asks

ping_pong(N) ->
    Speed = asks(1, 1, N, fun ask/3),
    Samples = timed_asks(bench_server:start(none), max(N div 10, 100)),
    Speed ++ [{samples, Samples}].

asks(Clients, Servers, N, Ask) ->
    Bench = self(),
    Pids = list_to_tuple(bench_server:start(Servers, none)),
    Each = N div Clients,
    Client = fun(I) ->
        Bench ! {answers, Ask(element(I rem Servers + 1, Pids), Each, 0)}
    end,
    Started = now_ns(),
    [spawn_link(fun() -> Client(I) end) || I <- seq(Clients)],
    Total = lists:sum([receive {answers, Sum} -> Sum end || _ <- seq(Clients)]),
    [{seconds, since(Started)}, {total, Total}].

%% An answer is one more than what was asked. Without a limit of time, as in ours.
ask(_, 0, Sum) -> Sum;
ask(Pid, N, Sum) ->
    ask(Pid, N - 1, Sum + gen_server:call(Pid, {next, N}, infinity) - N).

ask_within(_, 0, Sum) -> Sum;
ask_within(Pid, N, Sum) ->
    ask_within(Pid, N - 1, Sum + gen_server:call(Pid, {next, N}, 1000) - N).

%% The nanoseconds of each of `N` asks.
timed_asks(Pid, N) -> [timed_ask(Pid, Value) || Value <- seq(N)].

timed_ask(Pid, Value) ->
    Next = Value + 1,
    Started = now_ns(),
    Next = gen_server:call(Pid, {next, Value}, infinity),
    now_ns() - Started.

%% Each of the others tells the one before it, so that it has one message at a time; to
%% tell the one after it would heap all messages up in one mailbox.
latency(Runnable, N) ->
    Others = bench_server:start(Runnable, none),
    link_up(Others, shifted(Others)),
    [gen_server:cast(Pid, turn) || Pid <- Others],
    Samples = timed_asks(bench_server:start(none), N),
    Turns = [element(2, gen_server:call(Pid, state, infinity)) || Pid <- Others],
    true = lists:all(fun(Each) -> Each > 0 end, Turns),
    [exit(Pid, kill) || Pid <- Others],
    [{samples, Samples}, {total, length(Samples)}].

shifted([]) -> [];
shifted(Pids) -> [lists:last(Pids) | lists:droplast(Pids)].

long_queue(Asks, Queued) ->
    Echo = bench_server:start(none),
    Empty = median(queued_asks(Echo, 0, Asks)),
    Samples = queued_asks(Echo, Queued, Asks),
    [{empty_us, Empty / 1000}, {ratio, median(Samples) / Empty},
     {samples, Samples}, {total, Queued}].

queued_asks(Echo, Queued, N) ->
    Asker = bench_server:start({0, Queued, self()}),
    gen_server:cast(Asker, {ask, Echo, N, Queued}),
    Samples = receive {asked, Found} -> Found end,
    receive done -> ok end,
    Queued = counted([Asker]),
    Samples.

median(Samples) -> lists:nth(length(Samples) div 2 + 1, lists:sort(Samples)).

%% ---------------------------------------------------------------------- lives

%% The last to handle its message says so, and only then the first is stopped. A monitor
%% is how a process is told that another has ended, and how: ours looks at each exit.
spawn_stop(N) ->
    Counting = bench_server:counting(N),
    Started = now_ns(),
    Pids = bench_server:start(N, none),
    [gen_server:cast(Pid, {count, Counting}) || Pid <- Pids],
    receive done -> ok end,
    Monitors = [monitor(process, Pid) || Pid <- Pids],
    [gen_server:cast(Pid, stop) || Pid <- Pids],
    Reaped = [receive {'DOWN', Monitor, _, _, normal} -> 1 end || Monitor <- Monitors],
    Seconds = since(Started),
    N = bench_server:counted(Counting),
    [{seconds, Seconds}, {total, lists:sum(Reaped)}].

memory(N) ->
    Before = erlang:memory(total),
    Started = now_ns(),
    Pids = bench_server:start(N, none),
    Counting = bench_server:counting(N),
    [gen_server:cast(Pid, {count, Counting}) || Pid <- Pids],
    receive done -> ok end,
    Alive = bench_server:counted(Counting),
    Seconds = since(Started),
    erlang:garbage_collect(),
    Bytes = (erlang:memory(total) - Before) / length(Pids),
    [{seconds, Seconds}, {bytes, Bytes}, {total, Alive}].

%% From the crash to the first message that the new server has handled, by way of the
%% supervisor; the new server says that it is there from its init.
restart(Queued, N) ->
    logger:set_primary_config(level, none),
    Samples = restarts(Queued, N),
    %% What was queued is lost with the mailbox.
    receive {handled, _} -> exit(handled_after_crash) after 0 -> ok end,
    [{samples, Samples}, {total, length(Samples)}].

restarts(_, 0) -> [];
restarts(Queued, N) ->
    Turn = min(N, ?CRASHES),
    Child = {supervisor, {child, self()}},
    {ok, Supervisor} = supervisor:start_link(bench_server, Child),
    First = receive {up, Pid} -> Pid end,
    Crash = fun(_, Running) -> restart_once(Running, Queued) end,
    {Samples, _} = lists:mapfoldl(Crash, First, seq(Turn)),
    gen_server:stop(Supervisor),
    Samples ++ restarts(Queued, N - Turn).

restart_once(Child, Queued) ->
    gen_server:cast(Child, {crash, Queued}),
    Crashed = receive {crashed, At} -> At end,
    New = receive {up, Pid} -> Pid end,
    gen_server:cast(New, ping),
    Handled = receive {handled, Then} -> Then end,
    {Handled - Crashed, New}.

%% One server after the other ends; each watcher must be told once.
watch(Ends, N) ->
    {Seconds, Told} = lists:unzip([watch_one(N) || _ <- seq(Ends)]),
    [{seconds, lists:sum(Seconds)}, {total, lists:sum(Told)}].

watch_one(N) ->
    Watched = bench_server:start(none),
    Watchers = bench_server:start(N, {watcher, Watched}),
    Counting = bench_server:counting(N),
    [ok = gen_server:call(Pid, {tell, Counting}) || Pid <- Watchers],
    Seconds = timed(fun() ->
        gen_server:cast(Watched, stop),
        receive done -> ok end
    end),
    N = bench_server:counted(Counting),
    [1] = lists:usort([counted([Pid]) || Pid <- Watchers]),
    Told = counted(Watchers),
    [gen_server:cast(Pid, stop) || Pid <- Watchers],
    {Seconds, Told}.

%% ------------------------------------------------------- the longer programs

big(N) ->
    Each = N div ?BIG,
    Pids = [bench_server:start({big, Number, Each, self()}) || Number <- seq(?BIG)],
    Peers = list_to_tuple(Pids),
    [ok = gen_server:call(Pid, {peers, Peers}) || Pid <- Pids],
    Started = now_ns(),
    [gen_server:cast(Pid, next_ping) || Pid <- Pids],
    Replies = [receive {replies, Replies} -> Replies end || _ <- Pids],
    [{seconds, since(Started)}, {total, lists:sum(Replies)}].

chameneos(N) ->
    Mall = bench_server:start({mall, N, none}),
    Pids = [bench_server:start({creature, Mall, Number rem 3, 0, self()})
            || Number <- seq(?CREATURES)],
    Started = now_ns(),
    [gen_server:cast(Pid, go) || Pid <- Pids],
    Met = [receive {met, Times} -> Times end || _ <- Pids],
    [{seconds, since(Started)}, {total, lists:sum(Met)}].

skynet(N) ->
    Bench = self(),
    Started = now_ns(),
    spawn_link(fun() -> node_of(Bench, 0, N) end),
    Total = receive Sum -> Sum end,
    [{seconds, since(Started)}, {total, Total}].

node_of(Parent, Number, 1) -> Parent ! Number;
node_of(Parent, Number, Size) ->
    Part = Size div 10,
    Self = self(),
    [spawn_link(fun() -> node_of(Self, Number + I * Part, Part) end)
     || I <- lists:seq(0, 9)],
    Parent ! lists:sum([receive Value -> Value end || _ <- lists:seq(1, 10)]).

%% ----------------------------------------------------------------------- time

seq(Count) -> lists:seq(1, Count).
now_ns() -> erlang:monotonic_time(nanosecond).
since(Started) -> (now_ns() - Started) / 1.0e9.
timed(Work) -> Started = now_ns(), Work(), since(Started).
