package peer

import (
	"encoding/hex"
	"errors"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/peer/webrtclink"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/swarm"
)

// A branch is a link over a connection that two Nodes have for another track (docs/wire.md, "Branches"). Its label says for
// which track it is and who opens it; who takes it says its own name first, and then both go on as on any link.

const branchPrefix = "track "

// branchLife is how long a branch waits for an answer.
const branchLife = 5 * time.Second

// errBarred ends a connection on which a peer was barred by one of the viewers that share it.
var errBarred = errors.New("peer: another viewer of this program barred the peer")

func branchLabel(track slice.TrackID, self swarm.PeerID) string {
	return branchPrefix + hex.EncodeToString(track[:]) + " " + hex.EncodeToString(self[:])
}

// parseBranchLabel is the reverse of branchLabel.
func parseBranchLabel(label string) (track slice.TrackID, from swarm.PeerID, ok bool) {
	const digits = 2 * len(track)
	if len(label) != len(branchPrefix)+digits+1+2*len(from) || label[:len(branchPrefix)] != branchPrefix {
		return track, from, false
	}
	label = label[len(branchPrefix):]
	_, err1 := hex.Decode(track[:], []byte(label[:digits]))
	_, err2 := hex.Decode(from[:], []byte(label[digits+1:]))
	return track, from, err1 == nil && err2 == nil && label[digits] == ' '
}

// branched finds the viewer for a branch that a peer opens. It says no more of what is played than the tracker would.
func (n *Node) branched(_ *webrtclink.Conn, label string) webrtclink.Handler {
	track, from, ok := parseBranchLabel(label)
	if !ok {
		return nil
	}
	v := n.player(track)
	if v == nil {
		return nil
	}
	return &branchHandler{(*linkHandler)(v), track, from}
}

// branchHandler is linkHandler for a branch that a peer opened.
type branchHandler struct {
	*linkHandler
	track slice.TrackID
	from  swarm.PeerID
}

func (h *branchHandler) LinkOpened(wl *webrtclink.Link) {
	v := (*Viewer)(h.linkHandler)
	if !v.live.add(wl) || !v.inbox.post(func() { v.takeBranch(wl, h.track, h.from) }) {
		wl.Close()
	}
}

// takeBranch decides on a branch that a peer opened.
func (v *Viewer) takeBranch(wl *webrtclink.Link, track slice.TrackID, from swarm.PeerID) {
	s := v.session
	if s.res.Track != track || v.closing {
		wl.Close()
		return
	}
	l := &link{link: wl, state: held, peer: from, since: v.cfg.Now()}
	s.links.byLink[wl] = l
	if mine := s.links.asking(wl.Conn()); mine != nil {
		if string(v.id[:]) < string(from[:]) {
			return // both ask at the same time, and that of the lower name goes first
		}
		v.drop(s, mine)
	}
	v.acceptBranch(s, l)
}

func (v *Viewer) acceptBranch(s *session, l *link) {
	if v.unwelcome(l.peer) || l.peer == v.id || s.hasPeer(l.peer) || !v.accepts(s) || l.link.Send(v.id[:]) != nil {
		v.drop(s, l)
		return
	}
	if other := s.links.byPeer[l.peer]; other != nil {
		v.drop(s, other) // the tracker was faster, but this one is open
	}
	s.links.byPeer[l.peer] = l
	l.branch = true
	v.taken(s, l)
}

// branch asks for a link over the connection of another, which may be that of another viewer.
func (v *Viewer) branch(over *webrtclink.Link) {
	s := v.session
	c := over.Conn()
	if _, tried := s.tried[c]; tried || v.over || v.closing || s.links.over(c) || !s.wantsBranch() {
		return
	}
	s.tried[c] = struct{}{}
	wl, err := over.Branch(branchLabel(s.res.Track, v.id), (*linkHandler)(v))
	if err != nil {
		v.log.Debug("a connection takes no further link", "err", err)
		return
	}
	v.live.add(wl) // or it ends with all others
	s.links.byLink[wl] = &link{link: wl, state: asked, ours: true, since: v.cfg.Now()}
}

func (s *session) wantsBranch() bool {
	n := s.engine.WantPeers() - s.links.connecting()
	for _, l := range s.links.byLink {
		if l.state == asked {
			n--
		}
	}
	return n > 0
}

// branchSaid takes the first message on a branch of ours: the name of who takes it.
func (v *Viewer) branchSaid(s *session, l *link, message []byte) {
	var id swarm.PeerID
	if l.state != asked || len(message) != len(id) {
		v.log.Debug("a peer breaks the rules of branches")
		v.abandon(s, l)
		return
	}
	copy(id[:], message)
	unwelcome := v.unwelcome(id)
	if other := s.links.byPeer[id]; other != nil && !unwelcome {
		// Who takes a branch gives up what the tracker began at the same time. What is open for longer is another matter:
		// then the peer only says that name.
		if other.state == connecting || other.state == waits || v.cfg.Now().Sub(other.since) < branchLife {
			v.replaced(s, other)
		}
	}
	if unwelcome || id == v.id || s.hasPeer(id) || !v.accepts(s) {
		v.abandon(s, l)
		return
	}
	l.peer = id
	s.links.byPeer[id] = l
	l.branch = true
	v.taken(s, l)
	v.settle(s, l.link.Conn())
}

// replaced gives up a link for a branch to the same peer.
func (v *Viewer) replaced(s *session, l *link) {
	if l.state == open {
		if l.told {
			v.parted(l, "another link to the peer takes its place")
		}
		v.node.gone(l.link)
		s.engine.LinkClosed(v.cfg.Now(), l.number)
	}
	v.drop(s, l)
}

// abandon gives up a branch that was not taken.
func (v *Viewer) abandon(s *session, l *link) {
	v.drop(s, l)
	v.settle(s, l.link.Conn())
}

// settle decides on the branches of a peer that waited for the answer to ours.
func (v *Viewer) settle(s *session, c *webrtclink.Conn) {
	for _, l := range s.links.byLink {
		if l.state == held && l.link.Conn() == c {
			v.acceptBranch(s, l)
		}
	}
}

// over tells whether there is a link over a connection.
func (ls *links) over(c *webrtclink.Conn) bool {
	for wl := range ls.byLink {
		if wl.Conn() == c {
			return true
		}
	}
	return false
}

// asking returns the branch of ours over a connection that waits for an answer, nil if there is none.
func (ls *links) asking(c *webrtclink.Conn) *link {
	for wl, l := range ls.byLink {
		if l.state == asked && wl.Conn() == c {
			return l
		}
	}
	return nil
}

// liveLinks are all links of a viewer, whatever the loop knows of them, so that they can be closed when it is over.
type liveLinks struct {
	mu   sync.Mutex
	all  map[*webrtclink.Link]struct{}
	over bool
}

// add tells whether l may live.
func (ls *liveLinks) add(l *webrtclink.Link) bool {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.over {
		return false
	}
	if ls.all == nil {
		ls.all = map[*webrtclink.Link]struct{}{}
	}
	ls.all[l] = struct{}{}
	return true
}

func (ls *liveLinks) remove(l *webrtclink.Link) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	delete(ls.all, l)
}

func (ls *liveLinks) close() {
	ls.mu.Lock()
	all := ls.all
	ls.all, ls.over = nil, true
	ls.mu.Unlock()
	for l := range all {
		l.Close()
	}
}
