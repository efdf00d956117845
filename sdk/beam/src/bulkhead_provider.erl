%% The provider's end of one channel: hello, the operations that the manifest allows, a process per connection, per call and per stream, so
%% that a bad client, or a call that crashes, takes nothing along.
-module(bulkhead_provider).

-export([start_link/5, notify/3]).

-define(HELLO_MS, 5000).
-define(MAX_CALLS, 256).
%% Of one channel, calls of connections that have gone included: a client that comes again and again piles up nothing.
-define(MAX_HANDLERS, (4 * ?MAX_CALLS)).
-define(MAX_CONNECTIONS, 4).
-define(MISMATCH, "the client was built from another interface").

%% Listens in place of an earlier incarnation. The mount is the permission, so the socket is open to all who see it: 0666.
start_link(#{component := Component, name := Name} = Client, Service, Interface, Module, Own) ->
    Path = lists:flatten(io_lib:format("/run/ipc/provides/~s.~s/socket", [Component, Name])),
    _ = file:delete(Path),
    {ok, Listener} = gen_tcp:listen(0, [{ifaddr, {local, Path}}, {backlog, ?MAX_CONNECTIONS} | bulkhead_message:socket_options()]),
    ok = file:change_mode(Path, 8#666),
    End = #{client => Client, service => Service, interface => Interface, module => Module, own => Own,
            handlers => counters:new(1, [])},
    Provider = spawn_link(fun() -> serve(End, none, #{}, 0) end),
    spawn_link(fun() -> accept(Listener, Provider) end),
    Provider.

notify(Provider, Notification, Body) -> Provider ! {notify, Notification, Body}, ok.

accept(Listener, Provider) ->
    {ok, Socket} = gen_tcp:accept(Listener),
    ok = gen_tcp:controlling_process(Socket, Provider),
    Provider ! {accepted, Socket},
    accept(Listener, Provider).

%% `Current` is the connection that has said hello last; `Connections` are all, by their process.
serve(End, Current, Connections, Refused) ->
    receive
        {accepted, Socket} when map_size(Connections) >= ?MAX_CONNECTIONS ->
            gen_tcp:close(Socket),
            serve(End, Current, Connections, Refused);
        {accepted, Socket} ->
            Provider = self(),
            {Pid, _} = spawn_monitor(fun() -> receive begin_now -> greet(Socket, End, Provider) end end),
            _ = gen_tcp:controlling_process(Socket, Pid),
            Pid ! begin_now,
            serve(End, Current, Connections#{Pid => Socket}, Refused);
        {open, Pid} ->
            _ = [exit(Current, kill) || is_pid(Current)],
            serve(End, Pid, Connections, Refused);
        {notify, Notification, Body} ->
            _ = [Current ! {notify, Notification, Body} || is_pid(Current)],
            serve(End, Current, Connections, Refused);
        {'DOWN', _, process, Pid, Reason} ->
            Count = tell_refusal(End, Reason, Refused),
            Next =
                case Pid of
                    Current -> none;
                    _ -> Current
                end,
            serve(End, Next, maps:remove(Pid, Connections), Count)
    end.

%% A client that is refused a thousand times must not fill the log: 1, 2, 4, 8 … are told.
tell_refusal(#{client := #{component := Component, name := Name}}, {refused, Why}, Before) ->
    Count = Before + 1,
    _ = [
        bulkhead:log(warn, "channel ~s.~s closed: ~s {\"code\":\"~s\",\"refused\":~b}", [Component, Name, Why, code(Why), Count])
     || Count band Before =:= 0
    ],
    Count;
tell_refusal(_, _, Count) ->
    Count.

code(?MISMATCH) -> "IPC_INTERFACE_MISMATCH";
code(_) -> "IPC_FRAME_INVALID".

greet(Socket, #{interface := Interface, own := Own} = End, Provider) ->
    _ = gen_tcp:send(Socket, bulkhead_message:hello(Interface, Own)),
    case gen_tcp:recv(Socket, 0, ?HELLO_MS) of
        {ok, Bytes} ->
            case bulkhead_message:read_hello(bulkhead_message:parse(Bytes), Interface) of
                {ok, _} ->
                    Provider ! {open, self()},
                    ok = inet:setopts(Socket, [{active, once}]),
                    answer(Socket, End, #{}, bulkhead_stream:connected(Socket, bulkhead_stream:new(true)));
                mismatch ->
                    exit({refused, ?MISMATCH});
                invalid ->
                    exit({refused, "its first frame is no hello"})
            end;
        {error, closed} ->
            ok;
        {error, _} ->
            exit({refused, "no hello in time, or no frame"})
    end.

%% `Running`: process of each call that is being answered → its id.
answer(Socket, End, Running, Streams) ->
    receive
        {tcp, Socket, Bytes} ->
            {NextRunning, NextStreams} = hear(bulkhead_message:parse(Bytes), byte_size(Bytes), Socket, End, Running, Streams),
            ok = inet:setopts(Socket, [{active, once}]),
            answer(Socket, End, NextRunning, NextStreams);
        {tcp_closed, Socket} ->
            ok;
        {tcp_error, Socket, _} ->
            exit({refused, "a frame that is too large, or a broken stream"});
        {notify, Notification, Body} ->
            send(Socket, bulkhead_message:notification(Notification, Body)),
            answer(Socket, End, Running, Streams);
        {stream, Ref, From, Request} ->
            answer(Socket, End, Running, bulkhead_stream:asked(Ref, {From, Request}, Streams));
        {'DOWN', _, process, Pid, Reason} when is_map_key(Pid, Running) ->
            {Call, Left} = maps:take(Pid, Running),
            send(Socket, bulkhead_message:response(Call, outcome(Reason))),
            answer(Socket, End, Left, Streams);
        {'DOWN', _, process, Pid, Reason} ->
            answer(Socket, End, Running, bulkhead_stream:handled(Pid, ending(outcome(Reason)), Streams))
    end.

outcome({answered, Answer}) -> Answer;
%% What went wrong may hold anything, so it stays in our own log, where the VM has written it.
outcome(_) -> {error, <<"COMPONENT_ERROR">>, <<"the call failed; see its log">>}.

ending({error, Code, Text}) -> {Code, Text};
ending(_) -> none.

hear({request, Call, Operation, Arguments}, _, Socket, End, Running, Streams) ->
    {handle(Socket, End, Running, {Call, Operation, Arguments}), Streams};
hear({open, Id, Name, Arguments, Credit}, _, Socket, End, Running, Streams) ->
    {Running, open(Socket, End, {Id, Name, Arguments, Credit}, Streams)};
hear(Message, Size, _, _, Running, Streams) when
    element(1, Message) =:= item; element(1, Message) =:= credit; element(1, Message) =:= stream_end ->
    case bulkhead_stream:heard(Message, Size, Streams) of
        {ok, Next} -> {Running, Next};
        broken -> exit({refused, "an item without credit"})
    end;
hear(_, _, _, _, _, _) ->
    exit({refused, "a frame that no client may send"}).

open(Socket, End, {Id, Name, Arguments, Credit}, Streams) ->
    #{client := Client, interface := #{streams := Kinds}, module := Module, handlers := Handlers} = End,
    Refusal =
        case erlang:function_exported(Module, handle_stream, 5) of
            true -> refusal(Name, Kinds, Client, {0, counters:get(Handlers, 1)});
            false -> {<<"IPC_UNKNOWN_OPERATION">>, <<"this component has no streams">>}
        end,
    Start = fun(Stream) -> start_stream(End, Name, Arguments, Stream) end,
    Begun =
        case Refusal of
            none -> bulkhead_stream:serve(Id, maps:get(Name, Kinds) =:= 'from-client', Credit, Start, Streams);
            Error -> Error
        end,
    case Begun of
        {ok, Next} ->
            Next;
        broken ->
            exit({refused, "a stream that is open already"});
        refused ->
            send(Socket, bulkhead_message:stream_end(Id, {<<"IPC_OVERLOADED">>, <<"16 streams are open already">>})),
            Streams;
        {Code, Why} ->
            send(Socket, bulkhead_message:stream_end(Id, {Code, Why})),
            Streams
    end.

start_stream(#{client := Client, service := Service, module := Module, handlers := Handlers} = End, Name, Arguments, Stream) ->
    #{interface := #{streams := #{Name := Direction}}} = End,
    counters:add(Handlers, 1, 1),
    {Pid, _} = spawn_monitor(fun() ->
        exit({answered, Module:handle_stream(Service, Client, Name, Arguments, Stream)})
    end),
    Connection = self(),
    spawn(fun() ->
        _ = [erlang:monitor(process, P) || P <- [Pid, Connection]],
        guard(Pid, Direction =:= 'from-provider', Handlers)
    end),
    Pid.

%% Counts a handler until it has ended. One that writes for a client that has gone is ended, also where it waits for something
%% else; one that reads is told by what it reads.
guard(Pid, Writes, Handlers) ->
    receive
        {'DOWN', _, process, Pid, _} ->
            counters:sub(Handlers, 1, 1);
        {'DOWN', _, process, _, _} ->
            _ = [exit(Pid, shutdown) || Writes],
            guard(Pid, Writes, Handlers)
    end.

handle(Socket, End, Running, {Call, Operation, Arguments}) ->
    #{client := Client, service := Service, interface := #{operations := Operations}, module := Module, handlers := Handlers} = End,
    case refusal(Operation, Operations, Client, {map_size(Running), counters:get(Handlers, 1)}) of
        none ->
            counters:add(Handlers, 1, 1),
            {Pid, _} = spawn_monitor(fun() ->
                Answer =
                    try
                        Module:handle_call(Service, Client, Operation, Arguments)
                    after
                        counters:sub(Handlers, 1, 1)
                    end,
                exit({answered, Answer})
            end),
            Running#{Pid => Call};
        {Code, Why} ->
            send(Socket, bulkhead_message:response(Call, {error, Code, Why})),
            Running
    end.

refusal(_, _, _, {Running, Handlers}) when Running >= ?MAX_CALLS; Handlers >= ?MAX_HANDLERS ->
    {<<"IPC_OVERLOADED">>, <<"too many calls are being answered">>};
refusal(Operation, Operations, _, _) when not is_map_key(Operation, Operations) ->
    {<<"IPC_UNKNOWN_OPERATION">>, <<"the interface has no such operation">>};
refusal(Operation, _, #{operations := Allowed}, _) when is_list(Allowed) ->
    case lists:member(Operation, Allowed) of
        true -> none;
        false -> {<<"IPC_NOT_GRANTED">>, <<"the manifest does not allow this operation">>}
    end;
refusal(_, _, _, _) ->
    none.

%% A client that does not read its answers within send_timeout loses the connection.
send(Socket, Message) ->
    case gen_tcp:send(Socket, Message) of
        ok -> ok;
        {error, closed} -> exit(normal);
        {error, _} -> exit({refused, "answers are not read"})
    end.
