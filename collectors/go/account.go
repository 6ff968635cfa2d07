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
