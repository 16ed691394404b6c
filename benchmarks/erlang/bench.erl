%% The workloads on Erlang/OTP: one gen_server module for all of them.
%%
%% erl +S 1:1 -noshell -pa EBIN -s bench main -extra WORKLOAD COUNT
%% prints {"value": ..., "count": ..., "seconds": ...}. A wrong result is a badmatch,
%% which ends the emulator with an error. `skynet` and `busy` are plain processes.
-module(bench).
-behaviour(gen_server).
-export([main/0, start_child/1]).
-export([init/1, handle_call/3, handle_cast/2]).

-define(CLIENTS, 100).
-define(BUSY, 1000).

main() ->
    [Name, Count] = init:get_plain_arguments(),
    N = list_to_integer(Count),
    {Value, Seconds} = measure(list_to_atom(Name), N),
    io:format("{\"value\": ~.6f, \"count\": ~b, \"seconds\": ~.6f}~n",
              [float(Value), N, float(Seconds)]),
    halt(0).

measure(tell, N) -> rate(N, tell(1, N));
measure(fan_in, N) -> rate(N, tell(10, N));
measure(ping_pong, N) -> rate(N, asks(1, 1, N));
measure(ask_100_1, N) -> rate(N, asks(?CLIENTS, 1, N));
measure(ask_100_100, N) -> rate(N, asks(?CLIENTS, ?CLIENTS, N));
measure(ring_100, N) -> rate(N, ring(100, N));
measure(ring_503, N) -> rate(N, ring(503, N));
measure(spawn_stop, N) -> rate(N, spawn_stop(N));
measure(skynet, N) -> rate(N, skynet(N));
measure(busy, N) -> rate(N, busy(N));
measure(memory, N) -> memory(N);
measure(restart, N) -> restart(N).

%% ---------------------------------------------------------------- the server

init({supervisor, Child}) ->
    {ok, {#{strategy => one_for_one, intensity => 1000000000, period => 1},
          [#{id => child, start => {?MODULE, start_child, [Child]}}]}};
init({child, Bench} = State) -> Bench ! {up, self()}, {ok, State};
init(State) -> {ok, State}.

start_child(Child) -> gen_server:start_link(?MODULE, Child, []).

handle_call({next, Value}, _From, State) -> {reply, Value + 1, State};
handle_call({following, Pid}, _From, _State) -> {reply, ok, Pid};
handle_call(state, _From, State) -> {reply, State, State}.

handle_cast({add, Amount}, {Total, Goal, Bench}) ->
    New = Total + Amount,
    case New of Goal -> Bench ! done; _ -> ok end,
    {noreply, {New, Goal, Bench}};
handle_cast({hop, 0, Bench}, Following) -> Bench ! done, {noreply, Following};
handle_cast({hop, Left, Bench}, Following) ->
    gen_server:cast(Following, {hop, Left - 1, Bench}),
    {noreply, Following};
handle_cast({hello, Bench}, State) -> Bench ! hello, {noreply, State};
handle_cast(crash, {child, Bench}) -> Bench ! {crashed, now_ns()}, exit(crash);
handle_cast(ping, {child, Bench} = State) -> Bench ! {handled, now_ns()}, {noreply, State};
handle_cast(stop, State) -> {stop, normal, State}.

server(State) -> {ok, Pid} = gen_server:start(?MODULE, State, []), Pid.
servers(Count, State) -> [server(State) || _ <- lists:seq(1, Count)].

%% ------------------------------------------------------------- the workloads

tell(Producers, N) ->
    Each = N div Producers,
    Counter = server({0, N, self()}),
    timed(fun() ->
        [spawn_link(fun() -> produce(Counter, Each) end) || _ <- lists:seq(1, Producers)],
        receive done -> ok end
    end).

produce(_, 0) -> ok;
produce(Counter, N) -> gen_server:cast(Counter, {add, 1}), produce(Counter, N - 1).

asks(Clients, Servers, N) ->
    Bench = self(),
    Pids = list_to_tuple(servers(Servers, 0)),
    Each = N div Clients,
    timed(fun() ->
        [spawn_link(fun() ->
            Bench ! {asked, ask(element(I rem Servers + 1, Pids), Each, 0)}
         end) || I <- lists:seq(1, Clients)],
        N = lists:sum([receive {asked, Sum} -> Sum end || _ <- lists:seq(1, Clients)])
    end).

ask(_, 0, Sum) -> Sum;
ask(Pid, N, Sum) -> ask(Pid, N - 1, Sum + gen_server:call(Pid, {next, N}, 1000) - N).

ring(Size, N) ->
    [First | Rest] = Pids = servers(Size, none),
    [ok = gen_server:call(Pid, {following, Following})
     || {Pid, Following} <- lists:zip(Pids, Rest ++ [First])],
    timed(fun() ->
        gen_server:cast(First, {hop, N - 1, self()}),
        receive done -> ok end
    end).

spawn_stop(N) ->
    Bench = self(),
    timed(fun() ->
        Pids = servers(N, none),
        Monitors = [monitor(process, Pid) || Pid <- Pids],
        [gen_server:cast(Pid, {hello, Bench}) || Pid <- Pids],
        [receive hello -> ok end || _ <- Pids],
        [gen_server:cast(Pid, stop) || Pid <- Pids],
        [receive {'DOWN', Monitor, _, _, normal} -> ok end || Monitor <- Monitors]
    end).

memory(N) ->
    [erlang:garbage_collect(Pid) || Pid <- processes()],
    Before = erlang:memory(total),
    Started = now_ns(),
    Pids = servers(N, none),
    [gen_server:cast(Pid, {hello, self()}) || Pid <- Pids],
    [receive hello -> ok end || _ <- Pids],
    Seconds = (now_ns() - Started) / 1.0e9,
    erlang:garbage_collect(),
    {(erlang:memory(total) - Before) / length(Pids), Seconds}.

%% From the crash to the first message that the new server has handled, by way of the
%% supervisor; the new server says that it is there from its init. Keep the count small:
%% a supervisor that forgives everything walks the list of all restarts of the second.
restart(N) ->
    logger:set_primary_config(level, none),
    {ok, _} = supervisor:start_link(?MODULE, {supervisor, {child, self()}}),
    First = receive {up, Pid} -> Pid end,
    {Samples, _} = lists:mapfoldl(fun(_, Child) -> restart_once(Child) end,
                                  First, lists:seq(1, N)),
    Sorted = lists:sort(Samples),
    {lists:nth(N div 2 + 1, Sorted) / 1000, lists:sum(Samples) / 1.0e9}.

restart_once(Child) ->
    gen_server:cast(Child, crash),
    Crashed = receive {crashed, At} -> At end,
    New = receive {up, Pid} -> Pid end,
    gen_server:cast(New, ping),
    Handled = receive {handled, Then} -> Then end,
    {Handled - Crashed, New}.

skynet(N) ->
    Bench = self(),
    Sum = N * (N - 1) div 2,
    timed(fun() ->
        spawn_link(fun() -> node_of(Bench, 0, N) end),
        Sum = receive Total -> Total end
    end).

node_of(Parent, Number, 1) -> Parent ! Number;
node_of(Parent, Number, Size) ->
    Part = Size div 10,
    Self = self(),
    [spawn_link(fun() -> node_of(Self, Number + I * Part, Part) end) || I <- lists:seq(0, 9)],
    Parent ! lists:sum([receive Value -> Value end || _ <- lists:seq(1, 10)]).

busy(N) ->
    Bench = self(),
    Each = N div ?BUSY,
    spawn(fun() -> timer:sleep(3600000) end),
    Pids = [spawn_link(fun() -> worker(Bench, Each) end) || _ <- lists:seq(1, ?BUSY)],
    timed(fun() ->
        [[Pid ! {add, 1} || Pid <- Pids] || _ <- lists:seq(1, Each)],
        [receive done -> ok end || _ <- Pids]
    end).

worker(Bench, 0) -> Bench ! done;
worker(Bench, Left) -> receive {add, 1} -> worker(Bench, Left - 1) end.

%% ---------------------------------------------------------------------- time

now_ns() -> erlang:monotonic_time(nanosecond).
timed(Work) -> Started = now_ns(), Work(), (now_ns() - Started) / 1.0e9.
rate(N, Seconds) -> {N / Seconds, Seconds}.
