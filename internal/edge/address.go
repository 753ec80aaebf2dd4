package edge

import (
	"net/netip"

	"github.com/superp2p/superp2p/internal/ipaddr"
)

// public tells whether a is an address of a host on the public Internet.
func public(a netip.Addr) bool { return ipaddr.Public(a) }
