%% Supervisors and the gen_servers that they supervise, told apart by their argument.
%%
%% What is measured, and the time, belong to bench_supervision.erl.
-module(bench_family).
-behaviour(gen_server).
-export([start_supervisor/1, start_child/1]).
-export([init/1, handle_call/3, handle_cast/2]).

start_supervisor(What) -> supervisor:start_link(?MODULE, What).
start_child(State) -> gen_server:start_link(?MODULE, State, []).

%% As many children as it says, which crash when they are told to.
init({crew, N, Limit, Bench}) ->
    {ok, {one_for_one(Limit), [worker(Id, {child, Bench}) || Id <- lists:seq(1, N)]}};
%% The same; they count themselves when they start.
init({counted_crew, N, Limit, Counting}) ->
    Ids = lists:seq(1, N),
    {ok, {one_for_one(Limit), [worker(Id, {counted, Counting}) || Id <- Ids]}};
%% A supervisor of a tree; it says that it is there before its children start.
init({tree, Levels, Width, Bench}) ->
    Bench ! {up, self()},
    Ids = lists:seq(1, Width),
    Specs = case Levels of
        1 -> [worker(Id, {child, Bench}) || Id <- Ids];
        _ -> [branch(Id, {tree, Levels - 1, Width, Bench}) || Id <- Ids]
    end,
    {ok, {one_for_one({1, 5}), Specs}};
%% Children at run time.
init(temporary) ->
    Start = {?MODULE, start_child, [idle]},
    {ok, {#{strategy => simple_one_for_one, intensity => 1, period => 5},
          [#{id => child, start => Start, restart => temporary}]}};
%% The gen_servers.
init({child, Bench} = State) -> Bench ! {up, self()}, {ok, State};
init({counted, Counting} = State) -> bench_server:count(Counting), {ok, State};
init(idle) -> {ok, idle}.

one_for_one({Intensity, Period}) ->
    #{strategy => one_for_one, intensity => Intensity, period => Period}.

worker(Id, State) -> #{id => Id, start => {?MODULE, start_child, [State]}}.

branch(Id, What) ->
    #{id => Id, start => {?MODULE, start_supervisor, [What]}, type => supervisor}.

handle_call(state, _From, State) -> {reply, State, State}.

handle_cast(crash, {child, Bench}) ->
    Bench ! {crashed, bench:now_ns()},
    exit(crash);
handle_cast(crash, {counted, _}) -> exit(crash);
handle_cast(crash, idle) -> exit(crash);
handle_cast(stop, State) -> {stop, normal, State};
handle_cast({count, Counting}, State) ->
    bench_server:count(Counting),
    {noreply, State}.
