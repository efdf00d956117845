/*
 * One channel over the restarts of its provider: CALLS calls, the first of which is idempotent. The same rules as
 * sdk/src/channel/{calls,connector}.ts: what was sent to a peer that has gone fails, or is repeated once; each call is
 * answered or fails, exactly once. Each MUTATE_ removes one rule; each must be found.
 */
#define CALLS 2
#define idempotent(call) (call == 0)

mtype = { unsent, waiting, sent, answered, failed };

/* A frame carries the connection that it goes over: what is on its way when that breaks is lost. */
chan requests = [CALLS] of { byte, byte };
chan answers = [CALLS] of { byte, byte };
/* What the root server tells the client. */
chan news = [4] of { bool, byte };

mtype state[CALLS] = unsent;
bool repeated[CALLS];
byte executed[CALLS];
byte settlements[CALLS];
/* The provider that runs; 0: none. */
byte provider = 1;
byte restarts = 3;
/* The connection as the client has it; 0: none. */
byte connection = 0;

inline settle(call, how) { state[call] = how; settlements[call]++; assert(settlements[call] == 1) }

inline lose(call) {
  if
#ifdef MUTATE_REPEAT_ALL
  :: state[call] == sent -> state[call] = waiting
#else
#ifdef MUTATE_REPEAT_FOREVER
  :: state[call] == sent && idempotent(call) -> state[call] = waiting
  :: state[call] == sent && !idempotent(call) -> settle(call, failed)
#else
#ifdef MUTATE_SILENT_LOSS
  :: state[call] == sent && idempotent(call) && !repeated[call] -> repeated[call] = true; state[call] = waiting
  :: state[call] == sent && (!idempotent(call) || repeated[call]) -> skip
#else
  :: state[call] == sent && idempotent(call) && !repeated[call] -> repeated[call] = true; state[call] = waiting
  :: state[call] == sent && (!idempotent(call) || repeated[call]) -> settle(call, failed)
#endif
#endif
#endif
  :: else -> skip
  fi
}

inline transmit(call) {
  if
  :: state[call] == waiting && connection != 0 -> requests!connection,call; state[call] = sent
  :: else -> skip
  fi
}

active proctype Provider() {
  byte over, call;
  do
  /* It runs, and answers what comes over a connection to itself. */
  :: atomic { provider != 0 && nempty(requests) -> requests?over,call;
     if
     :: over == provider -> executed[call]++; answers!over,call
     :: else -> skip
     fi }
  /* It is killed, and started again: what it had not read has gone with it. */
  :: atomic { provider != 0 && restarts > 0 -> restarts--; news!false,provider; provider++; news!true,provider }
  /* Or it is not. */
  :: atomic { restarts > 0 -> restarts-- }
  od
}

active proctype Client() {
  byte over, call, peer;
  bool up;
  atomic { connection = 1 };
  do
  :: atomic { state[0] == unsent -> state[0] = waiting; transmit(0) }
  :: atomic { state[1] == unsent -> state[1] = waiting; transmit(1) }
  :: atomic { nempty(answers) -> answers?over,call;
     if
#ifdef MUTATE_STALE_ANSWERS
     :: true -> settle(call, answered)
#else
     :: over == connection && state[call] == sent -> settle(call, answered)
     :: else -> skip
#endif
     fi }
  :: atomic { nempty(news) -> news?up,peer;
     if
     :: !up && connection != 0 -> connection = 0; lose(0); lose(1)
#ifdef MUTATE_NO_RECONNECT
     :: up -> skip
#else
     :: up -> connection = peer; transmit(0); transmit(1)
#endif
     :: else -> skip
     fi }
  od
}

/* Nothing moves any more: every call has come to an end, and was not carried out more often than its kind allows. */
active proctype Rest() {
  timeout -> atomic {
    assert(settlements[0] == 1 && settlements[1] == 1);
    assert(executed[0] <= 2 && executed[1] <= 1)
  }
}
