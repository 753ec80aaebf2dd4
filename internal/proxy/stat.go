package proxy

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/fault"
)

// flow is where bytes came from, in the words of the family's interface.
type flow struct {
	P2P    uint64 `json:"p2pBytes"` // media payload from peers
	CDN    uint64 `json:"cdnBytes"` // media payload from the server
	Upload uint64 `json:"uploadBytes"`
}

func (f *flow) add(s *superp2p.Stats) {
	f.P2P += s.PeerBytes
	f.CDN += s.ServerBytes
	f.Upload += s.UploadBytes
}

// flows remembers what ended streams moved, of the last ones each for itself.
type flows struct {
	total flow
	last  []ended
}

type ended struct {
	resource string
	flow     flow
}

// maxEnded is how many ended streams can still be asked for.
const maxEnded = 64

func (f *flows) add(names []string, s superp2p.Stats) {
	f.total.add(&s)
	for _, name := range names {
		f.addTo(name, &s)
	}
}

func (f *flows) addTo(resource string, s *superp2p.Stats) {
	i := slices.IndexFunc(f.last, func(e ended) bool { return e.resource == resource })
	e := ended{resource: resource}
	if i >= 0 {
		e = f.last[i]
		f.last = slices.Delete(f.last, i, i+1)
	} else if len(f.last) >= maxEnded {
		f.last = slices.Delete(f.last, 0, 1)
	}
	e.flow.add(s)
	f.last = append(f.last, e)
}

// statistics is the answer of /stat.
type statistics struct {
	Flow    flow         `json:"flow"`
	Sharing sharing      `json:"sharing"`
	Streams []streamStat `json:"streams"`
}

type sharing struct {
	Download bool `json:"download"`
	Upload   bool `json:"upload"`
}

// streamStat is one stream that is open.
type streamStat struct {
	Resource string  `json:"resource"`
	URL      string  `json:"url"` // or channel id; what follows ? is left out, it may be secret
	Players  int     `json:"players"`
	Peers    int     `json:"peers"`
	Flow     flow    `json:"flow"`
	Offload  float64 `json:"offload"`
	Delay    int64   `json:"delay_ms"` // behind the live edge
	Buffered int64   `json:"buffered_ms"`
	Start    int64   `json:"start_ms"`
	Stalls   uint64  `json:"stalls"`
}

// serveStat answers GET /stat?xresid=NAME with the counters of one resource since the proxy began, or of all.
func (p *Proxy) serveStat(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get(keyResource)
	if name == "" && foreign(r, p.cfg.TrustedOrigins) {
		fail(w, http.StatusForbidden, string(fault.RequestInvalid),
			"a page of another site must name the stream that it asks for, as ?xresid=<host>/<path>.flv", "")
		return
	}
	answer(w, http.StatusOK, p.statistics(name))
}

// statistics collects the counters of the resource of that name, of all if it is empty. Nothing moved under a name
// that was never played, so that is zeros, not an error: applications ask before the first byte.
func (p *Proxy) statistics(name string) statistics {
	p.mu.Lock()
	defer p.mu.Unlock()
	st := statistics{Sharing: sharing{p.download, p.upload}, Streams: []streamStat{}}
	if name == "" {
		st.Flow = p.flows.total
	}
	for _, e := range p.flows.last {
		if e.resource == name {
			st.Flow = e.flow
		}
	}
	for _, s := range p.streams {
		address, _, _ := strings.Cut(s.key.play, "?")
		if s.media == nil || name != "" && name != s.key.play && name != address && !slices.Contains(s.names, name) {
			continue
		}
		v := s.media.Stats()
		one := streamStat{
			Resource: s.names[0], URL: address, Players: p.playersOf(s), Peers: v.Peers, Stalls: v.Stalls,
			Delay: v.LiveDelay.Milliseconds(), Buffered: v.Buffered.Milliseconds(), Start: v.Start.Milliseconds(),
		}
		one.Flow.add(&v)
		if all := one.Flow.P2P + one.Flow.CDN; all > 0 {
			one.Offload = float64(one.Flow.P2P) / float64(all)
		}
		st.Flow.add(&v)
		st.Streams = append(st.Streams, one)
	}
	slices.SortFunc(st.Streams, func(a, b streamStat) int {
		return cmp.Or(cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.URL, b.URL))
	})
	return st
}

// playersOf counts the players of s. Those of HLS hold no connection: while requests come they count as one.
func (p *Proxy) playersOf(s *stream) int {
	if !s.hls() {
		return s.players
	}
	n := s.readers
	if !s.asked.IsZero() && time.Since(s.asked) < p.linger(s) {
		n++
	}
	return n
}

// serveFeature answers GET /feature?download=…&upload=…: it switches taking from peers and giving to peers, for
// streams that are open and those to come, and tells how the switches stand. Only programs on this machine, the
// proxy's own pages and trusted sites may do that.
func (p *Proxy) serveFeature(w http.ResponseWriter, r *http.Request) {
	if foreign(r, p.cfg.TrustedOrigins) {
		fail(w, http.StatusForbidden, string(fault.RequestInvalid), "pages of this site may not switch sharing", "")
		return
	}
	query := r.URL.Query()
	values := map[string]bool{}
	for _, name := range []string{"download", "upload"} {
		if !query.Has(name) {
			continue
		}
		on, ok := parseSwitch(query.Get(name))
		if !ok {
			fail(w, http.StatusBadRequest, string(fault.RequestInvalid), name+" must be 0, 1, false, true, off or on", "")
			return
		}
		values[name] = on
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if on, ok := values["download"]; ok && r.Method == http.MethodGet {
		p.download = on
	}
	if on, ok := values["upload"]; ok && r.Method == http.MethodGet {
		p.upload = on
	}
	for _, s := range p.streams {
		if s.media != nil {
			s.media.SetDownload(p.download)
			s.media.SetUpload(p.upload && s.quiet == 0)
		}
	}
	answer(w, http.StatusOK, sharing{p.download, p.upload})
}

func parseSwitch(s string) (on, ok bool) {
	switch strings.ToLower(s) {
	case "on":
		return true, true
	case "off":
		return false, true
	}
	on, err := strconv.ParseBool(s)
	return on, err == nil
}
