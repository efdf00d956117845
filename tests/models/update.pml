/*
 * An update on the device: what an agent that lies brings, what the verifier endorses, what the root server installs, tries, keeps
 * or gives up, with the power cut at any moment, a disk that is full, and one that damages what runs. The same order as
 * runtime/src/generations (ledger.ts, record.ts, install.ts) and runtime/src/root-server/activation.ts; tests/releases/update-model.test.ts
 * holds the code to the same properties. No day passes here: what was found bad is refused, as the code refuses it for hours. Each MUTATE_ removes
 * one rule; each must be found.
 */
#define releases 6
/* 1 came with the board; 2 raises the security epoch; 3 too, and ends the runtime or is never ready; 4 is of the old epoch; 5 nobody signed. */
#define isSigned(r) (r != 5)
#define isGood(r) (r != 3)
#define epochOf(r) ((r == 2 || r == 3 || r == 5) -> 1 : 0)

typedef Record { byte current, previous, trying, tries, epochFloor; bool bad[releases] };

/* The disk: two slots for the record, and the trees of releases. What a write has begun and not ended is not valid. */
Record slot[2];
bool valid[2];
byte newest;
bool there[releases];
/* The root server's own, gone with the power. */
Record now;
byte chosen, offered, asked, left, k;
bool onTrial, onDisk, isDead, cut;

#ifndef CUTS
#define CUTS 1
#endif
byte cuts = CUTS, fulls = 1, damages = 1;
/* What nobody may forget: the highest epoch that a record had on the disk; of the trial under way, how often it was begun and whether it was cut
   short; which releases were found bad. */
byte provenEpoch, triesMade, foundBad;
bool wasCut, provenBad[releases];

inline copy(to, from) {
  to.current = from.current; to.previous = from.previous; to.trying = from.trying; to.tries = from.tries;
  to.epochFloor = from.epochFloor;
  k = 0;
  do
  :: k < releases -> to.bad[k] = from.bad[k]; k++
  :: else -> break
  od;
  k = 0
}

/* A slot is torn, then whole; then it is the newest. `onDisk` says whether the disk took it. */
inline write() {
  if
#ifdef MUTATE_ONE_SLOT
  :: d_step { left = newest; valid[left] = false }
#else
  :: d_step { left = 1 - newest; valid[left] = false }
#endif
     d_step {
       copy(slot[left], now); valid[left] = true; newest = left; left = 0; onDisk = true;
       if
       :: now.epochFloor > provenEpoch -> provenEpoch = now.epochFloor
       :: else
       fi;
       provenBad[foundBad] = foundBad != 0; foundBad = 0 }
  :: d_step { fulls > 0 -> fulls--; onDisk = false }
  fi
}

/* Writes that have to be on the disk first, or else are not done: the record in memory is as it was. */
inline orAsItWas() {
  if
  :: d_step { !onDisk -> copy(now, slot[newest]) }
  :: onDisk
  fi
}

inline condemn(r) {
#ifndef MUTATE_FORGET_BAD
  now.bad[r] = true;
#endif
  foundBad = r; triesMade = 0; wasCut = false
}

inline chooseNext() {
  do
  :: now.trying != 0 && now.tries == 0 ->
     d_step { assert(!isGood(now.trying) || wasCut); condemn(now.trying); now.trying = 0 };
     write()
  :: now.trying != 0 && now.tries > 0 ->
#ifdef MUTATE_COUNT_AFTERWARDS
     d_step { chosen = now.trying; onTrial = true };
#else
     d_step { now.tries--; chosen = now.trying; onTrial = true };
     write();
     if
     /* It cannot be counted, so it is not tried. */
     :: d_step { !onDisk -> now.trying = 0; now.tries = 0; chosen = now.current; onTrial = false }
     :: onDisk
     fi;
#endif
     goto isChosen
  :: else -> d_step { chosen = now.current; onTrial = false }; goto isChosen
  od;
isChosen:
  skip
}

/* The previous one takes the place of the current one. */
inline fallBack() {
  if
#ifdef MUTATE_ANY_PREVIOUS
  :: d_step { now.previous != 0 ->
#else
  :: d_step { now.previous != 0 && epochOf(now.previous) >= now.epochFloor ->
#endif
       condemn(now.current); now.current = now.previous; now.previous = 0; now.trying = 0 };
     write()
  :: else -> isDead = true
  fi
}

inline admit(r) {
  if
  /* A rollback statement may let in any counter, so counters bar nothing here: what holds, holds without them. */
  :: r == now.current || now.bad[r] -> progress: skip
#ifndef MUTATE_OLD_EPOCH
  :: epochOf(r) < now.epochFloor -> progressToo: skip
#endif
  /* To and fro, as often as somebody asks. */
  :: else -> progressAgain:
#ifdef MUTATE_RECORD_FIRST
     d_step { now.trying = r; now.tries = 3; assert(!provenBad[r]); triesMade = 0; wasCut = false };
     write(); orAsItWas();
     there[r] = true
#else
     there[r] = true;
     d_step { now.trying = r; now.tries = 3; assert(!provenBad[r]); triesMade = 0; wasCut = false };
     write(); orAsItWas()
#endif
  fi
}

inline collect() {
  d_step {
    k = 1;
    do
    :: k < releases -> there[k] = (there[k] && (k == now.current || k == now.previous || k == now.trying)); k++
    :: else -> break
    od;
    k = 0
  }
}

inline commitTrial() {
  /* After a rollback statement there is no way up again; which releases it leads away from is left open, as in admit. */
  if
  :: left = now.current
  :: left = 0
  fi;
  d_step {
    now.previous = left; left = 0; now.current = now.trying; now.trying = 0; now.tries = 0; onTrial = false; triesMade = 0; wasCut = false;
#ifndef MUTATE_FLOOR_LATER
    if
    :: epochOf(now.current) > now.epochFloor -> now.epochFloor = epochOf(now.current)
    :: else
    fi
#endif
  };
#ifdef MUTATE_COLLECT_FIRST
  collect();
  write()
#else
  write();
  if
  :: onDisk -> collect()
  :: !onDisk
  fi
#endif
#ifdef MUTATE_FLOOR_LATER
  /* Told as committed, and only then the floor. */
  ; d_step { if :: onDisk && epochOf(now.current) > provenEpoch -> provenEpoch = epochOf(now.current) :: else fi };
  d_step { if :: epochOf(now.current) > now.epochFloor -> now.epochFloor = epochOf(now.current) :: else fi };
  write()
#endif
}

active proctype Device() {
  d_step {
    slot[0].current = 1; valid[0] = true; there[1] = true
  };
boot:
  skip;
  d_step {
    chosen = 0; asked = 0; onTrial = false; onDisk = true; left = 0; k = 0;
    if
    :: valid[newest]
    :: else -> newest = 1 - newest
    fi;
    /* A device without a record starts nothing any more. */
    assert(valid[newest]);
    copy(now, slot[newest]);
    foundBad = 0;
    /* What it names is there, but for what was damaged. */
    assert(there[now.current] || damages == 0);
    assert(now.previous == 0 || there[now.previous] || damages == 0)
  };
  {
    skip;
choose:
    chooseNext();
    if
    /* What is put on trial is whole: nothing but damage takes that away. */
    :: !there[chosen] && onTrial ->
       d_step { assert(damages == 0); condemn(chosen); now.trying = 0; now.tries = 0 };
       write();
       goto choose
    :: !there[chosen] && !onTrial -> fallBack();
       if
       :: isDead -> goto over
       :: else -> goto choose
       fi
    :: else
    fi;
    /* From here on it runs. */
    d_step {
      assert(isSigned(chosen));
      assert(epochOf(chosen) >= provenEpoch);
      if
      :: onTrial -> triesMade++; assert(triesMade <= 3)
      :: else
      fi
    };
    if
    :: onTrial && isGood(chosen) -> commitTrial()
    :: onTrial && !isGood(chosen) -> d_step { condemn(chosen); now.trying = 0; now.tries = 0 }; write(); goto choose
    /* It takes the runtime with it: the board starts anew. */
    :: onTrial && !isGood(chosen) -> goto boot
#ifdef MUTATE_COUNT_AFTERWARDS
    :: onTrial -> now.tries--; write(); goto boot
#endif
    :: !onTrial
    fi;
    do
    /* A record that the disk did not take is tried again. */
    :: !onDisk -> write()
#ifdef MUTATE_BELIEVE_AGENT
    :: d_step { offered != 0 -> asked = offered; offered = 0 }; admit(asked);
#else
    /* The verifier endorses what was signed, and nothing else. */
    :: d_step { offered != 0 && !isSigned(offered) -> offered = 0 }; progressOfVerifier: skip
    :: d_step { offered != 0 && isSigned(offered) -> asked = offered; offered = 0 }; admit(asked);
#endif
       if
       :: now.trying != 0 -> goto choose
       :: else
       fi;
       asked = 0
    od
  } unless { d_step { cut ->
       cut = false;
       if
       :: onTrial -> wasCut = true
       :: else
       fi } };
  goto boot;
over:
  assert(damages == 0)
}

/* The agent, in whoever's hands it is: what it likes, as often as it likes. */
active proctype Agent() {
  do
  :: atomic { offered == 0 && !isDead -> if :: offered = 1 :: offered = 2 :: offered = 3 :: offered = 4 :: offered = 5 fi }
  od
}

active proctype Misfortune() {
  do
  :: atomic { cuts > 0 && !cut && !isDead -> cuts--; cut = true }
  /* What runs is damaged on the disk; found at the next start. */
  :: atomic { damages > 0 && chosen != 0 && !onTrial && chosen == now.current -> damages--; there[chosen] = false }
  :: break
  od
}
