// Package fsm is where the state machines live that gen makes of spec/*.fsm:
//
//	fsm/signal   link, broker, meeting: how two peers get one session
//	fsm/arc      session, arc: what the session is for, and when it ends
//	fsm/media    exchange: audio and video on the session
//	fsm/referee  the same machines on looplab/fsm, to replay edges on
//	fsm/promela  the same machines in Promela, for SPIN
//	fsm/verify   no package: searches of small worlds of these machines, by the
//	             generated Go, the interpreter and SPIN, which must agree
//
// Never edit a file whose name ends in _gen: change the spec and run
//
//	go generate ./fsm
//
// which works as well when all generated files are gone, for gen imports none of
// them. This package itself is empty; its tests compare the generated machines
// with the interpreter of package spec and with looplab/fsm, in every
// configuration that they can come to.
package fsm

//go:generate go run ../gen -dir ..
