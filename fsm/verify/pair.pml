// The pair world of pair_test.go for SPIN, step for step: two links of one pair
// of peers, over a network that loses, repeats and reorders signals. Budgets: K,
// LOSS, R, BREAKS; with TIMELY, setup fires EARLY times, otherwise at any time.
#include "signal_gen.pml"

#define NONE   0
#define LOCAL  1
#define STABLE 2
#define READY  3
#define CLOSED 4

// The attempt that owner began with number n, and its driver session at end p.
#define AT(owner, n)        ((owner) * 4 + (n))
#define DRIVER(p, owner, n) driver[(p) * 8 + AT(owner, n)]
#define BIT(n, h)           (1 << (4 * (n) + (h)))

#define CONNECT 1
#define OFFER   2
#define ANSWER  3
#define RESET   4
#define UP      5
#define DOWN    6
#define SETUP   7
#define RETRY   8
#define BREAK   9
#define JOIN    10

link_t link[2];
byte driver[16];
bool joined[8];
byte offers[2];
int answers[2];
int resets[2];
byte loss;
byte breaks;
byte early;
bool want[2];

// A turn: chosen, and cleared when it is done.
byte ev;
byte end;   // whose
byte owner; // of a driver's event
byte a;
byte b;
bool lose;

hidden link_effects fx;
hidden byte i;
hidden byte j;
hidden byte go;

c_code {
\#include <stdio.h>
static int dump(void)
{
	int k;
	printf("S " link_format " | " link_format " |", link_values(now.link[0]), link_values(now.link[1]));
	for (k = 0; k < 16; k++) printf(" %d", now.driver[k]);
	for (k = 0; k < 8; k++) printf(" %d", now.joined[k]);
	printf(" | %d %d %d %d %d %d |", now.offers[0], now.offers[1], now.answers[0], now.answers[1], now.resets[0], now.resets[1]);
	printf(" %d %d %d %d %d\n", now.loss, now.breaks, now.early, now.want[0], now.want[1]);
	return 0;
}
\#define DUMP dump()
};

// closes what an end has alive; there must be one.
inline close_hand() {
	i = 0; go = false;
	do
	:: i < 8 ->
		if
		:: driver[end * 8 + i] == LOCAL || driver[end * 8 + i] == STABLE || driver[end * 8 + i] == READY ->
			assert(!go); // S1
			go = true;
			driver[end * 8 + i] = CLOSED
		:: else
		fi;
		i++
	:: else -> break
	od;
	assert(go)
}

inline perform() {
	j = 0;
	do
	:: j < fx.n ->
		if
		:: fx.list[j].kind == link_fx_create ->
			assert(DRIVER(end, end, fx.list[j].n) == NONE);
			DRIVER(end, end, fx.list[j].n) = LOCAL
		:: fx.list[j].kind == link_fx_accept ->
			assert(DRIVER(end, 1 - end, fx.list[j].n) == NONE);
			DRIVER(end, 1 - end, fx.list[j].n) = STABLE
		:: fx.list[j].kind == link_fx_finish ->
			assert(DRIVER(end, end, fx.list[j].n) == LOCAL);
			DRIVER(end, end, fx.list[j].n) = STABLE
		:: fx.list[j].kind == link_fx_close -> close_hand()
		:: fx.list[j].kind == link_fx_send_Offer || fx.list[j].kind == link_fx_send_Answer || fx.list[j].kind == link_fx_send_Reset ->
			if
			:: lose -> loss--
			:: !lose && fx.list[j].kind == link_fx_send_Offer -> offers[1 - end] = offers[1 - end] | (1 << fx.list[j].n)
			:: !lose && fx.list[j].kind == link_fx_send_Answer -> answers[1 - end] = answers[1 - end] | BIT(fx.list[j].n, fx.list[j].h)
			:: !lose && fx.list[j].kind == link_fx_send_Reset -> resets[1 - end] = resets[1 - end] | BIT(fx.list[j].m, fx.list[j].y)
			fi
		:: else ->
			assert(fx.list[j].kind != link_fx_remote && fx.list[j].kind != link_fx_discard && fx.list[j].kind != link_fx_send_Reject)
		fi;
		j++
	:: else -> break
	od
}

// A turn that cannot be changes nothing.
inline take() {
	go = false;
	if
	:: ev == CONNECT && want[end] && link[end].state == link_Idle && link[end].seq < K ->
		go = true; a = link[end].seq + 1; link_step_connect(link[end], fx, a)
	:: ev == OFFER && (offers[end] & (1 << a)) -> go = true; link_step_Offer(link[end], fx, a, false, false)
	:: ev == ANSWER && (answers[end] & BIT(a, b)) -> go = true; link_step_Answer(link[end], fx, a, b)
	:: ev == RESET && (resets[end] & BIT(a, b)) -> go = true; link_step_Reset(link[end], fx, a, b)
	:: ev == UP && joined[AT(owner, a)] && DRIVER(end, owner, a) == STABLE ->
		go = true; DRIVER(end, owner, a) = READY; link_step_up(link[end], fx)
	:: ev == DOWN && joined[AT(owner, a)] && (DRIVER(end, owner, a) == STABLE || DRIVER(end, owner, a) == READY) && DRIVER(1 - end, owner, a) == CLOSED ->
		go = true; link_step_down(link[end], fx)
	:: ev == BREAK && breaks && (DRIVER(end, owner, a) == STABLE || DRIVER(end, owner, a) == READY) ->
		go = true; breaks--; link_step_down(link[end], fx)
#ifdef TIMELY
	:: ev == SETUP && link[end].setup && early -> go = true; early--; link_step_setup(link[end], fx)
#else
	:: ev == SETUP && link[end].setup -> go = true; link_step_setup(link[end], fx)
#endif
	:: ev == RETRY && link[end].retry && link[end].sent < R &&
		(DRIVER(end, end, 1) == LOCAL || DRIVER(end, end, 2) == LOCAL || DRIVER(end, end, 3) == LOCAL) ->
		go = true; link_step_retry(link[end], fx)
	:: ev == JOIN && DRIVER(0, owner, a) == STABLE && DRIVER(1, owner, a) == STABLE -> joined[AT(owner, a)] = true
	:: else
	fi;
	if
	:: go ->
		assert(fx.edge); // never
		assert(link_always(link[end]));
		perform()
	:: else
	fi;
	ev = 0; end = 0; owner = 0; a = 0; b = 0; lose = false
}

#if K == 1
#define NUMBER(x) x = 1
#define HIGH(x)   if :: x = 0 :: x = 1 fi
#elif K == 2
#define NUMBER(x) if :: x = 1 :: x = 2 fi
#define HIGH(x)   if :: x = 0 :: x = 1 :: x = 2 fi
#else
#define NUMBER(x) if :: x = 1 :: x = 2 :: x = 3 fi
#define HIGH(x)   if :: x = 0 :: x = 1 :: x = 2 :: x = 3 fi
#endif

active proctype world() {
	atomic {
		link[0].polite = true; loss = LOSS; breaks = BREAKS; early = EARLY;
		if :: want[0] = true; want[1] = true :: want[0] = true :: want[1] = true fi
	};
	do
	:: c_expr { DUMP } -> skip
	:: atomic {
		if :: end = 0 :: end = 1 fi;
		if :: lose = false :: loss -> lose = true fi;
		if
		:: ev = CONNECT
		:: ev = SETUP
		:: ev = RETRY
		:: offers[end] -> ev = OFFER; NUMBER(a)
		:: answers[end] -> ev = ANSWER; NUMBER(a); HIGH(b)
		:: resets[end] -> ev = RESET; HIGH(a); HIGH(b)
		:: if :: ev = UP :: ev = DOWN :: breaks -> ev = BREAK :: ev = JOIN fi;
			NUMBER(a);
			if :: owner = 0 :: owner = 1 fi
		fi;
		d_step { take() }
	}
	od
}
