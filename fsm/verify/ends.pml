// The world of ends_test.go for SPIN, step for step: the two ends of the one
// session of a pair, with N arcs that each asks for. Budgets: BREAKS, FAILS,
// GIVES, EARLY, TURNS.
#include "arc_gen.pml"

#define OFF      0
#define DIALING  1
#define GREETING 2
#define USABLE   3

// Messages; to those about an arc its number is added.
#define BIND     1
#define BOUND    3
#define UNBIND   5
#define UNBINDIN 7
#define TURN     9
#define TURNIN   11
#define BYE      13
#define AGREE    15
#define STAY     17
#define QUEUE    16

// What can happen, as in Go.
#define REQUEST      1
#define RECEIVE      2
#define DISCONNECT   3
#define DISCONNECTIN 4
#define GIVE         5
#define GIVEIN       6
#define CANCEL       7
#define TIMEOUT      8
#define LINGER       9
#define PARTING      10
#define GREETED      11
#define LOST         12
#define FAIL         13
#define BROKEN       14
#define MEET         15

session_t session[2];
arc_t arcs[8]; // of end 0: its own two, the other end's two; of end 1 likewise
byte line[2];
byte answers;
byte queue[32];
byte breaks;
byte fails;
byte gives;
byte early;
byte turns;
bool failed;

// A turn: chosen, and cleared when it is done.
byte p;
byte what;
byte n;

hidden session_effects sfx;
hidden arc_effects afx;
hidden byte go;
hidden byte msg;
hidden byte i;
hidden byte j;
hidden byte k;   // the arc at hand
hidden byte aev; // its event, or 0
hidden byte sev; // the session's, or 0

// Events of an arc, and of a session.
#define ASK 1
#define ENDS 2
#define EXPIRES 3
#define GETBIND 4
#define GETBOUND 5
#define GETUNBIND 6
#define READIES 7
#define SEVERED 8
#define GIVESUP 9
#define GIVEAWAY 10
#define GETTURN 11

#define WANT 1
#define CANCELED 2
#define OPENED 3
#define ISBOUND 4
#define UNBOUND 5
#define UP 6
#define FAILED 7
#define DOWN 8
#define LINGERED 9
#define PARTED 10
#define GETBYE 11
#define GETAGREE 12
#define GETSTAY 13

#define OWN(end, nr)   ((end) * 4 + (nr))
#define THEIR(end, nr) ((end) * 4 + 2 + (nr))
#define WAITS(x)       (arcs[x].state == arc_Asked || arcs[x].state == arc_Opening)
#define JOINED(end)    (line[end] >= GREETING)

c_code {
\#include <stdio.h>
static int dump(void)
{
	int x;
	printf("S " session_format " | " session_format " |", session_values(now.session[0]), session_values(now.session[1]));
	for (x = 0; x < 8; x++) printf(" " arc_format, arc_values(now.arcs[x]));
	printf(" | %d %d %d |", now.line[0], now.line[1], now.answers);
	for (x = 0; x < 32; x++) printf(" %d", now.queue[x]);
	printf(" | %d %d %d %d %d %d\n", now.breaks, now.fails, now.gives, now.early, now.turns, now.failed);
	return 0;
}
\#define DUMP dump()
};

inline send(m) {
	assert(line[p] == USABLE);
	if
	:: JOINED(1 - p) ->
		j = 0;
		do
		:: queue[(1 - p) * QUEUE + j] -> j++
		:: else -> break
		od;
		assert(j < QUEUE);
		queue[(1 - p) * QUEUE + j] = m
	:: else
	fi
}

inline hangup() {
	line[p] = OFF;
	j = 0;
	do
	:: j < QUEUE -> queue[p * QUEUE + j] = 0; j++
	:: else -> break
	od;
	if
	:: !JOINED(1 - p) -> answers = 0
	:: else
	fi
}

// The arc k answers aev.
inline step_arc() {
	if
	:: aev == ASK       -> arc_step_ask(arcs[k], afx)
	:: aev == ENDS      -> arc_step_disconnect(arcs[k], afx)
	:: aev == EXPIRES   -> arc_step_request(arcs[k], afx)
	:: aev == GETBIND   -> arc_step_Bind(arcs[k], afx)
	:: aev == GETBOUND  -> arc_step_Bound(arcs[k], afx)
	:: aev == GETUNBIND -> arc_step_Unbind(arcs[k], afx)
	:: aev == GIVEAWAY  -> arc_step_give(arcs[k], afx)
	:: aev == GETTURN   -> arc_step_Turn(arcs[k], afx)
	:: aev == READIES   -> arc_step_ready(arcs[k], afx)
	:: aev == SEVERED   -> arc_step_severed(arcs[k], afx)
	:: aev == GIVESUP   -> arc_step_giveup(arcs[k], afx)
	fi;
	assert(afx.edge);
	assert(arc_always(arcs[k]));
	i = 0;
	do
	:: i < afx.n ->
		msg = 0;
		if
		:: afx.list[i].kind == arc_fx_send_Bind   -> msg = BIND + k % 2
		:: afx.list[i].kind == arc_fx_send_Bound  -> msg = BOUND + k % 2
		:: afx.list[i].kind == arc_fx_send_Unbind -> msg = (k % 4 < 2 -> UNBIND : UNBINDIN) + k % 2
		:: afx.list[i].kind == arc_fx_send_Turn   -> msg = (k % 4 < 2 -> TURN : TURNIN) + k % 2
		:: afx.list[i].kind == arc_fx_failed -> failed = true
		:: else
		fi;
		if
		:: msg -> send(msg)
		:: else
		fi;
		i++
	:: else -> break
	od;
	if
	:: k % 4 >= 2 && arcs[k].state == arc_Gone -> arcs[k].state = arc_Fresh; arcs[k].out = false; arcs[k].request = false
	:: else
	fi
}

// The session answers sev.
inline step_session() {
	if
	:: sev == WANT     -> session_step_want(session[p], sfx)
	:: sev == CANCELED -> session_step_cancel(session[p], sfx)
	:: sev == OPENED   -> session_step_opened(session[p], sfx)
	:: sev == ISBOUND  -> session_step_bound(session[p], sfx)
	:: sev == UNBOUND  -> session_step_unbound(session[p], sfx)
	:: sev == UP       -> session_step_up(session[p], sfx)
	:: sev == FAILED   -> session_step_failed(session[p], sfx)
	:: sev == DOWN     -> session_step_down(session[p], sfx)
	:: sev == LINGERED -> session_step_linger(session[p], sfx)
	:: sev == PARTED   -> session_step_parting(session[p], sfx)
	:: sev == GETBYE   -> session_step_Bye(session[p], sfx)
	:: sev == GETAGREE -> session_step_Agree(session[p], sfx)
	:: sev == GETSTAY  -> session_step_Stay(session[p], sfx)
	fi;
	assert(sfx.edge);
	assert(session_always(session[p]))
}

// What the session says. The turn's what and n are over, and count here.
inline perform_session() {
	what = 0; // of the effects
	do
	:: what < sfx.n ->
		msg = 0; aev = 0;
		if
		:: sfx.list[what].kind == session_fx_dial && line[p] == OFF -> line[p] = DIALING
		:: sfx.list[what].kind == session_fx_hangup && !(line[p] == GREETING && answers == p) -> hangup()
		:: sfx.list[what].kind == session_fx_bind   -> aev = READIES
		:: sfx.list[what].kind == session_fx_sever  -> aev = SEVERED
		:: sfx.list[what].kind == session_fx_giveup -> aev = GIVESUP
		:: sfx.list[what].kind == session_fx_send_Bye   -> msg = BYE
		:: sfx.list[what].kind == session_fx_send_Agree -> msg = AGREE
		:: sfx.list[what].kind == session_fx_send_Stay  -> msg = STAY
		:: else
		fi;
		if
		:: msg -> send(msg)
		:: else
		fi;
		n = 0; // of the arcs: own and other's of one number in turn
		do
		:: aev && n < 4 ->
			k = (n % 2 -> THEIR(p, n / 2) : OWN(p, n / 2));
			if
			:: aev == READIES && n % 2 == 0 && arcs[k].state == arc_Asked -> step_arc()
			:: aev == SEVERED && (arcs[k].state == arc_Up || WAITS(k)) -> step_arc()
			:: aev == GIVESUP && n % 2 == 0 && WAITS(k) -> step_arc()
			:: else
			fi;
			n++
		:: else -> break
		od;
		what++
	:: else -> break
	od
}

inline down() {
	sev = (line[p] == GREETING -> FAILED : DOWN);
	hangup()
}

// Takes the next message: an event of the arc k, one of the session, or both.
inline receive() {
	msg = queue[p * QUEUE];
	j = 0;
	do
	:: j < QUEUE - 1 -> queue[p * QUEUE + j] = queue[p * QUEUE + j + 1]; j++
	:: else -> break
	od;
	queue[p * QUEUE + QUEUE - 1] = 0;
	n = (msg - 1) % 2;
	if
	:: msg == BYE   -> sev = GETBYE
	:: msg == AGREE -> sev = GETAGREE
	:: msg == STAY  -> sev = GETSTAY
	:: msg - n == BIND ->
		k = THEIR(p, n); aev = GETBIND;
		sev = (arcs[k].state == arc_Up -> 0 : ISBOUND)
	:: msg - n == BOUND && arcs[OWN(p, n)].state != arc_Gone -> k = OWN(p, n); aev = GETBOUND; sev = OPENED
	:: msg - n == UNBIND && arcs[THEIR(p, n)].state == arc_Up -> k = THEIR(p, n); aev = GETUNBIND; sev = UNBOUND
	:: msg - n == UNBINDIN && WAITS(OWN(p, n)) -> k = OWN(p, n); aev = GETUNBIND; sev = CANCELED
	:: msg - n == UNBINDIN && arcs[OWN(p, n)].state == arc_Up -> k = OWN(p, n); aev = GETUNBIND; sev = UNBOUND
	:: msg - n == TURN && arcs[THEIR(p, n)].state == arc_Up -> k = THEIR(p, n); aev = GETTURN
	:: msg - n == TURNIN && arcs[OWN(p, n)].state == arc_Up -> k = OWN(p, n); aev = GETTURN
	:: else
	fi
}

// What happens: an event of the arc k, one of the session, or both in turn. What
// cannot be changes nothing.
inline choose() {
	aev = 0; sev = 0; k = OWN(p, n);
	if
	:: what == REQUEST && arcs[k].state == arc_Fresh && (n == 0 || arcs[OWN(p, 0)].state != arc_Fresh) -> aev = ASK; sev = WANT
	:: what == DISCONNECT && arcs[k].state == arc_Up -> aev = ENDS; sev = UNBOUND
	:: what == DISCONNECTIN && arcs[THEIR(p, n)].state == arc_Up -> k = THEIR(p, n); aev = ENDS; sev = UNBOUND
	:: what == GIVE && arcs[k].state == arc_Up && arcs[k].out && turns -> turns--; aev = GIVEAWAY
	:: what == GIVEIN && arcs[THEIR(p, n)].state == arc_Up && arcs[THEIR(p, n)].out && turns -> k = THEIR(p, n); turns--; aev = GIVEAWAY
	:: what == CANCEL && WAITS(k) && gives -> gives--; aev = ENDS; sev = CANCELED
	:: what == TIMEOUT && arcs[k].request && gives -> gives--; aev = EXPIRES; sev = CANCELED
	:: what == RECEIVE && line[p] == USABLE && queue[p * QUEUE] -> receive()
	:: what == LINGER && session[p].linger -> sev = LINGERED
	:: what == PARTING && session[p].parting && early -> early--; sev = PARTED
	:: what == GREETED && line[p] == GREETING -> line[p] = USABLE; sev = UP
	:: what == LOST && JOINED(p) && !JOINED(1 - p) -> down()
	:: what == FAIL && fails && line[p] == DIALING -> fails--; hangup(); sev = FAILED
	:: what == BROKEN && breaks && JOINED(p) -> breaks--; down()
	:: what == MEET && line[p] == DIALING && !JOINED(1 - p) && (line[1 - p] == OFF || p == 1) ->
		line[0] = GREETING; line[1] = GREETING; answers = 1 - p
	:: else
	fi
}

active proctype world() {
	atomic { breaks = BREAKS; fails = FAILS; gives = GIVES; early = EARLY; turns = TURNS };
	do
	:: c_expr { DUMP } -> skip
	:: atomic {
		if :: p = 0 :: p = 1 fi;
		if
		:: if :: what = REQUEST :: what = DISCONNECT :: what = DISCONNECTIN :: what = GIVE :: what = GIVEIN :: what = CANCEL :: what = TIMEOUT fi;
			if :: n = 0
#if N > 1
			:: n = 1
#endif
			fi
		:: what = RECEIVE :: what = LINGER :: what = PARTING :: what = GREETED
		:: what = LOST :: what = FAIL :: what = BROKEN :: what = MEET
		fi;
		// Three of them because SPIN bounds the length of one. Nothing comes between
		// them and none has a choice, so what is hidden lasts.
		d_step { choose(); if :: aev -> step_arc() :: else fi };
		d_step { go = sev; if :: go -> step_session() :: else fi };
		d_step { if :: go -> perform_session() :: else fi; p = 0; what = 0; n = 0 }
	}
	od
}
