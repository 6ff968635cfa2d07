// runtime.go: what Go tells of its collections and its heap.
package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// Go remembers the pauses of the last 256 collections.
var pauses struct {
	sync.Mutex
	seen  int64
	lines []string
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
		pauses.lines = append(pauses.lines, fmt.Sprintf("pause %d %d", end-int64(s.Pause[i]), end))
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
