%% A component in Erlang or Elixir: a module with the callbacks below, named `main` (or `Main` in Elixir). The VM runs one
%% component; when a part of it crashes that is not a call, the component ends and the root server is told why.
%% docs/guide/component-elixir.md shows a whole component.
-module(bulkhead).

-export([run/0, call/3, call/4, notify/3, open/3, next/1, write/2, pass/3, finish/1, cancel/1, fail/3, log/2, log/3]).

%% Channel of `uses:` → interface, service of `provides:` → interface; interfaces by their names in interfaces.ts.
-callback uses() -> #{atom() => atom() | binary()}.
-callback provides() -> #{atom() => atom() | binary()}.
%% Ends when the component can do its work; it is ready then. `config` is that of the manifest.
-callback start(#{component := binary(), incarnation := pos_integer(), config := bulkhead_msgpack:value()}) -> any().
%% Answers one call, in a process of its own.
-callback handle_call(
    Service :: atom(), Client :: map(), Operation :: binary(), Arguments :: bulkhead_msgpack:value()
) -> {ok, bulkhead_msgpack:value()} | {error, Code :: binary(), Text :: binary()}.
%% Reads or writes one stream, in a process of its own, by next/1 or write/2. What it returns ends the stream. Where the client
%% wants no more of what it writes, the process is ended (exit reason `shutdown`).
-callback handle_stream(
    Service :: atom(), Client :: map(), Name :: binary(), Arguments :: bulkhead_msgpack:value(),
    Stream :: bulkhead_stream:stream()
) -> ok | {error, Code :: binary(), Text :: binary()}.
-callback handle_peer(Channel :: atom(), Up :: boolean(), Incarnation :: non_neg_integer()) -> any().
-callback handle_notification(Channel :: atom(), Name :: binary(), Body :: bulkhead_msgpack:value()) -> any().
-callback stop() -> any().
-optional_callbacks([handle_call/4, handle_stream/5, handle_peer/3, handle_notification/3, stop/0]).

-define(DEADLINE_MS, 2000).
-define(MAX_REASON, 500).

call(Channel, Operation, Arguments) -> call(Channel, Operation, Arguments, ?DEADLINE_MS).

%% Calls `operation` of the channel; {ok, Result} or {error, Code, Text}.
call(Channel, Operation, Arguments, DeadlineMs) ->
    bulkhead_client:call(persistent_term:get({bulkhead_client, Channel}), Operation, Arguments, DeadlineMs).

%% Opens a stream of the channel, which belongs to the process that opens it and ends with that. Why it cannot be opened is told
%% by next/1 or write/2.
open(Channel, Stream, Arguments) ->
    bulkhead_client:open(persistent_term:get({bulkhead_client, Channel}), Stream, Arguments).

%% The next item: {ok, Item}, done after the last, or {error, Code, Text}.
next(Stream) -> bulkhead_stream:next(Stream).

%% ok when the item has been sent; waits while the reader has no room. {error, Code, Text}: nothing can be written any more.
write(Stream, Item) -> bulkhead_stream:write(Stream, Item).

%% Writes to one stream what it reads of another, each item as Fun says: {ok, Item} or {error, Code, Text}. ok after the last,
%% else why there were no more; it hears of the end of either while it waits for the other.
pass(From, To, Fun) -> bulkhead_stream:pass(From, To, Fun).

%% Of a client that writes: no item follows. ok when the provider has dealt with all of them.
finish(Stream) -> bulkhead_stream:finish(Stream).

%% Of a reader: it wants no more. Of a writer: it gives up.
cancel(Stream) -> bulkhead_stream:cancel(Stream).

%% The same, and the other end is told why.
fail(Stream, Code, Text) -> bulkhead_stream:fail(Stream, Code, Text).

%% Tells all clients of a service.
notify(Service, Notification, Body) ->
    _ = [bulkhead_provider:notify(P, Notification, Body) || P <- persistent_term:get({bulkhead_provider, Service}, [])],
    ok.

log(Level, Text) -> log(Level, "~ts", [Text]).

%% One line of the log. Level: debug, info, warn, error.
log(Level, Format, Arguments) ->
    Line = unicode:characters_to_binary(io_lib:format(Format, Arguments)),
    io:put_chars([atom_to_binary(Level), " ", binary:replace(Line, <<"\n">>, <<" ">>, [global]), "\n"]).

%% Entry of the runner.
run() ->
    process_flag(trap_exit, true),
    Port = open_port({fd, 3, 3}, [binary, {packet, 4}, eof]),
    Module = entry(),
    try loop(#{port => Port, module => Module, started => false}) catch
        Class:Reason:Stack -> fault(Port, {Class, Reason, Stack})
    end.

entry() ->
    case code:ensure_loaded('Elixir.Main') of
        {module, Module} -> Module;
        _ -> main
    end.

loop(#{port := Port, module := Module} = State) ->
    receive
        {Port, {data, Bytes}} ->
            {notification, Kind, Body} = bulkhead_message:parse(Bytes),
            loop(hear(Kind, Body, State));
        {Port, eof} ->
            throw(the_root_server_has_gone);
        {'EXIT', Port, _} ->
            throw(the_root_server_has_gone);
        {'EXIT', _, normal} ->
            loop(State);
        {'EXIT', _, Reason} ->
            throw(Reason);
        heartbeat ->
            #{heartbeat_ms := Ms} = State,
            tell(Port, <<"heartbeat">>, #{}),
            _ = erlang:send_after(Ms, self(), heartbeat),
            loop(State);
        {peer, Channel, Up, Incarnation} ->
            _ = maybe_call(Module, handle_peer, [Channel, Up, Incarnation]),
            loop(State);
        {notification, Channel, Name, Body} ->
            _ = maybe_call(Module, handle_notification, [Channel, Name, Body]),
            loop(State);
        _ ->
            loop(State)
    end.

maybe_call(Module, Function, Arguments) ->
    case erlang:function_exported(Module, Function, length(Arguments)) of
        true -> apply(Module, Function, Arguments);
        false -> ok
    end.

hear(<<"start">>, Start, #{started := false, port := Port, module := Module} = State) ->
    #{<<"protocol">> := 1, <<"component">> := Component, <<"incarnation">> := Incarnation} = Start,
    #{<<"heartbeatMs">> := HeartbeatMs, <<"config">> := Config, <<"uses">> := Uses, <<"provides">> := Provides} = Start,
    Own = #{component => Component, incarnation => Incarnation},
    _ = [start_client(Channel, Interface, Uses, Own) || {Channel, Interface} <- maps:to_list(Module:uses())],
    _ = Module:start(Own#{config => Config}),
    Services = Module:provides(),
    Ends = [start_provider(Channel, Services, Module, Own) || Channel <- Provides],
    _ = [
        persistent_term:put({bulkhead_provider, Service}, [P || {S, P} <- Ends, S =:= Service])
     || Service <- maps:keys(Services)
    ],
    tell(Port, <<"ready">>, #{}),
    _ = erlang:send_after(HeartbeatMs, self(), heartbeat),
    State#{started := true, heartbeat_ms => HeartbeatMs};
hear(<<"peer">>, #{<<"name">> := Name, <<"up">> := Up, <<"incarnation">> := Incarnation}, #{module := Module} = State) ->
    _ = [
        bulkhead_client:set_peer(persistent_term:get({bulkhead_client, Channel}), Up, Incarnation)
     || Channel <- maps:keys(Module:uses()), atom_to_binary(Channel) =:= Name
    ],
    State;
hear(<<"stop">>, _, #{module := Module}) ->
    log(info, "stopping"),
    _ = maybe_call(Module, stop, []),
    erlang:halt(0);
hear(<<"start">>, _, _) ->
    throw(the_root_server_said_start_twice);
hear(_, _, State) ->
    %% What is for core servers only, or newer than this library, changes nothing here.
    State.

start_client(Channel, InterfaceName, Uses, Own) ->
    #{name := Wanted} = Interface = bulkhead_interfaces:get(to_binary(InterfaceName)),
    Given = [Use || #{<<"name">> := Name, <<"interface">> := I} = Use <- Uses, Name =:= atom_to_binary(Channel), I =:= Wanted],
    Lease =
        case Given of
            [#{<<"leaseBytes">> := Bytes}] when is_integer(Bytes), Bytes > 0 -> bulkhead_lease:new(atom_to_list(Channel), Bytes);
            [_] -> none;
            _ -> throw({uses, Channel, as, Wanted, which_the_manifest_does_not_give})
        end,
    {ok, Client} = bulkhead_client:start_link(Channel, Interface, Own, Lease, self()),
    persistent_term:put({bulkhead_client, Channel}, Client).

start_provider(Channel, Services, Module, Own) ->
    #{<<"client">> := Component, <<"name">> := Name, <<"service">> := ServiceName, <<"interface">> := InterfaceName} = Channel,
    Client = #{
        component => Component, name => Name, grant => maps:get(<<"grant">>, Channel, #{}),
        operations => maps:get(<<"operations">>, Channel, nil), lease => lease(Component, Name, Channel)
    },
    case [S || {S, I} <- maps:to_list(Services), atom_to_binary(S) =:= ServiceName, to_binary(I) =:= InterfaceName] of
        [Service] ->
            Interface = bulkhead_interfaces:get(InterfaceName),
            {Service, bulkhead_provider:start_link(Client, Service, Interface, Module, Own)};
        [] ->
            throw({the_manifest_provides, ServiceName, which_this_component_does_not})
    end.

%% Where the memory that is shared with a client lies, and its size; or none.
lease(Component, Name, #{<<"leaseBytes">> := Bytes}) when is_integer(Bytes), Bytes > 0 ->
    {filename:join("/run/ipc/leases", <<Component/binary, ".", Name/binary>>), Bytes};
lease(_, _, _) ->
    none.

to_binary(Name) when is_atom(Name) -> atom_to_binary(Name);
to_binary(Name) -> Name.

tell(Port, Kind, Body) -> Port ! {self(), {command, bulkhead_message:notification(Kind, Body)}}, ok.

fault(Port, Reason) ->
    Text = unicode:characters_to_binary(string:slice(io_lib:format("~0tp", [Reason]), 0, ?MAX_REASON)),
    log(error, "this component gives up: ~ts", [Text]),
    catch port_command(Port, bulkhead_message:notification(<<"fault">>, #{reason => Text})),
    %% The VM writes what is queued for ports before it ends.
    erlang:halt(1, [{flush, true}]).
