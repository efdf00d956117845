%% A station of the ring, in Erlang: passes the token on, adds its name to what comes back, and answers with that.
-module(main).
-behaviour(bulkhead).

-export([uses/0, provides/0, start/1, handle_call/4, handle_stream/5]).

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
    {error, <<"IPC_ARGUMENTS_INVALID">>, <<"pass takes a round and a trail">>};
%% The same in shared memory: the text goes into a piece of the next station's, and back with all names.
handle_call(ring, Client, <<"stamp">>, Handle) ->
    case bulkhead_lease:piece(Client, Handle) of
        {ok, Piece} -> stamp(Piece);
        Error -> Error
    end.

stamp(#{size := Size} = Piece) ->
    case read_text(Piece) of
        {ok, Text} ->
            Name = persistent_term:get(name),
            Mine = <<Text/binary, " ", Name/binary>>,
            case stamped_by_next(Mine, Size) of
                {ok, All} -> done(bulkhead_lease:write(Piece, <<All/binary, 0>>));
                %% No memory is shared with the next one.
                {error, <<"IPC_OVERLOADED">>, _} -> done(bulkhead_lease:write(Piece, <<Mine/binary, 0>>));
                Error -> Error
            end;
        Error ->
            Error
    end.

done(ok) -> {ok, nil};
done(Error) -> Error.

stamped_by_next(Text, Size) ->
    bulkhead_lease:use(next, Size, fun(Piece) ->
        case bulkhead_lease:write(Piece, <<Text/binary, 0>>) of
            ok ->
                case bulkhead:call(next, <<"stamp">>, bulkhead_lease:handle(Piece), 1500) of
                    {ok, _} -> read_text(Piece);
                    Error -> Error
                end;
            Error ->
                Error
        end
    end).

%% The text in a piece, which a zero byte ends.
read_text(Piece) ->
    case bulkhead_lease:read(Piece) of
        {ok, Bytes} -> {ok, hd(binary:split(Bytes, <<0>>))};
        Error -> Error
    end.

%% Streams, both ways: each item goes on when the one behind has room for it.
handle_stream(ring, _Client, <<"down">>, Arguments, Stream) ->
    bulkhead:pass(bulkhead:open(next, <<"down">>, Arguments), Stream, fun check/1);
handle_stream(ring, _Client, <<"up">>, Arguments, Stream) ->
    Next = bulkhead:open(next, <<"up">>, Arguments),
    case bulkhead:pass(Stream, Next, fun check/1) of
        ok ->
            bulkhead:finish(Next);
        {error, Code, Text} = Error ->
            bulkhead:fail(Next, Code, Text),
            Error
    end.

check(#{<<"index">> := _, <<"fill">> := _} = Item) -> {ok, Item};
check(_) -> {error, <<"IPC_ARGUMENTS_INVALID">>, <<"an item has an index and a fill">>}.
