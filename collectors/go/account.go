// account.go: time, and run-queue delay: how long a thread was ready to run and did
// not run.  What other threads of the process may have caused is the collector's, and
// stays in the steps.
package main

import (
	"os"
	"syscall"
	"time"
	"unsafe"
)

// CLOCK_MONOTONIC, which time.Since reads without a system call.
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

// In steps from quick on no delay was read, as none of them was slow.
type account struct {
	file               *os.File
	text               [96]byte
	ran, waited, turns int64
	othersBefore       int64
	readAt, quick      int64
}

func (a *account) read() bool {
	n, _ := a.file.ReadAt(a.text[:], 0)
	values := [3]int64{}
	at := 0
	for i := range values {
		for ; at < n && a.text[at] >= '0' && a.text[at] <= '9'; at++ {
			values[i] = 10*values[i] + int64(a.text[at]-'0')
		}
		at++
	}
	a.ran, a.waited, a.turns = values[0], values[1], values[2]
	return n > 0
}

func processRan() int64 {
	var t syscall.Timespec
	const clockProcess = 2
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockProcess, uintptr(unsafe.Pointer(&t)), 0)
	return t.Nano()
}

// delay tells of the delay since it was called last: what must lie between begin and
// end, which is now, and what is the process's own.  Of several mutators, the others
// count as such.  harness/cell/steps.c says why the rest may lie elsewhere.
func (a *account) delay(begin, end int64) (others, own int64) {
	ran, before, turns := processRan(), a.waited, a.turns
	if !a.read() {
		return 0, 0
	}
	outside := a.quick - a.readAt + now() - end
	a.readAt = end
	strangers := ran - a.ran
	all := a.waited - before
	turns = a.turns - turns
	if strangers > a.othersBefore {
		own = strangers - a.othersBefore
		a.othersBefore = strangers
	}
	own = least(own, all)
	others = all - own
	quick := least(begin-a.quick, turns*slow)
	if others <= outside+quick {
		return 0, own
	}
	others -= outside + least(quick, (turns-1)*slow)
	return least(others, end-begin), own
}

func least(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}
