package spec

import (
	"go/token"
	"time"
)

// Spec is one file: constants, types, messages and machines, each in the order
// of the file. The fields that comments call resolved are filled in by Check.
type Spec struct {
	File     string // as given to Parse
	Name     string
	Version  uint64
	Doc      string
	Consts   []*Const
	Types    []*Type // declared ones; the predeclared are not listed
	Messages []*Message
	Machines []*Machine

	lines []string
}

// Const is a number or, with a unit, a duration.
type Const struct {
	Pos   token.Position
	Name  string
	Doc   string
	Value uint64
	Unit  string // "" for a number, else ns, us, ms, s, m or h

	used bool
}

// Duration gives c as a duration; ok is false for a plain number.
func (c *Const) Duration() (d time.Duration, ok bool) {
	unit, ok := units[c.Unit]
	return time.Duration(c.Value) * unit, ok
}

var units = map[string]time.Duration{
	"ns": time.Nanosecond, "us": time.Microsecond, "ms": time.Millisecond,
	"s": time.Second, "m": time.Minute, "h": time.Hour,
}

// Kind sorts the types.
type Kind int

// The kinds. Only Bool, Number and Enum concern machines; the others are
// fields of messages.
const (
	Bool Kind = iota
	Number
	Enum
	Peer  // [32]byte
	Peers // at most Limit of them
	Text  // UTF-8 of at most Limit bytes
	Bytes // at most Limit of them
)

// Type is a predeclared or declared type.
type Type struct {
	Pos     token.Position
	Name    string
	Doc     string
	Kind    Kind
	Bits    int     // of a Number: 8, 16, 32 or 64
	Explore *Size   // of a declared Number: searches look at 0..Explore
	Values  []Ident // of an Enum, from 0
	Limit   *Size   // of Peers, Text and Bytes
	base    string  // of a declared Number, as written
	basePos token.Position
	used    bool
}

// Scalar reports whether machines can compute with values of t.
func (t *Type) Scalar() bool { return t.Kind <= Enum }

// Ident is a name where it stands.
type Ident struct {
	Pos  token.Position
	Name string
}

// Size is a limit: a number or the name of a constant.
type Size struct {
	Pos   token.Position
	Text  string // as written
	Value uint64 // resolved when Text is a name
	Const *Const // resolved: nil for a literal
}

// Field is a field of a message, or a parameter of a machine, event or effect.
type Field struct {
	Pos      token.Position
	Name     string
	Doc      string
	TypeName string
	Limit    *Size // of peers, text and bytes
	Type     *Type // resolved
}

// Message is a signal (it travels inside the signed envelope) or a message
// (it travels on the control channel).
type Message struct {
	Pos    token.Position
	Name   string
	Doc    string
	Signal bool
	Plain  bool   // concerns no machine directly
	Number uint64 // kind of a signal, tag of a message: 1 to 255
	Fields []*Field

	used bool
}

// Scalars reports whether all fields are scalars, so that a machine can send
// the message with all its values.
func (m *Message) Scalars() bool {
	for _, f := range m.Fields {
		if f.Type == nil || !f.Type.Scalar() {
			return false
		}
	}
	return true
}

// Machine is one state machine.
type Machine struct {
	Pos     token.Position
	Name    string
	Doc     string
	Params  []*Field
	Vars    []*Var
	Timers  []*Timer
	Events  []*Event
	Effects []*Effect
	States  []*State
	Groups  []*Group
	Defines []*Define
	Dos     []*Do
	Ons     []*On
	Always  []*Always
	LeadsTo []*LeadsTo
	Once    []*Once

	Spec    *Spec
	Initial *State  // resolved
	Edges   []*Edge // resolved: one for each rule and source state, but never
	slots   []slot  // resolved: parameters, variables, timers
	broken  bool    // a declaration in it did not parse: unused and missing things may be its fault
}

// Var is a variable. It starts at 0, false, or the first value of its enum.
type Var struct {
	Pos      token.Position
	Name     string
	Doc      string
	TypeName string
	typePos  token.Position
	Bound    *Size // leaving 0..Bound is a fault
	Explore  *Size // searches look at 0..Explore
	Type     *Type // resolved

	slot           int
	read, assigned bool
}

// Timer is a timer; its end is an event of the same name.
type Timer struct {
	Pos  token.Position
	Name string
	Doc  string
	Time *Size  // literal or constant
	Unit string // of a literal

	slot    int
	started bool
}

// Duration gives the time from start to end. It is 0 for a faulty timer.
func (t *Timer) Duration() time.Duration {
	if t.Time.Const != nil {
		d, _ := t.Time.Const.Duration()
		return d
	}
	return time.Duration(t.Time.Value) * units[t.Unit]
}

// Event is a declared event.
type Event struct {
	Pos    token.Position
	Name   string
	Doc    string
	Params []*Field
}

// Effect is a declared effect.
type Effect struct {
	Pos    token.Position
	Name   string
	Doc    string
	Params []*Field

	used bool
}

// State is a state.
type State struct {
	Pos            token.Position
	Name           string
	Doc            string
	Index          int // 0 is the initial state
	Initial, Final bool
}

// Group is a name for several states.
type Group struct {
	Pos     token.Position
	Name    string
	Doc     string
	Members []Ident
	States  []*State // resolved, in the order of the machine's states

	used bool
}

// Param is a parameter of a macro. Its type is told by its use: a number, bool
// or an enum.
type Param struct {
	Ident
	Type *Type // resolved

	used bool
}

// Define is a macro for an expression.
type Define struct {
	Pos    token.Position
	Name   string
	Doc    string
	Params []*Param
	Body   *Expr

	used bool
	cost int // see maxCost
}

// Do is a macro for actions.
type Do struct {
	Pos     token.Position
	Name    string
	Doc     string
	Params  []*Param
	Actions []*Action

	used bool
	cost int // see maxCost
}

// Trigger says what kind of event an On answers.
type Trigger int

// The triggers.
const (
	Declared Trigger = iota // an event of the machine
	Fires                   // a timer's end
	Arrives                 // a signal or message
)

// On lists the rules for one event.
type On struct {
	Pos   token.Position
	Name  string
	Doc   string
	Names []Ident // parameters as written
	Rules []*Rule

	Trigger Trigger  // resolved
	Params  []*Field // resolved, in the order of Names
	Timer   *Timer   // resolved, when a timer fires
	Message *Message // resolved, when one arrives
	edges   [][]*Edge
	broken  bool
}

// Target says where a rule leads.
type Target int

// The targets.
const (
	To Target = iota // another state, or the same one by its name
	Same
	Never // this must not happen
	Defer // handle the event again in the next state
)

// Rule is one line of an On.
type Rule struct {
	Pos       token.Position
	From      []Ident
	Guard     *Expr  // nil: none
	GuardText string // as written; "else" for one
	Else      bool
	Target    Target
	ToName    Ident
	Label     string
	Doc       string
	Actions   []*Action
	Next      *State // resolved, when Target is To
	anyState  bool   // From is any
	states    []*State
}

// ActionKind sorts the actions.
type ActionKind int

// The actions.
const (
	Assign ActionKind = iota
	Start
	Stop
	Send
	Call // of an effect or a do
)

// Action is one step of an edge.
type Action struct {
	Pos   token.Position
	Kind  ActionKind
	Name  string
	Value *Expr   // of Assign; x++ is x = x + 1
	Args  []*Expr // of Send and Call

	Var     *Var     // resolved
	Timer   *Timer   // resolved
	Message *Message // resolved
	Effect  *Effect  // resolved, nil when Do is called
	Do      *Do      // resolved
	bare    bool     // no parentheses
}

// Always is an invariant: When => Then, or Then alone.
type Always struct {
	Pos  token.Position
	Text string // as written
	When *Expr  // nil: always
	Then *Expr
}

// LeadsTo says that whoever is in From can come to To.
type LeadsTo struct {
	Pos      token.Position
	Text     string
	From, To []Ident
	from, to []*State
}

// Once says that at most one of the effects happens, at most once in the life
// of a machine.
type Once struct {
	Pos     token.Position
	Text    string
	Names   []Ident
	effects []*Effect
}

// Edge is a rule in one of its source states: what a machine takes.
type Edge struct {
	Name  string // unique in its machine, such as IdleConnect
	Index int    // from 1
	On    *On
	Rule  *Rule
	From  *State
	To    *State
}
