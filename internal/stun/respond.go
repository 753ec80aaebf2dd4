package stun

import (
	"net/netip"

	"github.com/pion/stun/v3"
)

// responder makes answers. It reuses its memory, so each goroutine needs one of its own.
type responder struct {
	request, answer *stun.Message
	unknown         []byte
}

func newResponder() *responder {
	return &responder{request: stun.New(), answer: stun.New()}
}

// respond returns the answer to a datagram, nil if it deserves none. The answer is valid until the next call.
func (r *responder) respond(datagram []byte, from netip.AddrPort) []byte {
	if !stun.IsMessage(datagram) {
		return nil
	}
	r.request.Reset()
	r.request.Raw = append(r.request.Raw[:0], datagram...)
	if r.request.Decode() != nil || r.request.Type != stun.BindingRequest {
		return nil
	}
	if len(datagram) != int(r.request.Length)+20 {
		return nil
	}
	fingerprint := r.request.Contains(stun.AttrFingerprint)
	if fingerprint && stun.Fingerprint.Check(r.request) != nil {
		return nil
	}
	r.answer.Reset()
	r.answer.TransactionID = r.request.TransactionID
	if r.refuse() {
		r.answer.SetType(stun.BindingError)
	} else {
		r.answer.SetType(stun.BindingSuccess)
	}
	r.answer.WriteHeader()
	if len(r.unknown) > 0 {
		// RFC 8489, section 6.3.1: what must be understood and is not, is named. The reason phrase may be empty.
		if (stun.ErrorCodeAttribute{Code: stun.CodeUnknownAttribute}).AddTo(r.answer) != nil {
			return nil
		}
		r.answer.Add(stun.AttrUnknownAttributes, r.unknown)
	} else {
		addr := from.Addr().Unmap()
		if (stun.XORMappedAddress{IP: addr.AsSlice(), Port: int(from.Port())}).AddTo(r.answer) != nil {
			return nil
		}
	}
	if fingerprint && stun.Fingerprint.AddTo(r.answer) != nil {
		return nil
	}
	return r.answer.Raw
}

// maxUnknown bounds how many attributes an error names, so that it is not longer than its question.
const maxUnknown = 8

// refuse collects the attributes that a server must understand, and this one does not.
func (r *responder) refuse() bool {
	r.unknown = r.unknown[:0]
	for _, a := range r.request.Attributes {
		switch a.Type {
		case stun.AttrUsername, stun.AttrMessageIntegrity, stun.AttrMessageIntegritySHA256, stun.AttrRealm,
			stun.AttrNonce, stun.AttrUserhash, stun.AttrPasswordAlgorithm, stun.AttrPriority:
			continue // without meaning to a server that asks for no credentials
		}
		if a.Type.Required() && len(r.unknown) < 2*maxUnknown {
			r.unknown = append(r.unknown, byte(a.Type>>8), byte(a.Type))
		}
	}
	return len(r.unknown) > 0
}
