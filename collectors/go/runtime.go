// runtime.go: what Go tells of its collections and its heap.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync"
	"time"
)

// Pauses: Go remembers the last 256 collections, and of each the sum of its two stops.
// How they share it stands in the trace that it writes to standard error (GODEBUG in
// go.c), by two digits:
//
//	gc 1 @0.012s 2%: 0.026+0.39+0.10 ms clock, ...
//
// is a stop to end the last sweep, marking beside the mutators, and a stop to end that.
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

func collections() int64 {
	var s debug.GCStats
	debug.ReadGCStats(&s)
	return s.NumGC
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
