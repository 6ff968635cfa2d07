// replay.go: replays a trace inside Go (../runtimes/README.md says what a replayer
// does; ../runtimes/words.h, what it reads).
//
// An object of the trace is a struct with a slice of pointers and one of bytes, so
// up to three of Go's.  Go has no weak references.  A watched or finalizable object
// refers to a sentinel of its own that nobody else has, and whose finalizer runs
// when the object is gone: a finalizer of the object itself would keep a dead cycle
// for ever.
package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// The codes of words.h, in its order.
const (
	opEnd = iota
	opNext
	opStep
	opNew
	opNewFinal
	opLoad
	opStore
	opStoreTake
	opStoreNull
	opCopy
	opMove
	opClear
	opPayload
	opLeave
	opGlobalLoad
	opGlobalStore
	opGlobalClear
	opTLSLoad
	opTLSStore
	opTLSClear
	opWeakNew
	opWeakGet
	opWeakDrop
	opPairNew
	opPairGet
	opPairDrop
	opFinalizer
	opExternal
	opCollect
	opWatch
	opWait
	opTurn
	opPass
	opDetach
	hasRoot
	hasShape
	hasSlot
	hasTarget
	hasPair
	hasWatched
)

const (
	chunkWords = 1 << 14
	globalsMax = 64
	tlsMax     = 16
	stampBytes = 8
)

// What counts the object when it is found dead: as watched, as finalizable.
type sentinel struct {
	watched, finalizable *int32
}

type node struct {
	slots   []*node
	payload []byte
	end     *sentinel
}

var (
	arguments = map[string]string{}
	timed     bool
	words     *os.File
	globals   [globalsMax]*node
	watched   []int32 // 1: gone
	waiting   int32   // finalizable objects that are gone and were not asked for
	mutators  []*mutator
	wrong     string
)

func fail(err interface{}) {
	fmt.Fprintf(os.Stderr, "replay: %v\n", err)
	os.Exit(1)
}

func number(name string) int {
	n, err := strconv.Atoi(arguments[name])
	if err != nil {
		fail(err)
	}
	return n
}

func has(right bool, text string) {
	if !right && wrong == "" {
		wrong = text
	}
}

// ---------------------------------------------------------------------------
// Time: CLOCK_MONOTONIC, which time.Since reads without a system call.
// ---------------------------------------------------------------------------

var (
	started   = time.Now()
	startedAt = monotonic()
)

func monotonic() int64 {
	var t syscall.Timespec
	const clockMonotonic = 1
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&t)), 0)
	return t.Nano()
}

func now() int64 { return startedAt + int64(time.Since(started)) }

// ---------------------------------------------------------------------------
// Threads wait for each other here.
// ---------------------------------------------------------------------------

var (
	meeting = sync.NewCond(&sync.Mutex{})
	arrived int
	turn    int64
)

const spins = 200

func waitForAll(nth int) {
	meeting.L.Lock()
	arrived++
	meeting.Broadcast()
	for arrived < nth*len(mutators) {
		meeting.Wait()
	}
	meeting.L.Unlock()
}

func waitForTurn(mine int64) {
	for i := 0; i < spins && atomic.LoadInt64(&turn) != mine; i++ {
	}
	if atomic.LoadInt64(&turn) == mine {
		return
	}
	meeting.L.Lock()
	for atomic.LoadInt64(&turn) != mine {
		meeting.Wait()
	}
	meeting.L.Unlock()
}

func pass(next int64) {
	if len(mutators) == 1 {
		turn = next
		return
	}
	meeting.L.Lock()
	atomic.StoreInt64(&turn, next)
	meeting.Broadcast()
	meeting.L.Unlock()
}

// ---------------------------------------------------------------------------
// Objects.
// ---------------------------------------------------------------------------

func made(slots, bytes int, number uint32) *node {
	o := &node{}
	if slots > 0 {
		o.slots = make([]*node, slots)
	}
	if bytes > 0 {
		o.payload = make([]byte, bytes)
	}
	if bytes >= stampBytes {
		binary.LittleEndian.PutUint64(o.payload, uint64(number))
	}
	return o
}

func numberOf(payload []byte) uint64 {
	if len(payload) < stampBytes {
		return 0
	}
	return binary.LittleEndian.Uint64(payload)
}

func (s *sentinel) finish() {
	for _, gone := range []*int32{s.watched, s.finalizable} {
		if gone != nil {
			atomic.AddInt32(gone, 1)
		}
	}
}

func sentinelOf(o *node) *sentinel {
	if o.end == nil {
		o.end = &sentinel{}
		runtime.SetFinalizer(o.end, (*sentinel).finish)
	}
	return o.end
}

// ---------------------------------------------------------------------------
// Pauses: Go remembers the last 256 collections, and of each the sum of its two stops.
// How they share it stands in the trace that it writes to standard error (GODEBUG in
// go.c), by two digits:
//
//	gc 1 @0.012s 2%: 0.026+0.39+0.10 ms clock, ...
//
// is a stop to end the last sweep, marking beside the mutators, and a stop to end that.
// ---------------------------------------------------------------------------

type pause struct{ number, begin, end int64 }

var pauses struct {
	sync.Mutex
	seen int64
	all  []pause
}

func readPauses() {
	var s debug.GCStats
	pauses.Lock()
	defer pauses.Unlock()
	debug.ReadGCStats(&s)
	offset := now() - time.Now().UnixNano()
	fresh := int(s.NumGC - pauses.seen)
	pauses.seen = s.NumGC
	for i := 0; i < fresh && i < len(s.Pause) && i < len(s.PauseEnd); i++ {
		end := s.PauseEnd[i].UnixNano() + offset
		pauses.all = append(pauses.all, pause{s.NumGC - int64(i), end - int64(s.Pause[i]), end})
	}
}

// stops reads the trace: of each collection, the share of its first stop in both.
func stops() map[int64]float64 {
	shares := map[int64]float64{}
	trace := bufio.NewScanner(io.NewSectionReader(os.Stderr, 0, 1<<40))
	for trace.Scan() {
		var number int64
		var first, second float64
		line := trace.Text()
		if at := strings.Index(line, ": "); at > 0 && strings.HasPrefix(line, "gc ") {
			fmt.Sscanf(line, "gc %d", &number)
			var marking float64
			fmt.Sscanf(line[at+2:], "%g+%g+%g ms clock", &first, &marking, &second)
		}
		if first+second > 0 {
			shares[number] = first / (first + second)
		}
	}
	return shares
}

func tellPauses(out *bufio.Writer) {
	shares := stops()
	for _, p := range pauses.all {
		if share, known := shares[p.number]; known {
			between := p.begin + int64(share*float64(p.end-p.begin))
			fmt.Fprintln(out, "phase", p.begin, between, "sweep termination")
			fmt.Fprintln(out, "phase", between, p.end, "mark termination")
		}
		fmt.Fprintln(out, "pause", p.begin, p.end)
	}
}

// ---------------------------------------------------------------------------
// Run-queue delay: how long a thread was ready to run and did not run.  What other
// threads of the process may have caused is the collector's, and stays in the steps.
// ---------------------------------------------------------------------------

type account struct {
	file         *os.File
	text         [96]byte
	ran, waited  int64
	othersBefore int64
}

func (a *account) read() bool {
	n, _ := a.file.ReadAt(a.text[:], 0)
	values := [2]int64{}
	at := 0
	for i := range values {
		for ; at < n && a.text[at] >= '0' && a.text[at] <= '9'; at++ {
			values[i] = 10*values[i] + int64(a.text[at]-'0')
		}
		at++
	}
	a.ran, a.waited = values[0], values[1]
	return n > 0
}

func processRan() int64 {
	var t syscall.Timespec
	const clockProcess = 2
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockProcess, uintptr(unsafe.Pointer(&t)), 0)
	return t.Nano()
}

// delay returns the delay since it was called last, and the part of it that is the
// process's own.  Of several mutators, the others count as such.
func (a *account) delay() (others, own int64) {
	ran, before := processRan(), a.waited
	if !a.read() {
		return 0, 0
	}
	strangers := ran - a.ran
	all := a.waited - before
	if strangers > a.othersBefore {
		own = strangers - a.othersBefore
		a.othersBefore = strangers
	}
	if own > all {
		own = all
	}
	return all - own, own
}

// ---------------------------------------------------------------------------
// A thread of the trace.
// ---------------------------------------------------------------------------

const (
	slow    = 50_000
	refresh = 10_000_000
)

type mutator struct {
	first     int
	registers []*node
	locals    [tlsMax]*node
	window    []uint32
	bytes     []byte
	steps     []int64
	count     int
	payloads  uint64

	begin, due, instrument, skipped, delayed, own int64
	account                                       account
}

func (m *mutator) load(chunk int) {
	if _, err := words.ReadAt(m.bytes, int64(chunk)*int64(len(m.bytes))); err != nil {
		fail(err)
	}
	for i := range m.window {
		m.window[i] = binary.LittleEndian.Uint32(m.bytes[4*i:])
	}
}

// goOn reads words, which is no work of the program's.
func (m *mutator) goOn(chunk int) {
	from := now()
	m.load(chunk)
	took := now() - from
	m.skipped += took
	m.begin += took
}

// correct ends a step that took long, and returns what it took without the delay.
func (m *mutator) correct(took, at int64) int64 {
	others, own := m.account.delay()
	m.own += own
	if took > slow {
		if others > took {
			others = took
		}
		m.delayed += others
		took -= others
	}
	if at > m.due {
		readPauses()
		footprint()
	}
	m.begin = now()
	m.instrument += m.begin - at
	m.due = m.begin + refresh
	return took
}

func (m *mutator) step() {
	at := now()
	took := at - m.begin
	m.begin = at
	if took > slow || at > m.due {
		took = m.correct(took, at)
	}
	m.steps[m.count] = took
	m.count++
}

func (m *mutator) perform() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	m.count, m.payloads = 0, 0
	m.instrument, m.skipped, m.delayed, m.own = 0, 0, 0, 0
	if timed {
		file, err := os.Open("/proc/thread-self/schedstat")
		if err != nil {
			fail(err)
		}
		defer file.Close()
		m.account = account{file: file}
		m.account.delay()
	}
	m.load(m.first)
	m.begin = now()
	m.due = m.begin + refresh
	m.replay()
}

func (m *mutator) replay() {
	r, w, sum := m.registers, m.window, uint64(0)
	for at := 0; ; {
		word := w[at]
		a := word >> 8
		at++
		switch word & 0xff {
		case opNew:
			r[a] = made(int(w[at]), int(w[at+1]), w[at+2])
			at += 3
		case opLoad:
			r[a] = r[w[at]].slots[w[at+1]]
			at += 2
		case opStore:
			r[w[at]].slots[w[at+1]] = r[a]
			at += 2
		case opStoreTake:
			r[w[at]].slots[w[at+1]] = r[a]
			r[a] = nil
			at += 2
		case opStoreNull:
			r[a].slots[w[at]] = nil
			at++
		case opCopy:
			r[a] = r[w[at]]
			at++
		case opMove:
			r[a] = r[w[at]]
			r[w[at]] = nil
			at++
		case opClear:
			r[a] = nil
		case opPayload:
			sum += numberOf(r[a].payload)
		case opLeave:
			for end := a + w[at]; a < end; a++ {
				r[a] = nil
			}
			at++
		case opGlobalLoad:
			r[a] = globals[w[at]]
			at++
		case opGlobalStore:
			globals[w[at]] = r[a]
			at++
		case opGlobalClear:
			globals[a] = nil
		case opTLSLoad:
			r[a] = m.locals[w[at]]
			at++
		case opTLSStore:
			m.locals[w[at]] = r[a]
			at++
		case opTLSClear:
			m.locals[a] = nil
		case opStep:
			if timed {
				m.step()
			}
		case opNext:
			m.goOn(int(a))
			at = 0
		case opNewFinal:
			r[a] = made(int(w[at]), int(w[at+1]), w[at+2])
			sentinelOf(r[a]).finalizable = &waiting
			at += 3
		case opFinalizer:
			if n := atomic.LoadInt32(&waiting); n > 0 {
				atomic.CompareAndSwapInt32(&waiting, n, n-1)
			}
		case opCollect:
			runtime.GC()
		case opWatch:
			sentinelOf(r[a]).watched = &watched[w[at]]
			at++
		case opWait:
			waitForAll(int(w[at]))
			at++
		case opTurn:
			waitForTurn(int64(w[at]))
			at++
		case opPass:
			pass(int64(w[at]))
			at++
		case opDetach:
			m.locals = [tlsMax]*node{}
		case opEnd:
			m.payloads = sum
			return
		default:
			fail(fmt.Sprint("a word of unknown code ", word&0xff))
		}
	}
}

// ---------------------------------------------------------------------------
// A replay of the whole trace.
// ---------------------------------------------------------------------------

func dropRoots() {
	globals = [globalsMax]*node{}
	for _, m := range mutators {
		for i := range m.registers {
			m.registers[i] = nil
		}
		m.locals = [tlsMax]*node{}
	}
}

func replayAll() {
	arrived, turn = 0, 0
	var others sync.WaitGroup
	for _, m := range mutators[1:] {
		others.Add(1)
		go func(m *mutator) {
			m.perform()
			others.Done()
		}(m)
	}
	mutators[0].perform()
	others.Wait()
}

// forget makes new counters: those of earlier replays may still be written.
func forget() {
	dropRoots()
	watched = make([]int32, len(watched))
	atomic.StoreInt32(&waiting, 0)
}

// collect returns when finalizers have run for what is dead.
func collect() {
	for i := 0; i < 2; i++ {
		runtime.GC()
		done := make(chan bool)
		runtime.SetFinalizer(&node{}, func(*node) { close(done) })
		runtime.GC()
		select {
		case <-done:
		case <-time.After(time.Second):
		}
	}
}

// ---------------------------------------------------------------------------
// What is alive in the end.
// ---------------------------------------------------------------------------

func compare(m *mutator) (lost, left int) {
	objects := make([]*node, number("alive"))
	is := func(object *node, x uint32, what string) {
		switch {
		case x == 0:
			has(object == nil, what+" holds an object and should hold none")
		case object == nil:
			has(false, what+" holds no object and should hold one")
		case objects[x-1] == nil:
			objects[x-1] = object
		default:
			has(objects[x-1] == object, what+" holds another object than it should")
		}
	}
	shape := func(o *node, slots, bytes int, number uint32, full int) {
		if len(o.slots) != slots || len(o.payload) != bytes {
			has(false, "an object has another shape than it should")
			return
		}
		if bytes >= stampBytes {
			has(numberOf(o.payload) == uint64(number), "an object is another one than it should be")
		}
		for _, s := range o.slots {
			if s != nil {
				full--
			}
		}
		has(full == 0, "an object has more or fewer references than it should")
	}
	w := m.window
	m.load(number("checks"))
	for at := 0; ; {
		word := w[at]
		a := word >> 8
		at++
		switch word & 0xff {
		case hasRoot:
			roots := [][]*node{m.registers, globals[:], m.locals[:]}
			kinds := []string{"register", "global", "thread-local root"}
			is(roots[a][w[at]], w[at+1], fmt.Sprint(kinds[a], " ", w[at]))
			at += 2
		case hasShape:
			if o := objects[w[at]-1]; o != nil {
				shape(o, int(w[at+1]), int(w[at+2]), w[at+3], int(w[at+4]))
			}
			at += 5
		case hasSlot:
			if o := objects[w[at]-1]; o != nil && int(w[at+1]) < len(o.slots) {
				is(o.slots[w[at+1]], w[at+2], "a slot")
			}
			at += 3
		case hasWatched:
			gone := atomic.LoadInt32(&watched[w[at]]) > 0
			if a == 1 && gone {
				lost++
			} else if a == 0 && !gone {
				left++
			}
			at++
		case opNext:
			m.load(int(a))
			at = 0
		case opEnd:
			return lost, left
		default:
			fail(fmt.Sprint("a word of unknown code ", word&0xff))
		}
	}
}

// ---------------------------------------------------------------------------
// The run.
// ---------------------------------------------------------------------------

var heap struct {
	sync.Mutex
	now, most uint64
}

// footprint reads what the heap has of the system.
func footprint() {
	samples := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"},
		{Name: "/memory/classes/heap/free:bytes"}}
	metrics.Read(samples)
	heap.Lock()
	defer heap.Unlock()
	heap.now = 0
	for _, s := range samples {
		heap.now += s.Value.Uint64()
	}
	if heap.now > heap.most {
		heap.most = heap.now
	}
}

var answers = bufio.NewReader(os.Stdin)

func meet(moment string) {
	fmt.Println(moment)
	answers.ReadString('\n')
}

func makeThreads() {
	watched = make([]int32, number("watched"))
	for _, chain := range strings.Split(arguments["threads"], ",") {
		var first, steps int
		fmt.Sscanf(chain, "%d:%d", &first, &steps)
		m := &mutator{first: first, registers: make([]*node, number("registers")),
			window: make([]uint32, chunkWords), bytes: make([]byte, 4*chunkWords)}
		if timed {
			m.steps = make([]int64, steps)
		}
		mutators = append(mutators, m)
	}
}

func tellSteps(out *bufio.Writer) {
	for _, m := range mutators {
		for i := 0; i < m.count; i++ {
			if i%500 == 0 {
				fmt.Fprint(out, "\nsteps")
			}
			fmt.Fprint(out, " ", m.steps[i])
		}
	}
	fmt.Fprintln(out)
}

func collections() int64 {
	var s debug.GCStats
	debug.ReadGCStats(&s)
	return s.NumGC
}

func run() {
	timed = number("timed") == 1
	meet("ready")
	words = os.NewFile(3, "words")
	makeThreads()
	from := now()
	for i := number("warm-up"); i > 0; i-- { // Go compiles nothing
		replayAll()
		forget()
	}
	warm := now() - from
	collect()
	readPauses()
	pauses.all = nil
	footprint()
	heap.most = heap.now
	before := collections()
	meet("begin")
	start := now()
	replayAll()
	end := now()
	after := collections()
	readPauses()
	footprint()
	meet("end")

	out := bufio.NewWriter(os.Stdout)
	var payloads uint64
	var delayed, own int64
	for _, m := range mutators {
		payloads += m.payloads
		delayed += m.delayed
		own += m.own
	}
	fmt.Fprintln(out, "clock", start, end, mutators[0].instrument, mutators[0].skipped)
	fmt.Fprintln(out, "delay", delayed, own)
	fmt.Fprintln(out, "payloads", payloads)
	fmt.Fprintln(out, "footprint", heap.now, heap.most)
	tellSteps(out)
	tellPauses(out)
	fmt.Fprintln(out, "counter full-collections", after-before)
	fmt.Fprintln(out, "counter warm-up-replays", number("warm-up"))
	fmt.Fprintln(out, "counter warm-up-ns", warm)

	collect()
	lost, left := compare(mutators[0])
	dropRoots()
	collect()
	kept := 0
	for i := range watched {
		if atomic.LoadInt32(&watched[i]) == 0 {
			kept++
		}
	}
	fmt.Fprintln(out, "survivors", lost, left, kept)
	if wrong != "" {
		fmt.Fprintln(out, "wrong", wrong)
	}
	fmt.Fprintln(out, "done")
	out.Flush()
}

func main() {
	for _, word := range os.Args[1:] {
		if at := strings.IndexByte(word, '='); at > 0 {
			arguments[word[:at]] = word[at+1:]
		}
	}
	run()
}
