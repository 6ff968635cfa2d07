// checks.go: what is alive in the end.
package main

import (
	"fmt"
	"sync/atomic"
)

func has(right bool, text string) {
	if !right && wrong == "" {
		wrong = text
	}
}

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
