// mutator.go: a thread of the trace.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
)

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
	m.account.quick += took
}

// correct ends a step that took long, and returns what it took without the delay.
func (m *mutator) correct(took, at int64) int64 {
	others, own := m.account.delay(at-took, at)
	m.own += own
	if took > slow {
		m.delayed += others
		took -= others
	}
	if at > m.due {
		readPauses()
		footprint()
	}
	m.begin = now()
	m.account.quick = m.begin
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
		m.account.delay(now(), now())
	}
	m.load(m.first)
	m.begin = now()
	m.account.quick = m.begin
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
