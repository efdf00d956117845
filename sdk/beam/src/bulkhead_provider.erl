%% The provider's end of one channel: hello, the operations that the manifest allows, a process per connection and per call, so
%% that a bad client, or a call that crashes, takes nothing along.
-module(bulkhead_provider).

-export([start_link/5, notify/3]).

-define(HELLO_MS, 5000).
-define(MAX_CALLS, 256).
%% Of one channel, calls of connections that have gone included: a client that comes again and again piles up nothing.
-define(MAX_HANDLERS, (4 * ?MAX_CALLS)).
-define(MAX_CONNECTIONS, 4).

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
        bulkhead:log(warn, "channel ~s.~s closed: ~s {\"refused\":~b}", [Component, Name, Why, Count])
     || Count band Before =:= 0
    ],
    Count;
tell_refusal(_, _, Count) ->
    Count.

greet(Socket, #{interface := Interface, own := Own} = End, Provider) ->
    _ = gen_tcp:send(Socket, bulkhead_message:hello(Interface, Own)),
    case gen_tcp:recv(Socket, 0, ?HELLO_MS) of
        {ok, Bytes} ->
            case bulkhead_message:read_hello(bulkhead_message:parse(Bytes), Interface) of
                {ok, _} ->
                    Provider ! {open, self()},
                    ok = inet:setopts(Socket, [{active, once}]),
                    answer(Socket, End, #{});
                mismatch ->
                    exit({refused, "the client was built from another interface"});
                invalid ->
                    exit({refused, "its first frame is no hello"})
            end;
        {error, closed} ->
            ok;
        {error, _} ->
            exit({refused, "no hello in time, or no frame"})
    end.

%% `Running`: process of each call that is being answered → its id.
answer(Socket, End, Running) ->
    receive
        {tcp, Socket, Bytes} ->
            case bulkhead_message:parse(Bytes) of
                {request, Call, Operation, Arguments} ->
                    Next = handle(Socket, End, Running, {Call, Operation, Arguments}),
                    ok = inet:setopts(Socket, [{active, once}]),
                    answer(Socket, End, Next);
                _ ->
                    exit({refused, "a frame that is no request"})
            end;
        {tcp_closed, Socket} ->
            ok;
        {tcp_error, Socket, _} ->
            exit({refused, "a frame that is too large, or a broken stream"});
        {notify, Notification, Body} ->
            send(Socket, bulkhead_message:notification(Notification, Body)),
            answer(Socket, End, Running);
        {'DOWN', _, process, Pid, {answered, Answer}} ->
            {Call, Left} = maps:take(Pid, Running),
            send(Socket, bulkhead_message:response(Call, Answer)),
            answer(Socket, End, Left);
        {'DOWN', _, process, Pid, _} ->
            %% What went wrong may hold anything, so it stays in our own log, where the VM has written it.
            {Call, Left} = maps:take(Pid, Running),
            send(Socket, bulkhead_message:response(Call, {error, <<"COMPONENT_ERROR">>, <<"the call failed; see its log">>})),
            answer(Socket, End, Left)
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
