package tracker

import "net/netip"

// networks are the members of a swarm by network, those without one left out. So who asks finds its neighbours without
// a look at the whole swarm.
type networks map[netip.Prefix][]*member

// networkOf returns the network of an address; the zero Prefix if it has none. Peers of one network mostly have one
// provider, and what they send each other takes a short way. A provider is usually given a /32 of IPv6 or more. What it
// has of IPv4 differs; a /16 is large enough for an audience to have neighbours in it.
func networkOf(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap()
	if !addr.IsValid() || addr.IsLoopback() || addr.IsUnspecified() {
		return netip.Prefix{}
	}
	bits := 32
	if addr.Is4() {
		bits = 16
	}
	network, _ := addr.Prefix(bits) // it fails only for a number of bits that there is not
	return network
}

func (ns networks) add(p *member) {
	if !p.network.IsValid() {
		return
	}
	list := ns[p.network]
	p.inside = len(list)
	ns[p.network] = append(list, p)
}

func (ns networks) remove(p *member) {
	if !p.network.IsValid() {
		return
	}
	list := ns[p.network]
	last := len(list) - 1
	if last == 0 {
		delete(ns, p.network)
		return
	}
	list[p.inside] = list[last]
	list[p.inside].inside = p.inside
	list[last] = nil
	ns[p.network] = list[:last]
}
