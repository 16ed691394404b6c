%% The workloads with OTP supervisors; what they supervise is in bench_family.erl.
%%
%% Called by bench.erl for what it does not know itself, with the same answers: a total,
%% and seconds, samples or bytes. A crash writes nothing to the log. The supervisors are
%% told to end as by a supervisor of their own: by an exit signal from their parent.
-module(bench_supervision).
-export([workload/3]).

-define(TIMES, 5).
%% More restarts in a second than can be done.
-define(PLENTY, {1000000, 1}).

workload(Name, Parameter, N) ->
    logger:set_primary_config(level, none),
    supervised(Name, Parameter, N).

supervised(storm, _, N) -> storm(N);
supervised(escalation, Low, N) -> escalation(Low, N);
supervised(cascade, Shape, N) -> cascade(Shape div 100, Shape rem 100, N);
supervised(cascade_flat, _, N) -> times(fun() -> stop_tree(1, N) end, N);
supervised(start_stop_children, _, N) -> start_stop_children(N);
supervised(mass_crash, _, N) -> times(fun() -> mass_exit(crash, crash, N) end, N);
supervised(mass_finish, _, N) -> times(fun() -> mass_exit(stop, normal, N) end, N);
supervised(memory_dynamic, _, N) -> memory_dynamic(N).

%% The seconds of all together; each does N.
times(Work, N) ->
    Seconds = [Work() || _ <- lists:seq(1, ?TIMES)],
    [{seconds, lists:sum(Seconds)}, {total, ?TIMES * N}].

%% --------------------------------------------------------------------- storms

storm(N) -> times(fun() -> one_storm(N) end, N).

%% The last child to be there for the second time says so.
one_storm(N) ->
    Counting = bench_server:counting(2 * N),
    {ok, Supervisor} = start({counted_crew, N, ?PLENTY, Counting}),
    Pids = pids(Supervisor),
    {Seconds, _} = timed(fun() -> cast(Pids, crash), receive done -> ok end end),
    N = proplists:get_value(active, supervisor:count_children(Supervisor)),
    N = length([Pid || Pid <- pids(Supervisor), is_process_alive(Pid)]),
    [] = [Pid || Pid <- Pids, is_process_alive(Pid)],
    true = 2 * N =:= bench_server:counted(Counting),
    ended(Supervisor),
    Seconds.

pids(Supervisor) ->
    [Pid || {_, Pid, _, _} <- supervisor:which_children(Supervisor)].

%% Samples are the nanoseconds from the first crash to the end of the supervisor.
escalation(Low, N) ->
    Samples = [escalate(Low, N) || _ <- lists:seq(1, ?TIMES)],
    [{samples, Samples}, {total, ?TIMES * N}].

escalate(Low, N) ->
    {ok, Supervisor} = start({crew, N, {Low, 5}, self()}),
    Pids = ups(N),
    Monitor = monitor(process, Supervisor),
    cast(Pids, crash),
    receive {'DOWN', Monitor, _, _, shutdown} -> ok end,
    Ended = bench:now_ns(),
    Crashed = receive {crashed, At} -> At end,
    New = ups(Low),
    receive {up, _} -> exit(too_many_restarts) after 0 -> ok end,
    [] = [Pid || Pid <- New ++ Pids, is_process_alive(Pid)],
    flush(),
    Ended - Crashed.

%% ------------------------------------------------------------------- cascades

cascade(Levels, Width, N) ->
    Size = tree_size(Levels, Width),
    Seconds = [stop_tree(Levels, Width) || _ <- lists:seq(1, N div Size)],
    [{seconds, lists:sum(Seconds)}, {total, Size * length(Seconds)}].

tree_size(0, _) -> 1;
tree_size(Levels, Width) -> 1 + Width * tree_size(Levels - 1, Width).

%% Whoever starts says so, an owner before its children: they end the other way round.
stop_tree(Levels, Width) ->
    {ok, Root} = start({tree, Levels, Width, self()}),
    Pids = ups(tree_size(Levels, Width)),
    [monitor(process, Pid) || Pid <- Pids],
    {Seconds, Ended} = timed(fun() ->
        exit(Root, shutdown),
        [receive {'DOWN', _, _, Pid, shutdown} -> Pid end || _ <- Pids]
    end),
    true = Ended =:= lists:reverse(Pids),
    Seconds.

%% ------------------------------------------------------ children at run time

start_stop_children(N) ->
    {ok, Supervisor} = start(temporary),
    {Seconds, Stopped} = timed(fun() -> start_stop(Supervisor, N, 0) end),
    empty(Supervisor),
    ended(Supervisor),
    [{seconds, Seconds}, {total, Stopped}].

start_stop(_, 0, Stopped) -> Stopped;
start_stop(Supervisor, N, Stopped) ->
    {ok, Pid} = supervisor:start_child(Supervisor, []),
    ok = supervisor:terminate_child(Supervisor, Pid),
    false = is_process_alive(Pid),
    start_stop(Supervisor, N - 1, Stopped + 1).

%% The time is until the supervisor has said that none are left.
mass_exit(Message, Reason, N) ->
    {ok, Supervisor} = start(temporary),
    Pids = children(Supervisor, N),
    Monitors = [monitor(process, Pid) || Pid <- Pids],
    {Seconds, _} = timed(fun() ->
        cast(Pids, Message),
        [receive {'DOWN', Monitor, _, _, Reason} -> ok end || Monitor <- Monitors],
        empty(Supervisor)
    end),
    [] = supervisor:which_children(Supervisor),
    ended(Supervisor),
    Seconds.

memory_dynamic(N) ->
    {ok, Supervisor} = start(temporary),
    Counting = bench_server:counting(N),
    Before = erlang:memory(total),
    {Seconds, Alive} = timed(fun() ->
        Pids = children(Supervisor, N),
        cast(Pids, {count, Counting}),
        receive done -> Pids end
    end),
    erlang:garbage_collect(),
    erlang:garbage_collect(Supervisor),
    Bytes = (erlang:memory(total) - Before) / N,
    N = proplists:get_value(active, supervisor:count_children(Supervisor)),
    N = length(Alive),
    ended(Supervisor),
    [{seconds, Seconds}, {bytes, Bytes}, {total, bench_server:counted(Counting)}].

%% ----------------------------------------------------------------------- parts

%% It is the parent, but does not end with it.
start(What) ->
    {ok, Supervisor} = supervisor:start_link(bench_family, What),
    unlink(Supervisor),
    {ok, Supervisor}.

children(Supervisor, N) ->
    [element(2, {ok, _} = supervisor:start_child(Supervisor, []))
     || _ <- lists:seq(1, N)].

ended(Supervisor) ->
    Monitor = monitor(process, Supervisor),
    exit(Supervisor, shutdown),
    receive {'DOWN', Monitor, _, _, shutdown} -> ok end.

empty(Supervisor) ->
    0 = proplists:get_value(active, supervisor:count_children(Supervisor)).

cast(Pids, Message) -> [gen_server:cast(Pid, Message) || Pid <- Pids].
ups(N) -> [receive {up, Pid} -> Pid end || _ <- lists:seq(1, N)].
flush() -> receive _ -> flush() after 0 -> ok end.

timed(Work) ->
    Started = bench:now_ns(),
    Result = Work(),
    {(bench:now_ns() - Started) / 1.0e9, Result}.
