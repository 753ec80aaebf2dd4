package signing

import (
	"filippo.io/edwards25519"
)

// pureKey checks signatures as ed25519.Verify does (RFC 8032, section 5.1.7, without cofactor, as there). The standard library's
// package brings along what a page never uses, self-tests of the FIPS module and a random source: a tenth of all that the page
// loads. And since a page checks thousands of signatures of one key, it keeps multiples of it, which halves the time. It is not
// safe for concurrent use.
type pureKey struct {
	key      []byte
	read     bool
	negative *multiples // of the key, negated; nil if it is no point
}

// verify checks a signature.
func (p *pureKey) verify(message []byte, signature *[64]byte) bool {
	if !p.read {
		p.read = true
		if a, err := new(edwards25519.Point).SetBytes(p.key); err == nil {
			p.negative = multiplesOf(a.Negate(a))
		}
	}
	if p.negative == nil {
		return false
	}
	var h sha512
	h.write(signature[:32])
	h.write(p.key)
	h.write(message)
	digest := h.sum()
	k, err := edwards25519.NewScalar().SetUniformBytes(digest[:])
	if err != nil {
		return false
	}
	s, err := edwards25519.NewScalar().SetCanonicalBytes(signature[32:])
	if err != nil {
		return false
	}
	// R = s·B − k·A
	r := new(edwards25519.Point).ScalarBaseMult(s)
	r.Add(r, p.negative.times(k))
	return string(r.Bytes()) == string(signature[:32])
}

// multiples are those of a point that its products are sums of: [i][j] is 16^i times j+1 of it.
type multiples [64][8]edwards25519.Point

func multiplesOf(p *edwards25519.Point) *multiples {
	m := new(multiples)
	base := new(edwards25519.Point).Set(p)
	for i := range m {
		row := &m[i]
		row[0].Set(base)
		for j := 1; j < len(row); j++ {
			row[j].Add(&row[j-1], base)
		}
		base.Add(&row[7], &row[7])
	}
	return m
}

// times returns k times the point. It takes longer for some k than for others, which are no secrets.
func (m *multiples) times(k *edwards25519.Scalar) *edwards25519.Point {
	sum := edwards25519.NewIdentityPoint()
	carry := 0
	for i, b := range k.Bytes() {
		for half, digit := range [2]int{int(b & 15), int(b >> 4)} {
			digit += carry
			carry = 0
			if digit >= 8 {
				digit, carry = digit-16, 1
			}
			switch row := &m[2*i+half]; {
			case digit > 0:
				sum.Add(sum, &row[digit-1])
			case digit < 0:
				sum.Subtract(sum, &row[-digit-1])
			}
		}
	}
	return sum // a scalar is less than 2^253, so that nothing is carried in the end
}
