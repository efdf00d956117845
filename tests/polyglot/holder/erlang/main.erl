%% Provides the ring and never answers: what it was asked is kept for ever.
-module(main).
-behaviour(bulkhead).

-export([uses/0, provides/0, start/1, handle_call/4]).

uses() -> #{next => ring}.
provides() -> #{ring => ring}.
start(_) -> ok.

handle_call(ring, _Client, <<"pass">>, _) ->
    receive
        never -> {error, <<"COMPONENT_ERROR">>, <<"never">>}
    end.
