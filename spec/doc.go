// Package spec reads, checks and interprets the small language in which the
// messages and state machines of n2n are declared (spec/*.fsm).
//
// A spec looks like this; a line or a semicolon ends a statement, and the
// comment behind a declaration becomes its documentation:
//
//	spec lamp version 1
//
//	const ( glow = 30s; presses = 3 )
//	type level uint8 explore 2            // a number; searches look at 0..2
//	type color enum { red, light_green }  // values from 0
//	signal Dim = 1 { to level; hue color } // kind 1, inside the signed envelope
//	message Press = 1 { again bool }      // tag 1, on the control channel
//	plain message Note = 2 { line text<=80; from peer } // no machine's business
//
//	machine lamp (spare bool) {
//		var count uint8 bound presses // leaving 0..3 is a fault; with explore it is only not searched
//		timer shining = glow          // its end is an event of the same name
//		event off
//		effect shine(to level)
//		state Dark initial
//		state Lit
//		state Broken final
//		group Whole = Dark | Lit
//		define last = count + 1 == presses
//		do light(n) { shine(n); start shining }
//
//		on Press(again) {
//			Dark if !again && !spare -> Lit { count = 0; light(1) }
//			Dark else                -> same
//			Lit  if !last            -> same as more { count++; light(2); send Press(false) }
//			Lit  else                -> Broken { stop shining }
//			Broken                   -> never
//		}
//		on Dim(to, hue) {
//			Lit  if hue == red -> same { light(max(to, 1)) }
//			any  else          -> same
//		}
//		on off {
//			Whole    -> Dark { stop shining }
//			any else -> never
//		}
//		on shining {
//			Lit           -> Dark
//			Dark | Broken -> never
//		}
//		always Lit => running(shining)
//		always !Lit => !running(shining)
//		leadsto Lit -> Dark
//	}
//
// # Rules
//
// An on lists rules "States [if guard | else] -> target [as label] [{ actions }]".
// States are states and groups joined by |, or any. The target is a state; same;
// never, for what must not happen; or defer, which
// nothing generates yet, so that Check refuses it. Else is what the rules above leave
// of a state; any else takes in every state that is not answered yet. Each state
// answers each event, and no two guards of one state may hold at once.
//
// Actions run in order, and an expression sees the updates before it: x = e, x++,
// x--, start t, stop t, send M, send M(values), an effect, or a do. Starting a
// timer that runs starts it anew; stopping one that does not run does nothing. A
// timer that fires is not running any more when its guards are tried.
//
// Expressions are Go's with + - * == != < <= > >= && || ! and the builtins
// max, min, pick(c, a, b), less(a, b), which is a minus 1 if b, and running(t).
// There is no number below 0. Define and do are macros: they may use what is
// declared above them, and their parameters have the types that their use tells.
//
// Invariants: always [when =>] then, where states and groups are conditions;
// leadsto A -> B: from every configuration in A some way leads to one in B; once
// a | b: at most one of the effects, once in the life of a machine.
//
// # What is checked
//
// All faults are told in one run, as file:line:col: message with the line and a
// caret. By reading: syntax; what is not declared, declared twice, or never used;
// counts and types of arguments; a state that does not answer an event; states
// that no row of edges reaches. By trying all values up to the explored limits
// that the invariants of a state allow: guards that overlap, edges that nothing
// takes. By searching all that a machine alone can do within the explored limits,
// with every event that is not never: invariants that do not hold, bounds that an
// update leaves, numbers below 0, timers that run where their end is never, edges
// that no run takes. A search proves nothing beyond its limits.
//
// # Use
//
// Load reads and checks a file. A checked Machine can be interpreted (Starts,
// Inputs, Step, Holds), which is how generated code is compared with it, and
// printed (Table, Mermaid, Graphviz). A Spec that Load returned is only read from
// then on: it may be shared between goroutines. The package starts none.
package spec
