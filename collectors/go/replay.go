// replay.go: replays a trace inside Go (../runtimes/README.md says what a replayer
// does): the whole of a run.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

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

// ---------------------------------------------------------------------------
// The run.
// ---------------------------------------------------------------------------

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
