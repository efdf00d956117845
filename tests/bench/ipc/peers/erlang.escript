#!/usr/bin/env escript
%% Erlang/OTP: two virtual machines, a Unix socket between them in packets of four bytes of length, one process at each end.
main(["serve", Path]) ->
    {ok, Listen} = gen_tcp:listen(0, [binary, {packet, 4}, {active, false}, {ifaddr, {local, Path}}]),
    io:format("ready~n"),
    accept(Listen);
main(["measure", Path]) ->
    {ok, Socket} = gen_tcp:connect({local, Path}, 0, [binary, {packet, 4}, {active, false}]),
    Small = binary:copy(<<1>>, 64),
    Large = binary:copy(<<1>>, 65536),
    [call(Socket, Small) || _ <- lists:seq(1, 10000)],
    Times = lists:sort([timed(Socket, Small) || _ <- lists:seq(1, 20000)]),
    Rate = fun(Message, Count, Window) -> rate(Socket, Message, Count, Window) end,
    io:format("{\"p50\":~.3f,\"p99\":~.3f,\"min\":~.3f,\"rate1\":~B,\"rate8\":~B,\"rate64\":~B,\"transfers\":~B}~n",
              [lists:nth(10000, Times), lists:nth(19800, Times), hd(Times), Rate(Small, 20000, 1), Rate(Small, 20000, 8),
               Rate(Small, 20000, 64), Rate(Large, 5000, 8)]).

accept(Listen) ->
    {ok, Socket} = gen_tcp:accept(Listen),
    spawn(fun() -> receive go -> echo(Socket) end end) ! go,
    accept(Listen).

echo(Socket) ->
    case gen_tcp:recv(Socket, 0) of
        {ok, Message} when byte_size(Message) > 64 -> gen_tcp:send(Socket, <<1>>), echo(Socket);
        {ok, Message} -> gen_tcp:send(Socket, Message), echo(Socket);
        {error, _} -> ok
    end.

call(Socket, Message) ->
    ok = gen_tcp:send(Socket, Message),
    {ok, _} = gen_tcp:recv(Socket, 0).

timed(Socket, Message) ->
    Start = erlang:monotonic_time(nanosecond),
    call(Socket, Message),
    (erlang:monotonic_time(nanosecond) - Start) / 1000.

rate(Socket, Message, Count, Window) ->
    Start = erlang:monotonic_time(nanosecond),
    [ok = gen_tcp:send(Socket, Message) || _ <- lists:seq(1, Window)],
    more(Socket, Message, Count - Window, Window),
    round(Count * 1.0e9 / (erlang:monotonic_time(nanosecond) - Start)).

more(_, _, 0, 0) -> ok;
more(Socket, Message, 0, Waiting) ->
    {ok, _} = gen_tcp:recv(Socket, 0),
    more(Socket, Message, 0, Waiting - 1);
more(Socket, Message, Left, Waiting) ->
    {ok, _} = gen_tcp:recv(Socket, 0),
    ok = gen_tcp:send(Socket, Message),
    more(Socket, Message, Left - 1, Waiting).
