/*
 * The start of one component: bubblewrap is started blocked, its control group is joined, it is let go, it is greeted, it is
 * ready; and at every moment it may die, be killed, or lose the root server. The same order as runtime/src/sandbox/start.ts
 * and runtime/src/root-server/processes.ts. Each MUTATE_ removes one rule; each must be found.
 */
mtype = { nothing, blocked, running, gone };
mtype = { Start, Peer };
mtype = { Spawned, IsReady, Exited };

/* The control channel, and what the edge of supervision hears. */
chan control = [3] of { mtype };
chan events = [4] of { mtype };

mtype process = nothing;
bool limited, released, rootAlive = true, stopAsked, greeted, ready, known, killed, finished;
byte misfortune = 1;

/* bubblewrap and, once it is let go, the component in it. Its death signal comes when the root server dies. */
active proctype Sandbox() {
  process == blocked;
  if
#ifdef MUTATE_GATE_OPENS_AT_END
  /* A pipe as the gate: its end is taken for a release. */
  :: released || !rootAlive -> process = running
#else
  :: released -> process = running
#endif
  :: killed -> goto ended
  :: !rootAlive -> goto ended
  :: atomic { misfortune > 0 -> misfortune-- } -> goto ended
  fi;
  /* From here on it is the component that runs. */
  assert(limited);
  assert(rootAlive || released);
  do
  :: killed -> break
  :: !rootAlive -> break
  :: atomic { misfortune > 0 -> misfortune-- } -> break
  :: atomic { nempty(control) && !greeted ->
       if
       :: control?[Start] -> control?Start; greeted = true
       /* The first message is always `start`. */
       :: control?[Peer] -> assert(false)
       fi }
  :: atomic { greeted && nempty(control) -> control?Peer }
  :: atomic { greeted && !ready -> ready = true; events!IsReady }
  od;
ended:
  atomic { process = gone; events!Exited }
}

/* The one way: blocked, control group, release, told of. */
active proctype Launch() {
  atomic { rootAlive -> process = blocked };
#ifdef MUTATE_RELEASE_FIRST
  if
  :: atomic { rootAlive && process == blocked -> released = true }
  :: !rootAlive || process == gone -> goto out
  fi;
#endif
  if
  :: atomic { rootAlive && process != gone -> limited = true }
  :: !rootAlive || process == gone -> goto out
  fi;
  if
  :: atomic { rootAlive && process != gone -> released = true }
  :: !rootAlive || process == gone -> goto out
  fi;
  if
  :: atomic { rootAlive -> events!Spawned }
  :: !rootAlive
  fi;
out: skip
}

active proctype Root() {
  do
  :: atomic { rootAlive && events?[Spawned] -> events?Spawned; known = true;
     if
#ifdef MUTATE_FORGOTTEN_KILL
     :: stopAsked -> skip
#else
     :: stopAsked -> killed = true
#endif
#ifdef MUTATE_PEER_FIRST
     :: !stopAsked -> control!Peer; control!Start
#else
     :: !stopAsked -> control!Start; control!Peer
#endif
     fi }
  :: atomic { rootAlive && events?[IsReady] -> events?IsReady }
  :: atomic { rootAlive && events?[Exited] -> events?Exited; finished = true }
  /* An event may stand behind another in the queue; those of a process that is not known wait. */
  :: atomic { rootAlive && !stopAsked && !finished -> stopAsked = true;
     if
     :: known -> killed = true
     /* It cannot be killed before it is there: that follows when it is. */
     :: !known -> skip
     fi }
  :: atomic { rootAlive && misfortune > 0 -> misfortune--; rootAlive = false }
  /* Or all goes well. */
  :: atomic { misfortune > 0 -> misfortune-- }
  od
}

/* Nothing moves any more: what was to be stopped has gone, and without the root server nothing is left. */
active proctype Rest() {
  timeout -> atomic {
    assert(!stopAsked || process == gone || process == nothing);
    assert(rootAlive || process == gone || process == nothing)
  }
}
