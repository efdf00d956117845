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
end
