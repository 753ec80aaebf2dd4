package peer

import (
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/pion/transport/v4"

	"github.com/superp2p/superp2p/internal/peer/edgeclient"
	"github.com/superp2p/superp2p/internal/peer/webrtclink"
	"github.com/superp2p/superp2p/internal/slice"
)

const (
	// sharedConns is how many connections to a server the viewers of one Node have at the most.
	sharedConns = 64
	// leastBytes is what each viewer may hold at least, whatever the budget: with less, a file is loaded ahead in vain.
	leastBytes = 8 << 20
)

// NodeConfig is what a Node is made of.
type NodeConfig struct {
	// MaxBytes limits what all viewers together hold in memory for peers and for playing, in bytes; each gets an equal share,
	// less what others do not want, and 8 MiB at least. What readers may still read of what was played (Config.Window) is not
	// part of it. If zero, each viewer has its own limit only.
	MaxBytes int
}

// Node is what viewers of one program share: the WebRTC connections to peers, of which each carries one link for each track
// that both sides play, the connections to the server, caches on disk, and a budget of memory. A viewer that begins another track has its
// peers within a round trip where they play that too. It holds nothing while no viewer is open, and needs no closing. It is
// safe for concurrent use.
type Node struct {
	cfg    NodeConfig
	single bool // made by a viewer for itself

	mu        sync.Mutex
	viewers   []*Viewer // that play, in the order in which they came
	tracks    map[slice.TrackID][]*Viewer
	links     map[*webrtclink.Conn][]nodeLink
	order     []*webrtclink.Conn // keys of links, oldest first
	endpoints map[endpointKey]*nodeEndpoint
	closed    uint64 // connections of endpoints that are gone
	http      *http.Client
	users     int // of http

	disk   sync.Mutex            // of caches: held while the disk is waited for, and nothing else waits for it
	caches map[string]*nodeCache // by directory
}

// nodeLink is an open link of a viewer.
type nodeLink struct {
	v    *Viewer
	link *webrtclink.Link
}

// endpointKey is what viewers must have in common to share an endpoint.
type endpointKey struct {
	stun            string
	loopback, offer bool
	network         transport.Net
}

type nodeEndpoint struct {
	*webrtclink.Endpoint
	key   endpointKey
	users int
}

// NewNode returns a Node without viewers; Config.Node gives it some.
func NewNode(cfg NodeConfig) *Node {
	return &Node{
		cfg: cfg, tracks: map[slice.TrackID][]*Viewer{}, links: map[*webrtclink.Conn][]nodeLink{},
		endpoints: map[endpointKey]*nodeEndpoint{}, caches: map[string]*nodeCache{},
	}
}

// Connections counts the WebRTC connections to peers that ever opened.
func (n *Node) Connections() uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	sum := n.closed
	for _, e := range n.endpoints {
		sum += e.Connections()
	}
	return sum
}

// client returns what asks servers; freeClient must follow.
func (n *Node) client(cfg *Config) *http.Client {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.users++
	if n.http == nil {
		conns := sharedConns
		if n.single {
			conns = 0
		}
		n.http = edgeclient.NewHTTPClient(cfg.Dial, conns)
	}
	if cfg.HTTPClient != nil {
		return cfg.HTTPClient
	}
	return n.http
}

func (n *Node) freeClient() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.users--; n.users == 0 {
		n.http.CloseIdleConnections()
		n.http = nil
	}
}

// endpoint returns the endpoint for cfg, made if need be; free must follow.
func (n *Node) endpoint(cfg webrtclink.Config) (*nodeEndpoint, error) {
	key := endpointKey{strings.Join(cfg.STUN, " "), cfg.Loopback, cfg.OfferLoopback, cfg.Net}
	n.mu.Lock()
	defer n.mu.Unlock()
	e := n.endpoints[key]
	if e == nil {
		cfg.Branched = n.branched
		made, err := webrtclink.New(cfg)
		if err != nil {
			return nil, err
		}
		e = &nodeEndpoint{Endpoint: made, key: key}
		n.endpoints[key] = e
	}
	e.users++
	return e, nil
}

// free gives an endpoint back. The last one waits until nothing of it is left.
func (n *Node) free(e *nodeEndpoint) error {
	n.mu.Lock()
	e.users--
	last := e.users == 0
	if last {
		delete(n.endpoints, e.key)
		n.closed += e.Connections()
	}
	n.mu.Unlock()
	if last {
		return e.Close()
	}
	return nil
}

// enter takes a viewer that is about to play, and returns how much memory it may have, 0 for as much as it likes.
func (n *Node) enter(v *Viewer) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.viewers = append(n.viewers, v)
	return n.divide(v)
}

func (n *Node) exit(v *Viewer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.viewers = slices.DeleteFunc(n.viewers, func(other *Viewer) bool { return other == v })
	n.divide(nil)
}

// divide tells the viewers their parts of the budget, but one, whose part is returned.
func (n *Node) divide(but *Viewer) (part int) {
	if n.cfg.MaxBytes <= 0 {
		return 0
	}
	wants := make([]int, len(n.viewers))
	for i, v := range n.viewers {
		wants[i] = v.memory
	}
	for i, bytes := range divide(n.cfg.MaxBytes, wants) {
		v := n.viewers[i]
		if v == but {
			part = bytes
			continue
		}
		v.inbox.post(func() { v.limit(bytes) })
	}
	return part
}

// divide parts a budget: who wants less than an equal part gets that, and the others share the rest.
func divide(budget int, wants []int) []int {
	order := make([]int, len(wants))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return wants[a] - wants[b] })
	parts := make([]int, len(wants))
	for k, i := range order {
		parts[i] = max(min(wants[i], budget/(len(order)-k)), min(wants[i], leastBytes))
		budget = max(0, budget-parts[i])
	}
	return parts
}

// limit takes the viewer's part of the budget.
func (v *Viewer) limit(bytes int) {
	v.cfg.MaxBytes = bytes
	if v.session != nil {
		v.session.engine.SetMaxBytes(v.cfg.Now(), bytes)
	}
}

// plays notes that v plays a track with peers.
func (n *Node) plays(v *Viewer, track slice.TrackID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.tracks[track] = append(n.tracks[track], v)
}

// leaves notes that v does not any more.
func (n *Node) leaves(v *Viewer, track slice.TrackID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	left := slices.DeleteFunc(n.tracks[track], func(other *Viewer) bool { return other == v })
	if len(left) == 0 {
		delete(n.tracks, track)
		return
	}
	n.tracks[track] = left
}

// player returns a viewer that plays a track, nil if there is none.
func (n *Node) player(track slice.TrackID) *Viewer {
	n.mu.Lock()
	defer n.mu.Unlock()
	if vs := n.tracks[track]; len(vs) > 0 {
		return vs[0]
	}
	return nil
}

// opened notes an open link of v. If its connection is new, the others may want to branch from it.
func (n *Node) opened(v *Viewer, l *webrtclink.Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := l.Conn()
	isNew := n.links[c] == nil
	n.links[c] = append(n.links[c], nodeLink{v, l})
	if !isNew {
		return
	}
	n.order = append(n.order, c)
	for _, other := range n.viewers {
		if other != v {
			other.inbox.post(func() { other.branch(l) })
		}
	}
}

// gone notes that a link is not open any more, or about to be closed.
func (n *Node) gone(l *webrtclink.Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := l.Conn()
	if n.links[c] == nil {
		return
	}
	n.links[c] = slices.DeleteFunc(n.links[c], func(k nodeLink) bool { return k.link == l })
	if len(n.links[c]) == 0 {
		delete(n.links, c)
		n.order = slices.DeleteFunc(n.order, func(other *webrtclink.Conn) bool { return other == c })
	}
}

// open returns one open link of each connection.
func (n *Node) open() []*webrtclink.Link {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := make([]*webrtclink.Link, 0, len(n.order))
	for _, c := range n.order {
		all = append(all, n.links[c][0].link)
	}
	return all
}
