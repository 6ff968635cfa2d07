// threads.go: threads of a trace wait for each other here.
package main

import (
	"sync"
	"sync/atomic"
)

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
