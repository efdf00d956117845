%% The three messages of a channel (MessagePack-RPC), the hello that both ends begin with, and the options of their sockets.
-module(bulkhead_message).

-export([parse/1, request/3, response/2, notification/2, hello/2, read_hello/2, socket_options/0]).

-define(PROTOCOL, 1).
-define(MAX_FRAME, 1024 * 1024).
-define(MAX_NAME, 64).
-define(MAX_ERROR_TEXT, 2000).

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
classify(_) ->
    error.

named(Name, Message) when is_binary(Name), Name =/= <<>>, byte_size(Name) =< ?MAX_NAME -> Message;
named(_, _) -> error.

request(Call, Name, Arguments) -> bulkhead_msgpack:encode([0, Call, Name, Arguments]).

response(Call, {ok, Result}) ->
    bulkhead_msgpack:encode([1, Call, nil, Result]);
response(Call, {error, Code, Text}) ->
    Short = unicode:characters_to_binary(string:slice(Text, 0, 500)),
    bulkhead_msgpack:encode([1, Call, #{code => Code, message => Short}, nil]).

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
