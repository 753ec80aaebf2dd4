package server

import (
	"context"
	"net"

	"github.com/superp2p/superp2p/internal/edge"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/rtmp"
	"github.com/superp2p/superp2p/internal/stun"
)

// listenRTMP opens the RTMP port if there shall be one; s.mu is held.
func (s *Server) listenRTMP(ctx context.Context, listen *net.ListenConfig) error {
	if s.config.RTMP == "" {
		return nil
	}
	l, err := listen.Listen(ctx, "tcp", s.config.RTMP)
	if err != nil {
		return fault.Wrap(fault.ConfigInvalid, "the RTMP port cannot be opened; choose another with rtmp, or none with rtmp: \"\"", err)
	}
	r := &rtmp.Server{OnPublish: s.publish, OnPlay: s.play, Logger: s.log, IdleTimeout: s.config.IdleTimeout}
	s.rtmpAddr = l.Addr()
	s.closers = append(s.closers, r.Close)
	s.tasks.Go(func() {
		if err := r.Serve(l); err != nil {
			s.fail(err)
		}
	})
	return nil
}

// publication is an edge.Publication as the RTMP server wants it.
type publication struct{ *edge.Publication }

func (p publication) WriteTag(t flv.Tag) error { return p.Publication.WriteTag(t) }
func (p publication) Close(error)              { _ = p.Publication.Close() }

// publish names a stream app/name; the key is the query's.
func (s *Server) publish(_ context.Context, r rtmp.Request) (rtmp.Publication, error) {
	p, err := s.edge.Publish(r.App+"/"+r.Name, r.Query.Get("key"))
	if err != nil {
		return nil, err
	}
	return publication{p}, nil
}

// play lets RTMP players watch what is published or configured: rtmp://host/live/test, or rtmp://host/any/live1.
func (s *Server) play(ctx context.Context, r rtmp.Request) (rtmp.Playback, error) {
	id := r.App + "/" + r.Name
	if _, ok := s.config.Channels[r.Name]; ok {
		id = r.Name
	}
	return s.edge.Play(ctx, id)
}

// listenSTUN opens the STUN port if there shall be one; s.mu is held.
func (s *Server) listenSTUN() error {
	if s.config.STUN == "" {
		return nil
	}
	refuse := func(err error) error {
		return fault.Wrap(fault.ConfigInvalid, "the STUN port cannot be opened; choose another with stun, or none with stun: \"\"", err)
	}
	addr, err := net.ResolveUDPAddr("udp", s.config.STUN)
	if err != nil {
		return refuse(err)
	}
	conn, err := net.ListenUDP("udp", addr)
	if err != nil {
		return refuse(err)
	}
	server := stun.New(stun.Config{Logger: s.log})
	s.stunAddr = conn.LocalAddr()
	s.closers = append(s.closers, server.Close)
	s.tasks.Go(func() {
		if err := server.Serve(conn); err != nil {
			s.fail(err)
		}
	})
	return nil
}
