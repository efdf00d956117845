%% Streams of both ends: an item is sent while its reader has given credit for it, so a reader holds at most the window and one
%% frame (docs/decisions/0015). The process of a connection keeps them; who reads or writes is another process, which waits.
-module(bulkhead_stream).

%% For who reads and writes.
-export([next/1, write/2, pass/3, finish/1, cancel/1, fail/3]).
%% For the process of a connection.
-export([new/1, connected/2, disconnected/2, lost/3, open/6, serve/5, heard/3, asked/3, owner_gone/2, handled/3]).

-export_type([stream/0]).

-define(MAX_STREAMS, 16).
-define(WINDOW_BYTES, 65536).
-define(MAX_FRAME, 1024 * 1024).
%% Frames of streams that wait for a peer that takes none; ends and credit are few, so it takes none for long.
-define(MAX_WAITING, 1024).

-opaque stream() :: #{connection := pid(), id := non_neg_integer(), ref := reference()}.

%% ---- Who reads and writes ----

%% The next item: {ok, Item}, done after the last, or {error, Code, Text}.
next(Stream) -> call(Stream, next, never()).

%% ok when it has been sent; waits while the reader has no room. {error, Code, Text}: nothing can be written any more.
write(Stream, Item) -> write(Stream, Item, never()).

write(#{id := Id} = Stream, Item, Until) ->
    Frame = iolist_to_binary(bulkhead_message:item(Id, Item)),
    case byte_size(Frame) of
        Size when Size > ?MAX_FRAME ->
            {error, <<"IPC_FRAME_TOO_LARGE">>, <<"the item does not fit a frame">>};
        Size ->
            case call(Stream, {write, Size}, Until) of
                %% By this process: the one of the connection goes on reading whatever the peer takes.
                {go, Socket} -> sent(gen_tcp:send(Socket, Frame));
                Error -> Error
            end
    end.

sent(ok) -> ok;
sent({error, _}) -> gone().

%% Writes to one stream what it reads of another, each item as Fun says: {ok, Item} or {error, Code, Text}. ok after the last,
%% else why there were no more; unlike next/1 and write/2 it hears of the end of either while it waits for the other.
pass(#{connection := Reading} = From, #{connection := Writing, ref := Ref} = To, Fun) ->
    Gone = erlang:monitor(process, Reading),
    Over = erlang:monitor(process, Writing),
    Writing ! {stream, Ref, {self(), Over}, watch},
    Result = pass(From, To, Fun, {Over, Gone}),
    _ = [erlang:demonitor(Tag, [flush]) || Tag <- [Gone, Over]],
    receive
        {Over, _} -> Result
    after 0 -> Result
    end.

pass(From, To, Fun, Until) ->
    case call(From, next, Until) of
        {ok, Item} ->
            case write_as(Fun(Item), To, Until) of
                ok -> pass(From, To, Fun, Until);
                Error -> Error
            end;
        done ->
            ok;
        Error ->
            Error
    end.

write_as({ok, Item}, To, Until) -> write(To, Item, Until);
write_as(Error, _, _) -> Error.

%% Of a client that writes: no item follows. ok when the provider has dealt with all of them.
finish(Stream) -> call(Stream, finish, never()).

%% Of a reader: it wants no more. Of a writer: it gives up.
cancel(Stream) -> call(Stream, cancel, never()).

%% The same, and the other end is told why.
fail(Stream, Code, Text) -> call(Stream, {fail, Code, Text}, never()).

%% What else ends the wait: the tag of a watch, and of a monitor.
never() -> {never, never}.

call(#{connection := Connection, ref := Ref}, Request, {Over, Gone}) ->
    Tag = erlang:monitor(process, Connection),
    Connection ! {stream, Ref, {self(), Tag}, Request},
    receive
        {Tag, Reply} ->
            _ = erlang:demonitor(Tag, [flush]),
            Reply;
        {'DOWN', Tag, process, _, _} ->
            gone();
        {Over, Outcome} ->
            write_error(Outcome);
        {'DOWN', Gone, process, _, _} ->
            gone()
    end.

gone() -> {error, <<"PEER_GONE">>, <<"the other end has gone">>}.

cancelled() -> {error, <<"IPC_STREAM_CANCELLED">>, <<"the reading end wants no more">>}.

%% ---- The process of a connection ----

%% `flows`: streams by their ids. `courier`: sends what this process must not wait for.
new(Served) -> #{served => Served, flows => #{}, last => 0, socket => none, courier => none}.

connected(Socket, #{flows := Flows} = Streams) ->
    Owner = self(),
    Courier = spawn(fun() -> carry(Socket, erlang:monitor(process, Owner)) end),
    Linked = Streams#{socket := Socket, courier := Courier},
    maps:foreach(fun(_, Flow) -> begin_flow(Flow, Linked) end, Flows),
    Linked#{flows := maps:map(fun(_, Flow) -> Flow#{opening := none} end, Flows)}.

begin_flow(#{opening := none}, _) -> ok;
begin_flow(#{outcome := Outcome}, _) when Outcome =/= open -> ok;
begin_flow(#{opening := Opening, id := Id, ended := Ended}, Streams) ->
    post(Opening, Streams),
    _ = [post(bulkhead_message:stream_end(Id, none), Streams) || Ended],
    ok.

%% One process per connection, which ends with it.
carry(Socket, Owner) ->
    receive
        {send, Frame} ->
            _ = gen_tcp:send(Socket, Frame),
            carry(Socket, Owner);
        {'DOWN', Owner, process, _, _} ->
            ok;
        stop ->
            ok
    end.

post(_, #{courier := none}) -> ok;
post(Frame, #{courier := Courier, socket := Socket}) ->
    case process_info(Courier, message_queue_len) of
        {message_queue_len, Waiting} when Waiting > ?MAX_WAITING -> _ = gen_tcp:shutdown(Socket, read_write), ok;
        _ -> Courier ! {send, Frame}, ok
    end.

%% The connection has gone: streams that were on it end; those that wait for one go on waiting.
disconnected(Error, #{courier := Courier} = Streams) ->
    _ = [Courier ! stop || is_pid(Courier)],
    lost(Error, fun(#{opening := Opening}) -> Opening =:= none end, Streams#{socket := none, courier := none}).

lost(Error, IsMeant, #{flows := Flows} = Streams) ->
    Ids = [Id || {Id, #{outcome := open} = Flow} <- maps:to_list(Flows), IsMeant(Flow)],
    lists:foldl(fun(Id, Acc) -> ended(Id, Error, Acc) end, Streams, Ids).

%% Opens a stream for process `Owner`, told by `From`; `Refusal`: why it fails at once, or none.
open({Owner, _} = From, Name, Reads, Arguments, Refusal, #{flows := Flows, last := Last, socket := Socket} = Streams) ->
    Id = free_id(Last, Flows),
    Ref = make_ref(),
    Credit = if Reads -> ?WINDOW_BYTES; true -> 0 end,
    Opening = bulkhead_message:open(Id, Name, Arguments, Credit),
    Monitor = erlang:monitor(process, Owner),
    Flow = (flow(Id, Ref, Reads, Credit))#{opening := Opening, monitor := Monitor},
    gen_server:reply(From, #{connection => self(), id => Id, ref => Ref}),
    Opened = Streams#{flows := Flows#{Id => Flow}, last := Id},
    case {Refusal, map_size(Flows) >= ?MAX_STREAMS, Socket} of
        {none, true, _} -> ended(Id, {error, <<"IPC_OVERLOADED">>, <<"16 streams are open already">>}, Opened);
        {none, false, none} -> Opened;
        {none, false, _} -> begin_flow(Flow, Opened), put_flow(Flow#{opening := none}, Opened);
        {Error, _, _} -> ended(Id, Error, Opened)
    end.

free_id(Last, Flows) ->
    case (Last + 1) band 16#ffffffff of
        Id when is_map_key(Id, Flows) -> free_id(Id, Flows);
        Id -> Id
    end.

flow(Id, Ref, Reads, Credit) ->
    #{id => Id, ref => Ref, reads => Reads, credit => Credit, taken => 0, held => queue:new(), asking => queue:new(),
      ended => false, outcome => open, finisher => none, watcher => none, opening => none, monitor => none, handler => none}.

put_flow(#{id := Id} = Flow, #{flows := Flows} = Streams) -> Streams#{flows := Flows#{Id => Flow}}.

drop(#{id := Id, monitor := Monitor}, #{flows := Flows} = Streams) ->
    _ = [erlang:demonitor(Monitor, [flush]) || is_reference(Monitor)],
    Streams#{flows := maps:remove(Id, Flows)}.

%% A client's stream that was checked: `Start` starts its handler, given the stream. {ok, Streams}, refused, or broken.
serve(Id, _, _, _, #{flows := Flows}) when is_map_key(Id, Flows) -> broken;
serve(_, _, _, _, #{flows := Flows}) when map_size(Flows) >= ?MAX_STREAMS -> refused;
serve(Id, Reads, Given, Start, Streams) ->
    Ref = make_ref(),
    Credit = if Reads -> ?WINDOW_BYTES; true -> Given end,
    _ = [post(bulkhead_message:credit(Id, ?WINDOW_BYTES), Streams) || Reads],
    Handler = Start(#{connection => self(), id => Id, ref => Ref}),
    {ok, put_flow((flow(Id, Ref, Reads, Credit))#{handler := Handler}, Streams)}.

%% What comes after the end of a stream is fine; what belongs to none that ever was is not. {ok, Streams} or broken.
heard(Message, Size, #{flows := Flows, served := Served, last := Last} = Streams) ->
    Id = element(2, Message),
    case Flows of
        #{Id := #{outcome := open, opening := none} = Flow} -> hear(Message, Size, Flow, Streams);
        _ when Served; Id =< Last -> {ok, Streams};
        _ -> broken
    end.

hear({item, _, Item}, Size, #{reads := true, credit := Credit} = Flow, Streams) when Credit > 0 ->
    #{held := Held, asking := Asking} = Flow,
    Less = Flow#{credit := Credit - Size},
    case queue:out(Asking) of
        {{value, From}, Rest} ->
            reply(From, {ok, Item}),
            {ok, give_back(Size, Less#{asking := Rest}, Streams)};
        {empty, _} ->
            {ok, put_flow(Less#{held := queue:in({Size, Item}, Held)}, Streams)}
    end;
hear({credit, _, Bytes}, _, #{reads := false, credit := Credit} = Flow, Streams) ->
    {ok, let_write(Flow#{credit := Credit + Bytes}, Streams)};
hear({credit, _, _}, _, #{reads := true}, #{served := true} = Streams) ->
    {ok, Streams};
hear({stream_end, Id, _}, _, #{reads := false, handler := Handler}, #{served := true} = Streams) ->
    exit(Handler, shutdown),
    {ok, ended(Id, cancelled(), Streams)};
hear({stream_end, Id, none}, _, _, Streams) ->
    {ok, ended(Id, done, Streams)};
hear({stream_end, Id, {Code, Text}}, _, _, Streams) ->
    {ok, ended(Id, {error, Code, Text}, Streams)};
hear(_, _, _, _) ->
    broken.

%% Credit is given back in halves of the window: a frame of it per item would double the messages.
give_back(Size, #{taken := Taken, outcome := open, credit := Credit, id := Id} = Flow, Streams) when
    Taken + Size >= ?WINDOW_BYTES div 2 ->
    post(bulkhead_message:credit(Id, Taken + Size), Streams),
    put_flow(Flow#{taken := 0, credit := Credit + Taken + Size}, Streams);
give_back(Size, #{taken := Taken} = Flow, Streams) ->
    put_flow(Flow#{taken := Taken + Size}, Streams).

%% Those that wait to write go on, one after the other, while there is credit.
let_write(#{credit := Credit, asking := Asking, outcome := open} = Flow, #{socket := Socket} = Streams) when
    Socket =/= none ->
    MayWrite = Credit > 0 andalso not queue:is_empty(Asking),
    case MayWrite of
        true ->
            {{value, {From, Size}}, Rest} = queue:out(Asking),
            reply(From, {go, Socket}),
            let_write(Flow#{credit := Credit - Size, asking := Rest}, Streams);
        false ->
            put_flow(Flow, Streams)
    end;
let_write(Flow, Streams) ->
    put_flow(Flow, Streams).

%% The other end has ended it, or has gone; what was held is read before that is told.
ended(Id, Outcome, #{flows := Flows, served := Served} = Streams) ->
    #{Id := #{reads := Reads, asking := Asking, finisher := Finisher, watcher := Watcher} = Flow} = Flows,
    _ = [reply(Watcher, Outcome) || Watcher =/= none],
    Over = Flow#{outcome := Outcome, asking := queue:new()},
    case Reads of
        true ->
            _ = [reply(From, Outcome) || From <- queue:to_list(Asking)],
            case queue:is_empty(Asking) of
                false when not Served -> drop(Over, Streams);
                _ -> put_flow(Over, Streams)
            end;
        false ->
            _ = [reply(From, write_error(Outcome)) || {From, _} <- queue:to_list(Asking)],
            _ = [reply(Finisher, finish_outcome(Outcome)) || Finisher =/= none],
            case Served orelse Finisher =/= none of
                true -> drop(Over, Streams);
                false -> put_flow(Over, Streams)
            end
    end.

write_error(done) -> cancelled();
write_error(Error) -> Error.

finish_outcome(done) -> ok;
finish_outcome(Error) -> Error.

%% What a process that reads or writes wants of its stream.
asked(Ref, {From, Request}, #{flows := Flows} = Streams) ->
    case [Flow || #{ref := R} = Flow <- maps:values(Flows), R =:= Ref] of
        [Flow] ->
            ask(Request, From, Flow, Streams);
        [] ->
            reply(From, after_end(Request)),
            Streams
    end.

after_end(next) -> done;
after_end(watch) -> done;
after_end(cancel) -> ok;
after_end({fail, _, _}) -> ok;
after_end(_) -> cancelled().

ask(next, From, #{reads := true, held := Held, outcome := Outcome, asking := Asking} = Flow, #{served := Served} = Streams) ->
    case {queue:out(Held), Outcome} of
        {{{value, {Size, Item}}, Rest}, _} ->
            reply(From, {ok, Item}),
            give_back(Size, Flow#{held := Rest}, Streams);
        {{empty, _}, open} ->
            put_flow(Flow#{asking := queue:in(From, Asking)}, Streams);
        {{empty, _}, _} when Served ->
            reply(From, Outcome),
            Streams;
        {{empty, _}, _} ->
            reply(From, Outcome),
            drop(Flow, Streams)
    end;
ask({write, Size}, From, #{reads := false, ended := false, outcome := open, asking := Asking} = Flow, Streams) ->
    let_write(Flow#{asking := queue:in({From, Size}, Asking)}, Streams);
ask({write, _}, From, #{reads := false, ended := false, outcome := Outcome}, Streams) ->
    reply(From, write_error(Outcome)),
    Streams;
ask(finish, From, #{reads := false, outcome := open, id := Id, ended := Ended} = Flow, #{served := false} = Streams) ->
    _ = [post(bulkhead_message:stream_end(Id, none), Streams) || not Ended],
    put_flow(Flow#{ended := true, finisher := From}, Streams);
ask(finish, From, #{reads := false, outcome := Outcome} = Flow, #{served := false} = Streams) ->
    reply(From, finish_outcome(Outcome)),
    drop(Flow, Streams);
ask(watch, From, #{outcome := open} = Flow, Streams) ->
    put_flow(Flow#{watcher := From}, Streams);
ask(watch, From, #{outcome := Outcome}, Streams) ->
    reply(From, Outcome),
    Streams;
ask(cancel, From, #{reads := Reads} = Flow, Streams) ->
    reply(From, ok),
    leave(Flow, reason(Reads), Streams);
ask({fail, Code, Text}, From, Flow, Streams) ->
    reply(From, ok),
    leave(Flow, {Code, Text}, Streams);
ask(_, From, _, Streams) ->
    reply(From, {error, <<"IPC_ARGUMENTS_INVALID">>, <<"this end of the stream cannot do that">>}),
    Streams.

reason(true) -> none;
reason(false) -> {<<"COMPONENT_ERROR">>, <<"its writer gave up">>}.

%% This end has had enough of it.
leave(#{id := Id, outcome := Outcome, opening := Opening} = Flow, Why, #{served := Served} = Streams) ->
    _ = [post(bulkhead_message:stream_end(Id, Why), Streams) || Served orelse Outcome =:= open, Opening =:= none],
    drop(Flow, Streams).

%% A process that had opened a stream has ended.
owner_gone(Monitor, #{flows := Flows} = Streams) ->
    case [Flow || #{monitor := M} = Flow <- maps:values(Flows), M =:= Monitor] of
        [#{reads := Reads} = Flow] -> leave(Flow, reason(Reads), Streams);
        [] -> Streams
    end.

%% The handler of a stream has ended; `Why` as bulkhead_message:stream_end has it.
handled(Handler, Why, #{flows := Flows} = Streams) ->
    case [Flow || #{handler := H} = Flow <- maps:values(Flows), H =:= Handler] of
        [#{id := Id} = Flow] ->
            post(bulkhead_message:stream_end(Id, Why), Streams),
            drop(Flow, Streams);
        [] ->
            Streams
    end.

reply({Pid, Tag}, Reply) -> Pid ! {Tag, Reply}, ok.
