%% Provides the ring and never answers: what it was asked is kept for ever, and no stream is ended.
-module(main).
-behaviour(bulkhead).

-export([uses/0, provides/0, start/1, handle_call/4, handle_stream/5]).

uses() -> #{next => ring}.
provides() -> #{ring => ring}.
start(_) -> ok.

handle_call(ring, _Client, <<"pass">>, _) -> hold().

handle_stream(ring, _Client, _, _, _) -> hold().

hold() ->
    receive
        never -> {error, <<"COMPONENT_ERROR">>, <<"never">>}
    end.
