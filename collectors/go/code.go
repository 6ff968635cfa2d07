// code.go: the words that are replayed (../runtimes/words.h).
package main

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
