// replay.js: replays a trace inside V8 (../runtimes/README.md says what a replayer
// does; ../runtimes/words.h, what it reads).
//
// An object of the trace is an array of its slots and then of its payload, which is
// an array of doubles, or null; an object without slots is its payload alone.  V8
// keeps such an array as numbers, which the collector does not look at.  So payloads
// are rounded up to 8 bytes, and an object of both is two arrays of V8's.
//
// V8 keeps the targets of weak references that were made or asked until the program
// returns to the event loop.  So the replay returns to it after every step; that
// time is in no step, and not in the measured time.
'use strict';
const fs = require('fs');
const v8 = require('v8');
const { PerformanceObserver, performance, constants } = require('perf_hooks');

// The codes of words.h, in its order.
const END = 0, NEXT = 1, STEP = 2, NEW = 3, NEW_FINAL = 4, LOAD = 5, STORE = 6, STORE_TAKE = 7,
  STORE_NULL = 8, COPY = 9, MOVE = 10, CLEAR = 11, PAYLOAD = 12, LEAVE = 13, GLOBAL_LOAD = 14,
  GLOBAL_STORE = 15, GLOBAL_CLEAR = 16, TLS_LOAD = 17, TLS_STORE = 18, TLS_CLEAR = 19,
  WEAK_NEW = 20, WEAK_GET = 21, WEAK_DROP = 22, PAIR_NEW = 23, PAIR_GET = 24, PAIR_DROP = 25,
  FINALIZER = 26, COLLECT = 28, WATCH = 29, TURN = 31, PASS = 32, DETACH = 33, HAS_ROOT = 34,
  HAS_SHAPE = 35, HAS_SLOT = 36, HAS_TARGET = 37, HAS_PAIR = 38, HAS_WATCHED = 39;

const CHUNK = 1 << 14, GLOBALS = 64, TLS = 16;

const set = {};
for (const word of process.argv.slice(2)) {
  const at = word.indexOf('=');
  set[word.slice(0, at)] = word.slice(at + 1);
}
const timed = set.timed === '1';
const [firstChunk, stepsCount] = set.threads.split(':').map(Number);

// ---------------------------------------------------------------------------
// The process that waits for us.
// ---------------------------------------------------------------------------

const say = (line) => fs.writeSync(1, line + '\n');
const answer = Buffer.alloc(1);
const meet = (moment) => {
  say(moment);
  fs.readSync(0, answer, 0, 1, null);
};
const clock = () => Number(process.hrtime.bigint()); // exact below 2^53 ns, 104 days

let wrong = null;
const has = (right, text) => {
  if (!right && !wrong) wrong = text;
};

// ---------------------------------------------------------------------------
// The state of the replay.
// ---------------------------------------------------------------------------

const registers = new Array(Number(set.registers)).fill(null);
const globals = new Array(GLOBALS).fill(null), locals = new Array(TLS).fill(null);
const watched = new Array(Number(set.watched)).fill(null);
let finalized = 0;
const registry = new FinalizationRegistry(() => finalized++);

const words = new Int32Array(CHUNK), bytes = new Uint8Array(words.buffer);
const load = (chunk) => {
  for (let n = 0; n < bytes.length;) {
    const got = fs.readSync(3, bytes, n, bytes.length - n, chunk * bytes.length + n);
    if (!got) throw new Error('the words are cut short');
    n += got;
  }
};

const steps = new Float64Array(timed ? stepsCount : 0);
let at, count, sum, payloads, skipped, instrument, begin;

// Copies of arrays are made faster than arrays.
const KEPT = 64;
const templates = (value) => (n) => new Array(n).fill(value);
const doubles = Array.from({ length: KEPT }, (_, n) => templates(0.5)(n));
const nulls = Array.from({ length: KEPT }, (_, n) => templates(null)(n));

const stamped = (length, number) => {
  const n = (length + 7) >>> 3;
  const p = n < KEPT ? doubles[n].slice() : templates(0.5)(n);
  if (length >= 8) p[0] = (number >>> 0) + 0.5; // never a whole number
  return p;
};
const make = (slots, length, number) => {
  if (slots === 0) return stamped(length, number);
  const object = slots + 1 < KEPT ? nulls[slots + 1].slice() : templates(null)(slots + 1);
  if (length > 0) object[slots] = stamped(length, number);
  return object;
};
// A payload begins with a number, unless it is empty; slots are objects or null.
const isPayload = (object) => object.length === 0 || typeof object[0] === 'number';
const payload = (object) => (isPayload(object) ? object : object[object.length - 1]);
const numberOf = (p) => (p === null || p.length === 0 || p[0] === 0.5 ? 0 : p[0] - 0.5);

const valueOf = (pair) => {
  const key = pair.key.deref();
  return key === undefined ? null : pair.map.get(key);
};

// What is apart from the loop, so that the loop is compiled well.
const seldom = (code, a) => {
  const r = registers, w = words;
  switch (code) {
    case NEW_FINAL:
      r[a] = make(w[at], w[at + 1], w[at + 2]);
      registry.register(r[a], 0);
      at += 3;
      break;
    case WEAK_NEW:
      r[a] = new WeakRef(r[w[at++]]);
      break;
    case WEAK_GET:
      r[a] = r[w[at++]].deref();
      has(r[a] !== undefined, 'a weak reference to a live object was cleared');
      break;
    case WEAK_DROP:
      r[w[at++]].deref();
      r[a] = null;
      break;
    case PAIR_NEW:
      r[a] = { key: new WeakRef(r[w[at]]), map: new WeakMap([[r[w[at]], r[w[at + 1]]]]) };
      at += 2;
      break;
    case PAIR_GET:
      r[a] = valueOf(r[w[at++]]);
      has(r[a] !== null, 'an ephemeron with a live key was cleared');
      break;
    case PAIR_DROP:
      valueOf(r[w[at++]]);
      r[a] = null;
      break;
    case FINALIZER:
      if (finalized > 0) finalized--;
      break;
    case COLLECT:
      gc();
      break;
    case WATCH:
      watched[w[at++]] = new WeakRef(r[a]);
      break;
    case TURN:
    case PASS:
      at++; // there is one thread
      break;
    case DETACH:
      locals.fill(null);
      break;
    default:
      throw new Error('a word of unknown code ' + code);
  }
};

// Performs words until a step ends; false at the end of the trace.
const replayStep = () => {
  const r = registers, w = words, g = globals, l = locals;
  for (;;) {
    const word = w[at++], a = word >>> 8;
    switch (word & 0xff) {
      case NEW:
        r[a] = make(w[at], w[at + 1], w[at + 2]);
        at += 3;
        break;
      case LOAD:
        r[a] = r[w[at]][w[at + 1]];
        at += 2;
        break;
      case STORE:
        r[w[at]][w[at + 1]] = r[a];
        at += 2;
        break;
      case STORE_TAKE:
        r[w[at]][w[at + 1]] = r[a];
        r[a] = null;
        at += 2;
        break;
      case STORE_NULL:
        r[a][w[at++]] = null;
        break;
      case COPY:
        r[a] = r[w[at++]];
        break;
      case MOVE:
        r[a] = r[w[at]];
        r[w[at++]] = null;
        break;
      case CLEAR:
        r[a] = null;
        break;
      case PAYLOAD:
        sum += numberOf(payload(r[a]));
        break;
      case LEAVE:
        for (let k = a, end = a + w[at++]; k < end; k++) r[k] = null;
        break;
      case GLOBAL_LOAD:
        r[a] = g[w[at++]];
        break;
      case GLOBAL_STORE:
        g[w[at++]] = r[a];
        break;
      case GLOBAL_CLEAR:
        g[a] = null;
        break;
      case TLS_LOAD:
        r[a] = l[w[at++]];
        break;
      case TLS_STORE:
        l[w[at++]] = r[a];
        break;
      case TLS_CLEAR:
        l[a] = null;
        break;
      case STEP:
        return true;
      case NEXT: {
        const from = clock();
        load(a);
        const took = clock() - from;
        skipped += took;
        begin += took;
        quick += took;
        at = 0;
        break;
      }
      case END:
        return false;
      default:
        seldom(word & 0xff, a);
    }
  }
};

// Run-queue delay: how long the thread was ready to run and did not run.  What other
// threads of the process may have caused is the collector's, and stays in the steps; so
// does what may have been before: harness/cell/steps.c says why.
const SLOW = 50e3, REFRESH = 10e6;
const account = timed ? fs.openSync('/proc/thread-self/schedstat') : -1;
const text = Buffer.alloc(96);
let waited = 0, turns = 0, strangers = 0, delayed = 0, own = 0, refresh = 0;
let readAt = 0, quick = 0; // in steps from `quick` on none was slow, and no delay read
// Returns of the delay since the last reading what must lie between `from` and `to`,
// which is now.
const readDelay = (from, to) => {
  const used = process.cpuUsage(), n = fs.readSync(account, text, 0, 96, 0);
  const until = clock();
  const [ran, now, count] = text.toString('latin1', 0, n).split(' ').map(Number);
  const delay = now - waited, helped = (used.user + used.system) * 1e3 - ran;
  const mine = Math.min(Math.max(helped - strangers, 0), delay), others = delay - mine;
  const outside = quick - readAt + until - to, pieces = count - turns;
  const most = Math.min(from - quick, pieces * SLOW);
  readAt = to;
  quick = until;
  waited = now;
  turns = count;
  strangers = Math.max(helped, strangers);
  own += mine;
  if (others <= outside + most) return 0;
  return Math.min(others - outside - Math.min(most, (pieces - 1) * SLOW), to - from);
};
const openDelay = (now) => {
  if (timed) readDelay(now, now);
  delayed = own = 0;
  refresh = now + REFRESH;
};
// A step that took long ends now.  Returns what it took without the delay.
const correct = (took, now) => {
  const others = readDelay(now - took, now);
  refresh = now + REFRESH;
  instrument += clock() - now;
  if (took <= SLOW) return took;
  delayed += others;
  return took - others;
};

const loop = () => new Promise((resolve) => setImmediate(resolve));

const replay = async () => {
  at = count = sum = skipped = instrument = 0;
  payloads = 0n;
  load(firstChunk);
  openDelay(clock());
  begin = quick = clock();
  while (replayStep()) {
    const now = clock(), took = now - begin;
    if (timed) steps[count++] = took > SLOW || now > refresh ? correct(took, now) : took;
    payloads += BigInt(sum); // a step's sum is exact
    sum = 0;
    const from = clock();
    await loop();
    begin = clock();
    if (timed && begin - now > SLOW) {
      readDelay(begin, begin);
      begin = quick = clock();
    }
    skipped += begin - from;
  }
};

const dropRoots = () => {
  registers.fill(null);
  globals.fill(null);
  locals.fill(null);
};

// The targets of weak references that were asked are let go first.
const collect = async () => {
  await loop();
  gc();
  await loop();
};

// Replays until, twice running, 100 ms of replays are no faster than those before
// by a tenth: V8 does not tell how long it compiles.
const warmUp = async (most) => {
  let replays = 0, before = Infinity, calm = 0;
  while (replays < most && calm < 2) {
    const from = process.cpuUsage();
    let n = 0, took = 0;
    while (replays < most && took < 100000) {
      await replay();
      dropRoots();
      watched.fill(null);
      replays++;
      n++;
      const used = process.cpuUsage(from);
      took = used.user + used.system;
    }
    calm = took / n > 0.9 * before ? calm + 1 : 0;
    before = took / n;
  }
  return replays;
};

// ---------------------------------------------------------------------------
// What is alive in the end.
// ---------------------------------------------------------------------------

const compare = () => {
  const w = words, objects = new Array(Number(set.alive)).fill(null);
  let lost = 0, left = 0;
  const is = (object, x, what) => {
    if (x === 0) has(object === null, what + ' holds an object and should hold none');
    else if (object === null) has(false, what + ' holds no object and should hold one');
    else if (objects[x - 1] === null) objects[x - 1] = object;
    else has(objects[x - 1] === object, what + ' holds another object than it should');
  };
  const shape = (kind, object, slots, length, number, full) => {
    if (kind === 1) return has(object instanceof WeakRef, 'an object is no weak reference');
    if (kind === 2) return has(object.map instanceof WeakMap, 'an object is no ephemeron');
    const right = Array.isArray(object) &&
      (slots === 0 ? isPayload(object) : !isPayload(object) && object.length === slots + 1);
    has(right, 'an object has another shape than it should');
    if (!right) return undefined;
    const p = payload(object);
    has((p === null ? 0 : p.length) === Math.ceil(length / 8),
      'an object has another payload than it should');
    has(numberOf(p) === numberOf(stamped(length, number)),
      'an object is another one than it should be');
    for (let i = 0; i < slots; i++) if (object[i] !== null) full--;
    return has(full === 0, 'an object has more or fewer references than it should');
  };
  load(Number(set.checks));
  for (let i = 0; ;) {
    const word = w[i++], a = word >>> 8;
    switch (word & 0xff) {
      case HAS_ROOT:
        is([registers, globals, locals][a][w[i]], w[i + 1],
          ['register ', 'global ', 'thread-local root '][a] + w[i]);
        i += 2;
        break;
      case HAS_SHAPE:
        if (objects[w[i] - 1] !== null)
          shape(a, objects[w[i] - 1], w[i + 1], w[i + 2], w[i + 3], w[i + 4]);
        i += 5;
        break;
      case HAS_SLOT: {
        const object = objects[w[i] - 1];
        if (Array.isArray(object) && w[i + 1] < object.length - 1)
          is(object[w[i + 1]], w[i + 2], 'a slot');
        i += 3;
        break;
      }
      case HAS_TARGET:
        if (objects[w[i] - 1] instanceof WeakRef)
          is(objects[w[i] - 1].deref() || null, w[i + 1], 'a weak reference');
        i += 2;
        break;
      case HAS_PAIR: {
        const pair = objects[w[i] - 1];
        if (pair && pair.map) {
          is(pair.key.deref() || null, w[i + 1], 'an ephemeron as its key');
          is(valueOf(pair), w[i + 2], 'an ephemeron as its value');
        }
        i += 3;
        break;
      }
      case HAS_WATCHED: {
        const alive = watched[w[i++]].deref() !== undefined;
        if (a === 1 && !alive) lost++;
        else if (a === 0 && alive) left++;
        break;
      }
      case NEXT:
        load(a);
        i = 0;
        break;
      case END:
        return { lost, left };
      default:
        throw new Error('a word of unknown code ' + (word & 0xff));
    }
  }
};

// ---------------------------------------------------------------------------
// The run.
// ---------------------------------------------------------------------------

const pauses = [];
let minor = 0, full = 0;
const observe = () => {
  const {
    NODE_PERFORMANCE_GC_MINOR: MINOR, NODE_PERFORMANCE_GC_MAJOR: MAJOR,
    NODE_PERFORMANCE_GC_INCREMENTAL: INCREMENTAL, NODE_PERFORMANCE_GC_WEAKCB: WEAK,
  } = constants;
  const names = {
    [MINOR]: 'minor', [MAJOR]: 'major', [INCREMENTAL]: 'incremental', [WEAK]: 'weak callbacks',
  };
  const origin = clock() - performance.now() * 1e6;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const from = Math.round(origin + entry.startTime * 1e6);
      pauses.push([from, Math.round(from + entry.duration * 1e6), entry.detail.kind]);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return (start, end) => {
    for (const [from, to, kind] of pauses) {
      if (to <= start || from >= end) continue;
      say(`phase ${from} ${to} ${names[kind] || 'other'}`);
      say(`pause ${from} ${to}`);
      minor += kind === MINOR;
      full += kind === MAJOR;
    }
  };
};

const run = async () => {
  meet('ready');
  const from = clock();
  const replays = await warmUp(Number(set['warm-up']));
  const warm = clock() - from;
  await collect();
  const tellPauses = observe();
  await loop();
  meet('begin');
  const start = clock();
  await replay();
  const end = clock();
  const heap = v8.getHeapStatistics();
  meet('end');
  const timings = count;

  await collect();
  say(`clock ${start} ${end} ${instrument} ${skipped}`);
  say(`delay ${delayed} ${own}`);
  say(`payloads ${BigInt.asUintN(64, payloads)}`);
  say(`footprint ${heap.total_heap_size} ${heap.total_heap_size}`);
  for (let i = 0; i < timings; i += 500)
    say('steps ' + Array.from(steps.subarray(i, Math.min(i + 500, timings))).join(' '));
  tellPauses(start, end);
  say(`counter minor-collections ${minor}`);
  say(`counter full-collections ${full}`);
  say(`counter warm-up-replays ${replays}`);
  say(`counter warm-up-ns ${warm}`);
  const { lost, left } = compare();
  dropRoots();
  await collect();
  const kept = watched.filter((w) => w !== null && w.deref() !== undefined).length;
  say(`survivors ${lost} ${left} ${kept}`);
  if (wrong) say('wrong ' + wrong);
  say('done');
};

run().catch((error) => {
  fs.writeSync(2, 'replay: ' + error + '\n');
  process.exit(1);
});
