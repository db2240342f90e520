// Package tcp is an example: a driver of one's own, over TCP on this machine's
// loopback. It is no WebRTC, but keeps every promise of package transport, and a
// node cannot tell the difference:
//
//	driver, err := tcp.New()
//	node, err := overlay.New(overlay.Config{Driver: driver})
//
// Read it as a tutorial. A driver is five things; each has a file here.
//
// 1. A Driver (driver.go) begins sessions, and finds the one that an incoming
// connection is for. It has no say in who connects to whom, and when to try again:
// that is the node's.
//
// 2. A Description is what the other end must know to connect: who this end is
// (the SHA-256 of a certificate), a name and a password for this one attempt, and
// addresses. The node signs it, carries it to the other end and checks its limits;
// the driver only makes it (Described, Gathered) and uses the other end's (Answer,
// Finish, AddCandidates). This one uses the fields of ICE and DTLS for what is the
// same in TCP and TLS.
//
// 3. A session (session.go, connect.go) goes from there to a connection. Both ends may dial
// and both may be dialed, as an end may know no address of the other, and
// several connections may come about: the initiator says which one counts, as
// ICE's controlling agent does (RFC 8445 section 8.1.1). What each must prove
// before Up (hello.go): that it has the certificate that its description names
// (TLS does), and that it knows both passwords, so that a connection belongs to
// this attempt and not to another one between the same two ends.
//
// 4. Channels (channel.go) share the connection, each with a window of its own: a
// handler that is slow on one channel must not stop the others, and Send must
// not wait. So Send queues, up to a bound, and gives ErrBufferFull beyond.
//
// 5. Calls of the Handler come from goroutines of the driver, never from inside a
// method that the node has called; none begins after Session.Close, and
// Driver.Close waits for those under way.
//
// Everything else is in [transporttest]: run the suite first, and let it tell what
// is missing. It takes five lines, see this package's only test.
//
// What it leaves out: only loopback addresses are dialed, there is no NAT, and
// unordered or unreliable channels are ordered and reliable, which their contract
// allows.
//
// # Concurrency
//
// All methods may be called from any goroutine. A session has one goroutine for
// its life, two for its connection, one for each channel and, while it connects,
// one for each connection; Driver.Close waits for all of them.
package tcp
