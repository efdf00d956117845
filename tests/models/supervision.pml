/*
 * Supervision of two components: PROVIDER, which has a spare, and CLIENT, which depends on it strongly. The same rules as
 * runtime/src/supervision decides by: what crashes is started again after a back-off, or by its spare at once; who runs
 * without its provider being ready is stopped; a stop ends everything. Each MUTATE_ removes one rule; each must be found.
 */
#define PROVIDER 0
#define CLIENT 1
#define MOST_CRASHES 2

mtype = { waiting, starting, ready, stopping, backing, stopped, failed };
mtype = { Exited, Elapsed, Stop, SpareUp, SpareGone };
mtype = { again, crash, end };
mtype = { none, building, standing, leaving };

/* Ends and timers come by one way, a component's words by another: they may overtake each other. */
chan events = [5] of { mtype, byte, byte };
chan words = [3] of { byte, byte };

mtype phase[2] = stopped;
mtype after[2] = end;
mtype spare = none;
byte incarnation[2];
byte spareId;
byte crashes[2];
/* What really runs. */
byte alive[2];
bool spareAlive, spareKilled, promoted;
bool told[2];
/* The last incarnation that said it was ready. */
byte saidBy[2];
bool ending, idle;
byte faults = 2;

#define settled(c) (phase[c] == ready || phase[c] == failed)

/* One incarnation: may become ready, may die at any time while there are faults left, dies when it is told to. */
proctype Component(byte c; byte mine) {
  bool said = false;
  do
  :: atomic { !said && !told[c] && nfull(words) -> words!c,mine; saidBy[c] = mine; said = true }
  :: atomic { faults > 0 -> faults--; break }
  :: told[c] -> break
  od;
  atomic { alive[c]--; events!Exited,c,mine }
}

proctype Spare(byte mine) {
  do
  :: spare == building && !spareKilled -> events!SpareUp,PROVIDER,mine;
     if
     :: promoted -> atomic { promoted = false; spareAlive = false; run Component(PROVIDER, incarnation[PROVIDER]); goto taken }
     :: spareKilled -> break
     :: atomic { faults > 0 && !promoted -> faults--; break }
     fi
  :: spareKilled -> break
  :: atomic { faults > 0 && !promoted -> faults--; break }
  od;
  atomic { spareAlive = false; spareKilled = false; events!SpareGone,PROVIDER,mine };
taken: skip
}

/* The timer of a back-off. */
proctype Timer(byte c; byte mine) { events!Elapsed,c,mine }

/* Nobody is started while another of it runs. */
inline spawn(c) {
  assert(alive[c] == 0);
  incarnation[c]++;
  told[c] = false;
  phase[c] = starting;
  alive[c]++;
  if
  :: c == PROVIDER && spare == standing -> spare = none; promoted = true
  :: else -> run Component(c, incarnation[c])
  fi
}

inline stopIt(c, what) {
  if
  :: phase[c] == starting || phase[c] == ready -> phase[c] = stopping; after[c] = what; told[c] = true
  :: phase[c] == stopping -> after[c] = what
  :: phase[c] == backing -> phase[c] = stopped
  :: phase[c] == waiting -> phase[c] = stopped
  :: else -> skip
  fi
}

inline crashed(c) {
  if
  :: crashes[c] >= MOST_CRASHES -> phase[c] = failed
  :: else ->
     crashes[c]++;
     if
     :: c == PROVIDER && spare == standing -> phase[c] = waiting
     :: else ->
        phase[c] = backing;
#ifndef MUTATE_FORGOTTEN_TIMER
        run Timer(c, incarnation[c])
#else
        skip
#endif
     fi
  fi
}

inline exited(c) {
  if
  :: phase[c] == starting || phase[c] == ready -> crashed(c)
  :: phase[c] == stopping && after[c] == crash -> crashed(c)
  :: phase[c] == stopping && after[c] == again -> phase[c] = waiting
  :: phase[c] == stopping && after[c] == end -> phase[c] = stopped
  :: else -> skip
  fi
}

inline reconcile() {
#ifndef MUTATE_KEEP_DEPENDENT
  if
  :: (phase[CLIENT] == starting || phase[CLIENT] == ready) && phase[PROVIDER] != ready -> stopIt(CLIENT, again)
  :: else -> skip
  fi;
#endif
  if
  :: phase[CLIENT] == waiting && phase[PROVIDER] == failed -> phase[CLIENT] = failed
  :: else -> skip
  fi;
  if
  :: !ending && phase[PROVIDER] == waiting -> spawn(PROVIDER)
  :: else -> skip
  fi;
  if
  :: !ending && phase[CLIENT] == waiting && phase[PROVIDER] == ready -> spawn(CLIENT)
  :: else -> skip
  fi;
  if
  :: !ending && phase[PROVIDER] == ready && spare == none && !promoted && !spareAlive ->
     spareId++; spare = building; spareAlive = true; run Spare(spareId)
  :: (spare == building || spare == standing) && (ending || phase[PROVIDER] == failed) -> spare = leaving; spareKilled = true
  :: else -> skip
  fi;
  if
  :: ending && phase[PROVIDER] != starting && phase[PROVIDER] != ready && phase[PROVIDER] != stopping &&
     phase[CLIENT] != starting && phase[CLIENT] != ready && phase[CLIENT] != stopping && spare == none -> idle = true
  :: else -> skip
  fi
}

inline check() {
  assert(alive[PROVIDER] <= 1 && alive[CLIENT] <= 1);
  assert(!(phase[CLIENT] == starting || phase[CLIENT] == ready) || phase[PROVIDER] == ready);
  assert(phase[PROVIDER] != ready || saidBy[PROVIDER] == incarnation[PROVIDER]);
  assert(phase[CLIENT] != ready || saidBy[CLIENT] == incarnation[CLIENT]);
  assert(!idle || (alive[PROVIDER] == 0 && alive[CLIENT] == 0))
}

active proctype Supervisor() {
  mtype what;
  byte c, mine;
  atomic { phase[PROVIDER] = waiting; phase[CLIENT] = waiting; reconcile(); check() };
  do
  :: idle -> break
  :: atomic { !idle && nempty(words) -> words?c,mine;
     if
#ifndef MUTATE_LATE_WORDS
     :: mine == incarnation[c] && phase[c] == starting -> phase[c] = ready
#else
     :: phase[c] == starting -> phase[c] = ready
#endif
     :: else -> skip
     fi;
     reconcile();
     check()
     }
  :: atomic { !idle && nempty(events) -> events?what,c,mine;
     if
#ifdef MUTATE_LOST_STOP
     /* Whoever is on its way out already is not told that it must not come back. */
     :: what == Stop && phase[PROVIDER] == stopping -> skip
     :: what == Stop && phase[PROVIDER] != stopping -> ending = true; stopIt(PROVIDER, end); stopIt(CLIENT, end)
#else
     :: what == Stop -> ending = true; stopIt(PROVIDER, end); stopIt(CLIENT, end)
#endif
     :: what == SpareUp && mine == spareId && spare == building -> spare = standing
     /* It died as it took over: what its end means is decided when its turn comes, not when it happened. */
#ifndef MUTATE_NAMED_AT_DEATH
     :: what == SpareGone && mine == spareId && promoted -> promoted = false; alive[PROVIDER]--; exited(PROVIDER)
#endif
     :: what == SpareGone && mine == spareId && !promoted -> spare = none
     :: what != Stop && what != SpareUp && what != SpareGone && mine != incarnation[c] -> skip
     :: what != Stop && what != SpareUp && what != SpareGone && mine == incarnation[c] ->
        if
        :: what == Exited -> exited(c)
        :: what == Elapsed && phase[c] == backing -> phase[c] = waiting
        :: else -> skip
        fi
     :: else -> skip
     fi;
     reconcile();
     check()
     }
  /* A heartbeat that did not come: killed for cause, and its exit decides. */
  :: atomic { !ending && faults > 0 && phase[PROVIDER] == ready && empty(events) ->
       faults--;
#ifdef MUTATE_START_BEFORE_EXIT
       told[PROVIDER] = true; phase[PROVIDER] = waiting;
#else
       phase[PROVIDER] = stopping; after[PROVIDER] = crash; told[PROVIDER] = true;
#endif
       reconcile(); check() }
  od
}

/* What could have gone wrong and did not. */
active proctype Luck() {
  do
  :: atomic { faults > 0 -> faults-- }
  od
}

/*
 * Faults are bounded, so everything comes to rest: there is no cycle (pan -l finds none), and where nothing moves any more
 * all is ready, given up or stopped. With WITH_STOP a person stops everything at any moment, and that is never lost.
 */
#ifdef WITH_STOP
active proctype Person() { events!Stop,0,0 }
#define AT_REST idle
#else
#define AT_REST (settled(PROVIDER) && settled(CLIENT))
#endif
active proctype Rest() { timeout -> assert(AT_REST) }
