%% The messages of a channel (MessagePack-RPC, and those of streams), the hello that both ends begin with, and the options of their sockets.
-module(bulkhead_message).

-export([open/4, item/2, credit/2, stream_end/2]).
-export([parse/1, request/3, response/2, notification/2, hello/2, read_hello/2, socket_options/0]).

-define(PROTOCOL, 1).
-define(MAX_FRAME, 1024 * 1024).
-define(MAX_NAME, 64).
-define(MAX_ERROR_TEXT, 2000).
%% Identifiers and credit: 32 bits, without a sign.
-define(IS_NUMBER(N), is_integer(N), N >= 0, N =< 16#ffffffff).

%% Frames are lengths of four bytes and a body: what the VM calls a packet.
socket_options() ->
    [binary, {packet, 4}, {packet_size, ?MAX_FRAME}, {active, false}, {send_timeout, 5000}, {send_timeout_close, true}].

parse(Bytes) when byte_size(Bytes) =< ?MAX_FRAME ->
    case bulkhead_msgpack:decode(Bytes) of
        {ok, Message} -> classify(Message);
        error -> error
    end;
parse(_) ->
    error.

classify([0, Call, Name, Arguments]) when is_integer(Call), Call >= 0, Call =< 16#ffffffff ->
    named(Name, {request, Call, Name, Arguments});
classify([1, Call, nil, Result]) when is_integer(Call), Call >= 0, Call =< 16#ffffffff ->
    {response, Call, {ok, Result}};
classify([1, Call, #{<<"code">> := Code, <<"message">> := Text} = Error, _]) when
    is_integer(Call), Call >= 0, Call =< 16#ffffffff, map_size(Error) =:= 2, is_binary(Code), is_binary(Text),
    byte_size(Code) =< ?MAX_NAME, byte_size(Text) =< 3 * ?MAX_ERROR_TEXT ->
    {response, Call, {error, Code, Text}};
classify([2, Name, Body]) ->
    named(Name, {notification, Name, Body});
classify([3, Id, Name, Arguments, Credit]) when ?IS_NUMBER(Id), ?IS_NUMBER(Credit) ->
    named(Name, {open, Id, Name, Arguments, Credit});
classify([4, Id, Item]) when ?IS_NUMBER(Id) ->
    {item, Id, Item};
classify([5, Id, Bytes]) when ?IS_NUMBER(Id), ?IS_NUMBER(Bytes) ->
    {credit, Id, Bytes};
classify([6, Id, nil]) when ?IS_NUMBER(Id) ->
    {stream_end, Id, none};
classify([6, Id, Error]) ->
    %% The error is that of a response.
    case classify([1, Id, Error, nil]) of
        {response, _, {error, Code, Text}} -> {stream_end, Id, {Code, Text}};
        _ -> error
    end;
classify(_) ->
    error.

named(Name, Message) when is_binary(Name), Name =/= <<>>, byte_size(Name) =< ?MAX_NAME -> Message;
named(_, _) -> error.

request(Call, Name, Arguments) -> bulkhead_msgpack:encode([0, Call, Name, Arguments]).

response(Call, {ok, Result}) ->
    bulkhead_msgpack:encode([1, Call, nil, Result]);
response(Call, {error, Code, Text}) ->
    bulkhead_msgpack:encode([1, Call, failure(Code, Text), nil]).

failure(Code, Text) -> #{code => Code, message => unicode:characters_to_binary(string:slice(Text, 0, 500))}.

open(Id, Name, Arguments, Credit) -> bulkhead_msgpack:encode([3, Id, Name, Arguments, Credit]).

item(Id, Item) -> bulkhead_msgpack:encode([4, Id, Item]).

credit(Id, Bytes) -> bulkhead_msgpack:encode([5, Id, Bytes]).

%% none, or {Code, Text}.
stream_end(Id, none) -> bulkhead_msgpack:encode([6, Id, nil]);
stream_end(Id, {Code, Text}) -> bulkhead_msgpack:encode([6, Id, failure(Code, Text)]).

notification(Name, Body) -> bulkhead_msgpack:encode([2, Name, Body]).

hello(#{name := Name, digest := Digest}, #{component := Component, incarnation := Incarnation}) ->
    Body = #{protocol => ?PROTOCOL, interface => Name, digest => Digest, component => Component, incarnation => Incarnation},
    notification(<<"hello">>, Body).

%% {ok, Incarnation}, mismatch, or invalid.
read_hello({notification, <<"hello">>, Body}, #{name := Name, digest := Digest}) ->
    case Body of
        #{<<"protocol">> := P, <<"interface">> := I, <<"digest">> := D, <<"component">> := C, <<"incarnation">> := N} when
            map_size(Body) =:= 5, is_integer(P), is_binary(I), is_binary(D), is_binary(C), is_integer(N), N >= 0 ->
            case {P, I, D} of
                {?PROTOCOL, Name, Digest} -> {ok, N};
                _ -> mismatch
            end;
        _ ->
            invalid
    end;
read_hello(_, _) ->
    invalid.
