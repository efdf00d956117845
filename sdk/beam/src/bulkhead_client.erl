%% The client's end of a channel: keeps it connected while the root server says that the provider is up, and keeps its calls.
-module(bulkhead_client).
-behaviour(gen_server).

-export([start_link/5, call/4, open/3, set_peer/3]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-define(FIRST_RETRY_MS, 10).
-define(MAX_RETRY_MS, 1000).
-define(MAX_CALLS, 256).

%% Calls are #{Id => Call}: those that are sent by the id on the wire, those that wait by a reference.
%% `Lease`: as bulkhead_lease:new has it, or none.
start_link(Name, Interface, Own, Lease, Owner) ->
    gen_server:start_link(?MODULE, {Name, Interface, Own, Lease, Owner}, []).

%% {ok, Result} or {error, Code, Text}.
call(Client, Operation, Arguments, DeadlineMs) ->
    gen_server:call(Client, {call, Operation, Arguments, DeadlineMs}, infinity).

%% A stream, for bulkhead_stream; why it cannot be opened is told there.
open(Client, Stream, Arguments) -> gen_server:call(Client, {open, Stream, Arguments}, infinity).

set_peer(Client, Up, Incarnation) -> gen_server:cast(Client, {peer, Up, Incarnation}).

init({Name, Interface, Own, Lease, Owner}) ->
    {ok, #{
        name => Name, interface => Interface, own => Own, owner => Owner, socket => none, open => false, next => 0,
        announced => unknown, incarnation => 0, mismatch => false, retry_ms => ?FIRST_RETRY_MS, calls => #{},
        streams => bulkhead_stream:new(false), lease => Lease
    }}.

handle_call({call, Operation, Arguments, DeadlineMs}, From, #{interface := #{operations := Operations}} = State) ->
    #{Operation := #{idempotent := Idempotent}} = Operations,
    case refusal(Idempotent, State) of
        none ->
            Key = make_ref(),
            Timer = erlang:send_after(DeadlineMs, self(), {deadline, Key}),
            Call = #{
                key => Key, from => From, operation => Operation, arguments => Arguments, idempotent => Idempotent,
                repeated => false, timer => Timer
            },
            {noreply, transmit(Key, Call, State)};
        Code ->
            {reply, {error, Code, <<"the call was not sent">>}, State}
    end;
handle_call({open, Stream, Arguments}, From, #{interface := #{streams := Kinds}, streams := Streams} = State) ->
    Reads = maps:get(Stream, Kinds) =:= 'from-provider',
    {noreply, State#{streams := bulkhead_stream:open(From, Stream, Reads, Arguments, stream_refusal(State), Streams)}};
handle_call({lease_take, _}, _, #{lease := none} = State) ->
    {reply, none, State};
handle_call({lease_take, Size}, _, #{lease := Lease} = State) ->
    case bulkhead_lease:take(Size, Lease) of
        {ok, Piece, Next} -> {reply, {ok, Piece}, State#{lease := Next}};
        none -> {reply, none, State}
    end.

stream_refusal(#{mismatch := true}) -> mismatch();
stream_refusal(#{announced := {false, _}}) -> gone();
stream_refusal(_) -> none.

gone() -> {error, <<"PEER_GONE">>, <<"the provider has gone">>}.

mismatch() -> {error, <<"IPC_INTERFACE_MISMATCH">>, <<"the provider was built from another interface">>}.

refusal(_, #{calls := Calls}) when map_size(Calls) >= ?MAX_CALLS -> <<"IPC_OVERLOADED">>;
refusal(_, #{mismatch := true}) -> <<"IPC_INTERFACE_MISMATCH">>;
refusal(false, #{announced := {false, _}}) -> <<"PEER_GONE">>;
refusal(_, _) -> none.

transmit(Key, Call, #{open := false, calls := Calls} = State) ->
    State#{calls := Calls#{Key => Call}};
transmit(Key, Call, #{socket := Socket, calls := Calls, next := Next} = State) ->
    #{operation := Operation, arguments := Arguments} = Call,
    %% A send that fails is followed by tcp_closed, which deals with the call.
    _ = gen_tcp:send(Socket, bulkhead_message:request(Next, Operation, Arguments)),
    State#{calls := (maps:remove(Key, Calls))#{Next => Call}, next := (Next + 1) band 16#ffffffff}.

handle_cast({lease_give, Piece, After}, #{lease := Lease} = State) ->
    {noreply, State#{lease := bulkhead_lease:give(Piece, After, Lease)}};
handle_cast({peer, Up, Incarnation}, #{announced := Before} = State0) ->
    State1 = State0#{announced := {Up, Incarnation}, retry_ms := ?FIRST_RETRY_MS},
    State2 =
        case Before of
            {_, Incarnation} -> State1;
            _ -> State1#{mismatch := false}
        end,
    #{open := Open, incarnation := Linked, socket := Socket} = State2,
    IsOther = Socket =/= none andalso (not Up orelse (Open andalso Linked =/= Incarnation)),
    State3 =
        case IsOther of
            true -> lose(State2);
            false -> State2
        end,
    {noreply, connect(fail_waiting(Up, State3))}.

%% What is not idempotent need not wait for a provider that is away.
fail_waiting(true, State) -> State;
fail_waiting(false, #{streams := Streams} = State0) ->
    State = State0#{streams := bulkhead_stream:lost(gone(), fun(_) -> true end, Streams)},
    fail(fun(#{idempotent := Idempotent}) -> not Idempotent end, <<"PEER_GONE">>, State).

connect(#{socket := none, announced := {true, _}, mismatch := false, name := Name} = State) ->
    #{interface := Interface, own := Own} = State,
    Path = "/run/ipc/uses/" ++ atom_to_list(Name) ++ "/socket",
    case gen_tcp:connect({local, Path}, 0, [local | bulkhead_message:socket_options()], 1000) of
        {ok, Socket} ->
            _ = gen_tcp:send(Socket, bulkhead_message:hello(Interface, Own)),
            ok = inet:setopts(Socket, [{active, once}]),
            State#{socket := Socket};
        {error, _} ->
            back_off(State)
    end;
connect(State) ->
    State.

back_off(#{retry_ms := RetryMs} = State) ->
    _ = erlang:send_after(RetryMs, self(), retry),
    State#{retry_ms := min(2 * RetryMs, ?MAX_RETRY_MS)}.

handle_info(retry, State) -> {noreply, connect(State)};
handle_info({tcp, Socket, Bytes}, #{socket := Socket} = State) ->
    case hear(bulkhead_message:parse(Bytes), byte_size(Bytes), State) of
        {ok, Next} ->
            _ = inet:setopts(Socket, [{active, once}]),
            {noreply, Next};
        {broken, Next} ->
            {noreply, back_off(lose(Next))};
        {refused, Why, #{name := Name} = Next} ->
            bulkhead:log(warn, "channel ~s closed: ~s {\"code\":\"IPC_FRAME_INVALID\"}", [Name, Why]),
            {noreply, back_off(lose(Next))}
    end;
handle_info({stream, Ref, From, Request}, #{streams := Streams} = State) ->
    {noreply, State#{streams := bulkhead_stream:asked(Ref, {From, Request}, Streams)}};
handle_info({'DOWN', Monitor, process, _, _}, #{streams := Streams} = State) ->
    {noreply, State#{streams := bulkhead_stream:owner_gone(Monitor, Streams)}};
handle_info({tcp_closed, Socket}, #{socket := Socket} = State) -> {noreply, back_off(lose(State))};
handle_info({tcp_error, Socket, _}, #{socket := Socket} = State) -> {noreply, back_off(lose(State))};
handle_info({deadline, Key}, #{calls := Calls, open := Open} = State) ->
    Found = [Id || {Id, #{key := K}} <- maps:to_list(Calls), K =:= Key],
    Code =
        case Open of
            true -> <<"DEADLINE_EXCEEDED">>;
            false -> <<"PEER_GONE">>
        end,
    {noreply, lists:foldl(fun(Id, Acc) -> settle(Id, {error, Code, <<"the call was not answered">>}, Acc) end, State, Found)};
handle_info(_, State) -> {noreply, State}.

hear(Message, _, #{open := false, interface := Interface, name := Name, owner := Owner, calls := Calls} = State) ->
    case bulkhead_message:read_hello(Message, Interface) of
        {ok, Incarnation} ->
            Owner ! {peer, Name, true, Incarnation},
            #{socket := Socket, streams := Streams} = State,
            Open = State#{
                open := true, incarnation := Incarnation, retry_ms := ?FIRST_RETRY_MS,
                streams := bulkhead_stream:connected(Socket, Streams)
            },
            {ok, maps:fold(fun transmit/3, Open, Calls)};
        mismatch ->
            bulkhead:log(warn, "channel ~s: the provider was built from another interface; build both again", [Name]),
            {broken, State#{mismatch := true}};
        invalid ->
            bulkhead:log(warn, "channel ~s: the provider's first frame is no hello", [Name]),
            {broken, State}
    end;
hear({response, Call, Answer}, _, #{calls := Calls}  = State) when is_map_key(Call, Calls) ->
    {ok, settle(Call, Answer, State)};
%% An answer after its deadline is fine; one to a call that was never made is not.
hear({response, Call, _}, _, #{next := Next} = State) when Call < Next -> {ok, State};
hear({notification, Notification, Body}, _, #{name := Name, owner := Owner} = State) ->
    Owner ! {notification, Name, Notification, Body},
    {ok, State};
hear(Message, Size, #{streams := Streams} = State) when
    element(1, Message) =:= item; element(1, Message) =:= credit; element(1, Message) =:= stream_end ->
    case bulkhead_stream:heard(Message, Size, Streams) of
        {ok, Next} -> {ok, State#{streams := Next}};
        broken -> {refused, "an item without credit, or of no stream", State}
    end;
hear(_, _, State) -> {refused, "a frame that no provider may send", State}.

settle(Id, Answer, #{calls := Calls} = State) ->
    {#{from := From, timer := Timer}, Left} = maps:take(Id, Calls),
    _ = erlang:cancel_timer(Timer),
    gen_server:reply(From, Answer),
    State#{calls := Left}.

fail(IsMeant, Code, #{calls := Calls} = State) ->
    Ids = [Id || {Id, Call} <- maps:to_list(Calls), IsMeant(Call)],
    lists:foldl(fun(Id, Acc) -> settle(Id, {error, Code, <<"the call was not answered">>}, Acc) end, State, Ids).

%% The connection has ended: calls that were sent and may not be repeated fail, the others wait.
lose(#{socket := Socket, open := Open, name := Name, owner := Owner, incarnation := Incarnation} = State0) ->
    _ = gen_tcp:close(Socket),
    _ = [Owner ! {peer, Name, false, Incarnation} || Open],
    #{streams := Streams, lease := Lease} = State0,
    State1 = State0#{
        socket := none, open := false, streams := bulkhead_stream:disconnected(gone(), Streams),
        lease := bulkhead_lease:peer_gone(Lease)
    },
    case State1 of
        #{mismatch := true, streams := Waiting0} ->
            Failed = State1#{streams := bulkhead_stream:lost(mismatch(), fun(_) -> true end, Waiting0)},
            fail(fun(_) -> true end, <<"IPC_INTERFACE_MISMATCH">>, Failed);
        #{calls := Calls} ->
            IsSent = fun(Id) -> is_integer(Id) end,
            MayNot = fun(#{idempotent := I, repeated := R}) -> not I orelse R end,
            Lost = [Id || {Id, Call} <- maps:to_list(Calls), IsSent(Id), MayNot(Call)],
            #{calls := Left} = State2 =
                lists:foldl(fun(Id, Acc) -> settle(Id, {error, <<"PEER_GONE">>, <<"the provider has gone">>}, Acc) end, State1, Lost),
            Waiting = [
                case IsSent(Id) of
                    true -> {Key, Call#{repeated := true}};
                    false -> {Id, Call}
                end
             || {Id, #{key := Key} = Call} <- maps:to_list(Left)
            ],
            State2#{calls := maps:from_list(Waiting)}
    end.
