%% The memory that the two ends of a channel share: a file that is read and written, never mapped, so that a peer who cuts it
%% off makes a read short and nothing worse (docs/decisions/0013). The client alone gives out pieces of it, in whole pages.
-module(bulkhead_lease).

%% For components.
-export([use/3, piece/2, handle/1, read/1, read/3, write/2, write/3]).
%% For the client's end of a channel.
-export([new/2, take/2, give/3, peer_gone/1]).

%% Pieces of different calls share no page, so what one writes touches no other's memory.
-define(PAGE, 4096).

%% Runs Fun with a piece of the memory that is shared with the provider of a channel, and returns what it returns. Put
%% handle(Piece) into the arguments of a call. Where Fun returns {error, <<"DEADLINE_EXCEEDED">>, _}, or crashes, the provider may
%% still write, so that the piece is not given out again before the provider has gone.
use(Channel, SizeBytes, Fun) ->
    Client = persistent_term:get({bulkhead_client, Channel}),
    case gen_server:call(Client, {lease_take, SizeBytes}, infinity) of
        {ok, Piece} ->
            try Fun(Piece) of
                Result ->
                    gen_server:cast(Client, {lease_give, Piece, state_after(Result)}),
                    Result
            catch
                Class:Reason:Stack ->
                    gen_server:cast(Client, {lease_give, Piece, late}),
                    erlang:raise(Class, Reason, Stack)
            end;
        none ->
            {error, <<"IPC_OVERLOADED">>, <<"the lease has no room">>}
    end.

state_after({error, <<"DEADLINE_EXCEEDED">>, _}) -> late;
state_after(_) -> free.

%% The piece that a client named in its arguments: {ok, Piece}, or IPC_LEASE_INVALID, for the other end can be wrong or lie.
piece(#{lease := {Path, LeaseBytes}}, #{<<"offset">> := Offset, <<"sizeBytes">> := Size} = Handle) when
    map_size(Handle) =:= 2, is_integer(Offset), is_integer(Size), Offset >= 0, Size > 0, Offset + Size =< LeaseBytes ->
    {ok, #{path => Path, offset => Offset, size => Size}};
piece(_, _) ->
    invalid(<<"that is not inside the lease">>).

handle(#{offset := Offset, size := Size}) -> #{<<"offset">> => Offset, <<"sizeBytes">> => Size}.

read(#{size := Size} = Piece) -> read(Piece, 0, Size).

%% {ok, Binary}, `Size` bytes from `At` of the piece on, or IPC_LEASE_INVALID.
read(#{size := All} = Piece, At, Size) when At >= 0, Size >= 0, At + Size =< All ->
    with_file(Piece, fun(File, Offset) ->
        case file:pread(File, Offset + At, Size) of
            {ok, Bytes} when byte_size(Bytes) =:= Size -> {ok, Bytes};
            eof when Size =:= 0 -> {ok, <<>>};
            _ -> invalid(<<"the other end has cut the lease off">>)
        end
    end);
read(_, _, _) ->
    invalid(<<"that is not inside the piece">>).

write(Piece, Bytes) -> write(Piece, 0, Bytes).

%% ok, or IPC_LEASE_INVALID.
write(#{size := All} = Piece, At, Bytes) when At >= 0, At + byte_size(Bytes) =< All ->
    with_file(Piece, fun(File, Offset) ->
        case file:pwrite(File, Offset + At, Bytes) of
            ok -> ok;
            {error, _} -> invalid(<<"the lease cannot be written">>)
        end
    end);
write(_, _, _) ->
    invalid(<<"that is not inside the piece">>).

with_file(#{path := Path, offset := Offset}, Do) ->
    case file:open(Path, [read, write, raw, binary]) of
        {ok, File} ->
            try Do(File, Offset) after file:close(File) end;
        {error, _} ->
            invalid(<<"the lease cannot be opened">>)
    end.

invalid(Why) -> {error, <<"IPC_LEASE_INVALID">>, Why}.

%% ---- The client's end ----

%% Pages that are not free: taken, or late where their call missed its deadline.
new(Name, LeaseBytes) -> #{path => path(Name), count => LeaseBytes div ?PAGE, pages => #{}}.

path(Name) -> filename:join("/run/ipc/leases", Name).

take(Size, #{count := Count, pages := Pages, path := Path} = Lease) when is_integer(Size), Size > 0 ->
    case first_fit(0, 0, pages_of(Size), Count, Pages) of
        none ->
            none;
        First ->
            Taken = maps:from_list([{Page, taken} || Page <- lists:seq(First, First + pages_of(Size) - 1)]),
            {ok, #{path => Path, offset => First * ?PAGE, size => Size}, Lease#{pages := maps:merge(Pages, Taken)}}
    end;
take(_, _) ->
    none.

first_fit(First, Needed, Needed, _, _) -> First;
first_fit(First, Found, Needed, Count, Pages) when First + Found < Count ->
    case is_map_key(First + Found, Pages) of
        true -> first_fit(First + Found + 1, 0, Needed, Count, Pages);
        false -> first_fit(First, Found + 1, Needed, Count, Pages)
    end;
first_fit(_, _, _, _, _) ->
    none.

give(#{offset := Offset, size := Size}, State, #{pages := Pages} = Lease) ->
    First = Offset div ?PAGE,
    Own = lists:seq(First, First + pages_of(Size) - 1),
    case State of
        free -> Lease#{pages := maps:without(Own, Pages)};
        late -> Lease#{pages := maps:merge(Pages, maps:from_list([{Page, late} || Page <- Own]))}
    end.

peer_gone(none) -> none;
peer_gone(#{pages := Pages} = Lease) -> Lease#{pages := maps:filter(fun(_, State) -> State =/= late end, Pages)}.

pages_of(Size) -> (Size + ?PAGE - 1) div ?PAGE.
