package transporttest

// watch holds what the calls for one session must keep, however they come.
type watch struct {
	described, gathered, up, down bool
	upReturned                    bool
	busy                          bool            // a call other than Message is under way
	messages                      map[uint16]bool // a call of Message is under way
	closed                        bool
	late                          map[uint16]int // messages after the end, for each channel
	lateOther                     int            // other calls after Close
}

// begin notes a call and gives the rule that it breaks, or "".
func (w *watch) begin(e Event) string {
	if e.Kind == Message {
		return w.beginMessage(e.Channel)
	}
	if w.busy {
		return "called while another call was under way"
	}
	w.busy = true
	if w.closed {
		if w.lateOther++; w.lateOther > 1 {
			return "called after Close"
		}
	}
	if w.down {
		return "called after Down"
	}
	switch e.Kind {
	case Described:
		if w.described {
			return "called twice"
		}
		w.described = true
	case Gathered:
		if !w.described {
			return "called before Described"
		}
		if w.gathered {
			return "called after the last"
		}
		w.gathered = e.Last
	case Up:
		if !w.described {
			return "called before Described"
		}
		if w.up {
			return "called twice"
		}
		w.up = true
	case Down:
		w.down = true
		if e.Reason == nil {
			return "no reason given"
		}
	}
	return ""
}

func (w *watch) beginMessage(channel uint16) string {
	if w.messages[channel] {
		return "called while a message of the same channel was being handled"
	}
	w.messages[channel] = true
	if !w.upReturned {
		return "called before Up returned"
	}
	if w.closed || w.down { // one may have been under way
		if w.late[channel]++; w.late[channel] > 1 {
			return "called after the end of the session"
		}
	}
	return ""
}

func (w *watch) end(e Event) {
	switch e.Kind {
	case Message:
		delete(w.messages, e.Channel)
	case Up:
		w.upReturned = true
		w.busy = false
	default:
		w.busy = false
	}
}
