%% The gen_servers of the workloads: one module, told apart by their first argument.
%%
%% It answers and counts; what is measured, and the time, belong to bench.erl.
-module(bench_server).
-behaviour(gen_server).
-export([start/1, start/2, start_child/1, counting/1, count/1, counted/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

start(State) -> {ok, Pid} = gen_server:start(?MODULE, State, []), Pid.
start(Count, State) -> [start(State) || _ <- lists:seq(1, Count)].
start_child(State) -> gen_server:start_link(?MODULE, State, []).

%% What many servers count together; the last tells whoever has made it.
counting(Goal) -> {counters:new(1, []), Goal, self()}.

counted({Counter, _, _}) -> counters:get(Counter, 1).

count({Counter, Goal, Bench}) ->
    counters:add(Counter, 1, 1),
    case counters:get(Counter, 1) of Goal -> Bench ! done; _ -> ok end.

init({supervisor, Child}) ->
    {ok, {#{strategy => one_for_one, intensity => 1000, period => 1},
          [#{id => child, start => {?MODULE, start_child, [Child]}}]}};
init({child, Bench} = State) -> Bench ! {up, self()}, {ok, State};
init({watcher, Watched}) -> monitor(process, Watched), {ok, 0};
init({big, Number, Each, Bench}) ->
    rand:seed(exsss, Number),
    {ok, {big, none, Each, 0, Bench}};
init(State) -> {ok, State}.

%% An echo.
handle_call({next, Value}, _From, State) -> {reply, Value + 1, State};
handle_call(state, _From, State) -> {reply, State, State};
%% A node of a ring: {node following it, hops}.
handle_call({following, Pid}, _From, none) -> {reply, ok, {Pid, 0}};
%% One of many watchers: how often it was told, and where that is counted.
handle_call({tell, Counting}, _From, 0) -> {reply, ok, {0, Counting}};
handle_call({peers, Peers}, _From, {big, none, Each, Replies, Bench}) ->
    {reply, ok, {big, Peers, Each, Replies, Bench}}.

%% A counter: {total, total at which it says that it is done, to whom}.
handle_cast({add, Amount}, {Total, Goal, Bench}) ->
    New = Total + Amount,
    case New of Goal -> Bench ! done; _ -> ok end,
    {noreply, {New, Goal, Bench}};
handle_cast({hop, 0, Bench}, {Following, Hops}) ->
    Bench ! done,
    {noreply, {Following, Hops + 1}};
handle_cast({hop, Left, Bench}, {Following, Hops}) ->
    gen_server:cast(Following, {hop, Left - 1, Bench}),
    {noreply, {Following, Hops + 1}};
%% Always has something to do, a message at a time.
handle_cast(turn, {Following, Turns}) ->
    gen_server:cast(Following, turn),
    {noreply, {Following, Turns + 1}};
handle_cast({count, Counting}, State) -> count(Counting), {noreply, State};
handle_cast(stop, State) -> {stop, normal, State};
%% The child of a supervisor; what is in its mailbox when it crashes is lost.
handle_cast({crash, Queued}, {child, Bench}) ->
    [gen_server:cast(self(), ping) || _ <- lists:seq(1, Queued)],
    Bench ! {crashed, bench:now_ns()},
    exit(crash);
handle_cast(ping, {child, Bench} = State) ->
    Bench ! {handled, bench:now_ns()},
    {noreply, State};
%% An actor that asks while `Queued` messages wait in its own mailbox.
handle_cast({ask, Echo, Asks, Queued}, {0, Queued, Bench} = State) ->
    [gen_server:cast(self(), {add, 1}) || _ <- lists:seq(1, Queued)],
    Bench ! {asked, bench:timed_asks(Echo, Asks)},
    case Queued of 0 -> Bench ! done; _ -> ok end,
    {noreply, State};
%% Big: pings a random peer again after each pong.
handle_cast(next_ping, {big, Peers, Left, Replies, Bench}) ->
    gen_server:cast(element(rand:uniform(tuple_size(Peers)), Peers), {ping, self()}),
    {noreply, {big, Peers, Left - 1, Replies, Bench}};
handle_cast({ping, From}, State) -> gen_server:cast(From, pong), {noreply, State};
handle_cast(pong, {big, Peers, 0, Replies, Bench}) ->
    Bench ! {replies, Replies + 1},
    {noreply, {big, Peers, 0, Replies + 1, Bench}};
handle_cast(pong, {big, Peers, Left, Replies, Bench}) ->
    handle_cast(next_ping, {big, Peers, Left, Replies + 1, Bench});
%% The place where creatures meet: {meetings left, who waits}.
handle_cast({meet, Pid, _}, {mall, 0, none}) ->
    gen_server:cast(Pid, closed),
    {noreply, {mall, 0, none}};
handle_cast({meet, Pid, Colour}, {mall, Left, none}) ->
    {noreply, {mall, Left, {Pid, Colour}}};
handle_cast({meet, Pid, Colour}, {mall, Left, {Waiting, Other}}) ->
    gen_server:cast(Waiting, {met, Colour}),
    gen_server:cast(Pid, {met, Other}),
    {noreply, {mall, Left - 1, none}};
%% A creature: {the mall, its colour, how often it has met another}.
handle_cast(go, {creature, Mall, Colour, _, _} = State) ->
    gen_server:cast(Mall, {meet, self(), Colour}),
    {noreply, State};
handle_cast({met, Other}, {creature, Mall, Colour, Met, Bench}) ->
    handle_cast(go, {creature, Mall, complement(Colour, Other), Met + 1, Bench});
handle_cast(closed, {creature, _, _, Met, Bench} = State) ->
    Bench ! {met, Met},
    {noreply, State}.

handle_info({'DOWN', _, process, _, normal}, {Told, Counting}) ->
    count(Counting),
    {noreply, {Told + 1, Counting}}.

%% The third colour of the three, 0 to 2, or the same one.
complement(Colour, Colour) -> Colour;
complement(Colour, Other) -> 3 - Colour - Other.
