// Package paste writes what overlay's manual entrance exchanges, the offer of
// Protocol.Join and the answer of Node.Admit, as text that a person can carry: by
// chat or mail, read from a QR code, or typed.
//
//	peer, err := chat.Join(ctx, func(ctx context.Context, offer []byte) ([]byte, error) {
//		text, err := paste.Encode(paste.Offer, offer)
//		if err != nil {
//			return nil, err
//		}
//		fmt.Println("give them this:", text)
//		return paste.Decode(paste.Answer, readWhatTheyGave())
//	})
//
// and at the other end
//
//	offer, err := paste.Decode(paste.Offer, theirText)
//	answer, err := node.Admit(ctx, offer) // Config.AdmitTimeout is how long the answer may travel
//	text, err := paste.Encode(paste.Answer, answer)
//
// # The text
//
//	N2N1-OFFER-652-MZXW6YTB…-END
//
// names its version and kind, and how many characters follow; these are the bytes
// and their CRC-32 in base32 (RFC 4648 section 6), without padding. All of it is
// in the alphabet of a QR code's alphanumeric mode (ISO/IEC 18004 section 7.4.4),
// which takes 5.5 bits for a character: so base32 costs 10 % of the code's room,
// and base64, which has lower case and so needs byte mode, 33 %. An offer of 258
// bytes is a text of 439 characters and a QR code of version 11 (level L).
//
// Case, line breaks, spaces, quotes, the marks of a quoted mail and what stands
// before and after do not matter to Decode. Whatever else differs does: the
// checksum finds every change of up to 32 bits in a row, and misses others with a
// probability of 2^-32. It guards against accidents; signatures guard against
// people.
//
// The bytes are not compressed: most of them are keys, hashes, signatures and
// passwords, which are random. DEFLATE at its best makes 268 bytes of an offer of
// 258, and 334 of an answer of 324; a test measures that it does not win.
//
// Functions of this package may be called from any goroutine.
package paste

import (
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// Version is the version of the text that this package writes and reads.
const Version = 1

// MaxData is how many bytes a text carries at most: a signal has no more.
const MaxData = 2048

// MaxText is how many bytes Decode looks at most: a text, and a mail around it.
const MaxText = 64 << 10

// Kind says which half of an exchange a text is.
type Kind uint8

// The kinds.
const (
	Offer  Kind = 1 + iota // from Protocol.Join, for Node.Admit
	Answer                 // from Node.Admit, for Protocol.Join
)

var words = map[Kind]string{Offer: "OFFER", Answer: "ANSWER"}

func (k Kind) String() string {
	if w, ok := words[k]; ok {
		return strings.ToLower(w)
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Errors of Decode. What it returns says more.
var (
	ErrNothing = errors.New("no text of n2n")                 // nothing that looks like one
	ErrKind    = errors.New("the other half of the exchange") // an answer where an offer is wanted, or the other way round
	ErrHalf    = errors.New("not the whole text")
	ErrChanged = errors.New("the text was changed")
	ErrVersion = errors.New("a text of another version")
	ErrTooLong = errors.New("too long")
)

const (
	end = "-END"
	crc = 4 // bytes of the checksum
)

var (
	encoding = base32.StdEncoding.WithPadding(base32.NoPadding)
	anyHead  = regexp.MustCompile(`N2N([0-9]+)-`)
	head     = regexp.MustCompile(`N2N1-([A-Z]+)-([0-9]+)-`)
)

// Encode writes the text for an offer or an answer. It is one line without a
// space; break it wherever that is convenient. Error: ErrTooLong, for more than
// MaxData bytes.
func Encode(k Kind, data []byte) (string, error) {
	if len(data) > MaxData {
		return "", fmt.Errorf("paste: %w: %d bytes, at most %d", ErrTooLong, len(data), MaxData)
	}
	if words[k] == "" {
		return "", fmt.Errorf("paste: %v is no kind", k)
	}
	body := encoding.EncodeToString(binary.BigEndian.AppendUint32(data[:len(data):len(data)], sum(k, data)))
	return fmt.Sprintf("N2N%d-%s-%d-%s%s", Version, words[k], len(body), body, end), nil
}

// sum covers the kind as well, so that a changed word shows.
func sum(k Kind, data []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE([]byte(words[k])), crc32.IEEETable, data)
}

// Decode finds the first text of the wanted kind in what was pasted, and gives the
// bytes in it. Errors: ErrNothing, ErrKind, ErrHalf, ErrChanged, ErrVersion,
// ErrTooLong.
func Decode(want Kind, pasted string) ([]byte, error) {
	data, err := decode(want, pasted)
	if err != nil {
		return nil, fmt.Errorf("paste: %w", err)
	}
	return data, nil
}

func decode(want Kind, pasted string) ([]byte, error) {
	if len(pasted) > MaxText {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLong, len(pasted), MaxText)
	}
	s := clean(pasted)
	heads := head.FindAllStringSubmatchIndex(s, -1)
	if len(heads) == 0 {
		return nil, headless(s)
	}
	for _, h := range heads {
		if s[h[2]:h[3]] == words[want] {
			return body(want, s[h[4]:h[5]], s[h[1]:])
		}
	}
	for k, word := range words {
		if got := s[heads[0][2]:heads[0][3]]; got == word {
			return nil, fmt.Errorf("%w: this is the %v, wanted is the %v", ErrKind, k, want)
		}
	}
	return nil, fmt.Errorf("%w: it is no offer and no answer", ErrChanged)
}

// headless says why there is no beginning of this version.
func headless(s string) error {
	if v := anyHead.FindStringSubmatch(s); v != nil && v[1] != strconv.Itoa(Version) {
		return fmt.Errorf("%w: it is of version %s, this program knows %d", ErrVersion, shortened(v[1]), Version)
	}
	if strings.Contains(s, end) || strings.Contains(s, "N2N") {
		return fmt.Errorf("%w: the beginning is missing", ErrHalf)
	}
	return ErrNothing
}

// body reads what follows a head that says how long it is.
func body(k Kind, length, rest string) ([]byte, error) {
	n, err := strconv.Atoi(length)
	if err != nil || n > encoding.EncodedLen(MaxData+crc) || n < encoding.EncodedLen(crc) {
		return nil, fmt.Errorf("%w: %s characters cannot be", ErrChanged, shortened(length))
	}
	text, after, ended := strings.Cut(rest, "-")
	switch {
	case len(text) < n && !ended:
		return nil, fmt.Errorf("%w: %d of %d characters, the end is missing", ErrHalf, len(text), n)
	case len(text) < n:
		return nil, fmt.Errorf("%w: %d of %d characters, some in the middle are missing", ErrHalf, len(text), n)
	case ended && len(text) > n && strings.HasPrefix(after, end[1:]):
		return nil, fmt.Errorf("%w: %d characters, not %d", ErrChanged, len(text), n)
	}
	text = text[:n] // what follows without an end is not ours
	if i := strings.IndexFunc(text, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '2' || r > '7') }); i >= 0 {
		return nil, fmt.Errorf("%w: no text has a %q, character %d of %d", ErrChanged, []rune(text[i:])[0], i+1, n)
	}
	b, err := encoding.DecodeString(text)
	if err != nil || encoding.EncodeToString(b) != text {
		return nil, fmt.Errorf("%w: its end is no end of whole bytes", ErrChanged)
	}
	data, check := b[:len(b)-crc], binary.BigEndian.Uint32(b[len(b)-crc:])
	if sum(k, data) != check {
		return nil, fmt.Errorf("%w: the checksum is wrong", ErrChanged)
	}
	return data, nil
}

// Begun reports whether a text begins in what was pasted so far, and Ended whether
// one that begins there is at its end: who reads lines knows by them when to
// decode.
func Begun(pasted string) bool { return anyHead.MatchString(clean(pasted)) }

// Ended: see Begun.
func Ended(pasted string) bool {
	s := clean(pasted)
	h := anyHead.FindStringIndex(s)
	return h != nil && strings.Contains(s[h[0]:], end)
}

// clean takes away what chats, mails and word processors add.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cf, r), strings.ContainsRune("\"'`´“”„‟‘’‚‛«»‹›<>|", r):
			return -1
		case unicode.Is(unicode.Pd, r): // dashes of all kinds
			return '-'
		}
		return unicode.ToUpper(r)
	}, s)
}

func shortened(s string) string {
	if len(s) > 8 {
		return s[:8] + "…"
	}
	return s
}
