// Package ipaddr tells addresses of public hosts from all others, for who must not be led to the others.
package ipaddr

import "net/netip"

// special holds the blocks that are not public hosts: the registries of RFC 6890 for both families, multicast, and the
// IPv6 blocks that embed IPv4 addresses (RFC 3056, 4380, 6052), which would lead around the list.
func special() []netip.Prefix {
	texts := []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
		"192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
	}
	blocks := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		blocks[i] = netip.MustParsePrefix(text)
	}
	return blocks
}

// Public tells whether a is an address of a host on the public Internet.
func Public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsValid() {
		return false
	}
	// Of IPv6 only 2000::/3 is handed out for hosts.
	if a.Is6() && a.As16()[0]>>5 != 1 {
		return false
	}
	for _, block := range special() {
		if block.Contains(a) {
			return false
		}
	}
	return true
}
