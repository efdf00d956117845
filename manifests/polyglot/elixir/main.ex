# A station of the ring, in Elixir: passes the token on, adds its name to what comes back, and answers with that.
defmodule Main do
  @behaviour :bulkhead

  @impl true
  def uses, do: %{next: :ring}

  @impl true
  def provides, do: %{ring: :ring}

  @impl true
  def start(%{component: name, incarnation: incarnation}) do
    :persistent_term.put(:name, name)
    :bulkhead.log(:info, "#{name} is in the ring, incarnation #{incarnation}")
  end

  @impl true
  def handle_call(:ring, _client, "pass", %{"round" => round, "trail" => trail})
      when is_integer(round) and is_binary(trail) do
    token = %{"round" => round, "trail" => "#{trail} #{:persistent_term.get(:name)}"}

    case :bulkhead.call(:next, "pass", token, 1500) do
      {:ok, %{"trail" => _} = result} -> {:ok, result}
      {:ok, _} -> {:error, "IPC_RESULT_INVALID", "the next station answered something else"}
      {:error, code, _} -> {:error, code, "the next station did not answer"}
    end
  end

  def handle_call(:ring, _client, "pass", _) do
    {:error, "IPC_ARGUMENTS_INVALID", "pass takes a round and a trail"}
  end

  # The same in shared memory: the text goes into a piece of the next station's, and back with all names.
  def handle_call(:ring, client, "stamp", handle) do
    with {:ok, piece} <- :bulkhead_lease.piece(client, handle),
         {:ok, text} <- read_text(piece),
         {:ok, all} <- stamped("#{text} #{:persistent_term.get(:name)}", piece.size),
         :ok <- :bulkhead_lease.write(piece, all <> <<0>>) do
      {:ok, nil}
    end
  end

  # Streams, both ways: each item goes on when the one behind has room for it.
  @impl true
  def handle_stream(:ring, _client, "down", arguments, stream) do
    :bulkhead.pass(:bulkhead.open(:next, "down", arguments), stream, &check/1)
  end

  def handle_stream(:ring, _client, "up", arguments, stream) do
    next = :bulkhead.open(:next, "up", arguments)

    case :bulkhead.pass(stream, next, &check/1) do
      :ok ->
        :bulkhead.finish(next)

      {:error, code, text} = error ->
        :bulkhead.fail(next, code, text)
        error
    end
  end

  defp check(%{"index" => _, "fill" => _} = item), do: {:ok, item}
  defp check(_), do: {:error, "IPC_ARGUMENTS_INVALID", "an item has an index and a fill"}

  # The text with the names of the stations behind, where memory is shared with them.
  defp stamped(text, size) do
    lent =
      :bulkhead_lease.use(:next, size, fn piece ->
        with :ok <- :bulkhead_lease.write(piece, text <> <<0>>),
             {:ok, _} <- :bulkhead.call(:next, "stamp", :bulkhead_lease.handle(piece), 1500) do
          read_text(piece)
        end
      end)

    case lent do
      {:error, "IPC_OVERLOADED", _} -> {:ok, text}
      other -> other
    end
  end

  # The text in a piece, which a zero byte ends.
  defp read_text(piece) do
    with {:ok, bytes} <- :bulkhead_lease.read(piece), do: {:ok, hd(:binary.split(bytes, <<0>>))}
  end
end
