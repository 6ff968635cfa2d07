// objects.go: the objects of a trace.
//
// An object of the trace is a struct with a slice of pointers and one of bytes, so
// up to three of Go's.  Go has no weak references.  A watched or finalizable object
// refers to a sentinel of its own that nobody else has, and whose finalizer runs
// when the object is gone: a finalizer of the object itself would keep a dead cycle
// for ever.
package main

import (
	"encoding/binary"
	"runtime"
	"sync/atomic"
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
