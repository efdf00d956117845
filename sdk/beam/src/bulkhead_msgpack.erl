%% MessagePack values as Erlang terms: text is a binary, bytes are {bytes, Binary}, nil is nil, maps have binaries as keys.
%% Strict: nothing is announced that the message does not hold. Source of the format: msgpack/spec.md, "Formats".
-module(bulkhead_msgpack).

-export([encode/1, decode/1]).
-export_type([value/0]).

-type value() :: nil | boolean() | integer() | float() | binary() | {bytes, binary()} | [value()] | #{binary() => value()}.

%% Deep enough for a system description, shallow enough for every reader.
-define(MAX_DEPTH, 64).
%% A value takes many times the byte that announces it. TypeScript's library sends at most half as many items and members
%% (a name counts here).
-define(MAX_VALUES, 131072).

-spec decode(binary()) -> {ok, value()} | error.
decode(Bytes) ->
    %% Each announced value needs a byte of its own, so what decoding takes is bounded by what was sent.
    try value(Bytes, min(byte_size(Bytes), ?MAX_VALUES), 0) of
        {Value, <<>>, _} -> {ok, Value};
        _ -> error
    catch
        throw:invalid -> error
    end.

value(<<0:1, N:7, Rest/binary>>, Budget, _) -> {N, Rest, Budget};
value(<<16#8:4, N:4, Rest/binary>>, Budget, Depth) -> map(N, Rest, Budget, Depth);
value(<<16#9:4, N:4, Rest/binary>>, Budget, Depth) -> array(N, Rest, Budget, Depth);
value(<<5:3, N:5, Text:N/binary, Rest/binary>>, Budget, _) -> {binary:copy(Text), Rest, Budget};
value(<<7:3, N:5, Rest/binary>>, Budget, _) -> {N - 32, Rest, Budget};
value(<<16#c0, Rest/binary>>, Budget, _) -> {nil, Rest, Budget};
value(<<16#c2, Rest/binary>>, Budget, _) -> {false, Rest, Budget};
value(<<16#c3, Rest/binary>>, Budget, _) -> {true, Rest, Budget};
value(<<16#c4, N:8, Data:N/binary, Rest/binary>>, Budget, _) -> {{bytes, binary:copy(Data)}, Rest, Budget};
value(<<16#c5, N:16, Data:N/binary, Rest/binary>>, Budget, _) -> {{bytes, binary:copy(Data)}, Rest, Budget};
value(<<16#c6, N:32, Data:N/binary, Rest/binary>>, Budget, _) -> {{bytes, binary:copy(Data)}, Rest, Budget};
value(<<16#ca, F:32/float, Rest/binary>>, Budget, _) -> {F, Rest, Budget};
value(<<16#cb, F:64/float, Rest/binary>>, Budget, _) -> {F, Rest, Budget};
value(<<16#cc, N:8, Rest/binary>>, Budget, _) -> {N, Rest, Budget};
value(<<16#cd, N:16, Rest/binary>>, Budget, _) -> {N, Rest, Budget};
value(<<16#ce, N:32, Rest/binary>>, Budget, _) -> {N, Rest, Budget};
value(<<16#cf, N:64, Rest/binary>>, Budget, _) -> {N, Rest, Budget};
value(<<16#d0, N:8/signed, Rest/binary>>, Budget, _) -> {N, Rest, Budget};
value(<<16#d1, N:16/signed, Rest/binary>>, Budget, _) -> {N, Rest, Budget};
value(<<16#d2, N:32/signed, Rest/binary>>, Budget, _) -> {N, Rest, Budget};
value(<<16#d3, N:64/signed, Rest/binary>>, Budget, _) -> {N, Rest, Budget};
value(<<16#d9, N:8, Text:N/binary, Rest/binary>>, Budget, _) -> {binary:copy(Text), Rest, Budget};
value(<<16#da, N:16, Text:N/binary, Rest/binary>>, Budget, _) -> {binary:copy(Text), Rest, Budget};
value(<<16#db, N:32, Text:N/binary, Rest/binary>>, Budget, _) -> {binary:copy(Text), Rest, Budget};
value(<<16#dc, N:16, Rest/binary>>, Budget, Depth) -> array(N, Rest, Budget, Depth);
value(<<16#dd, N:32, Rest/binary>>, Budget, Depth) -> array(N, Rest, Budget, Depth);
value(<<16#de, N:16, Rest/binary>>, Budget, Depth) -> map(N, Rest, Budget, Depth);
value(<<16#df, N:32, Rest/binary>>, Budget, Depth) -> map(N, Rest, Budget, Depth);
%% 16#c1 is never used, extension types mean nothing here, and floats that are no numbers match no float.
value(_, _, _) -> throw(invalid).

announce(Count, Budget, Depth) when Count =< Budget, (Count =:= 0 orelse Depth < ?MAX_DEPTH) -> Budget - Count;
announce(_, _, _) -> throw(invalid).

array(N, Rest, Budget, Depth) -> array(N, Rest, announce(N, Budget, Depth), Depth + 1, []).

array(0, Rest, Budget, _, Values) -> {lists:reverse(Values), Rest, Budget};
array(N, Bytes, Budget, Depth, Values) ->
    {Value, Rest, Left} = value(Bytes, Budget, Depth),
    array(N - 1, Rest, Left, Depth, [Value | Values]).

map(N, Rest, Budget, Depth) -> map(N, Rest, announce(2 * N, Budget, Depth), Depth + 1, #{}).

map(0, Rest, Budget, _, Members) -> {Members, Rest, Budget};
map(N, Bytes, Budget, Depth, Members) ->
    case value(Bytes, Budget, Depth) of
        {Key, Rest, Left} when is_binary(Key), not is_map_key(Key, Members) ->
            {Value, After, Rest2} = value(Rest, Left, Depth),
            map(N - 1, After, Rest2, Depth, Members#{Key => Value});
        _ ->
            throw(invalid)
    end.

-spec encode(value()) -> iodata().
encode(nil) -> <<16#c0>>;
encode(null) -> <<16#c0>>;
encode(false) -> <<16#c2>>;
encode(true) -> <<16#c3>>;
encode(N) when is_integer(N) -> integer(N);
encode(F) when is_float(F) -> <<16#cb, F:64/float>>;
encode(Text) when is_binary(Text) -> [text_head(byte_size(Text)), Text];
encode({bytes, Data}) -> [bytes_head(byte_size(Data)), Data];
encode(Values) when is_list(Values) -> [head(length(Values), 16#90, 16#dc) | [encode(Value) || Value <- Values]];
encode(Members) when is_map(Members) ->
    Pairs = [[encode(key(Key)), encode(Value)] || {Key, Value} <- maps:to_list(Members)],
    [head(map_size(Members), 16#80, 16#de) | Pairs].

key(Key) when is_atom(Key) -> atom_to_binary(Key);
key(Key) when is_binary(Key) -> Key.

integer(N) when N >= -32, N =< 127 -> <<N:8/signed>>;
integer(N) when N >= 0, N =< 16#ff -> <<16#cc, N:8>>;
integer(N) when N >= 0, N =< 16#ffff -> <<16#cd, N:16>>;
integer(N) when N >= 0, N =< 16#ffffffff -> <<16#ce, N:32>>;
integer(N) when N >= 0, N =< 16#ffffffffffffffff -> <<16#cf, N:64>>;
integer(N) when N >= -16#80, N < 0 -> <<16#d0, N:8>>;
integer(N) when N >= -16#8000, N < 0 -> <<16#d1, N:16>>;
integer(N) when N >= -16#80000000, N < 0 -> <<16#d2, N:32>>;
integer(N) when N >= -16#8000000000000000, N < 0 -> <<16#d3, N:64>>.

text_head(Size) when Size < 32 -> <<5:3, Size:5>>;
text_head(Size) when Size =< 16#ff -> <<16#d9, Size:8>>;
text_head(Size) when Size =< 16#ffff -> <<16#da, Size:16>>;
text_head(Size) -> <<16#db, Size:32>>.

bytes_head(Size) when Size =< 16#ff -> <<16#c4, Size:8>>;
bytes_head(Size) when Size =< 16#ffff -> <<16#c5, Size:16>>;
bytes_head(Size) -> <<16#c6, Size:32>>.

head(Count, Short, _) when Count < 16 -> <<(Short bor Count)>>;
head(Count, _, Long) when Count =< 16#ffff -> <<Long, Count:16>>;
head(Count, _, Long) -> <<(Long + 1), Count:32>>.
