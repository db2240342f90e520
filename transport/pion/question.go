package pion

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"time"

	"github.com/pion/stun/v4"
)

// questionRetry is when a question that was not answered is asked again, twice
// that the next time (RFC 8489 section 6.2.1).
const questionRetry = 500 * time.Millisecond

var errNoAddress = errors.New("STUN: no address in the answer")

// transaction is the id by which an answer is known.
type transaction [stun.TransactionIDSize]byte

// question is one that a STUN server is asked: from which address do I come?
type question struct {
	server netip.AddrPort
	answer chan netip.AddrPort // buffered: 1; the zero address: none was in it
}

// ask asks a STUN server (RFC 8489) for the public address of the socket. It waits
// for the answer, or ctx.
func (s *socket) ask(ctx context.Context, server netip.AddrPort) (netip.AddrPort, error) {
	request, err := stun.Build(stun.BindingRequest, stun.TransactionID)
	if err != nil {
		return netip.AddrPort{}, err
	}
	q := &question{server: server, answer: make(chan netip.AddrPort, 1)}
	s.mu.Lock()
	s.questions[request.TransactionID] = q
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.questions, request.TransactionID)
		s.mu.Unlock()
	}()
	for wait := questionRetry; ; wait *= 2 {
		if _, err := s.write(request.Raw, server); err != nil {
			return netip.AddrPort{}, err
		}
		again := time.NewTimer(wait)
		select {
		case addr := <-q.answer:
			again.Stop()
			if !addr.IsValid() {
				return addr, errNoAddress
			}
			return addr, nil
		case <-ctx.Done():
			again.Stop()
			return netip.AddrPort{}, context.Cause(ctx)
		case <-again.C:
		}
	}
}

// answer takes what may be the answer to a question.
func (s *socket) answer(packet []byte, from netip.AddrPort) {
	if !stun.IsMessage(packet) {
		return
	}
	m := stun.Message{Raw: packet}
	if m.Decode() != nil {
		return
	}
	s.mu.RLock()
	q := s.questions[m.TransactionID]
	s.mu.RUnlock()
	if q == nil || q.server != from || m.Type.Class != stun.ClassSuccessResponse && m.Type.Class != stun.ClassErrorResponse {
		return
	}
	var mapped stun.XORMappedAddress
	var addr netip.AddrPort
	if m.Type == stun.BindingSuccess && mapped.GetFrom(&m) == nil {
		ip, _ := netip.AddrFromSlice(mapped.IP) // the zero Addr, of no use, if it fails
		addr = netip.AddrPortFrom(ip.Unmap(), uint16(mapped.Port))
	}
	select {
	case q.answer <- addr:
	default: // it came twice
	}
}

// isCheck reports whether a packet is a STUN binding request, going by the type
// alone: DTLS begins with a byte above 19 (RFC 7983 section 7).
func isCheck(p []byte) bool { return len(p) >= 2 && p[0] == 0 && p[1] == 1 }

// receiver gives the ufrag that a connectivity check is for: what stands before
// the colon of its USERNAME (RFC 8445 section 7.2.2); nil if there is none.
func receiver(check []byte) []byte {
	const header, username = 20, 0x0006 // RFC 8489 sections 5 and 18.3
	if len(check) < header || !stun.IsMessage(check) {
		return nil
	}
	for rest := check[header:]; len(rest) >= 4; {
		typ, size := binary.BigEndian.Uint16(rest), int(binary.BigEndian.Uint16(rest[2:]))
		if rest = rest[4:]; size > len(rest) {
			return nil
		}
		if typ == username {
			for i, c := range rest[:size] {
				if c == ':' {
					return rest[:i]
				}
			}
			return nil
		}
		rest = rest[min((size+3)&^3, len(rest)):] // padded to four bytes
	}
	return nil
}
