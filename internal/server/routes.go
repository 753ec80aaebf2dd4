package server

import (
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/superp2p/superp2p/internal/edge"
	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/tracker"
	"github.com/superp2p/superp2p/sdk"
	"github.com/superp2p/superp2p/web"
)

// crossDomain lets Flash Player on any site use the server (Adobe, cross-domain policy file specification).
const crossDomain = `<?xml version="1.0"?>
<!DOCTYPE cross-domain-policy SYSTEM "http://www.adobe.com/xml/dtds/cross-domain-policy.dtd">
<cross-domain-policy>
  <site-control permitted-cross-domain-policies="all"/>
  <allow-access-from domain="*" secure="false"/>
  <allow-http-request-headers-from domain="*" headers="*" secure="false"/>
</cross-domain-policy>
`

// Status is the answer at /v1/status: the edge's, with the tracker's beside it.
type Status struct {
	edgeapi.Status
	Tracker tracker.Status `json:"tracker"`
}

// routes returns everything on the HTTP port.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	streams := s.edge.Handler()
	mux.Handle("/v1/", streams)
	mux.Handle("/live/", streams)
	mux.Handle(edgeapi.StatusPath, get(s.status))
	mux.Handle(edgeapi.TrackerPath, s.tracker)
	mux.Handle("/crossdomain.xml", get(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/x-cross-domain-policy")
		w.Header().Set("Cache-Control", "public, max-age=3600")
		_, _ = w.Write([]byte(crossDomain))
	}))
	mux.Handle("/sdk/", get(http.StripPrefix("/sdk", sdk.Handler()).ServeHTTP))
	mux.Handle("/", get(web.Page().ServeHTTP))
	for pattern, h := range s.config.Handlers {
		mux.Handle(pattern, h)
	}
	return mux
}

// get gives a handler the edge's manners: CORS, GET and HEAD only.
func get(h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if edge.Preflight(w, r) {
			h(w, r)
		}
	})
}

func (s *Server) status(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(s.Status())
}

// Status returns what /v1/status answers.
func (s *Server) Status() Status {
	st := Status{Status: s.edge.Status(), Tracker: s.tracker.Status()}
	if _, port, err := net.SplitHostPort(s.RTMPAddr()); err == nil {
		st.RTMP, _ = strconv.Atoi(port)
	}
	return st
}

// stunURLs names our STUN port by the host under which the viewer reached us.
func (s *Server) stunURLs(r *http.Request) []string {
	addr := s.STUNAddr()
	if addr == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil
	}
	host := s.config.PublicHost
	if host == "" {
		if host, _, err = net.SplitHostPort(r.Host); err != nil {
			host = strings.Trim(r.Host, "[]")
		}
	}
	if n, err := strconv.Atoi(port); err != nil || n == 0 || host == "" {
		return nil
	}
	return []string{"stun:" + net.JoinHostPort(host, port)}
}
