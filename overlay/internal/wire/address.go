package wire

import "net/netip"

// address is where a candidate is: an IP address, as bytes, or the name that
// hides it, as text.
type address struct {
	ip   netip.Addr
	name string
}

// MarshalCBOR is what the encoder calls.
func (a address) MarshalCBOR() ([]byte, error) {
	if a.name != "" {
		return encoding.Marshal(a.name)
	}
	return encoding.Marshal(a.ip.AsSlice())
}

// UnmarshalCBOR is what the decoder calls, with one well-formed item. It checks
// nothing, like payload.signal: what is no address leaves a without one.
func (a *address) UnmarshalCBOR(b []byte) error {
	const majorText = 3 // RFC 8949 section 3.1
	if b[0]>>5 == majorText {
		return decoding.Unmarshal(b, &a.name)
	}
	var ip []byte
	err := decoding.Unmarshal(b, &ip)
	a.ip, _ = netip.AddrFromSlice(ip)
	return err
}
