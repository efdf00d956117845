%% A station of the ring, in Erlang: passes the token on, adds its name to what comes back, and answers with that.
-module(main).
-behaviour(bulkhead).

-export([uses/0, provides/0, start/1, handle_call/4]).

uses() -> #{next => ring}.
provides() -> #{ring => ring}.

start(#{component := Name, incarnation := Incarnation}) ->
    persistent_term:put(name, Name),
    bulkhead:log(info, "~s is in the ring, incarnation ~b", [Name, Incarnation]).

handle_call(ring, _Client, <<"pass">>, #{<<"round">> := Round, <<"trail">> := Trail} = Arguments) when
    map_size(Arguments) =:= 2, is_integer(Round), Round > 0, is_binary(Trail)
->
    Name = persistent_term:get(name),
    case bulkhead:call(next, <<"pass">>, Arguments#{<<"trail">> := <<Trail/binary, " ", Name/binary>>}, 1500) of
        {ok, #{<<"trail">> := _} = Result} -> {ok, Result};
        {ok, _} -> {error, <<"IPC_RESULT_INVALID">>, <<"the next station answered something else">>};
        {error, Code, _} -> {error, Code, <<"the next station did not answer">>}
    end;
handle_call(ring, _Client, <<"pass">>, _) ->
    {error, <<"IPC_ARGUMENTS_INVALID">>, <<"pass takes a round and a trail">>}.
