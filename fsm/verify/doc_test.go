// Package verify searches small worlds made of the machines of spec/*.fsm, by
// several interpreters, and compares what they find. It is nothing but tests:
//
//	go test ./fsm/verify            the searches of some seconds
//	go test ./fsm/verify -large     those of some minutes
//	go test ./fsm/verify -update    write the golden files
//
// Each machine alone: the generated Promela, run by SPIN, takes the very steps
// that package spec's interpreter takes, with the same effects.
//
// pair: two links of one pair of peers, and between them a network that loses,
// repeats and reorders signals. It is searched over the generated Go, over the
// interpreter and over the generated Promela; all three come to the same states.
// The designs of spec/negative fail in it, each by the property that it is known
// to break, with the shortest way there as a golden file: a search that never
// found anything is not trusted.
//
// ends: the two ends of one session, with their arcs, over generated Go and
// generated Promela.
//
// What SPIN does is skipped where spin or a C compiler is missing; with CI set in
// the environment, that is a failure. The searches are exact, with no hashing of
// states; they prove what they say within their budgets and no more.
//
// A model and its search belong to one goroutine.
package verify
